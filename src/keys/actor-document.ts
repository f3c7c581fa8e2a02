/** What a fetched actor or key document says, read without trust: every field is of any type and any length. */
import { domainOf, originOf } from '../activity.ts';
import type { ActorFacts, RemoteActor } from '../store/actors.ts';
import { importKey } from '../verify/signature.ts';
import { pemOfMultikey } from './multikey.ts';

/** A JSON object from a stranger. */
export type Document = Readonly<Record<string, unknown>>;

/** Keys of one actor that are looked at. Real documents have one or two; a thousand are an attack. */
const KEYS_MAX = 16;
/** Levels of nesting; real documents have up to 7. */
const DEPTH_MAX = 64;
const URL_BYTES_MAX = 2_048;
const NAME_CHARACTERS_MAX = 500;
const PEM_CHARACTERS_MAX = 8_192;

/** A body as a JSON object, or null. A byte order mark is no part of JSON (RFC 8259 8.1). */
export function parseDocument(body: Uint8Array): Document | null {
  if (isTooDeep(body)) return null;
  try {
    return asDocument(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)));
  } catch {
    return null;
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
/** `[` and `{`, `]` and `}`: they differ in one bit. */
const OPEN = 91;
const CLOSE = 93;

/** JSON.parse takes half a million levels without complaint, and a third of a second of everybody's time. */
function isTooDeep(json: Uint8Array): boolean {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (isString && byte === BACKSLASH) at++;
    else if (byte === QUOTE) isString = !isString;
    else if (isString) continue;
    else if ((byte & ~32) === OPEN && ++depth > DEPTH_MAX) return true;
    else if ((byte & ~32) === CLOSE) depth--;
  }
  return false;
}

/** Is this the content type of an ActivityStreams document? Uploads are served as plain JSON. ActivityPub 3.2 */
export function isActivityType(contentType: string | undefined): boolean {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim());
  if (type.toLowerCase() === 'application/activity+json') return true;
  if (type.toLowerCase() !== 'application/ld+json') return false;
  return parameters.some((parameter) => {
    const [, profile] = /^profile\s*=\s*"?([^"]*)"?$/i.exec(parameter) ?? [];
    return profile?.split(/\s+/).includes('https://www.w3.org/ns/activitystreams') ?? false;
  });
}

/** The actor in a document, or null when it lacks what an actor must have. ActivityPub 4.1 */
export function readActor(
  document: Document,
  isAllowed: (url: string) => boolean,
  fetchedMs: number,
): RemoteActor | null {
  const id = urlOf(document.id);
  const inbox = urlOf(document.inbox);
  const domain = id === null ? null : domainOf(id);
  if (id === null || domain === null || inbox === null || !isAllowed(inbox)) return null;
  const sharedInbox = urlOf(asDocument(document.endpoints)?.sharedInbox);
  const isShared = sharedInbox !== null && isAllowed(sharedInbox);
  const facts = { id, domain, inbox, sharedInbox: isShared ? sharedInbox : null };
  return { ...facts, document: readFacts(document), fetchedMs };
}

function readFacts(document: Document): ActorFacts {
  const featured = ownCollection(document, 'featured');
  return {
    type: textOf(Array.isArray(document.type) ? document.type[0] : document.type) ?? '',
    preferredUsername: textOf(document.preferredUsername),
    name: textOf(document.name),
    published: textOf(document.published),
    manuallyApprovesFollowers: document.manuallyApprovesFollowers === true,
    followers: ownCollection(document, 'followers'),
    ...(featured === null ? {} : { featured }),
  };
}

/** A collection that the actor calls its own. It may not speak for one of somebody else's. */
function ownCollection(document: Document, name: 'followers' | 'featured'): string | null {
  const url = urlOf(document[name]);
  return url !== null && originOf(url) === originOf(String(document.id)) ? url : null;
}

/**
 * The public key that an actor's document lists under this id as the actor's own, in SPKI PEM; null when it lists
 * none, one that must not be used, or one that its time is over for. It stands in `publicKey`, or in `assertionMethod`
 * as a Multikey. FEP-521a
 */
export function listedKey(actor: Document, keyId: string, nowMs: number): string | null {
  const listed = [...listOf(actor.publicKey), ...listOf(actor.assertionMethod)].slice(0, KEYS_MAX);
  for (const entry of listed) {
    const key = asDocument(entry);
    if (key === null || key.id !== keyId || (key.owner ?? key.controller) !== actor.id) continue;
    if (isOver(key.expires, nowMs) || isOver(key.revoked, nowMs)) return null;
    return usablePem(
      typeof key.publicKeyMultibase === 'string' ? pemOfMultikey(key.publicKeyMultibase) : key.publicKeyPem,
    );
  }
  return null;
}

/** Is this a time that has come? One that nobody can read has. */
function isOver(time: unknown, nowMs: number): boolean {
  if (time === undefined || time === null) return false;
  return !(typeof time === 'string' && Date.parse(time) > nowMs);
}

/** Does the document list keys? Then it is an actor's, else perhaps a key's. */
export function hasKeys(document: Document): boolean {
  return document.publicKey !== undefined || document.assertionMethod !== undefined;
}

/** The owner that a key document of this id names; only the owner's own document can confirm it. */
export function claimedOwner(document: Document, keyId: string): string | null {
  return document.id === keyId ? (urlOf(document.owner) ?? urlOf(document.controller)) : null;
}

/** A public key in one canonical spelling. A private key or a certificate also holds one, and is refused. */
function usablePem(pem: unknown): string | null {
  if (typeof pem !== 'string' || pem.length > PEM_CHARACTERS_MAX) return null;
  const text = pem.trim();
  if (!/^-----BEGIN (RSA )?PUBLIC KEY-----[^-]*-----END \1?PUBLIC KEY-----$/.test(text)) return null;
  return importKey(text)?.export({ type: 'spki', format: 'pem' }).toString() ?? null;
}

function asDocument(value: unknown): Document | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : null;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** An absolute http(s) URL as it was written; ids are compared letter by letter. */
function urlOf(value: unknown): string | null {
  if (typeof value !== 'string' || !isPlain(value)) return null;
  return domainOf(value) === null ? null : value;
}

/**
 * No control character, blank or lone surrogate: `URL` strips some of them silently, and PostgreSQL refuses others.
 * And no more bytes than its indices take: in a header each character may be two, in a document three.
 */
export function isPlain(text: string): boolean {
  if (text.length * 3 > URL_BYTES_MAX && Buffer.byteLength(text) > URL_BYTES_MAX) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return text.isWellFormed() && !/[\u0000-\u0020\u007f]/.test(text);
}

/** A text that every database can store, cut. */
function textOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return value.slice(0, NAME_CHARACTERS_MAX).toWellFormed().replaceAll('\u0000', '');
}
