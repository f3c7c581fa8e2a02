/**
 * Who is local: the actors of the service's map, or those that its resolver knows; and the instance actor.
 *
 * Ids follow one path template, so the inbox that a path names and the actor that an id names are found by the same
 * rule. A key pair that the service does not give is made at first use and kept in the store.
 */
import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Facts } from './activity.ts';
import type { LocalActor, LocalFacts } from './api.ts';
import { messageOf } from './errors.ts';
import { readPathTemplate } from './locals/path-template.ts';
import {
  type ActorResolver,
  aliasesProblem,
  configurationError,
  followPolicyProblem,
  generalAnswer,
  type LocalActorOptions,
  type ResolvedActor,
  type Settings,
  termsFor,
} from './options.ts';
import { insertActor, type StoredActor, storedActor, storedActors } from './store/actors.ts';
import { isFollowedHere } from './store/follow-requests.ts';
import type { Store } from './store/store.ts';

/** The handle of the actor that stands for the whole instance. Reserved. */
export const INSTANCE_HANDLE = '_instance';

export interface Locals {
  /** The path of the shared inbox. */
  readonly sharedInboxPath: '/inbox';
  /** The local actor with exactly this id, or null. */
  byId(url: string): Promise<LocalActor | null>;
  byHandle(handle: string): Promise<LocalActor | null>;
  /** Like `byId`, but throws when the service's resolver fails: for work that can be tried again. */
  resolve(url: string): Promise<LocalActor | null>;
  /** The local actor whose id has this path (no query). */
  byPath(path: string): Promise<LocalActor | null>;
  /** Does this path (no query) have the form of a local actor's inbox, whether there is one or not? */
  isInboxPath(path: string): boolean;
  /** Does any of ours follow this remote actor, by its leave? */
  isFollowed(actor: string): Promise<boolean>;
  /** The actor that stands for the instance. */
  instance(): Promise<LocalActor>;
  /**
   * What a turn must know of the local actors that an activity names, the owner of the inbox first. Throws when the
   * resolver fails: storing the mail without them would lose its effect, and the sender can try again.
   */
  factsOf(facts: Facts, inboxOwner: LocalActor | null): Promise<LocalFacts[]>;
}

export interface LocalsParts {
  /** How long the resolver may take. @default 2000 */
  readonly resolverTimeoutMs?: number;
  /** The follow policy of one of them is a function, which is asked with the filters. Heard before its mail is stored. */
  readonly onPolicyFunction?: () => void;
  /** The key pair of the instance actor. @default made at the first start and stored */
  readonly instanceKeys?: KeyPair;
}

/**
 * A resolved actor is believed for a moment, so that one who locks the account is locked; that there is none is not
 * remembered at all, so a new user is there at once.
 */
const RESOLVED_MS = 5_000;
const RESOLVED_MAX = 10_000;
/** Local actors that one activity may name: each may cost a question to the service. */
const NAMED_MAX = 200;
const RSA_BITS = 2_048;

export async function createLocals(
  settings: Pick<Settings, 'origin' | 'host' | 'actors' | 'actorPath' | 'logger'> &
    Partial<Pick<Settings, 'followExpiryMs'>>,
  store: Store,
  parts: LocalsParts = {},
): Promise<Locals> {
  const { origin, host, actors, logger, followExpiryMs = null } = settings;
  const template = readPathTemplate(settings.actorPath);
  if (template === null) {
    const problem = 'must be a path with one parameter, like /users/:name';
    throw configurationError([{ option: 'actorPath', value: settings.actorPath, problem }]);
  }
  const keyPairs = createKeyPairs(store);
  const idOf = (handle: string): string => origin + template.pathOf(handle);
  const pathIn = (url: string): string | null =>
    url.startsWith(`${origin}/`) ? url.slice(origin.length) : null;
  const nameIn = (url: string): string | null => template.nameIn(pathIn(url) ?? '');

  const instance: ResolvedActor = {
    ...{ id: idOf(INSTANCE_HANDLE), handle: INSTANCE_HANDLE, name: host, type: 'Application', locked: true },
    summary: `The instance actor of ${host}`,
    ...(parts.instanceKeys && { keys: parts.instanceKeys }),
  };
  const others: Source =
    typeof actors === 'function'
      ? createResolving(actors, { ...settings, nameIn, reservedId: instance.id }, store, parts)
      : await readMap(actors, { logger, idOf, nameIn }, store);

  if (
    typeof actors !== 'function' &&
    Object.values(actors).some((one) => typeof one.followPolicy === 'function')
  )
    parts.onPolicyFunction?.();

  async function find(query: Query): Promise<LocalActor | null> {
    const isInstance = 'url' in query ? query.url === instance.id : query.handle === INSTANCE_HANDLE;
    const found = isInstance ? instance : await others.find(query);
    if (found === null) return null;
    const { id, handle } = found;
    return {
      id,
      handle,
      inbox: found.inbox ?? `${id}/inbox`,
      locked: isLocked(found),
      alsoKnownAs: found.alsoKnownAs ?? [],
      followPolicy: found.followPolicy ?? null,
      name: found.name ?? handle,
      type: found.type ?? 'Person',
      summary: found.summary ?? null,
      url: found.url ?? null,
      ...(await keyPairs(found)),
    };
  }

  /** With a fault of the service as "not found": who asks can only say 404. */
  async function findOrNull(query: Query): Promise<LocalActor | null> {
    try {
      return await find(query);
    } catch (error) {
      logger.error('a local actor could not be resolved', { ...query, error: messageOf(error) });
      return null;
    }
  }

  const byId = (url: string): Promise<LocalActor | null> =>
    nameIn(url) === null ? Promise.resolve(null) : findOrNull({ url });

  return {
    sharedInboxPath: '/inbox',
    byId,
    resolve: async (url) => (nameIn(url) === null ? null : find({ url })),
    byHandle: (handle) => findOrNull({ handle }),
    byPath: (path) => byId(origin + path),
    isInboxPath: (path) =>
      path.endsWith('/inbox') && template.nameIn(path.slice(0, -'/inbox'.length)) !== null,
    isFollowed: (actor) => isFollowedHere(store, actor),
    instance: async () => (await find({ handle: INSTANCE_HANDLE })) as LocalActor,
    async factsOf(facts, inboxOwner) {
      const named = namedIn(facts).filter((url) => url !== inboxOwner?.id && nameIn(url) !== null);
      const asked = named.filter((url) => url !== instance.id).slice(0, NAMED_MAX);
      const found = await Promise.all(asked.map((url) => others.find({ url })));
      const locals = [
        ...(inboxOwner === null ? [] : [inboxOwner]),
        ...found.filter((actor) => actor !== null),
      ];
      if (named.includes(instance.id)) locals.push(instance);
      if (locals.some(({ followPolicy }) => typeof followPolicy === 'function')) parts.onPolicyFunction?.();
      return locals.map((local) => factsFor(local, facts, followExpiryMs));
    },
  };
}

