/**
 * The gate: the cheap no, before any CPU is spent. It looks at what a request claims, so it can be wrong in one
 * direction only: what it lets through is judged again by the proven domain, and once more under the domain's lock.
 *
 * It holds a copy of the domains that are not active or have rules, and of suspended actors, fed by the log of
 * transitions, so a block made in another process is in force here within a poll of the log. Domains that nobody has
 * authenticated are in it only where somebody said something of them: the copy is as large as the lists, whoever knocks.
 */
import { type Merged, mayEnter, rulingOn } from './policy.ts';
import type { Refusal } from './verdict.ts';

/** A domain that is not active, or of which a rule says something. */
export interface MarkedDomain {
  readonly name: string;
  readonly state: 'active' | 'rate-limited' | 'blocked';
  readonly isShut: boolean;
  /** When it opens by itself, epoch milliseconds; null when it does not. */
  readonly untilMs: number | null;
  /** What its rules come to; null where it has none. */
  readonly policy: Merged | null;
}

/** An actor that may not come in, until a time or for ever. */
export interface SuspendedActor {
  readonly actor: string;
  readonly untilMs: number | null;
}

export interface Gate {
  /** These domains were read again: those of them that are found are marked, of the others nothing is to be said. */
  update(names: readonly string[], found: readonly MarkedDomain[]): void;
  /** The same for the suspended actors of these domains. */
  updateActors(
    domains: readonly string[],
    found: readonly (SuspendedActor & { readonly domain: string })[],
  ): void;
  /** Hears the name of a domain whose limit is over by the clock and that the copy still holds. */
  onLapse(listener: (name: string) => void): void;
  /**
   * Refuses if the rule about one of these domains, or else about its nearest parent, shuts it out; or if one of them is
   * limited right now.
   */
  judge(domains: readonly (string | null)[], nowMs: number): Refusal | null;
  /**
   * The same for names that nobody has proven. Where blocks are kept secret they are not told here: an answer to a name
   * alone would tell it to whoever writes the name.
   */
  judgeClaimed(domains: readonly (string | null)[], nowMs: number): Refusal | null;
  /** Refuses if one of these actors is suspended. */
  judgeActors(actors: readonly (readonly [id: string, domain: string])[], nowMs: number): Refusal | null;
  /** Is exactly this domain blocked? Who is only not allowed is not. */
  isBlocked(domain: string): boolean;
  /** What the rules about a domain, or about its nearest parent, come to. */
  policyOf(domain: string): Merged | null;
}

/** Retry-After where a limit has no known end, in seconds. */
const RETRY_AFTER_SECONDS = 60;

export function createGate({
  federation = 'open',
  blockedAnswer = 403,
}: {
  federation?: 'open' | 'allowlist';
  blockedAnswer?: 403 | 202;
} = {}): Gate {
  const marked = new Map<string, MarkedDomain>();
  // How many marked names end in these two labels: nearly every name that knocks is dismissed with one look at it.
  const tails = new Map<string, number>();
  const suspended = new Map<string, Map<string, number | null>>();
  /** Marked names of one label: they are the parents of very many. */
  let topLevel = 0;
  let lapsed: (name: string) => void = () => undefined;
  const isOpen = federation === 'open';

  /** A limit is a domain's own; only rules cover what lies below it. */
  function judgeLimit(name: string, nowMs: number): Refusal | null {
    const entry = marked.get(name);
    if (entry?.state !== 'rate-limited') return null;
    const leftMs = entry.untilMs === null ? RETRY_AFTER_SECONDS * 1_000 : entry.untilMs - nowMs;
    if (leftMs > 0) return { type: 'rate-limited', domain: name, retryAfterSeconds: leftMs / 1_000 };
    lapsed(name);
    return null;
  }

  function judge(domains: readonly (string | null)[], nowMs: number): Refusal | null {
    if (isOpen && marked.size === 0) return null;
    for (const domain of domains) {
      if (domain === null || (isOpen && !isNear(domain))) continue;
      const ruling = rulingOn(domain, (name) => marked.get(name));
      if (!mayEnter(ruling, federation)) return { type: 'blocked', domain: ruling?.domain ?? domain };
      const refusal = judgeLimit(domain, nowMs);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  function judgeLimits(domains: readonly (string | null)[], nowMs: number): Refusal | null {
    for (const domain of domains) {
      const refusal = domain === null ? null : judgeLimit(domain, nowMs);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  function count(name: string, by: 1 | -1): void {
    const tail = tailOf(name);
    const left = (tails.get(tail) ?? 0) + by;
    if (left > 0) tails.set(tail, left);
    else tails.delete(tail);
    if (tail === name && !name.includes('.')) topLevel += by;
  }

  /** Is there any rule that may be about this name? */
  const isNear = (name: string): boolean => topLevel > 0 || tails.has(tailOf(name));

  return {
    update(names, found) {
      for (const name of names) if (marked.delete(name)) count(name, -1);
      for (const domain of found) {
        if (!marked.has(domain.name)) count(domain.name, 1);
        marked.set(domain.name, domain);
      }
    },
    updateActors(domains, found) {
      for (const domain of domains) suspended.delete(domain);
      for (const { domain, actor, untilMs } of found) {
        const actors = suspended.get(domain) ?? new Map<string, number | null>();
        suspended.set(domain, actors.set(actor, untilMs));
      }
    },
    onLapse(listener) {
      lapsed = listener;
    },
    judge,
    judgeClaimed: blockedAnswer === 403 ? judge : judgeLimits,
    judgeActors(actors, nowMs) {
      if (suspended.size === 0) return null;
      for (const [id, domain] of actors) {
        const untilMs = suspended.get(domain)?.get(id);
        if (untilMs !== undefined && (untilMs === null || untilMs > nowMs))
          return { type: 'blocked', domain };
      }
      return null;
    },
    isBlocked: (domain) => marked.get(domain)?.isShut === true,
    policyOf: (domain) => rulingOn(domain, (name) => marked.get(name))?.policy ?? null,
  };
}

/** The last two labels of a name: every rule about it or about a parent ends in them, but for one of a single label. */
function tailOf(name: string): string {
  const dot = name.lastIndexOf('.', name.lastIndexOf('.') - 1);
  return dot === -1 ? name : name.slice(dot + 1);
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
