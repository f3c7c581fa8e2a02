/**
 * The filters in order, and what they make of one activity. `drop`, `reject` and `hold` end the chain; `limit`, points,
 * strikes and `shadow` do not. Whatever a filter does, it is a value: one that throws, runs out of time or gives what is
 * no verdict is a fault under its name, and its fallback counts. What the points add up to is decided last.
 */
import type { Activity, ActorFacts, FilterContext } from '../api.ts';
import { messageOf } from '../errors.ts';
import { SCORES } from '../options/filters.ts';
import type { DomainWish, FilterRemark, MailVerdict } from '../verdict.ts';
import { plain } from './plain.ts';
import type { AnyFilter, Registered } from './registered.ts';
import { checked, type Said } from './said.ts';
import type { Watch } from './watch.ts';

export { SCORES };

/** What the filters of one activity are told, each with a signal of its own; and what they are not told. */
export interface Told extends Omit<FilterContext, 'signal'> {
  /** A moderator trusts the actor: what a filter would hold goes on. */
  readonly isTrusted: boolean;
  /** When this is decided, epoch milliseconds. */
  readonly atMs: number;
  /** The text in one form of each letter; and the same without upper case. For the built-in filters. */
  readonly legible: string;
  readonly folded: string;
  /** How those here stand to who sent it, who may not be its actor. */
  readonly senderFacts: Promise<ActorFacts>;
}

/** What a built-in filter is told. */
export type SeenContext = FilterContext & Pick<Told, 'legible' | 'folded' | 'senderFacts'>;

/** What filters with points may come to, lowest first. */
export type Thresholds = readonly {
  readonly type: 'hold' | 'reject' | 'drop';
  readonly points: number;
}[];

export interface Judging {
  /** Aborted when nobody waits for the verdict any more. */
  readonly closing: AbortSignal;
  readonly thresholds: Thresholds;
  /** How filters do, and whether one is asked at all. @default nobody looks */
  readonly watch?: Watch | undefined;
}

/** Remarks of one activity that are kept: of more the number. */
const REMARKS_MAX = 30;

/** Asks the filters. Throws only when `closing` is aborted: then nothing was decided. */
export async function judge(
  filters: readonly Registered[],
  activity: Activity,
  told: Told,
  judging: Judging,
): Promise<MailVerdict> {
  const asked: string[] = [];
  const found: Found = { remarks: [], wishes: [], points: [] };
  for (const registered of filters) {
    const { name: filter, type, isShadow } = registered;
    if (type !== null && type !== activity.type) continue;
    asked.push(filter);
    const answer = ask(registered, activity, told, judging, found);
    const { said, hasFailed } = answer instanceof Promise ? await answer : answer;
    if (said === undefined) continue;
    // A filter that failed knows nothing: that is for a person to see, whoever sent it.
    const isTrusted = told.isTrusted && said.type === 'hold' && !hasFailed;
    const end = enter(filter, said, { isShadow, isTrusted }, found);
    if (end !== undefined) return verdictOf(asked, found, end);
  }
  return verdictOf(asked, found, sumUp(judging.thresholds, told.isTrusted, found));
}

interface Found {
  readonly remarks: FilterRemark[];
  readonly wishes: DomainWish[];
  readonly points: { readonly filter: string; readonly points: number }[];
}
type End = NonNullable<MailVerdict['end']>;

function verdictOf(asked: readonly string[], found: Found, end: End | undefined): MailVerdict {
  const { remarks, wishes, points } = found;
  const left = remarks.length - REMARKS_MAX;
  return {
    asked,
    remarks: left > 0 ? [...remarks.slice(0, REMARKS_MAX - 1), remarks.at(-1) as FilterRemark] : remarks,
    ...(left > 0 ? { left } : {}),
    ...(end === undefined ? {} : { end }),
    ...(points.length === 0 ? {} : { score: sumOf(points) }),
    ...(wishes.length === 0 ? {} : { wishes }),
  };
}

/** Enters what a filter said; the end, if it is one. */
function enter(
  filter: string,
  said: Said,
  { isShadow, isTrusted }: { isShadow: boolean; isTrusted: boolean },
  { remarks, wishes, points }: Found,
): End | undefined {
  const { type, reason } = said;
  const saw = said.saw === undefined ? {} : { saw: said.saw };
  if (isShadow || type === 'shadow') {
    const what = type === 'shadow' ? '' : `${type === 'score' ? `score ${said.points}` : type}: `;
    remarks.push({ filter, type: 'shadow', reason: what + reason, ...saw });
    return undefined;
  }
  if (isTrusted) {
    remarks.push({ filter, type: 'trusted', reason, ...saw });
    return undefined;
  }
  if (type === 'score') {
    points.push({ filter, points: said.points });
    remarks.push({ filter, type, reason, ...saw, points: said.points });
    return undefined;
  }
  if (type === 'limit') {
    wishes.push({ type: 'limit', reason: `${filter}: ${reason}`, forMs: said.forMs });
    remarks.push({ filter, type, reason, ...saw });
    return undefined;
  }
  const isStrike = type !== 'hold' && said.strike;
  if (isStrike) wishes.push({ type: 'strike', reason: `${filter}: ${reason}` });
  const until = type === 'hold' && said.untilMs !== null ? { untilMs: said.untilMs } : {};
  const remark = { filter, type, reason, ...saw, ...(isStrike ? { strike: true as const } : {}) };
  remarks.push(remark);
  return { ...remark, ...until };
}