/** Does somebody decide about the follow requests of those whom no rule is about in particular? */
function isLocked({
  locked = false,
  followPolicy,
}: Partial<Pick<LocalActor, 'locked' | 'followPolicy'>>): boolean {
  if (followPolicy == null) return locked;
  return generalAnswer(followPolicy) !== 'accept';
}

/** What the mail carries of a local actor. Only a Follow needs more than who it is. */
function factsFor(
  local: Pick<ResolvedActor, 'id' | 'handle'> & Partial<Pick<LocalActor, 'locked' | 'followPolicy'>>,
  { type, actor, objects }: Facts,
  waitMs: number | null,
): LocalFacts {
  const { id, handle, followPolicy } = local;
  const locked = isLocked(local);
  if (type !== 'Follow' || objects[0] !== id || (followPolicy == null && waitMs === null))
    return { id, handle, locked };
  const policy = followPolicy ?? (locked ? 'ask' : 'accept');
  return { id, handle, locked, follow: { ...termsFor(policy, actor), waitMs } };
}

type Query = { url: string } | { handle: string };

/** Where local actors come from. Rejects when the service fails. */
interface Source {
  find(query: Query): Promise<ResolvedActor | null>;
}

/** The ids that an activity names, without repetition, those that decide about it first. */
function namedIn({ objects, inner, target, addressees }: Facts): string[] {
  const named = [...objects, inner?.object, inner?.actor, target, ...addressees];
  return [...new Set(named.filter((url) => url != null))];
}

/** The actors of the map, and those of earlier maps: an actor that others follow does not vanish with a setting. */
async function readMap(
  actors: Readonly<Record<string, LocalActorOptions>>,
  {
    logger,
    idOf,
    nameIn,
  }: Pick<Settings, 'logger'> & { idOf(handle: string): string; nameIn(url: string): string | null },
  store: Store,
): Promise<Source> {
  const known = new Map<string, ResolvedActor>();
  const faults = Object.entries(actors).flatMap(([handle, options]) => {
    known.set(handle, { ...options, id: idOf(handle), handle });
    const problem =
      handle === INSTANCE_HANDLE ? 'is the reserved handle of the instance actor' : actorProblem(options);
    return problem === null ? [] : [{ option: `actors.${handle}`, value: handle, problem }];
  });
  if (faults.length > 0) throw configurationError(faults);
  for (const { id, handle } of await storedActors(store)) {
    if (known.has(handle) || handle === INSTANCE_HANDLE || idOf(handle) !== id) continue;
    logger.warn('a local actor is not configured any more; it stays, and its follow requests wait', {
      handle,
    });
    known.set(handle, { id, handle, locked: true });
  }
  return {
    async find(query) {
      const handle = 'url' in query ? nameIn(query.url) : query.handle;
      return handle === null ? null : (known.get(handle) ?? null);
    },
  };
}

/** What the answers of a resolver are held to. */
interface ResolverRules extends Pick<Settings, 'origin' | 'logger'> {
  nameIn(url: string): string | null;
  /** The id of the instance actor, which is ours. */
  readonly reservedId: string;
}

