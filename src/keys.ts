/**
 * Whose key is it: memory, then the store, then one bounded fetch.
 *
 * ```
 * known(keyId) ── memory ── store                       no network; an old key is looked at again in the background
 * find(keyId)  ── refusals of late ── budget ── fetch   one at a time for each key, at most two documents
 * refetch      ── at most once in 5 minutes for a key: it may have been rotated
 * remember     ── after the first verified request, and only then, rows are written
 * ```
 * A key that is in the store stays usable while its server is away, for 30 days since it was last seen there. It is
 * forgotten when its owner's document lists it no more, or when its server knows nothing of it (404). When the server
 * says that the actor is gone (410) it is kept for one thing: the actor's Delete of itself.
 */
import { LRUCache } from 'lru-cache';
import { domainOf } from './activity.ts';
import { messageOf } from './errors.ts';
import { isPlain } from './keys/actor-document.ts';
import { createFlights } from './keys/flights.ts';
import { createLookup, type Fetched, type KeyLook, type NoDocument } from './keys/lookup.ts';
import { createSourceBudget } from './keys/source-budget.ts';
import type { Settings } from './options.ts';
import type { Remote } from './remote.ts';
import { type RemoteActor, remoteActor, saveRemoteActors } from './store/actors.ts';
import { forgetKey, type StoredKey, saveKeys, storedKey } from './store/keys.ts';
import type { Store } from './store/store.ts';
import type { Refusal } from './verdict.ts';
import { SCHEMES, signRequest } from './verify/signature.ts';

export type { Fetched } from './keys/lookup.ts';
export type { ActorFacts, RemoteActor } from './store/actors.ts';

/** A key whose owner has been established by the owner's own document. */
export interface KnownKey {
  readonly id: string;
  /** The actor that owns it. */
  readonly actor: string;
  /** The domain of the key's id. */
  readonly domain: string;
  readonly publicKeyPem: string;
}

/** Why there is no key. `isGone`: its server says that it is gone for good (410). */
export interface NoKey {
  readonly refusal: Refusal;
  readonly isGone: boolean;
}

export interface Keys {
  /** The key as far as it is known here, and has not expired; asks nobody. */
  known(keyId: string): Promise<KnownKey | null>;
  /** Is the key known here, but has not been seen at its server for so long that it is none until it is? */
  hasExpired(keyId: string): boolean;
  /** Did its server say that the actor is gone? Then its Delete of itself is all that the key may still sign. */
  isGone(keyId: string): boolean;
  /** Fetches a key that is not known. `address` is the peer's, whose budget the fetch is taken from. */
  find(keyId: string, address?: string | null): Promise<KnownKey | NoKey>;
  /**
   * The key as its owner lists it now, or as it was found within the last 5 minutes; null when there is none. The
   * fetch is taken from the peer's budget, too.
   */
  refetch(keyId: string, address?: string | null): Promise<KnownKey | null>;
  /** A request proved to be signed with this key: it and its owner are kept in the store. */
  remember(key: KnownKey): Promise<void>;
  /** A remote actor, for deliveries and our own follows: from memory, store or network. Null when there is none. */
  actor(id: string): Promise<RemoteActor | null>;
  /** These actors say that their documents have changed: each is looked at again, once in 5 minutes at most. */
  renew(actors: readonly string[]): void;
  /** Has anything that this actor signed been accepted here? Asks nobody. */
  hasMet(actor: string): Promise<boolean>;
  /** A document of another server, asked for in our name. */
  document(url: string): Promise<Fetched>;
  /** The same, as it stands at its own id. */
  ownDocument(url: string): Promise<Fetched>;
  /** Resolves when no look of the background is under way. */
  settled(): Promise<void>;
}

export interface KeysParts {
  readonly settings: Pick<Settings, 'allowPrivateAddress' | 'logger'>;
  readonly store: Store;
  readonly remote: Remote;
  /** The key that signs our fetches, for servers that answer nobody else. @default unsigned */
  readonly signer?: { readonly id: string; readonly privateKeyPem: string } | undefined;
}

