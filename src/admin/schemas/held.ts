/** What filters hold for a moderator, and whom moderators trust: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, text, time, uri } from './shapes.ts';

const record = {
  id: text,
  activityId: uri,
  type: text,
  actor: uri,
  domain: text,
  filter: text,
  reason: text,
  heldAt: time,
  expiresAt: time,
};

export const held = {
  Held: object(record),
  HeldDetail: object({
    ...record,
    inboxes: listOf(uri),
    receivedAt: time,
    document: orNull(text),
    asked: listOf(text),
    chain: listOf({
      type: 'object',
      required: ['at', 'what'],
      properties: { at: time, what: text, reason: text, filter: text, asked: listOf(text), by: text },
    }),
    domainRecord: orNull({ $ref: '#/components/schemas/Domain' }),
    actorRecord: orNull(
      object({ type: text, preferredUsername: orNull(text), name: orNull(text), published: orNull(text) }),
    ),
    heldOfActor: count,
    heldOfDomain: count,
  }),
  HeldDecision: object({ id: text, activityId: uri, status: oneOf('accepted', 'rejected') }),
  HeldBulk: object({ matched: count, changed: count }),
  Trusted: object({
    id: text,
    actor: orNull(uri),
    domain: orNull(text),
    reason: orNull(text),
    by: text,
    since: time,
  }),
};
