/**
 * Every outgoing HTTP call: to public addresses only, pinned, bounded in time, size, redirects and number.
 *
 * ```
 * url ─► budget ─► scheme, port, literal address, own origin ─► look-up, checked ─► the checked address
 *                      ▲                                                                │
 *                      └──────────────── redirect, at most 3, no revisit ◄──────────────┘
 * ```
 * Never throws for what the other side does: a fault is a value. The deadline is one for the whole call, look-ups
 * and redirects included, so nobody can hold a place by sending a byte a second.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { messageOf } from './errors.ts';
import type { Settings } from './options.ts';
import {
  type Agents,
  exchange as exchangeOverTheNetwork,
  type Hop,
  type Received,
} from './remote/exchange.ts';
import { createKnocking } from './remote/knock.ts';
import {
  checkUrl,
  type Fault,
  hostOf,
  type Policy,
  pinnedLookup,
  policyOf,
  RemoteFault,
} from './remote/policy.ts';

export type { Hop, Received } from './remote/exchange.ts';
export type { Fault } from './remote/policy.ts';

/** An answer of any status, or why there is none. `headers` has lower-case names. */
export type RemoteAnswer =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** Of a good answer (2xx) to `get`, whole and inflated; else empty. */
      readonly body: Uint8Array;
      /** Where the answer came from after redirects, without fragment. */
      readonly finalUrl: string;
    }
  | { readonly ok: false; readonly fault: Fault; readonly message: string };

/** Signs a GET of this URL: gives back all headers to send. */
export type SignGet = (url: string, headers: Record<string, string>) => Record<string, string>;

/** How a document is asked for. */
export interface GetOptions {
  /** The Accept header. @default ActivityStreams JSON */
  readonly accept?: string;
  /**
   * Ways to sign, at most two, the preferred one first: where it is refused the other one is tried, and which one a
   * host takes is remembered. Asked anew for each redirect.
   */
  readonly signWith?: readonly SignGet[];
  readonly signal?: AbortSignal;
}

export interface Remote {
  /** Fetches a document, following at most 3 redirects. The body is inflated and at most 1 MiB. */
  get(url: string, options?: GetOptions): Promise<RemoteAnswer>;
  /** POSTs, following no redirect. The answer is its status and its headers. */
  post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    options?: { readonly signal?: AbortSignal },
  ): Promise<RemoteAnswer>;
  /**
   * POSTs JSON to a URL that the operator has configured: it may be private, plain http, and on our own origin. Follows
   * no redirect; a good answer comes back whole, in at most `bytesMax`. It may take as long as its signal lets it.
   */
  ask(
    url: string,
    question: object,
    options: { readonly signal: AbortSignal; readonly bytesMax: number },
  ): Promise<RemoteAnswer>;
  /** POSTs these bytes to a URL that the operator has configured, in the same way. */
  tell(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    options: { readonly signal: AbortSignal; readonly bytesMax: number },
  ): Promise<RemoteAnswer>;
  /** GETs a URL that the operator has configured, in the same way. */
  read(
    url: string,
    headers: Readonly<Record<string, string>>,
    options: { readonly signal: AbortSignal; readonly bytesMax: number },
  ): Promise<RemoteAnswer>;
  /** May this URL be asked at all, as far as one can say without a look-up? */
  isAllowed(url: string): boolean;
  /** Ends every call under way (fault `network`) and every kept connection; resolves when nothing is left. */
  close(): Promise<void>;
}

/** The bounds of the room; tests make them small. */
export interface RemoteLimits {
  /** One call in all, in milliseconds. */
  readonly deadlineMs: number;
  /** A fetched document, after inflation. */
  readonly bytesMax: number;
  readonly redirectsMax: number;
  /** Fetches at once, in all and to one host. Deliveries are bounded by their own room. */
  readonly fetchesMax: number;
  readonly fetchesPerHostMax: number;
}

/** What tests may put in the place of the real thing. */
export interface RemoteParts {
  readonly policy?: Partial<Policy>;
  readonly limits?: Partial<RemoteLimits>;
  /** Answers requests that the policy allows, in place of the network. */
  readonly exchange?: (hop: Hop) => Promise<Received>;
}

