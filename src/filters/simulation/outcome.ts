/** How an activity came out, and how it would: before any moderator has decided, because a policy decides before. */

import type { SimulatedOutcome } from '../../api/simulations.ts';
import type { HistoryEntry } from '../../api.ts';
import type { MailVerdict, Status } from '../../verdict.ts';

export interface RecordedOutcome {
  readonly outcome: SimulatedOutcome;
  /** The filter that stopped it; null where none did. */
  readonly stoppedBy: string | null;
}

const STOPPED = ['held', 'dropped', 'rejected'] as const;
const ENDS = { drop: 'dropped', reject: 'rejected', hold: 'held' } as const;

/** What the pipeline made of it. What was held and approved was held. */
export function recordedOutcome(status: Status, history: readonly HistoryEntry[]): RecordedOutcome {
  for (const { what, filter } of history) {
    const outcome = STOPPED.find((stopped) => stopped === what);
    if (outcome !== undefined && filter !== undefined) return { outcome, stoppedBy: filter };
  }
  return { outcome: status === 'accepted' ? 'processed' : status, stoppedBy: null };
}

/**
 * What it would make of it. Where the policy says nothing, what came after the filters comes again; what a filter stopped
 * that the policy has not would go on, unless that filter would be asked all the same.
 */
export function simulatedOutcome(
  { outcome, stoppedBy }: RecordedOutcome,
  { end }: Pick<MailVerdict, 'end'>,
  stays: ReadonlySet<string>,
): SimulatedOutcome {
  if (end !== undefined) return ENDS[end.type];
  return stoppedBy === null || stays.has(stoppedBy) ? outcome : 'processed';
}
