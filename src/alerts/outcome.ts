/** How a try ended, and when the next one is. */

export type Outcome =
  | { readonly type: 'delivered' }
  | { readonly type: 'permanent' | 'retry'; readonly error: string };

/** Retries after the first try; then an alert is dead. */
const RETRIES_MAX = 16;

/** The rest after so many tries (at least 1), in milliseconds; null when there is no further one. In all nearly three days. */
export function restMs(attempts: number): number | null {
  return attempts > RETRIES_MAX ? null : (15 + attempts ** 4) * 1_000;
}
