/** What a change asks for, in our words. */
import type { RuleWish } from '../../api/rules.ts';
import type { Said } from '../../store/subscription-entries.ts';
import { opinionOf, type Terms } from '../opinion.ts';
import type { Change, Entity } from './change.ts';

const MEDIA = new Set(['reject-media', 'reject-profile-media', 'reject-profile-avatars']);
const REPORTS = new Set(['reject-reports', 'ignore-reports']);

/**
 * A recommended policy as a rule. `filter` is a silence, or only flags where its filters are about media and reports and
 * nothing else. An advisory asks for nothing; a policy that nobody knows neither.
 */
function wishOfChange({ policy, filters, labels }: Change): Omit<RuleWish, 'domain'> | null {
  if (policy === 'reject' || policy === 'drop') return { severity: 'block', labels };
  if (policy === 'accept') return { severity: 'allow', labels };
  if (policy !== 'filter') return null;
  const isOnlyFlags = filters.length > 0 && filters.every((one) => MEDIA.has(one) || REPORTS.has(one));
  return {
    severity: isOnlyFlags ? 'none' : 'silence',
    rejectMedia: filters.some((one) => MEDIA.has(one)),
    rejectReports: filters.some((one) => REPORTS.has(one)),
    labels,
  };
}

/** The suspension of an actor: there is nothing milder for one. */
export const SUSPENDED = '{"suspended":true}';

const ADVICE = { advisory: 'Advisory', recommendation: 'Recommendation' } as const;

/** What is said of an entity once this change is the last one about it. */
export function saidBy(change: Change, { kind, key }: Entity, terms: Terms): Said {
  if (change.type === 'retraction' || change.type === 'tombstone')
    return { kind, key, wish: null, labels: [], advice: 'Retraction', changeId: change.id };
  const wish = change.type === 'recommendation' ? wishOfChange(change) : null;
  const text =
    wish === null
      ? null
      : kind === 'domain'
        ? opinionOf(wish, terms)
        : wish.severity === 'block' && terms.severityMax === 'block'
          ? SUSPENDED
          : null;
  return { kind, key, wish: text, labels: change.labels, advice: ADVICE[change.type], changeId: change.id };
}
