/**
 * A Fedify server as its documentation sets one up, in a process of its own: its own actors, key pairs, memory and
 * key fetches. It does over TCP what it is told over IPC, and tells what its inbox listeners got, which is what
 * Fedify has verified. It has no queue, so a verb returns when its activity has been delivered.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createFederation, generateCryptoKeyPair, getDocumentLoader, MemoryKvStore } from '@fedify/fedify';
import { signRequest } from '@fedify/fedify/sig';
import {
  Accept,
  Activity,
  Create,
  Delete,
  Endpoints,
  Follow,
  isActor,
  Like,
  Note,
  Person,
  PUBLIC_COLLECTION,
  type Recipient,
  Reject,
  Tombstone,
  Undo,
  Update,
} from '@fedify/fedify/vocab';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';

/** What its inbox listeners got: verified, as Fedify understood it. */
export interface Arrival {
  readonly type: string;
  readonly id: string;
  readonly actor: string;
  readonly object: string;
  /** What an object that came with it says. */
  readonly content: string | null;
  /** Whose inbox it came to; null for the shared one. */
  readonly recipient: string | null;
}

/** A POST to its inboxes, whatever became of it. */
export interface Posted {
  readonly path: string;
  readonly status: number;
  readonly body: string;
  /** Signed by RFC 9421; else by draft-cavage. */
  readonly hasSignatureInput: boolean;
}

/** How Fedify signs one request by itself. */
export interface Signing {
  readonly as: string;
  readonly to: string;
  readonly whose: string;
  readonly spec: 'rfc9421' | 'draft-cavage-http-signatures-12';
  /** Of RFC 9421: its own components, a nonce, an end. */
  readonly rfc9421?: { components?: string[]; nonce?: string; expires?: true; label?: string };
  /** Changes the request after it was signed. */
  readonly tamper?: { header?: [name: string, value: string]; body?: string };
}

/** An actor of ours, as Fedify found it. */
export interface FoundActor {
  readonly id: string;
  readonly type: string;
  readonly handle: string;
  readonly name: string;
  readonly inbox: string;
  readonly sharedInbox: string;
  readonly keyIds: readonly string[];
  readonly isLocked: boolean;
}

const { address, trusted } = JSON.parse(process.argv[2] as string) as { address: string; trusted: string };
setDefaultCACertificates([...getCACertificates('default'), trusted]);

const federation = createFederation<void>({ kv: new MemoryKvStore(), allowPrivateAddress: true });
// One of each kind for all its actors: making an RSA key takes seconds on a busy machine, and peers do not wait long.
const keyPairs = await Promise.all([
  generateCryptoKeyPair('RSASSA-PKCS1-v1_5'),
  generateCryptoKeyPair('Ed25519'),
]);
const posted: Posted[] = [];
const sent = new Map<string, Activity>();
let hasSecureMode = false;
let answersFollows = true;
let readsRfc9421 = true;

federation
  .setActorDispatcher('/users/{identifier}', async (context, identifier) => {
    const keys = await context.getActorKeyPairs(identifier);
    return new Person({
      id: context.getActorUri(identifier),
      preferredUsername: identifier,
      name: `${identifier} on Fedify`,
      inbox: context.getInboxUri(identifier),
      endpoints: new Endpoints({ sharedInbox: context.getInboxUri() }),
      publicKey: keys[0]?.cryptographicKey ?? null,
      assertionMethods: keys.map(({ multikey }) => multikey),
    });
  })
  .setKeyPairsDispatcher(() => keyPairs)
  // Secure mode, also called authorized fetch: nobody reads an actor without signing for it.
  .authorize(async (context) => !hasSecureMode || (await context.getSignedKeyOwner()) !== null);

federation
  .setInboxListeners('/users/{identifier}/inbox', '/inbox')
  .on(Activity, async (context, activity) => {
    const embedded =
      activity instanceof Create || activity instanceof Update ? await activity.getObject() : null;
    const arrival: Arrival = {
      type: activity.constructor.name,
      id: activity.id?.href ?? '',
      actor: activity.actorId?.href ?? '',
      object: activity.objectId?.href ?? '',
      content: embedded?.content?.toString() ?? null,
      recipient: context.recipient,
    };
    process.send?.({ arrival });
    if (!(activity instanceof Follow) || !answersFollows) return;
    const { identifier } = context.parseUri(activity.objectId) as { identifier: string };
    const follower = await activity.getActor(context);
    if (follower !== null) await deliver(identifier, follower, new Accept(own(identifier, activity)));
  });