const MINUTE_MS = 60_000;
/** A key is looked at again after a day, in the background. */
const FRESH_MS = 24 * 60 * MINUTE_MS;
/** A key that has not been seen at its server for so long is none. */
const EXPIRES_MS = 30 * 24 * 60 * MINUTE_MS;
const REFETCH_MS = 5 * MINUTE_MS;
/** A refusal is remembered for so long, and after a fault that may pass for a minute. */
const REFUSED_MS = 10 * MINUTE_MS;
const BRIEF_MS = MINUTE_MS;
const ID_CHARACTERS_MAX = 2_048;
/** Keys in memory: about 1.5 kB each. */
const KEYS_MAX = 20_000;
const REFUSALS_MAX = 20_000;
const ACTORS_MAX = 5_000;
/** Fetches that one public source address may cause without proving anything: 300 at once, 5 a second after that. */
const SOURCE_BURST = 300;
const SOURCE_PER_SECOND = 5;
const BUSY_RETRY_SECONDS = 30;
const SAVED_AT_ONCE_MAX = 200;

/** A key in memory. `owner` is there until it is saved; `paidBy` until its first request proves genuine. */
interface Entry {
  readonly key: KnownKey;
  readonly fetchedMs: number;
  readonly owner: RemoteActor | null;
  isSaved: boolean;
  /** Its server said so at the last look. */
  isGone: boolean;
  lookAgainMs: number;
  paidBy: string | null;
}

