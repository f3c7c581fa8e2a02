/** The audit log: the schemas of answers. */
import { count, object, orNull, text, time } from './shapes.ts';

export const audit = {
  AuditEntry: object({
    seq: count,
    at: time,
    by: orNull(text),
    verb: text,
    subject: object({ kind: text, id: text }),
    domain: orNull(text),
    from: orNull(text),
    to: orNull(text),
    reason: orNull(text),
    policy: orNull(text),
    batch: orNull(text),
    filter: orNull(text),
  }),
};
