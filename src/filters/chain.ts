/**
 * The filters in order, and what they make of one activity. `drop`, `reject` and `hold` end the chain; whatever a filter
 * does, it is a value: one that throws, runs out of time or gives what is no verdict is a fault under its name, and
 * its fallback counts.
 */
import type { Activity, Filter, FilterContext } from '../api.ts';
import { messageOf } from '../errors.ts';
import type { FilterRemark, FilterVerdict, MailVerdict } from '../verdict.ts';

/** A filter as it was registered. */
export interface Registered {
  readonly name: string;
  /** Null stands for every type. */
  readonly type: string | null;
  readonly filter: Filter<never>;
  readonly timeoutMs: number;
  readonly fallback: 'hold' | 'accept' | 'drop';
  readonly isShadow: boolean;
  /** Hooks run after all that are none. */
  readonly isHook: boolean;
}

/** What the filters of one activity are told, each with a signal of its own; and what they are not told. */
export interface Told extends Omit<FilterContext, 'signal'> {
  /** A moderator trusts the actor: what a filter would hold goes on. */
  readonly isTrusted: boolean;
}

const REASON_CHARACTERS_MAX = 500;
const ENDING = ['drop', 'reject', 'hold'];

/** Asks the filters. Throws only when `closing` is aborted: then nothing was decided. */
export async function judge(
  filters: readonly Registered[],
  activity: Activity,
  told: Told,
  closing: AbortSignal,
): Promise<MailVerdict> {
  const asked: string[] = [];
  const remarks: FilterRemark[] = [];
  for (const registered of filters) {
    const { name: filter, type, isShadow, fallback } = registered;
    if (type !== null && type !== activity.type) continue;
    asked.push(filter);
    let said: FilterVerdict | undefined;
    let hasFailed = false;
    try {
      said = checked(await inTime(registered, activity, told, closing));
    } catch (error) {
      closing.throwIfAborted();
      hasFailed = true;
      const fault = plain(messageOf(error, REASON_CHARACTERS_MAX));
      told.log.error('a filter failed', { filter, activityId: activity.id, error: fault, fallback });
      remarks.push({ filter, type: 'fault', reason: fault });
      if (fallback !== 'accept') said = { type: fallback, reason: `the filter failed: ${fault}` };
    }
    if (said === undefined) continue;
    const reason = plain(said.reason);
    // A filter that failed knows nothing: that is for a person to see, whoever sent it.
    if (told.isTrusted && said.type === 'hold' && !isShadow && !hasFailed) {
      remarks.push({ filter, type: 'trusted', reason });
      continue;
    }
    if (isShadow || said.type === 'shadow') {
      const what = said.type === 'shadow' ? reason : `${said.type}: ${reason}`;
      remarks.push({ filter, type: 'shadow', reason: what });
      continue;
    }
    const end = { filter, type: said.type, reason };
    return { asked, remarks: [...remarks, end], end };
  }
  return { asked, remarks };
}

/** What a function gives, or throws, within its time. The timer starts only where there is something to wait for. */
async function inTime(
  { filter, timeoutMs }: Registered,
  activity: Activity,
  told: Told,
  closing: AbortSignal,
): Promise<unknown> {
  let signal: AbortSignal | undefined;
  const limit = (): AbortSignal => {
    signal ??= AbortSignal.any([AbortSignal.timeout(timeoutMs), closing]);
    return signal;
  };
  const context: FilterContext = {
    ...{ actor: told.actor, domain: told.domain, log: told.log },
    get text() {
      return told.text;
    },
    get signal() {
      return limit();
    },
  };
  const returned = (filter as Filter<never>)(activity as never, context) as unknown;
  if (typeof (returned as { then?: unknown } | undefined)?.then !== 'function') return returned;
  return Promise.race([returned, whenAborted(limit())]);
}

/** The verdict when it is one; throws when it is neither a verdict nor nothing. */
function checked(returned: unknown): FilterVerdict | undefined {
  if (returned === undefined) return undefined;
  const { type, reason } = (returned ?? {}) as { type?: unknown; reason?: unknown };
  const isVerdict = typeof type === 'string' && (ENDING.includes(type) || type === 'shadow');
  if (!isVerdict || typeof reason !== 'string')
    throw new TypeError(`a filter gave what is neither a verdict nor nothing: ${shown(returned)}`);
  return { type: type as FilterVerdict['type'], reason };
}

function shown(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 80);
  } catch {
    return typeof value;
  }
}

/** A text that every database can store, cut. */
export function plain(text: string): string {
  return text.slice(0, REASON_CHARACTERS_MAX).toWellFormed().replaceAll('\u0000', '');
}

/** Rejects with the signal's reason. */
export function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
