/** What each of a moderator's verbs does to a domain: its rules, and what its machine is told. */
import type { DomainEvent, DomainState } from '../../machines/index.ts';
import type { ModeratorNote } from '../api.ts';
import { SallyportError } from '../errors.ts';
import { MANUAL, merge } from '../policy.ts';
import type { RuleRow } from '../store/rules.ts';
import type { FoundDomain, Plan } from './domain-changes.ts';
import { rowOf } from './rules.ts';

export type DomainVerb = 'block' | 'unblock' | 'limit' | 'reset';

/** Is there anything to unblock; and a limit never opens a blocked domain. */
function isPossible(verb: DomainVerb, state: DomainState): boolean {
  if (verb === 'unblock') return state === 'blocked';
  return verb !== 'limit' || state !== 'blocked';
}

/** Do its counters begin anew? */
export const clearsCounters = (verb: DomainVerb): boolean => verb === 'reset' || verb === 'unblock';

/** Throws `ERR_INVALID` for a block without a reason, and for an end that is over. */
export function checkNote(verb: DomainVerb, note: ModeratorNote, atMs: number): void {
  if (verb === 'block' && (note.reason ?? '').trim() === '')
    throw new SallyportError('ERR_INVALID', 'a block needs a reason', { hint: 'say in one sentence why' });
  const { until } = note;
  if (until !== undefined && !(until.getTime() > atMs))
    throw new SallyportError('ERR_INVALID', 'until lies in the past', {
      data: { until: until.toISOString() },
    });
}

export interface VerbFacts {
  readonly batch: string | null;
  readonly atMs: number;
  /** How long a limit lasts that says nothing of it. */
  readonly windowMs: number;
}

/** Null where the verb is not possible. */
export function planFor(
  verb: DomainVerb,
  note: ModeratorNote,
  { held, state, rules }: FoundDomain,
  { batch, atMs, windowMs }: VerbFacts,
): Plan | null {
  if (!isPossible(verb, state)) return null;
  const { reason = null, by = 'admin', until, reviewAt, publicComment = null, privateComment = null } = note;
  const before = rules.find(({ source }) => source === MANUAL);
  const manual = (severity: 'block' | 'none'): RuleRow => {
    // What else was said of it stays said.
    const { rejectMedia = false, rejectReports = false, obfuscate = false, labels = [] } = before ?? {};
    const flags = { severity, rejectMedia, rejectReports, obfuscate, labels };
    const ends = severity === 'block' ? { until, reviewAt } : {};
    const wish = { domain: held.name, ...flags, publicComment, privateComment, ...ends };
    return { ...rowOf(wish, { source: MANUAL, by, reason, batch, atMs, before }), reason };
  };
  if (verb === 'block') return { rule: { source: MANUAL, to: manual('block') } };
  if (verb === 'limit') {
    const untilMs = until?.getTime() ?? atMs + windowMs;
    const said = { reason, by, reviewAtMs: reviewAt?.getTime() ?? null, publicComment, privateComment };
    return { events: [{ type: 'moderator.limited', atMs, untilMs, ...said }] };
  }
  const type = verb === 'reset' ? ('moderator.reset' as const) : ('moderator.unblocked' as const);
  const events: DomainEvent[] = [{ type, atMs, reason, by }];
  // Who was blocked by the runtime may be silenced by a person, and stays that.
  if (state !== 'blocked' || (before !== undefined && before.severity !== 'block')) return { events };
  // Where a list would block it again, a person's word has to stand against the list's.
  const lists = merge(rules.filter(({ source }) => source !== MANUAL));
  return { events, rule: { source: MANUAL, to: lists?.severity === 'block' ? manual('none') : null } };
}