export function createKeys({ settings, store, remote, signer }: KeysParts): Keys {
  const { clock } = store;
  const lookup = createLookup(
    remote,
    signer &&
      SCHEMES.map((scheme) => (url: string, headers: Record<string, string>) => {
        return signRequest({ method: 'GET', url, headers, body: null }, signer, clock.now(), scheme);
      }),
  );
  const entries = new LRUCache<string, Entry>({ max: KEYS_MAX });
  const refusals = new LRUCache<string, NoKey & { untilMs: number }>({ max: REFUSALS_MAX });
  const refetched = new LRUCache<string, number>({ max: KEYS_MAX });
  const actors = new LRUCache<string, RemoteActor>({ max: ACTORS_MAX });
  const budget = createSourceBudget(SOURCE_BURST, SOURCE_PER_SECOND);
  const looks = createFlights<Entry | NoKey>();
  const reads = createFlights<Entry | null>();
  const actorLooks = createFlights<RemoteActor | null>();
  const renewals = createFlights<void>();
  const renewed = new LRUCache<string, number>({ max: ACTORS_MAX });
  const save = createSaving(store);

  /** Asks the network and draws the consequences. */
  async function look(keyId: string): Promise<Entry | NoKey> {
    const nowMs = clock.now();
    const found = await lookup.key(keyId, nowMs);
    if (found.type === 'key') return keep(keyId, found, nowMs);
    if (found.type === 'busy') {
      return noKey({ type: 'overloaded', reason: 'key fetches', retryAfterSeconds: BUSY_RETRY_SECONDS });
    }
    const before = entries.get(keyId);
    const isNone = found.type === 'refuted' || found.type === 'missing';
    if (isNone && before !== undefined) {
      entries.delete(keyId);
      if (before.isSaved) await forgetKey(store, keyId);
    }
    const refused = noKey({ type: 'not-authenticated', reason: reasonOf(found) }, found.type === 'gone');
    const restMs = found.type === 'fault' && found.isBrief ? BRIEF_MS : REFUSED_MS;
    if (isNone || before === undefined) refusals.set(keyId, { ...refused, untilMs: nowMs + restMs });
    else {
      before.lookAgainMs = nowMs + restMs;
      if (found.type === 'gone') before.isGone = true;
    }
    return refused;
  }

  function keep(keyId: string, found: KeyLook & { type: 'key' }, fetchedMs: number): Entry {
    const { publicKeyPem, owner } = found;
    const key: KnownKey = { id: keyId, actor: owner.id, domain: domainOf(keyId) as string, publicKeyPem };
    const entry: Entry = {
      key,
      fetchedMs,
      owner,
      isSaved: false,
      isGone: false,
      lookAgainMs: fetchedMs + FRESH_MS,
      paidBy: null,
    };
    entries.set(keyId, entry);
    actors.set(owner.id, owner);
    refusals.delete(keyId);
    return entry;
  }

  async function read(keyId: string): Promise<Entry | null> {
    const stored = await storedKey(store, keyId);
    if (stored === null) return null;
    const { fetchedMs, ...key } = stored;
    const entry: Entry = {
      key,
      fetchedMs,
      owner: null,
      isSaved: true,
      isGone: false,
      lookAgainMs: fetchedMs + FRESH_MS,
      paidBy: null,
    };
    entries.set(keyId, entry);
    return entry;
  }

  const isExpired = ({ fetchedMs }: Entry): boolean => clock.now() >= fetchedMs + EXPIRES_MS;

  function refusalOf(keyId: string): NoKey | null {
    const refused = refusals.get(keyId);
    return refused !== undefined && clock.now() < refused.untilMs ? refused : null;
  }

  function inBackground(keyId: string): void {
    looks
      .fly(keyId, () => look(keyId))
      .catch((error: unknown) => {
        settings.logger.warn('a key could not be looked at again', { keyId, error: messageOf(error) });
      });
  }

  return {
    async known(keyId) {
      if (idProblem(keyId, settings) !== null) return null;
      let entry = entries.get(keyId) ?? null;
      if (entry === null) {
        if (refusalOf(keyId) !== null) return null;
        entry = await reads.fly(keyId, () => read(keyId));
      }
      if (entry === null || isExpired(entry)) return null;
      if (clock.now() >= entry.lookAgainMs) {
        // Whatever comes of it, the next look is not before a minute has passed.
        entry.lookAgainMs = clock.now() + BRIEF_MS;
        inBackground(keyId);
      }
      return entry.key;
    },

    async find(keyId, address = null) {
      const problem = idProblem(keyId, settings);
      if (problem !== null) return noKey({ type: 'not-authenticated', reason: `the keyId ${problem}` });
      const refused = refusalOf(keyId);
      if (refused !== null) return refused;
      // Somebody else's look ended between `known` and here.
      const there = entries.get(keyId);
      if (there !== undefined && !isExpired(there)) return there.key;
      const isNew = !looks.isFlying(keyId);
      if (isNew && !budget.take(address, clock.now())) {
        const domain = domainOf(keyId) as string;
        return noKey({ type: 'rate-limited', domain, retryAfterSeconds: BUSY_RETRY_SECONDS });
      }
      const found = await looks.fly(keyId, () => look(keyId));
      if ('refusal' in found) return found.isGone ? (entries.get(keyId)?.key ?? found) : found;
      if (isNew) found.paidBy = address;
      return found.key;
    },

    hasExpired(keyId) {
      const entry = entries.get(keyId);
      return entry !== undefined && isExpired(entry);
    },

    isGone: (keyId) => entries.get(keyId)?.isGone ?? false,

    async refetch(keyId, address = null) {
      const nowMs = clock.now();
      const lastMs = refetched.get(keyId);
      const isRecent = lastMs !== undefined && nowMs - lastMs < REFETCH_MS;
      const isNew = !looks.isFlying(keyId);
      if (!isNew || (!isRecent && budget.take(address, nowMs))) {
        if (isNew) refetched.set(keyId, nowMs);
        const found = await looks.fly(keyId, () => look(keyId));
        if (isNew && !('refusal' in found)) found.paidBy = address;
      }
      return entries.get(keyId)?.key ?? null;
    },

    async remember(key) {
      const entry = entries.get(key.id);
      if (entry === undefined || entry.isSaved || entry.key.publicKeyPem !== key.publicKeyPem) return;
      budget.giveBack(entry.paidBy);
      entry.paidBy = null;
      await save({ ...entry.key, fetchedMs: entry.fetchedMs }, entry.owner);
      entry.isSaved = true;
    },

    async actor(id) {
      if (idProblem(id, settings) !== null) return null;
      return actorLooks.fly(id, async () => {
        const nowMs = clock.now();
        const before = actors.get(id) ?? (await remoteActor(store, id));
        if (before !== null && nowMs - before.fetchedMs < FRESH_MS) {
          actors.set(id, before);
          return before;
        }
        const found = await lookup.actor(id, nowMs);
        if (found.type !== 'actor') return before;
        actors.set(id, found.actor);
        return found.actor;
      });
    },

    renew(ids) {
      for (const id of ids) {
        actors.delete(id);
        const nowMs = clock.now();
        if (nowMs - (renewed.get(id) ?? Number.NEGATIVE_INFINITY) < REFETCH_MS) continue;
        renewed.set(id, nowMs);
        renewals
          .fly(id, async () => {
            const found = await lookup.actor(id, nowMs);
            if (found.type !== 'actor') return;
            actors.set(id, found.actor);
            await saveRemoteActors(store, [found.actor]);
          })
          .catch((error: unknown) => {
            settings.logger.warn('an actor could not be looked at again', { id, error: messageOf(error) });
          });
      }
    },

    async hasMet(actor) {
      return actors.has(actor) || (await remoteActor(store, actor)) !== null;
    },

    document: lookup.document,
    ownDocument: lookup.ownDocument,
    async settled() {
      await looks.settled();
      await renewals.settled();
    },
  };
}

