/** How hard a rule is, in the words of lists. */
import type { Policy, Severity } from '../api/rules.ts';

/** Of two opinions in one list the harder one counts. */
export const HARDNESS: Readonly<Record<Severity, number>> = { allow: 0, none: 1, silence: 2, block: 3 };

const WORDS: Readonly<Record<string, Severity>> = {
  suspend: 'block',
  block: 'block',
  reject: 'block',
  drop: 'block',
  silence: 'silence',
  limit: 'silence',
  filter: 'silence',
  noop: 'none',
  none: 'none',
  accept: 'none',
};

/** What a list means by this word; null for a word that lists do not use. */
export function severityOf(word: string): Severity | null {
  const known = word.trim().toLowerCase();
  return Object.hasOwn(WORDS, known) ? (WORDS[known] as Severity) : null;
}

export type MastodonSeverity = 'suspend' | 'silence' | 'noop';

export function mastodonSeverity(severity: Severity): MastodonSeverity {
  if (severity === 'block') return 'suspend';
  return severity === 'silence' ? 'silence' : 'noop';
}

/** Does the one go further than the other, as Mastodon sees it? A block goes further than anything. */
export function isStricter(one: Policy, other: Policy): boolean {
  if (one.severity === 'block') return true;
  if (other.severity === 'block' || (other.severity === 'silence' && one.severity !== 'silence'))
    return false;
  return (one.rejectMedia || !other.rejectMedia) && (one.rejectReports || !other.rejectReports);
}
