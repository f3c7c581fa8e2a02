/** What a filter gave, as a verdict that is whole; or the complaint that it is none. It may come from JSON. */
import { millisecondsOf } from '../options.ts';
import { plain } from './plain.ts';

/** A verdict with its times resolved. */
export type Said = { readonly reason: string; readonly saw?: string } & (
  | { readonly type: 'drop' | 'reject'; readonly strike: boolean }
  | { readonly type: 'hold'; readonly untilMs: number | null }
  | { readonly type: 'limit'; readonly forMs: number | null }
  | { readonly type: 'score'; readonly points: number }
  | { readonly type: 'shadow' }
);

const SAW_CHARACTERS_MAX = 200;
const POINTS_MAX = 1_000_000;
const DAY_MS = 86_400_000;
const LIMIT_MS_MAX = 90 * DAY_MS;
/** What is held for longer is forgotten, and later dates are none for every database. */
const HOLD_MS_MAX = 36_500 * DAY_MS;

/** The verdict when it is one; throws when it is neither a verdict nor nothing. */
export function checked(returned: unknown, atMs: number): Said | undefined {
  if (returned === undefined) return undefined;
  const given = (returned ?? {}) as Readonly<Record<string, unknown>>;
  const { type, reason } = given;
  if (typeof reason !== 'string' || typeof type !== 'string') throw noVerdict(returned);
  const said = { reason: plain(reason), ...sawOf(given.saw, returned) };
  switch (type) {
    case 'shadow':
      return { ...said, type };
    case 'drop':
    case 'reject': {
      const { strike = false } = given;
      if (typeof strike !== 'boolean') throw noVerdict(returned);
      return { ...said, type, strike };
    }
    case 'hold':
      return { ...said, type, untilMs: untilOf(given.until ?? null, atMs) };
    case 'limit': {
      const forMs = given.for == null ? null : millisecondsOf(String(given.for));
      if (given.for != null && (forMs === null || forMs > LIMIT_MS_MAX))
        throw new TypeError(
          `a filter limits for what is no duration of at most 90 days: ${shown(given.for)}`,
        );
      return { ...said, type, forMs };
    }
    case 'score': {
      const { points } = given;
      const isFine = typeof points === 'number' && Number.isFinite(points) && Math.abs(points) <= POINTS_MAX;
      if (!isFine) throw new TypeError(`a filter gave points that are no number: ${shown(points)}`);
      return { ...said, type, points };
    }
    default:
      throw noVerdict(returned);
  }
}

/** A time that is yet to come: a Date, a duration from now, or a date and time in text. */
function untilOf(until: unknown, atMs: number): number | null {
  if (until === null) return null;
  const forMs = typeof until === 'string' ? millisecondsOf(until) : null;
  const untilMs =
    forMs !== null
      ? atMs + forMs
      : until instanceof Date || typeof until === 'string'
        ? new Date(until).getTime()
        : Number.NaN;
  if (!(untilMs > atMs && untilMs <= atMs + HOLD_MS_MAX))
    throw new TypeError(`a filter holds until what is no time to come: ${shown(until)}`);
  return untilMs;
}

function sawOf(saw: unknown, returned: unknown): { saw?: string } {
  if (saw === undefined || saw === null) return {};
  if (typeof saw !== 'string' && typeof saw !== 'number') throw noVerdict(returned);
  return { saw: plain(String(saw), SAW_CHARACTERS_MAX) };
}

const noVerdict = (returned: unknown): TypeError =>
  new TypeError(`a filter gave what is neither a verdict nor nothing: ${shown(returned)}`);

function shown(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 80);
  } catch {
    return typeof value;
  }
}
