/**
 * Every way a request or an activity can end. A verdict is a decision as a value; `answerOf` maps a verdict about
 * a request to the HTTP answer, and a `Status` is how an activity stands in the store.
 *
 * What a peer reads is terse and has no internals: the `reason` is for our log, the console and the moderator.
 */
import type { Duration } from './options/duration.ts';

/** How an activity stands in the store. `accepted` until a turn has taken it; `held` waits for a moderator. */
export type Status = 'accepted' | 'processed' | 'held' | 'dropped' | 'rejected' | 'failed';

/** A request that is not accepted, and why. */
export type Refusal =
  // permanent: the sender should not send it again
  | { readonly type: 'bad-request'; readonly reason: string }
  | { readonly type: 'not-an-activity'; readonly reason: string }
  | { readonly type: 'not-authenticated'; readonly reason: string }
  | { readonly type: 'blocked'; readonly domain: string }
  | { readonly type: 'no-such-inbox' }
  | { readonly type: 'not-found' }
  | { readonly type: 'method-not-allowed'; readonly allow: string }
  | { readonly type: 'too-large'; readonly bytesMax: number }
  | { readonly type: 'too-slow' }
  | { readonly type: 'wrong-content-type' }
  | { readonly type: 'wrong-host' }
  // temporary: 429 and 503 carry Retry-After
  | { readonly type: 'rate-limited'; readonly domain: string; readonly retryAfterSeconds: number }
  | { readonly type: 'overloaded'; readonly reason: string; readonly retryAfterSeconds: number };

/** The end of a request: accepted (202), or refused. */
export type RequestVerdict = { readonly type: 'accepted' } | Refusal;

/** What every verdict of a filter has. */
interface Said {
  /** For the log, the console and the moderator; the sender never sees it. */
  readonly reason: string;
  /** What it saw: the word that it found, a count, an age. Stands beside the reason; at most 200 characters. */
  readonly saw?: string;
}

/**
 * What a filter decides about an activity before it has any effect. Made by `drop`, `reject`, `hold`, `limit`, `score` and
 * `shadow`.
 */
export type FilterVerdict = Said &
  (
    | {
        readonly type: 'drop' | 'reject';
        /** It counts as a strike against the domain, as running into the limit does. @default false */
        readonly strike?: boolean;
      }
    | {
        readonly type: 'hold';
        /** How long a moderator has; then it is dropped. @default '30 days' */
        readonly until?: Date | Duration;
      }
    | {
        readonly type: 'limit';
        /** For how long the domain is rate-limited; at most 90 days. @default one window of `rateLimit` */
        readonly for?: Duration;
      }
    | { readonly type: 'score'; readonly points: number }
    | { readonly type: 'shadow' }
  );

/**
 * Silence: no effect, no trace in any collection. The activity's status is `dropped`. With `strike` it counts against the
 * domain, which stays active unless `blockAfterStrikes` says otherwise.
 */
export const drop = (reason: string, more: { strike?: boolean; saw?: string } = {}): FilterVerdict => ({
  ...{ type: 'drop', reason },
  ...more,
});
/** Refused: no effect, status `rejected`; a Follow is answered with a Reject. `strike` is as with `drop`. */
export const reject = (reason: string, more: { strike?: boolean; saw?: string } = {}): FilterVerdict => ({
  ...{ type: 'reject', reason },
  ...more,
});
/**
 * No effect until a moderator approves: status `held`; see `inbox.held`. Nobody decides until a time, or for so long: it is
 * dropped.
 */
export const hold = (
  reason: string,
  more: { until?: Date | Duration; saw?: string } = {},
): FilterVerdict => ({ ...{ type: 'hold', reason }, ...more });
/** The domain is rate-limited for so long: 429 for what it sends next. The activity itself goes on. */
export const limit = (reason: string, more: { for?: Duration; saw?: string } = {}): FilterVerdict => ({
  ...{ type: 'limit', reason },
  ...more,
});
/**
 * Points against the activity, or for it where they are below zero. They add up over all filters; the option
 * `scoreThresholds` says what becomes of a sum.
 */
