/**
 * Asks a server for what stands at a URI, once, because somebody here wants to know; and keeps it, so that references to it
 * are resolved from then on.
 *
 * ```
 * known here? ─► blocked? ─► a signed GET in the instance actor's name ─► at its own id? ─┬─ an actor: its facts
 *    └── nothing is asked         (pinned, bounded; one for all who ask at once)           └─ an object: read in the pool
 * ```
 * A server speaks for what is on its own origin, and for nobody else: what counts is the document at its own id, and an
 * object must be of an actor of that origin. An activity is not taken: it acts when it is sent, signed, to an inbox.
 */
import { objectProblem } from '../activities/authority.ts';
import { domainOf, PUBLIC } from '../activity.ts';
import type { Ref } from '../api.ts';
import { SallyportError } from '../errors.ts';
import type { Gate } from '../gate.ts';
import { type Document, readActor } from '../keys/actor-document.ts';
import { createFlights } from '../keys/flights.ts';
import type { Keys } from '../keys.ts';
import type { Settings } from '../options.ts';
import type { References } from '../references.ts';
import type { Remote } from '../remote.ts';
import { saveRemoteActors } from '../store/actors.ts';
import { saveFetched } from '../store/references.ts';
import type { Store } from '../store/store.ts';
import type { Pool } from '../verify/pool.ts';

export interface ResolvingParts {
  readonly references: References;
  readonly settings: Settings;
  readonly store: Store;
  readonly keys: Pick<Keys, 'ownDocument'>;
  readonly remote: Pick<Remote, 'isAllowed'>;
  readonly gate: Gate;
  readonly pool: Pool;
}

/** How a URI is resolved. */
export interface ResolveOptions {
  /** Ask also when something is stored. @default false */
  readonly again?: boolean;
}

/** Resolves a URI; throws `ERR_INVALID` for what is no URL, `ERR_REMOTE` when its server gave nothing that counts. */
export type Resolve = (uri: string, options?: ResolveOptions) => Promise<Ref>;

const AS_CONTEXT = 'https://www.w3.org/ns/activitystreams';

export function createResolving(parts: ResolvingParts): Resolve {
  const { references, settings, store, keys, remote, gate } = parts;
  const flights = createFlights<string>();

  /** The id under which it is known from now on. */
  async function look(uri: string, again: boolean): Promise<string> {
    if (!again && (await references.knownAmong([uri])).has(uri)) return uri;
    barred(uri);
    const found = await keys.ownDocument(uri);
    if (found.type !== 'document') throw nothing(uri, 'reason' in found ? found.reason : found.type);
    const { document } = found;
    const id = document.id as string;
    barred(id);
    if (id.startsWith(`${settings.origin}/`)) throw nothing(uri, 'it is said to be ours');
    const nowMs = store.clock.now();
    const actor = document.inbox === undefined ? null : readActor(document, remote.isAllowed, nowMs);
    if (actor !== null) await saveRemoteActors(store, [actor]);
    else await keepObject(parts, id, document, uri);
    return id;
  }

  function barred(uri: string): void {
    if (gate.judge([domainOf(uri)], store.clock.now())?.type === 'blocked')
      throw nothing(uri, 'its domain is blocked');
  }

  return async (uri, { again = false } = {}) => {
    if (domainOf(uri) === null)
      throw new SallyportError('ERR_INVALID', 'only a URL can be resolved', { data: { uri } });
    // Of what is ours nobody knows more than we do.
    if (uri.startsWith(`${settings.origin}/`)) return references.ref(uri);
    return references.ref(await flights.fly(`${again} ${uri}`, () => look(uri, again)));
  };
}

/** Reads an object in the pool, as if its owner had created it just now, and keeps it. */
async function keepObject(
  { settings, store, pool }: ResolvingParts,
  id: string,
  document: Document,
  asked: string,
): Promise<void> {
  const owner = [document.attributedTo]
    .flat()
    .map((one: unknown) => (typeof one === 'object' && one !== null ? (one as { id?: unknown }).id : one))
    .find((one) => typeof one === 'string');
  if (owner === undefined) throw nothing(asked, 'it does not say whose it is');
  const { to, cc } = document;
  const name = new URL(id);
  name.hash = 'fetched';
  const wrapped = {
    '@context': AS_CONTEXT,
    id: name.href,
    type: 'Create',
    actor: owner,
    to,
    cc,
    object: document,
  };
  const body = Buffer.from(JSON.stringify(wrapped));
  const {
    host,
    origin,
    signaturePastMs: pastMs,
    signatureFutureMs: futureMs,
    allowPrivateAddress,
  } = settings;
  const nowMs = store.clock.now();
  const answer = await pool.verify({
    ...{ method: 'GET', target: '/', rawHeaders: [], body, host, origin, pastMs, futureMs, nowMs },
    ...{ allowPrivate: allowPrivateAddress, publicKeyPem: '', keyActor: owner, fetchedFrom: name.href },
  });
  if (!answer.ok)
    throw nothing(asked, 'reason' in answer.refusal ? answer.refusal.reason : answer.refusal.type);
  const { facts, normal } = answer;
  const { inner, objects } = facts;
  if (inner === null || objects[0] !== id) throw nothing(asked, 'it is no object');
  const problem = inner.object === null ? objectProblem(facts) : 'it is an activity';
  if (problem !== null) throw nothing(asked, problem);
  if (inner.type === 'Tombstone') throw nothing(asked, 'it is gone');
  const object = {
    ...{ uri: id, type: inner.type, owner, inReplyTo: inner.inReplyTo ?? null, isDeleted: false },
    isPublic: facts.addressees.includes(PUBLIC),
    ...{ source: `fetched:${id}`, changedMs: inner.changedMs ?? 0 },
  };
  const raw = body.toString();
  await store.transaction((tx) => saveFetched(tx, object, { raw, normal }, nowMs));
}

function nothing(uri: string, reason: string): SallyportError {
  return new SallyportError('ERR_REMOTE', `nothing could be resolved: ${reason}`, {
    hint: 'check the URL, and that its server shows an ActivityStreams document there',
    data: { uri, reason },
  });
}
