/** Reports to our moderators: the schemas of answers. */
import { listOf, object, oneOf, orNull, text, time, uri } from './shapes.ts';

export const reports = {
  Report: object({
    id: text,
    actor: uri,
    domain: text,
    objects: listOf(uri),
    content: orNull(text),
    state: oneOf('open', 'resolved'),
    receivedAt: time,
  }),
};
