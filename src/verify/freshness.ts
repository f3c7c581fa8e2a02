/** The strict clock of both kinds of signature. */
import type { Fields } from './header.ts';

/** When a signature is fresh. Milliseconds, epoch and lengths. */
export interface Freshness {
  readonly nowMs: number;
  readonly pastMs: number;
  readonly futureMs: number;
}

/** Times of a signature, in seconds since the epoch. */
export interface Times {
  readonly created: number | null;
  readonly expires: number | null;
}

/** What is wrong with the times of a request, or null. A time that is given counts whether it is signed or not. */
export function timeProblem({ created, expires }: Times, fields: Fields, fresh: Freshness): string | null {
  const { nowMs, pastMs, futureMs } = fresh;
  const times: number[] = [];
  const date = fields.get('date');
  if (date !== undefined) times.push(httpDateMs(date));
  if (created !== null) times.push(created * 1_000);
  for (const ms of times) {
    if (Number.isNaN(ms)) return 'the date cannot be read';
    if (ms < nowMs - pastMs) return 'the signature is too old';
    if (ms > nowMs + futureMs) return 'the signature is from the future';
  }
  return expires !== null && expires * 1_000 < nowMs ? 'the signature has expired' : null;
}

/** `Tue, 24 Nov 2026 13:37:00 GMT` and no other form. RFC 9110 5.6.7 */
function httpDateMs(date: string): number {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(date)) return Number.NaN;
  const ms = Date.parse(date);
  // Date.parse takes "30 Feb" for 2 March.
  return new Date(ms).toUTCString() === date ? ms : Number.NaN;
}
