/**
 * The gate: the cheap no, before any CPU is spent. It looks at what a request claims, so it can be wrong in one
 * direction only: what it lets through is judged again by the proven domain, and once more under the domain's lock.
 *
 * It holds a copy of the domains that are not active, fed by the log of transitions, so a block made in another
 * process is in force here within a poll of the log. Domains that nobody has authenticated are never in it: the
 * copy is as large as the list of blocked and limited domains, whoever knocks.
 */
import { withParents } from './activity.ts';
import type { Refusal } from './verdict.ts';

/** A domain that is not active. */
export interface ClosedDomain {
  readonly name: string;
  readonly state: 'rate-limited' | 'blocked';
  /** When it opens by itself, epoch milliseconds; null when it does not. */
  readonly untilMs: number | null;
}

export interface Gate {
  /** These domains were read again: those of them that are found are closed, the others are open. */
  update(names: readonly string[], found: readonly ClosedDomain[]): void;
  /** Hears the name of a domain whose limit is over by the clock and that the copy still holds. */
  onLapse(listener: (name: string) => void): void;
  /** Refuses if one of these domains, or a parent of one, is blocked; or if one of them is limited right now. */
  judge(domains: readonly (string | null)[], nowMs: number): Refusal | null;
}

/** Retry-After where a limit has no known end, in seconds. */
const RETRY_AFTER_SECONDS = 60;

export function createGate(): Gate {
  const closed = new Map<string, ClosedDomain>();
  let lapsed: (name: string) => void = () => undefined;

  function judgeName(name: string, isDomainItself: boolean, nowMs: number): Refusal | null {
    const entry = closed.get(name);
    if (entry?.state === 'blocked') return { type: 'blocked', domain: name };
    // A limit is a domain's own; only a block covers what lies below it.
    if (entry?.state !== 'rate-limited' || !isDomainItself) return null;
    const leftMs = entry.untilMs === null ? RETRY_AFTER_SECONDS * 1_000 : entry.untilMs - nowMs;
    if (leftMs > 0) return { type: 'rate-limited', domain: name, retryAfterSeconds: leftMs / 1_000 };
    lapsed(name);
    return null;
  }

  return {
    update(names, found) {
      for (const name of names) closed.delete(name);
      for (const domain of found) closed.set(domain.name, domain);
    },
    onLapse(listener) {
      lapsed = listener;
    },
    judge(domains, nowMs) {
      if (closed.size === 0) return null;
      for (const domain of domains) {
        if (domain === null) continue;
        for (const name of withParents(domain)) {
          const refusal = judgeName(name, name === domain, nowMs);
          if (refusal !== null) return refusal;
        }
      }
      return null;
    },
  };
}

const CONTENT_TYPES = /^application\/(activity\+json|ld\+json)\s*(;|$)/i;

/** The header fields by which a POST is judged before its body is read. */
export interface Head {
  readonly contentType: string | undefined;
  readonly contentLength: string | undefined;
  readonly contentEncoding: string | undefined;
}

/** Of repeated fields the first one counts here; the signature refuses them. */
export function headOf(rawHeaders: readonly string[]): Head {
  const found = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (!found.has(name)) found.set(name, rawHeaders[at + 1] as string);
  }
  return {
    contentType: found.get('content-type'),
    contentLength: found.get('content-length'),
    contentEncoding: found.get('content-encoding'),
  };
}

/** What the head of a POST to an inbox says, before its body is read. */
export function judgeHead(method: string, head: Head, bodyBytesMax: number): Refusal | null {
  if (method !== 'POST') return { type: 'method-not-allowed', allow: 'POST' };
  // A coded body is not inflated: the signature would have to be checked over bytes that nobody sent.
  const { contentType, contentEncoding = 'identity' } = head;
  if (contentType === undefined || !CONTENT_TYPES.test(contentType) || contentEncoding !== 'identity') {
    return { type: 'wrong-content-type' };
  }
  if (Number(head.contentLength ?? 0) > bodyBytesMax) return { type: 'too-large', bytesMax: bodyBytesMax };
  return null;
}
