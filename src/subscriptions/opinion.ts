/** What a list says, as a rule under the terms of its subscription, and as the text by which two are compared. */
import type { RuleWish, Severity } from '../api/rules.ts';
import { HARDNESS } from '../lists/index.ts';
import type { SubscriptionTerms } from '../store/subscriptions.ts';

/** A rule without its domain, in one order of its fields: equal rules are equal texts. */
interface Opinion {
  readonly severity: Severity;
  readonly rejectMedia: boolean;
  readonly rejectReports: boolean;
  readonly obfuscate: boolean;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
  readonly labels: readonly string[];
}

const COMMENT_CHARACTERS_MAX = 5_000;

export type Terms = Pick<SubscriptionTerms, 'name' | 'severityMax' | 'comment'>;

/** The rule that a list asks for, as text; null when the terms leave nothing of it. */
export function opinionOf(wish: Omit<RuleWish, 'domain'>, terms: Terms): string | null {
  const { severity = 'block', rejectMedia = false, rejectReports = false, publicComment = null } = wish;
  const opinion: Opinion = {
    ...{ severity, rejectMedia, rejectReports },
    obfuscate: wish.obfuscate ?? false,
    publicComment,
    privateComment: terms.comment
      .replaceAll('{name}', () => terms.name)
      .replaceAll('{comment}', () => publicComment ?? '')
      .slice(0, COMMENT_CHARACTERS_MAX),
    labels: wish.labels ?? [],
  };
  return capped(JSON.stringify(opinion), terms.severityMax);
}

/** The same rule, not harder than this. Null when nothing is left: a rule that says nothing would lift that of a parent. */
export function capped(text: string, most: Severity): string | null {
  const opinion = JSON.parse(text) as Opinion;
  if (HARDNESS[opinion.severity] <= HARDNESS[most]) return text;
  if (most === 'none' && !opinion.rejectMedia && !opinion.rejectReports) return null;
  return JSON.stringify({ ...opinion, severity: most });
}

export const severityOf = (text: string): Severity => (JSON.parse(text) as Opinion).severity;

export function wishOf(domain: string, text: string): RuleWish {
  return { domain, ...(JSON.parse(text) as Opinion) };
}

/** Does it let more in than before? */
export function isSofter(text: string | null, before: string): boolean {
  if (text === null) return true;
  const [now, then] = [JSON.parse(text) as Opinion, JSON.parse(before) as Opinion];
  return HARDNESS[now.severity] < HARDNESS[then.severity];
}

/** Is it harder than this? */
export const isHarder = (text: string, most: Severity): boolean =>
  HARDNESS[severityOf(text)] > HARDNESS[most];