interface Said {
  readonly as: string;
  readonly whom: string;
  readonly what: string;
  readonly content: string;
}

const notes = new Map<string, Note>();

function noteOf(identifier: string, id: URL, content: string): Note {
  const attribution = context.getActorUri(identifier);
  return new Note({ id, attribution, content, to: PUBLIC_COLLECTION });
}

federation.setObjectDispatcher(
  Note,
  '/notes/{id}',
  (_, { id }) => notes.get(`${origin}/notes/${id}`) ?? null,
);

const app = new Hono();
app.use(async (c, next) => {
  if (c.req.method !== 'POST') return next();
  const body = await c.req.raw.clone().text();
  const hasSignatureInput = c.req.header('signature-input') !== undefined;
  // As an older server answers, which only reads draft-cavage.
  if (hasSignatureInput && !readsRfc9421) c.res = c.body(null, 401);
  else await next();
  posted.push({ path: c.req.path, status: c.res.status, body, hasSignatureInput });
});
app.all('*', (c) => federation.fetch(c.req.raw, { contextData: undefined }));

const server = createAdaptorServer({ fetch: app.fetch, hostname: address });
server.listen(0, address);
await once(server, 'listening');
const origin = `http://${address}:${(server.address() as AddressInfo).port}`;
const context = federation.createContext(new URL(origin), undefined);

/** The properties of a new activity of one of our actors. */
function own<O>(identifier: string, object: O): { id: URL; actor: URL; object: O } {
  const id = new URL(`${origin}/activities/${crypto.randomUUID()}`);
  return { id, actor: context.getActorUri(identifier), object };
}

async function deliver(identifier: string, recipient: Recipient, activity: Activity): Promise<string> {
  const id = activity.id?.href ?? '';
  sent.set(id, activity);
  await context.sendActivity({ identifier }, recipient, activity, { preferSharedInbox: false });
  return id;
}

/** One of our side's actors, by URL or `acct:` handle. */
async function find(identifier: string) {
  const found = await context.lookupObject(identifier);
  if (found === null || !isActor(found)) throw new Error(`there is no actor at ${identifier}`);
  return found;
}

