/** What was told to whom: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, text, time } from './shapes.ts';

export const alerts = {
  Alert: object({
    id: text,
    channel: text,
    event: text,
    state: oneOf('waiting', 'delivered', 'dead'),
    attempts: count,
    nextAt: orNull(time),
    error: orNull(text),
    createdAt: time,
    finishedAt: orNull(time),
    body: object({ event: text, created_at: time, object: { type: 'object', additionalProperties: {} } }),
  }),
  AlertTest: object({ channels: listOf(text) }),
};