/** The highest threshold that the points reach. */
function sumUp(thresholds: Thresholds, isTrusted: boolean, found: Found): End | undefined {
  if (found.points.length === 0) return undefined;
  const sum = sumOf(found.points);
  const reached = thresholds.findLast(({ points }) => points <= sum);
  if (reached === undefined) return undefined;
  const saw = found.points.map(({ filter, points }) => `${filter} ${points}`).join(', ');
  const reason = `${sum} points, ${reached.points} are enough`;
  const said = { reason, saw: saw.slice(0, 200) };
  const type = reached.type === 'hold' ? ({ type: 'hold', untilMs: null } as const) : null;
  return enter(
    SCORES,
    { ...said, ...(type ?? { type: reached.type as 'drop' | 'reject', strike: false }) },
    { isShadow: false, isTrusted: isTrusted && type !== null },
    found,
  );
}

/** Tenths that do not add up in binary are no reason to miss a threshold. */
const sumOf = (points: Found['points']): number =>
  Math.round(points.reduce((sum, one) => sum + one.points, 0) * 1e6) / 1e6;

interface Answered {
  readonly said: Said | undefined;
  readonly hasFailed: boolean;
}

/** What one filter says, or its fallback. No promise where there is nothing to wait for. */
function ask(
  registered: Registered,
  activity: Activity,
  told: Told,
  { closing, watch }: Judging,
  { remarks }: Found,
): Answered | Promise<Answered> {
  const { name: filter, fallback } = registered;
  const { domain } = told.domain;
  const startedMs = performance.now();
  const failed = (error: unknown, isLate = false): Answered => {
    closing.throwIfAborted();
    const reason = isLate ? `no answer within ${registered.timeoutMs} ms` : plain(messageOf(error));
    watch?.failed(registered, domain, { reason, isLate, tookMs: performance.now() - startedMs });
    told.log.error('a filter failed', { filter, activityId: activity.id, error: reason, fallback });
    return fallBack(reason);
  };
  const fallBack = (reason: string): Answered => {
    remarks.push({ filter, type: 'fault', reason });
    if (fallback === 'accept') return { said: undefined, hasFailed: true };
    const because = `the filter failed: ${reason}`;
    const said: Said =
      fallback === 'hold'
        ? { type: 'hold', reason: because, untilMs: null }
        : { type: 'drop', reason: because, strike: false };
    return { said, hasFailed: true };
  };
  const answered = (returned: unknown): Answered => {
    const said = checked(returned, told.atMs);
    watch?.answered(registered, domain, said?.type ?? null, performance.now() - startedMs);
    return { said, hasFailed: false };
  };
  const pause = watch?.pauseOf(registered, domain) ?? null;
  if (pause !== null) {
    // That it failed was logged each time before; a line for each that it is not asked about would be a flood.
    watch?.passedOver(registered);
    return fallBack(pause);
  }
  let limit: AbortSignal | undefined;
  const signal = (): AbortSignal => {
    limit ??= AbortSignal.any([AbortSignal.timeout(registered.timeoutMs), closing]);
    return limit;
  };
  try {
    const returned = (registered.filter as AnyFilter)(activity, contextOf(told, signal));
    if (typeof (returned as { then?: unknown } | undefined)?.then !== 'function') return answered(returned);
    // The timer starts only where there is something to wait for.
    return Promise.race([returned, whenAborted(signal())])
      .then(answered)
      .catch((error: unknown) => failed(error, signal().aborted));
  } catch (error) {
    return failed(error);
  }
}

function contextOf(told: Told, signal: () => AbortSignal): SeenContext {
  const { actor, domain, from, ours, isDryRun, log } = told;
  return {
    ...{ actor, domain, from, ours, isDryRun, log },
    get text() {
      return told.text;
    },
    get legible() {
      return told.legible;
    },
    get folded() {
      return told.folded;
    },
    get actorFacts() {
      return told.actorFacts;
    },
    get senderFacts() {
      return told.senderFacts;
    },
    get domainFacts() {
      return told.domainFacts;
    },
    get signal() {
      return signal();
    },
  };
}

/** Rejects with the signal's reason. */
export function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