export const score = (points: number, reason: string, more: { saw?: string } = {}): FilterVerdict => ({
  ...{ type: 'score', points, reason },
  ...more,
});
/** Only entered in the activity's history, to try a rule on live traffic; the filters after it are asked. */
export const shadow = (reason: string, more: { saw?: string } = {}): FilterVerdict => ({
  ...{ type: 'shadow', reason },
  ...more,
});

/**
 * What a filter said of a mail. A `fault` is one that threw, ran out of time, or gave what is no verdict; `trusted` is a
 * hold that did not count, because a moderator trusts the actor.
 */
export interface FilterRemark {
  readonly filter: string;
  readonly type: FilterVerdict['type'] | 'fault' | 'trusted';
  readonly reason: string;
  readonly saw?: string;
  readonly points?: number;
  /** It is a strike against the domain. */
  readonly strike?: true;
}

/** What filters want of a domain's machine: a strike, or a limit for so long, null for one window. */
export type DomainWish =
  | { readonly type: 'strike'; readonly reason: string }
  | { readonly type: 'limit'; readonly reason: string; readonly forMs: number | null };

/** What the filters made of a mail, stored with it: a turn takes no mail without it where there are filters. */
export interface MailVerdict {
  /** Names of the filters that were asked, in order. */
  readonly asked: readonly string[];
  /** What they said; those that had nothing to say are not in it. */
  readonly remarks: readonly FilterRemark[];
  /** So many more said something that is not kept. */
  readonly left?: number;
  /** What ended the chain: no filter after it was asked. */
  readonly end?: FilterRemark & {
    readonly type: 'drop' | 'reject' | 'hold';
    /** Until when it is held, in epoch milliseconds. @default as long as anything is */
    readonly untilMs?: number;
  };
  /** What the points add up to, where any were given. */
  readonly score?: number;
  /** What its domain is to hear. Absent where nobody asked for anything. */
  readonly wishes?: readonly DomainWish[];
  /** The answer of the followed actor's own policy to a Follow. */
  readonly followAnswer?: { readonly answer: 'accept' | 'ask' | 'reject' | 'hold'; readonly reason: string };
}

/** The name of an actor's follow policy, where it stands among filters. */
export const FOLLOW_POLICY = 'followPolicy';

/** A response on its way out, before either shell has turned it into its own kind. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

const PROBLEMS: Record<Refusal['type'], { status: number; title: string }> = {
  'bad-request': { status: 400, title: 'Bad request' },
  'not-an-activity': { status: 400, title: 'Not an activity' },
  'not-authenticated': { status: 401, title: 'Not authenticated' },
  blocked: { status: 403, title: 'Blocked' },
  'no-such-inbox': { status: 404, title: 'No such inbox' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'too-large': { status: 413, title: 'Too large' },
  'too-slow': { status: 408, title: 'Too slow' },
  'wrong-content-type': { status: 415, title: 'Wrong content type' },
  'wrong-host': { status: 421, title: 'Misdirected request' },
  'rate-limited': { status: 429, title: 'Rate-limited' },
  overloaded: { status: 503, title: 'Overloaded' },
};

/**
 * The HTTP answer of a verdict: 202 without a body, or `application/problem+json` (RFC 9457). Who is blocked may be told
 * the same as who is not.
 */
export function answerOf(verdict: RequestVerdict, blockedAnswer: 403 | 202 = 403): Answer {
  const isSecret = verdict.type === 'blocked' && blockedAnswer === 202;
  if (verdict.type === 'accepted' || isSecret) return { status: 202, headers: {}, body: '' };
  const { status, title } = PROBLEMS[verdict.type];
  const headers: Record<string, string> = {};
  if ('retryAfterSeconds' in verdict)
    headers['retry-after'] = String(Math.max(1, Math.ceil(verdict.retryAfterSeconds)));
  if (verdict.type === 'method-not-allowed') headers.allow = verdict.allow;
  return problem(status, verdict.type, title, headers);
}

/** An `application/problem+json` answer (RFC 9457) with a stable `type` under `urn:sallyport:problem:`. */
export function problem(
  status: number,
  type: string,
  title: string,
  headers: Readonly<Record<string, string>> = {},
  extra: Readonly<Record<string, unknown>> = {},
): Answer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify({ type: `urn:sallyport:problem:${type}`, title, status, ...extra }),
  };
}
