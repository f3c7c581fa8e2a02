/** What the log says of activities that wait for a moderator: types only. */

/** What became of one. */
export type HoldState = 'held' | 'released' | 'rejected' | 'expired';

/** One is held, or somebody has decided about it, or its time was over. */
export interface HoldEvent {
  readonly kind: 'hold';
  readonly atMs: number;
  /** The id of the activity. */
  readonly key: string;
  readonly domain: string;
  readonly to: HoldState;
  readonly reason: string | null;
  /** The moderator who decided; null for filters, and for the time that was over. */
  readonly by: string | null;
}