function reasonOf(found: Exclude<NoDocument, { type: 'busy' }>): string {
  if (found.type === 'gone') return 'the key is gone';
  return `no key: ${found.type === 'missing' ? 'answered 404' : found.reason}`;
}

function noKey(refusal: Refusal, isGone = false): NoKey {
  return { refusal, isGone };
}

/** What is wrong with the id of a key or an actor before anybody is asked, or null. */
function idProblem(
  id: string,
  { allowPrivateAddress }: Pick<Settings, 'allowPrivateAddress'>,
): string | null {
  if (id.length > ID_CHARACTERS_MAX || !isPlain(id)) return 'is no URL';
  // A fragment holds no second `#`; readers cut at the first one or at the last.
  if (id.indexOf('#') !== id.lastIndexOf('#')) return 'is no URL';
  const url = URL.parse(id);
  if (url === null || domainOf(id) === null) return 'is no URL';
  if (url.protocol !== 'https:' && !allowPrivateAddress) return 'is no https URL';
  if (url.username !== '' || url.password !== '') return 'names a user';
  return null;
}

/** Writes keys, those that come while a write is under way together with the next one. */
function createSaving(store: Store) {
  interface Waiting {
    readonly key: StoredKey;
    readonly owner: RemoteActor | null;
    settle(error?: unknown): void;
  }
  let waiting: Waiting[] = [];
  let isWriting = false;

  async function write(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, SAVED_AT_ONCE_MAX);
      waiting = waiting.slice(SAVED_AT_ONCE_MAX);
      // One row for each key: a statement cannot change the same row twice.
      const keys = new Map(group.map(({ key }) => [key.id, key]));
      const owners = new Map(group.flatMap(({ owner }) => (owner === null ? [] : [[owner.id, owner]])));
      const error = await saveKeys(store, [...keys.values()], [...owners.values()]).then(
        () => undefined,
        (thrown: unknown) => thrown ?? new Error('not saved'),
      );
      for (const { settle } of group) settle(error);
    }
    isWriting = false;
  }

  return (key: StoredKey, owner: RemoteActor | null): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ key, owner, settle: (error) => (error === undefined ? resolve() : reject(error)) });
      void write();
    });
}
