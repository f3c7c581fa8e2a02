/** Lengths of time as people write them. */

/** A length of time with its unit: `'1 hour'`, `'30 minutes'`, `'1h'`, `'250 ms'`. */
export type Duration =
  | `${number} ${'ms' | 'second' | 'seconds' | 'minute' | 'minutes' | 'hour' | 'hours' | 'day' | 'days' | 'week' | 'weeks' | 'year' | 'years'}`
  | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  week: 604_800_000,
  weeks: 604_800_000,
  year: 31_536_000_000,
  years: 31_536_000_000,
};

/** A duration in milliseconds, or null when it is none. `'1 hour'`, `'1h'` → 3 600 000. */
export function millisecondsOf(duration: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(duration.trim());
  const unitMs = match === null ? undefined : UNIT_MS[match[2] as string];
  if (match === null || unitMs === undefined) return null;
  const ms = Number(match[1]) * unitMs;
  return ms > 0 && Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : null;
}
