/** What filters hold for a moderator: the schemas of answers. */
import { object, oneOf, text, time, uri } from './shapes.ts';

export const held = {
  Held: object({
    id: text,
    activityId: uri,
    type: text,
    actor: uri,
    domain: text,
    filter: text,
    reason: text,
    heldAt: time,
    expiresAt: time,
  }),
  HeldDecision: object({ id: text, activityId: uri, status: oneOf('accepted', 'rejected') }),
};