/** Asks the service's resolver: one question at a time for each actor, a short memory, a limit to waiting. */
function createResolving(
  resolver: ActorResolver,
  rules: ResolverRules,
  store: Store,
  { resolverTimeoutMs = 2_000 }: LocalsParts,
): Source {
  const { logger } = rules;
  const memory = new LRUCache<string, { actor: ResolvedActor; untilMs: number }>({ max: RESOLVED_MAX });
  const questions = new Map<string, Promise<ResolvedActor | null>>();

  async function ask(query: Query, name: string): Promise<ResolvedActor | null> {
    const before = memory.get(name);
    try {
      const actor = await withTimeout(async () => resolver(query), resolverTimeoutMs);
      const problem = actor == null ? null : resolvedProblem(actor, query, rules);
      if (problem !== null) logger.error('the actor resolver gave an unusable actor', { ...query, problem });
      if (actor == null || problem !== null) {
        memory.delete(name);
        return null;
      }
      const kept = { actor, untilMs: store.clock.now() + RESOLVED_MS };
      memory.set(`url ${actor.id}`, kept);
      memory.set(`handle ${actor.handle}`, kept);
      return actor;
    } catch (error) {
      if (before === undefined) throw error;
      logger.error('the actor resolver failed; what it said before still counts', {
        ...query,
        error: messageOf(error),
      });
      return before.actor;
    }
  }

  return {
    find(query) {
      const name = 'url' in query ? `url ${query.url}` : `handle ${query.handle}`;
      const kept = memory.get(name);
      if (kept !== undefined && store.clock.now() < kept.untilMs) return Promise.resolve(kept.actor);
      const asked = questions.get(name);
      if (asked !== undefined) return asked;
      const question = ask(query, name).finally(() => questions.delete(name));
      questions.set(name, question);
      return question;
    },
  };
}

/** What is wrong with an actor that the service's resolver gave, or null. */
function resolvedProblem(actor: ResolvedActor, query: Query, rules: ResolverRules): string | null {
  const { origin, nameIn, reservedId } = rules;
  const { id, handle, inbox } = actor;
  if (typeof id !== 'string' || !id.startsWith(`${origin}/`)) return 'its id is not on the origin';
  if (nameIn(id) === null) return 'its id does not follow the path template';
  if (typeof handle !== 'string' || !/^[^\s/@:?#\p{C}]{1,255}$/u.test(handle))
    return 'it has no usable handle';
  if (id === reservedId || handle === INSTANCE_HANDLE) return 'it is the instance actor, which is reserved';
  if ('url' in query && id !== query.url) return 'its id is not the one that was asked for';
  // Peers would POST to it, and be told that nobody is there.
  if (inbox != null && inbox !== `${id}/inbox` && inbox !== `${origin}/inbox`)
    return 'its inbox is neither its id with /inbox after it nor the shared inbox';
  return actorProblem(actor);
}

/** What is wrong with what the service says about an actor, or null. */
function actorProblem(actor: LocalActorOptions): string | null {
  const { locked, followPolicy, alsoKnownAs } = actor;
  return keysProblem(actor) ?? followPolicyProblem(locked, followPolicy) ?? aliasesProblem(alsoKnownAs);
}

async function withTimeout<T>(work: () => Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is wrong with the keys that the service gave, or null. */
function keysProblem({ keys }: Pick<LocalActorOptions, 'keys'>): string | null {
  if (keys == null) return null;
  try {
    const isPair =
      createPrivateKey(keys.privateKeyPem).asymmetricKeyType === 'rsa' &&
      createPublicKey(keys.privateKeyPem).equals(createPublicKey(keys.publicKeyPem));
    return isPair ? null : 'its keys are not a pair of RSA keys';
  } catch {
    return 'its keys are not PEM keys';
  }
}

type KeyPair = Pick<LocalActor, 'publicKeyPem' | 'privateKeyPem'>;

/** Gives the key pair of a local actor: the service's, the store's, or one made now. */
function createKeyPairs(store: Store): (actor: ResolvedActor) => Promise<KeyPair> {
  const memory = new LRUCache<string, Promise<KeyPair>>({ max: RESOLVED_MAX });

  async function make({ id, handle }: ResolvedActor): Promise<KeyPair> {
    const before = await storedActor(store, id);
    if (before !== null) return pairOf(before);
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
      modulusLength: RSA_BITS,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const made = { id, handle, publicKeyPem: publicKey, privateKeyPem: privateKey };
    await store.transaction((tx) => insertActor(tx, made, store.clock.now()));
    // Another process may have been faster; then its pair is the one that peers have seen.
    return pairOf((await storedActor(store, id)) ?? made);
  }

  return (actor) => {
    if (actor.keys != null) return Promise.resolve(actor.keys);
    const kept = memory.get(actor.id);
    if (kept !== undefined) return kept;
    const making = make(actor);
    memory.set(actor.id, making);
    making.catch(() => memory.delete(actor.id));
    return making;
  };
}

const pairOf = ({ publicKeyPem, privateKeyPem }: StoredActor): KeyPair => ({ publicKeyPem, privateKeyPem });