const verbs = {
  async look(identifier: string): Promise<FoundActor> {
    const actor = await find(identifier);
    const keyIds: string[] = [];
    for await (const key of actor.getPublicKeys()) keyIds.push(key.id?.href ?? '');
    return {
      id: actor.id?.href ?? '',
      type: actor.constructor.name,
      handle: String(actor.preferredUsername),
      name: String(actor.name),
      inbox: actor.inboxId?.href ?? '',
      sharedInbox: actor.endpoints?.sharedInbox?.href ?? '',
      keyIds,
      isLocked: actor.manuallyApprovesFollowers === true,
    };
  },
  /** The type of what stands at a URL, as Fedify reads it. */
  async read(url: string): Promise<string | null> {
    return (await context.lookupObject(url))?.constructor.name ?? null;
  },
  webFinger: (resource: string) => context.lookupWebFinger(resource),
  async followers(identifier: string): Promise<string[]> {
    // Fedify remembers for minutes what it has read; members are asked for anew.
    const anew = { documentLoader: getDocumentLoader({ allowPrivateAddress: true }) };
    const collection = await (await find(identifier)).getFollowers(anew);
    if (collection === null) throw new Error(`${identifier} has no followers collection`);
    const ids: string[] = [];
    for await (const item of context.traverseCollection(collection, anew)) ids.push(item.id?.href ?? '');
    return ids;
  },
  async follow({ as, whom }: { as: string; whom: string }): Promise<string> {
    const actor = await find(whom);
    return deliver(as, actor, new Follow(own(as, actor.id)));
  },
  async like({ as, whose, what }: { as: string; whose: string; what: string }): Promise<string> {
    return deliver(as, await find(whose), new Like(own(as, new URL(what))));
  },
  async undo({ as, whose, what }: { as: string; whose: string; what: string }): Promise<string> {
    const activity = sent.get(what);
    if (activity === undefined) throw new Error(`${what} was never sent`);
    return deliver(as, await find(whose), new Undo(own(as, activity)));
  },
  /** Says something, changes it, or takes it back; to one of our side's actors. */
  async say({ as, whom, content }: { as: string; whom: string; content: string }): Promise<string> {
    const id = new URL(`${origin}/notes/${crypto.randomUUID()}`);
    notes.set(id.href, noteOf(as, id, content));
    const note = notes.get(id.href) as Note;
    await deliver(as, await find(whom), new Create({ ...own(as, note), to: PUBLIC_COLLECTION }));
    return id.href;
  },
  async change({ as, whom, what, content }: Said): Promise<string> {
    const note = noteOf(as, new URL(what), content);
    notes.set(what, note);
    return deliver(as, await find(whom), new Update({ ...own(as, note), to: PUBLIC_COLLECTION }));
  },
  async remove({ as, whom, what }: Omit<Said, 'content'>): Promise<string> {
    notes.delete(what);
    const tombstone = new Tombstone({ id: new URL(what) });
    return deliver(as, await find(whom), new Delete({ ...own(as, tombstone), to: PUBLIC_COLLECTION }));
  },
  /** What stands at a URL, asked for without a signature, or with one of its own actor's: its type, or the problem. */
  async fetchAs({ as, url }: { as: string | null; url: string }): Promise<string> {
    const loader =
      as === null
        ? getDocumentLoader({ allowPrivateAddress: true })
        : await context.getDocumentLoader({ identifier: as });
    try {
      const { document } = await loader(url);
      return (document as { type: string }).type;
    } catch (error) {
      return String(error);
    }
  },
  /** Takes one of our side's actors out of the followers of one of its own. */
  async reject({ as, whom, what }: { as: string; whom: string; what: string }): Promise<string> {
    const follow = new Follow({ id: new URL(what), actor: new URL(whom), object: context.getActorUri(as) });
    return deliver(as, await find(whom), new Reject(own(as, follow)));
  },
  /** A Like that Fedify signs and sends without its own knocking; gives back our answer's status. */
  async signed({ as, to, whose, spec, rfc9421 = {}, tamper = {} }: Signing): Promise<number> {
    const actor = context.getActorUri(as);
    const id = `${origin}/activities/${crypto.randomUUID()}`;
    const like = { '@context': 'https://www.w3.org/ns/activitystreams', id, type: 'Like', actor: actor.href };
    const { components, ...more } = rfc9421;
    const covered = components && { components: components.map((value) => ({ value, params: {} })) };
    const plain = new Request(to, {
      method: 'POST',
      headers: { 'content-type': 'application/activity+json' },
      body: JSON.stringify({ ...like, object: whose }),
    });
    const { privateKey } = keyPairs[0];
    const request = await signRequest(plain, privateKey, new URL(`${actor.href}#main-key`), {
      spec,
      rfc9421: { ...more, ...covered },
    });
    const headers = new Headers(request.headers);
    if (tamper.header !== undefined) headers.set(...tamper.header);
    const body = tamper.body ?? (await request.text());
    return (await fetch(to, { method: 'POST', headers, body })).status;
  },
  posted: (): readonly Posted[] => posted,
  secureMode: (isOn: boolean): boolean => {
    hasSecureMode = isOn;
    return isOn;
  },
  readRfc9421: (isOn: boolean): boolean => {
    readsRfc9421 = isOn;
    return isOn;
  },
  answerFollows: (isOn: boolean): boolean => {
    answersFollows = isOn;
    return isOn;
  },
};
export type Verbs = typeof verbs;

interface Order {
  readonly number: number;
  readonly verb: keyof Verbs;
  readonly argument: never;
}
process.on('message', async ({ number, verb, argument }: Order) => {
  try {
    process.send?.({ number, value: await verbs[verb](argument) });
  } catch (error) {
    process.send?.({ number, error: String(error) });
  }
});
process.once('disconnect', () => process.exit());
process.send?.({ origin });
