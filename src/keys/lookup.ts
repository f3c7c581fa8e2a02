/**
 * Finds a key on the network, and the actor that owns it.
 *
 * ```
 * keyId ─► the document there ─┬─ lists keys: an actor's. Its id must be where it came from, else it is asked for
 *                              │  once more at its own id, and only that copy counts
 *                              └─ names an owner: a key's. The owner's own document is asked for
 * then: the actor's own document must list exactly this key id as its own.
 * ```
 * So nobody can say whose key it is but the actor itself, in the document at its own id.
 */
import { domainOf } from '../activity.ts';
import type { GetOptions, Remote } from '../remote.ts';
import type { RemoteActor } from '../store/actors.ts';
import {
  claimedOwner,
  type Document,
  hasKeys,
  isActivityType,
  listedKey,
  parseDocument,
  readActor,
} from './actor-document.ts';

/** What looking for a key came to. */
export type KeyLook =
  | { readonly type: 'key'; readonly publicKeyPem: string; readonly owner: RemoteActor }
  | NoDocument;

/** What looking for an actor came to. */
export type ActorLook =
  | { readonly type: 'actor'; readonly actor: RemoteActor; readonly document: Document }
  | NoDocument;

/** There is no such thing, as far as one can see. */
export type NoDocument =
  /** 410: it has been deleted. */
  | { readonly type: 'gone' }
  /** 404: its server knows nothing of it, and does not say that it ever did. */
  | { readonly type: 'missing' }
  /** A proper document says otherwise. */
  | { readonly type: 'refuted'; readonly reason: string }
  /** No proper document; `isBrief` when it may well be there in a minute. */
  | { readonly type: 'fault'; readonly reason: string; readonly isBrief: boolean }
  /** We are too busy to ask. */
  | { readonly type: 'busy' };

/** A document as it was served, `url` being where it came from after redirects, without fragment. */
export type Fetched =
  | {
      readonly type: 'document';
      readonly document: Document;
      readonly url: string;
      readonly body: Uint8Array;
    }
  | NoDocument;

export interface Lookup {
  /** Any ActivityStreams document. */
  document(url: string): Promise<Fetched>;
  /** The one at its own id: where another URL leads to it, that id is asked once more, and only that counts. */
  ownDocument(url: string): Promise<Fetched>;
  key(keyId: string, nowMs: number): Promise<KeyLook>;
  actor(id: string, nowMs: number): Promise<ActorLook>;
}

/** Looks things up through `remote`; `signWith` signs each request, for servers that answer nobody else. */
export function createLookup(remote: Remote, signWith?: GetOptions['signWith']): Lookup {
  const options: GetOptions = signWith === undefined ? {} : { signWith };

  async function fetchDocument(url: string): Promise<Fetched> {
    const answer = await remote.get(url, options);
    if (!answer.ok) {
      if (answer.fault === 'budget') return { type: 'busy' };
      const isBrief = answer.fault === 'timeout' || answer.fault === 'network';
      return { type: 'fault', reason: `${answer.fault}: ${answer.message}`, isBrief };
    }
    const { status } = answer;
    if (status === 410) return { type: 'gone' };
    if (status === 404) return { type: 'missing' };
    if (status < 200 || status > 299) {
      return { type: 'fault', reason: `answered ${status}`, isBrief: status === 429 || status >= 500 };
    }
    if (!isActivityType(answer.headers['content-type'])) return fault('not an ActivityStreams content type');
    const document = parseDocument(answer.body);
    if (document === null) return fault('not a JSON object');
    return { type: 'document', document, url: answer.finalUrl, body: answer.body };
  }

  /** A document as its own id serves it; `first` is what another URL gave. */
  async function atItsOwnId(first: Fetched): Promise<Fetched> {
    if (first.type !== 'document' || isAt(first.document.id, first.url)) return first;
    const { id } = first.document;
    if (typeof id !== 'string' || domainOf(id) === null) return refuted('the document has no id');
    const own = await fetchDocument(id);
    if (own.type !== 'document' || (own.document.id === id && isAt(id, own.url))) return own;
    return refuted('the document is not the one at its own id');
  }

  async function actorOf(first: Fetched, nowMs: number): Promise<ActorLook> {
    const fetched = await atItsOwnId(first);
    if (fetched.type !== 'document') return fetched;
    const actor = readActor(fetched.document, remote.isAllowed, nowMs);
    if (actor === null) return refuted('the document is not an actor with an inbox');
    return { type: 'actor', actor, document: fetched.document };
  }

  return {
    document: fetchDocument,
    ownDocument: async (url) => atItsOwnId(await fetchDocument(url)),
    async key(keyId, nowMs) {
      const first = await fetchDocument(keyId);
      if (first.type !== 'document') return first;
      let look: ActorLook;
      if (hasKeys(first.document)) look = await actorOf(first, nowMs);
      else {
        const owner = claimedOwner(first.document, keyId);
        if (owner === null) return refuted('neither an actor nor this key');
        look = await this.actor(owner, nowMs);
      }
      if (look.type !== 'actor') return look;
      const publicKeyPem = listedKey(look.document, keyId, nowMs);
      if (publicKeyPem === null) return refuted("the owner's document lists no such usable key");
      return { type: 'key', publicKeyPem, owner: look.actor };
    },
    async actor(id, nowMs) {
      const fetched = await fetchDocument(id);
      // Asked at this id already: another document here, or a redirect to elsewhere, will not mend by asking again.
      if (fetched.type === 'document' && !(fetched.document.id === id && isAt(id, fetched.url))) {
        return refuted('another actor is there');
      }
      return actorOf(fetched, nowMs);
    },
  };
}

const fault = (reason: string): NoDocument => ({ type: 'fault', reason, isBrief: false });
const refuted = (reason: string): NoDocument => ({ type: 'refuted', reason });

/** Is this id the URL that it came from? A fragment never reaches a server. */
function isAt(id: unknown, url: string): boolean {
  const parsed = typeof id === 'string' ? URL.parse(id) : null;
  if (parsed === null) return false;
  parsed.hash = '';
  return parsed.href === url;
}
