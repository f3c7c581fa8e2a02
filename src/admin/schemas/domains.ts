/** Domains, rules about them, batches: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, type Schema, text, time, uri, yesNo } from './shapes.ts';

const domainStates = ['active', 'rate-limited', 'blocked'];
const severity = oneOf('allow', 'none', 'silence', 'block');
const flags = { severity, rejectMedia: yesNo, rejectReports: yesNo };

const rule = object({
  ...{ id: text, domain: text, source: text, ...flags, obfuscate: yesNo },
  ...{
    publicComment: orNull(text),
    privateComment: orNull(text),
    labels: listOf(text),
    reason: orNull(text),
  },
  ...{ by: text, until: orNull(time), reviewAt: orNull(time), createdAt: time, updatedAt: time },
});
const batch = {
  ...{ id: text, kind: text, by: text, reason: orNull(text), at: time },
  state: oneOf('applying', 'applied', 'undoing', 'undone'),
  ...{ total: count, done: count, changed: count },
};
const effective = object({ domain: orNull(text), source: orNull(text), ...flags });

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
    origin: orNull(oneOf('moderator', 'list', 'runtime')),
    firstSeen: time,
    onProbation: yesNo,
    appealedAt: orNull(time),
    policy: orNull(object({ source: text, ...flags })),
  }),
  Changed: object({ changed: count, batch: text }),
  Impact: object({
    ...{ domain: text, days: count, subdomains: listOf(text) },
    activities: { type: 'object', additionalProperties: count } satisfies Schema,
    ...{ actors: count, followers: count, following: count, waiting: count, held: count },
  }),
  Rule: rule,
  DomainRules: object({ rules: listOf(rule), effective }),
  RulePreview: object({
    domain: text,
    change: oneOf('add', 'update', 'remove', 'same'),
    from: effective,
    to: effective,
    follows: count,
  }),
  BatchStarted: object({ batch: text }),
  Batch: object(batch),
  Undone: object({ ...batch, batch: text }),
  Suspension: object({
    ...{ actor: uri, domain: text, source: text, reason: orNull(text), by: text },
    ...{ until: orNull(time), since: time },
  }),
};
