/** Domains: the schemas of answers. */
import { count, object, oneOf, orNull, text, time } from './shapes.ts';

const domainStates = ['active', 'rate-limited', 'blocked'];

export const domains = {
  Domain: object({
    domain: text,
    state: oneOf(...domainStates),
    since: time,
    reason: orNull(text),
    strikes: count,
    until: orNull(time),
    reviewAt: orNull(time),
    publicComment: orNull(text),
    privateComment: orNull(text),
    by: orNull(text),
  }),
  Changed: object({ changed: count }),
};
