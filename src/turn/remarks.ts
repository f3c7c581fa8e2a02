/** What an activity's history says of the filters that were asked. */
import type { HistoryEntry } from '../api.ts';
import type { MailVerdict } from '../verdict.ts';

/** What an activity's history says of the filters. What ended the chain is said by the activity's end. */
export function remarksOf(verdict: MailVerdict | null, at: string): HistoryEntry[] {
  if (verdict === null || verdict.asked.length + verdict.remarks.length === 0) return [];
  const remarks = verdict.remarks.flatMap(({ filter, type, reason }): HistoryEntry[] =>
    type === 'shadow' || type === 'fault' || type === 'trusted' ? [{ at, what: type, filter, reason }] : [],
  );
  return [{ at, what: 'filtered', asked: verdict.asked }, ...remarks];
}
