/** One question to a list's server, and its answer as a value. */
import type { Remote } from '../remote.ts';

/** The bounds of a poll; tests make them small. */
export interface PollLimits {
  /** One answer, after inflation. A dataset of 100 000 entities is some 40 MB. */
  readonly bytesMax: number;
  readonly deadlineMs: number;
  /** Domains and actors in one list. */
  readonly entriesMax: number;
  /** Pages of changes in one poll; what is left comes with the next one, at once. */
  readonly pagesMax: number;
}

export const POLL_LIMITS: PollLimits = {
  bytesMax: 50_331_648,
  deadlineMs: 30_000,
  entriesMax: 100_000,
  pagesMax: 50,
};

export type Fetched =
  | {
      readonly type: 'answered';
      readonly text: string;
      readonly contentType: string;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly type: 'unchanged' }
  | Failed;

/** Nothing was learned. `isUnreadable`: there was an answer that means nothing. */
export interface Failed {
  readonly type: 'failed';
  readonly error: string;
  readonly isUnreadable: boolean;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
}

export const failed = (error: string, more: Partial<Failed> = {}): Failed => {
  return { type: 'failed', error, isUnreadable: false, status: null, retryAfterMs: null, ...more };
};

export const unreadable = (error: string): Failed => failed(error, { isUnreadable: true });

/** What is known of the last answer, so that it need not come again. */
interface Condition {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export interface Question {
  readonly accept: string;
  /** The Authorization header. */
  readonly login: string | null;
  readonly condition?: Condition;
}

export type Ask = (url: string, question: Question) => Promise<Fetched>;

export function createAsk(remote: Pick<Remote, 'read'>, limits: PollLimits, closing: AbortSignal): Ask {
  return async (url, { accept, login, condition }) => {
    const late = AbortSignal.timeout(limits.deadlineMs);
    const headers = {
      accept,
      ...(login === null ? {} : { authorization: login }),
      ...(condition?.etag == null ? {} : { 'if-none-match': condition.etag }),
      ...(condition?.lastModified == null ? {} : { 'if-modified-since': condition.lastModified }),
    };
    const signal = AbortSignal.any([late, closing]);
    const answer = await remote.read(url, headers, { signal, bytesMax: limits.bytesMax });
    if (!answer.ok) {
      const isLate = late.aborted && answer.fault === 'network';
      return failed(isLate ? `no answer within ${limits.deadlineMs / 1_000} s` : answer.message);
    }
    const { status, headers: got, body } = answer;
    if (status === 304 && condition !== undefined) return { type: 'unchanged' };
    if (status !== 200) {
      const hint =
        status >= 300 && status < 400 ? ': redirects are not followed, subscribe to where it leads' : '';
      return failed(`it answered ${status}${hint}`, {
        status,
        retryAfterMs: retryAfterMs(got['retry-after']),
      });
    }
    try {
      return {
        ...{ type: 'answered', text: new TextDecoder('utf-8', { fatal: true }).decode(body) },
        ...{ contentType: got['content-type'] ?? '', etag: got.etag ?? null },
        lastModified: got['last-modified'] ?? null,
      };
    } catch {
      return unreadable('it is not UTF-8');
    }
  };
}

/** RFC 9110 10.2.3 also has dates; who sends one is asked again at the usual time. */
function retryAfterMs(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : null;
}

/** JSON that is an object; null for everything else. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
