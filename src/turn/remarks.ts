/** What an activity's history says of the filters that were asked. */
import type { HistoryEntry } from '../api.ts';
import type { MailVerdict } from '../verdict.ts';

const WHAT = {
  shadow: 'shadow',
  fault: 'fault',
  trusted: 'trusted',
  limit: 'limited',
  score: 'scored',
} as const;

/** What an activity's history says of the filters. What ended the chain is said by the activity's end. */
export function remarksOf(verdict: MailVerdict | null, at: string): HistoryEntry[] {
  if (verdict === null || verdict.asked.length + verdict.remarks.length === 0) return [];
  const remarks = verdict.remarks.flatMap(({ type, ...remark }): HistoryEntry[] =>
    type === 'drop' || type === 'reject' || type === 'hold' ? [] : [{ at, what: WHAT[type], ...remark }],
  );
  const { asked, left } = verdict;
  const more = left === undefined ? {} : { reason: `${left} more remarks are not kept` };
  return [{ at, what: 'filtered', asked, ...more }, ...remarks];
}
