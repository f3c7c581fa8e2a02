/**
 * Every way a request or an activity can end. A verdict is a decision as a value; `answerOf` maps a verdict about
 * a request to the HTTP answer, and a `Status` is how an activity stands in the store.
 *
 * What a peer reads is terse and has no internals: the `reason` is for our log, the console and the moderator.
 */

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

/** What a filter decides about an activity before it has any effect. Made by `drop`, `reject`, `hold` and `shadow`. */
export interface FilterVerdict {
  readonly type: 'drop' | 'reject' | 'hold' | 'shadow';
  /** For the log, the console and the moderator; the sender never sees it. */
  readonly reason: string;
}

/** Silence: no effect, no trace in any collection. The activity's status is `dropped`. */
export const drop = (reason: string): FilterVerdict => ({ type: 'drop', reason });
/** Refused: no effect, status `rejected`; a Follow is answered with a Reject. */
export const reject = (reason: string): FilterVerdict => ({ type: 'reject', reason });
/** No effect until a moderator approves: status `held`; see `inbox.held`. */
export const hold = (reason: string): FilterVerdict => ({ type: 'hold', reason });
/** Only entered in the activity's history, to try a rule on live traffic; the filters after it are asked. */
export const shadow = (reason: string): FilterVerdict => ({ type: 'shadow', reason });

/**
 * What a filter said of a mail. A `fault` is one that threw, ran out of time, or gave what is no verdict; `trusted` is a
 * hold that did not count, because a moderator trusts the actor.
 */
export interface FilterRemark {
  readonly filter: string;
  readonly type: FilterVerdict['type'] | 'fault' | 'trusted';
  readonly reason: string;
}

/** What the filters made of a mail, stored with it: a turn takes no mail without it where there are filters. */
export interface MailVerdict {
  /** Names of the filters that were asked, in order. */
  readonly asked: readonly string[];
  /** What they said; those that had nothing to say are not in it. */
  readonly remarks: readonly FilterRemark[];
  /** What ended the chain: no filter after it was asked. */
  readonly end?: FilterRemark & {
    readonly type: 'drop' | 'reject' | 'hold';
    /** Until when it is held, in epoch milliseconds. @default as long as anything is */
    readonly untilMs?: number;
  };
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

/** The HTTP answer of a verdict: 202 without a body, or `application/problem+json` (RFC 9457). */
export function answerOf(verdict: RequestVerdict): Answer {
  if (verdict.type === 'accepted') return { status: 202, headers: {}, body: '' };
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
