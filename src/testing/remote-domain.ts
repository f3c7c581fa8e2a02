/** A remote server that lives in the test's process: its actors and documents, what it got, and how it fails. */
import { RemoteFault } from '../remote/policy.ts';
import type { Hop, Received } from '../remote.ts';
import { type KeyPair, makeKeyPair } from './keys.ts';

/** An actor of a fake remote domain. */
export interface RemoteActor {
  readonly id: string;
  readonly inbox: string;
  /** Its document as it is served, without its keys. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Changes its document: `published`, `alsoKnownAs`, `followers`, anything. What is `undefined` is left out. */
  set(properties: Readonly<Record<string, unknown>>): RemoteActor;
}

/** An activity that was POSTed to a fake remote domain. */
export interface Delivered {
  /** The URL of the inbox. */
  readonly inbox: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly activity: Readonly<Record<string, unknown>>;
  /** What the inbox answered; null where it gave none. */
  readonly status: number | null;
}

/**
 * How a domain fails: it answers with a status, it never answers (`hang`, which our deadline ends: no real time
 * passes), or nobody listens there (`refuse`).
 */
export type Failure = number | 'hang' | 'refuse';

/** A fake remote domain. Its inboxes answer 202, its actors have documents, every other path is 404. */
export interface RemoteDomain {
  readonly domain: string;
  readonly origin: string;
  /** The actor of this name; made when it is first asked for, with these properties in its document. */
  actor(name: string, properties?: Readonly<Record<string, unknown>>): RemoteActor;
  /** Everything that was POSTed to it, oldest first, also what it refused. */
  readonly received: readonly Delivered[];
  /** Paths that were fetched from it, oldest first. */
  readonly fetched: readonly string[];
  /** From now on every request fails like this; null mends it. */
  fails(how: Failure | null): void;
  /** Serves a document at a path, or a status alone (410 for what is gone); null takes that back. */
  serves(path: string, answer: Readonly<Record<string, unknown>> | number | null): void;
}

/** What the kit needs of it besides. */
export interface HostedDomain extends RemoteDomain {
  /** The actor with this id, which may lie at any path. */
  actorAt(id: string): HostedActor;
  exchange(hop: Hop, isVouched: boolean): Promise<Received>;
}

export interface HostedActor extends RemoteActor {
  /** Its own key, published in its document from the first call on. */
  signer(): Promise<{ readonly id: string; readonly privateKeyPem: string }>;
}

/** What all fake domains share. */
export interface DomainParts {
  /** The public key that vouches for everybody; null where everybody signs. */
  readonly vouchingPem: string | null;
  /** When accounts were made, unless a test says otherwise: ISO 8601. */
  readonly published: string;
  onDelivered(delivered: Delivered): void;
}

/** The part of a key's id after the actor's, of the key that vouches. */
export const VOUCHING = '#sallyport-testing';
const ACTIVITY_JSON = 'application/activity+json';

export function createRemoteDomain(host: string, parts: DomainParts): HostedDomain {
  const origin = `https://${host}`;
  const actors = new Map<string, HostedActor & { served(): Record<string, unknown> }>();
  const overrides = new Map<string, Readonly<Record<string, unknown>> | number>();
  const received: Delivered[] = [];
  const fetched: string[] = [];
  let failure: Failure | null = null;

  function actorAt(id: string) {
    const path = new URL(id).pathname;
    const actor = actors.get(path) ?? createActor(id, parts);
    actors.set(path, actor);
    return actor;
  }

  function get(path: string, isVouched: boolean): Received {
    fetched.push(path);
    const override = isVouched ? undefined : overrides.get(path);
    if (typeof override === 'number') return answer(override);
    const document = override ?? actors.get(path)?.served();
    return document === undefined ? answer(404) : answer(200, document);
  }

  function post({ url, headers, body }: Hop, status: number | null): void {
    const activity = JSON.parse(new TextDecoder().decode(body ?? new Uint8Array())) as Delivered['activity'];
    const delivered = { inbox: url.href, headers, activity, status };
    received.push(delivered);
    if (status !== null && status < 300) parts.onDelivered(delivered);
  }

  return {
    ...{ domain: host, origin, received, fetched, actorAt },
    actor: (name, properties = {}) => actorAt(`${origin}/users/${name}`).set(properties),
    fails(how) {
      failure = how;
    },
    serves(path, with_) {
      if (with_ === null) overrides.delete(path);
      else overrides.set(path, with_);
    },
    async exchange(hop, isVouched) {
      hop.signal.throwIfAborted();
      if (hop.method === 'GET' && (failure === null || isVouched)) return get(hop.url.pathname, isVouched);
      const status = failure ?? overrideOf(overrides.get(hop.url.pathname)) ?? 202;
      if (hop.method === 'POST') post(hop, typeof status === 'number' ? status : null);
      else fetched.push(hop.url.pathname);
      if (status === 'hang') throw new RemoteFault('timeout', 'the deadline has passed');
      if (status === 'refuse') throw new RemoteFault('network', `connect ECONNREFUSED ${host}`);
      return answer(status);
    },
  };
}

const overrideOf = (override: unknown): number | null => (typeof override === 'number' ? override : null);

function answer(status: number, document?: Readonly<Record<string, unknown>>): Received {
  const body = document === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(document));
  return { status, headers: { 'content-type': ACTIVITY_JSON }, body };
}

function createActor(id: string, { vouchingPem, published }: DomainParts) {
  const keyId = `${id}#main-key`;
  let pair: Promise<KeyPair> | undefined;
  let own: KeyPair | undefined;
  let document: Readonly<Record<string, unknown>> = {
    '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
    id,
    type: 'Person',
    preferredUsername: decodeURIComponent(new URL(id).pathname.split('/').at(-1) ?? ''),
    inbox: `${id}/inbox`,
    outbox: `${id}/outbox`,
    followers: `${id}/followers`,
    following: `${id}/following`,
    published,
    endpoints: { sharedInbox: `${new URL(id).origin}/inbox` },
  };
  const keys = () => [
    ...(own === undefined ? [] : [{ id: keyId, owner: id, publicKeyPem: own.publicKeyPem }]),
    ...(vouchingPem === null ? [] : [{ id: id + VOUCHING, owner: id, publicKeyPem: vouchingPem }]),
  ];

  const actor: HostedActor & { served(): Record<string, unknown> } = {
    id,
    get inbox() {
      return String(document.inbox);
    },
    get document() {
      return document;
    },
    set(properties) {
      document = { ...document, ...properties };
      return actor;
    },
    async signer() {
      pair ??= makeKeyPair();
      own = await pair;
      return { id: keyId, privateKeyPem: own.privateKeyPem };
    },
    served: () => ({ publicKey: keys(), ...document }),
  };
  return actor;
}