const LIMITS: RemoteLimits = {
  deadlineMs: 10_000,
  bytesMax: 1_048_576,
  redirectsMax: 3,
  fetchesMax: 1_024,
  fetchesPerHostMax: 16,
};

/** Questions to one service of the operator's at once: so many activities are looked at at once. */
const ASKS_MAX = 512;
/** The longest that any of them may take, whatever its signal says. */
const ASK_MS_MAX = 65_000;

/** ActivityPub 3.2 */
const ACTIVITY_JSON =
  'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"';
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

export function createRemote(
  settings: Pick<Settings, 'origin' | 'allowPrivateAddress'>,
  parts: RemoteParts = {},
): Remote {
  const exchange = parts.exchange ?? exchangeOverTheNetwork;
  const policy: Policy = { ...policyOf(settings), ...parts.policy };
  const limits: RemoteLimits = { ...LIMITS, ...parts.limits };
  const { origin } = settings;
  const lookup = pinnedLookup(policy);
  const userAgent = `Sallyport (+${origin})`;
  // A kept connection is dropped after 4 s, before servers commonly close theirs (5 s).
  const kept = {
    keepAlive: true,
    timeout: 4_000,
    scheduling: 'lifo',
    maxSockets: 32,
    maxTotalSockets: 2_048,
  } as const;
  const agents: Agents = { http: new HttpAgent(kept), https: new HttpsAgent(kept) };
  // Connections of their own: on one that is kept nobody looks up a name, and these may lead to private addresses.
  const trusted = policyOf({ allowPrivateAddress: true });
  const trustedKept = { ...kept, maxSockets: ASKS_MAX };
  const trustedAgents: Agents = { http: new HttpAgent(trustedKept), https: new HttpsAgent(trustedKept) };
  const trustedLookup = pinnedLookup(trusted);
  /** The calls under way, with what resolves at their end. */
  const underWay = new Map<AbortController, Promise<void>>();
  const budget = createBudget(limits);
  const knocking = createKnocking();
  let isClosed = false;

  /** Runs a call under the deadline, with every failure as a value. */
  async function bounded(
    outer: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<Received & { finalUrl: string }>,
    deadlineMs = limits.deadlineMs,
  ): Promise<RemoteAnswer> {
    const controller = new AbortController();
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => controller.abort(new RemoteFault('timeout', 'the deadline has passed')),
      deadlineMs,
    );
    const end = (): void => controller.abort(new RemoteFault('network', 'the call was ended'));
    if (isClosed || outer?.aborted === true) end();
    outer?.addEventListener('abort', end, { once: true });
    underWay.set(controller, over.promise);
    try {
      controller.signal.throwIfAborted();
      return { ok: true, ...(await call(controller.signal)) };
    } catch (thrown) {
      const error: unknown = controller.signal.aborted ? controller.signal.reason : thrown;
      if (error instanceof RemoteFault) return { ok: false, fault: error.fault, message: error.message };
      return { ok: false, fault: 'network', message: messageOf(error, 200) };
    } finally {
      clearTimeout(timer);
      outer?.removeEventListener('abort', end);
      underWay.delete(controller);
      over.resolve();
    }
  }

  async function follow(
    url: string,
    options: GetOptions,
    signal: AbortSignal,
  ): Promise<Received & { finalUrl: string }> {
    const seen = new Set<string>();
    let next = url;
    for (let hop = 0; hop <= limits.redirectsMax; hop++) {
      const checked = checkUrl(next, policy, origin);
      if (seen.has(checked.href)) throw new RemoteFault('redirect', 'the redirects go in a circle');
      seen.add(checked.href);
      const plain = {
        accept: options.accept ?? ACTIVITY_JSON,
        'accept-encoding': 'gzip, br',
        'user-agent': userAgent,
      };
      // The signature is made for this host and is never carried on to the next one.
      const ways = options.signWith ?? [];
      const received = await knocking.at(checked.host, ways.length, (way) => {
        const headers = ways[way]?.(checked.href, plain) ?? plain;
        const giveBack = budget.take(hostOf(checked));
        return exchange({
          ...{ url: checked, method: 'GET', headers, body: null, lookup, agents, signal },
          ...{ bytesMax: limits.bytesMax, isBodyWanted: true },
        }).finally(giveBack);
      });
      if (!REDIRECTS.includes(received.status)) return { ...received, finalUrl: checked.href };
      const location = received.headers.location;
      const target = location === undefined ? null : URL.parse(location, checked.href);
      if (target === null) throw new RemoteFault('redirect', 'a redirect leads nowhere');
      next = target.href;
    }
    throw new RemoteFault('redirect', `more than ${limits.redirectsMax} redirects`);
  }

  /** A request to a URL that the operator has configured. */
  function toOperatorUrl(
    url: string,
    request: Pick<Hop, 'method' | 'headers' | 'body'>,
    { signal: outer, bytesMax }: { readonly signal: AbortSignal; readonly bytesMax: number },
  ): Promise<RemoteAnswer> {
    const call = async (signal: AbortSignal): Promise<Received & { finalUrl: string }> => {
      const checked = checkUrl(url, trusted, null);
      const received = await exchange({
        ...{ ...request, url: checked, headers: { 'user-agent': userAgent, ...request.headers } },
        ...{ lookup: trustedLookup, agents: trustedAgents, signal, bytesMax, isBodyWanted: true },
      });
      return { ...received, finalUrl: checked.href };
    };
    return bounded(outer, call, ASK_MS_MAX);
  }

  return {
    get(url, options = {}) {
      return bounded(options.signal, (signal) => follow(url, options, signal));
    },
    post(url, headers, body, options = {}) {
      return bounded(options.signal, async (signal) => {
        const checked = checkUrl(url, policy, origin);
        const all = { 'user-agent': userAgent, ...headers, 'content-length': String(body.byteLength) };
        const received = await exchange({
          ...{ url: checked, method: 'POST', headers: all, body, lookup, agents, signal },
          ...{ bytesMax: limits.bytesMax, isBodyWanted: false },
        });
        return { ...received, finalUrl: checked.href };
      });
    },
    ask(url, question, options) {
      const body = Buffer.from(JSON.stringify(question));
      const headers = {
        ...{ accept: 'application/json', 'content-type': 'application/json' },
        'content-length': String(body.byteLength),
      };
      return toOperatorUrl(url, { method: 'POST', headers, body }, options);
    },
    tell(url, headers, body, options) {
      const all = { ...headers, 'content-length': String(body.byteLength) };
      return toOperatorUrl(url, { method: 'POST', headers: all, body }, options);
    },
    read(url, headers, options) {
      const all = { 'accept-encoding': 'gzip, br', ...headers };
      return toOperatorUrl(url, { method: 'GET', headers: all, body: null }, options);
    },
    isAllowed(url) {
      try {
        checkUrl(url, policy, origin);
        return true;
      } catch {
        return false;
      }
    },
    async close() {
      isClosed = true;
      const over = [...underWay.values()];
      for (const controller of underWay.keys()) {
        controller.abort(new RemoteFault('network', 'the call was ended'));
      }
      await Promise.all(over);
      for (const { http, https } of [agents, trustedAgents]) {
        http.destroy();
        https.destroy();
      }
    },
  };
}

/** Places for fetches; whoever takes one gets the function that gives it back. */
function createBudget({ fetchesMax, fetchesPerHostMax }: RemoteLimits): { take(host: string): () => void } {
  let taken = 0;
  const byHost = new Map<string, number>();
  return {
    take(host) {
      const here = byHost.get(host) ?? 0;
      if (taken >= fetchesMax) throw new RemoteFault('budget', 'too many fetches are under way');
      if (here >= fetchesPerHostMax)
        throw new RemoteFault('budget', 'too many fetches from this host are under way');
      taken++;
      byHost.set(host, here + 1);
      return () => {
        taken--;
        const left = (byHost.get(host) as number) - 1;
        if (left === 0) byHost.delete(host);
        else byHost.set(host, left);
      };
    },
  };
}
