/** What an answer to a delivery means, and when the next try is. Pure. */
import type { RemoteAnswer } from '../remote.ts';

/** How a try ended. `retryAfterMs` is the other side's wish, bounded; 0 without one. */
export type Outcome =
  | { readonly type: 'delivered' }
  | { readonly type: 'permanent'; readonly error: string }
  | { readonly type: 'retry'; readonly error: string; readonly retryAfterMs: number };

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Rests after the first failure in a row, the second, and so on; after the last one it is daily. */
const RESTS_MS = [
  15 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
];

/** A delivery that is older than this after a failed try is given up. */
export const LIFE_MS = 7 * DAY_MS;

/** The rest of a domain's mailbox after so many failures in a row (at least 1). */
export function restMs(failures: number, retryAfterMs: number): number {
  const planned = RESTS_MS[Math.min(failures, RESTS_MS.length) - 1] ?? DAY_MS;
  return Math.max(planned, retryAfterMs);
}

/** Client errors that another try may mend: our key was not found yet, a limit, a timeout. */
const RETRIED: readonly number[] = [401, 403, 408, 421, 425, 429];

/** Reads the answer to a POST. A redirect is not followed: the inbox has to say where it is in its actor. */
export function outcomeOf(answer: RemoteAnswer, nowMs: number): Outcome {
  if (!answer.ok) {
    const error = `${answer.fault}: ${answer.message}`;
    return answer.fault === 'own-origin'
      ? { type: 'permanent', error }
      : { type: 'retry', error, retryAfterMs: 0 };
  }
  const { status, headers } = answer;
  if (status >= 200 && status <= 299) return { type: 'delivered' };
  const error = `answered ${status}`;
  if (status >= 400 && status <= 499 && !RETRIED.includes(status)) return { type: 'permanent', error };
  return { type: 'retry', error, retryAfterMs: readRetryAfter(headers['retry-after'], nowMs) };
}

/** Retry-After in milliseconds: seconds or a date (RFC 9110 10.2.3), at most a day. */
export function readRetryAfter(value: string | undefined, nowMs: number): number {
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * SECOND_MS : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), DAY_MS);
}
