/** Appeals: the schemas of answers. */
import { count, object, oneOf, orNull, type Schema, text, time, uri } from './shapes.ts';

const appeal = object({
  id: text,
  domain: text,
  actor: orNull(uri),
  reason: text,
  contact: orNull(text),
  state: oneOf('open', 'upheld', 'overturned'),
  receivedAt: time,
  decision: orNull(text),
  decidedBy: orNull(text),
  decidedAt: orNull(time),
});

export const appeals = {
  Appeal: appeal,
  /** `appeal` stands in it when it was taken, `retryAfterSeconds` when it came too early. */
  AppealAnswer: {
    type: 'object',
    required: ['type'],
    properties: { type: oneOf('taken', 'not-blocked', 'too-early'), appeal, retryAfterSeconds: count },
  } satisfies Schema,
  AppealLink: object({ domain: text, url: uri, expiresAt: time }),
};
