/**
 * What an activity is once it is understood: its type, its ids, and the domain that an id belongs to.
 *
 * Two shapes exist, both made by `verify/document.ts` from the same JSON-LD expansion, so that what is
 * authorised is what is applied and what handlers see:
 *
 * - `Facts`: ids only. It travels in the mail and is all that a turn ever reads.
 * - `NormalActivity`: the whole document under plain ActivityStreams names. It is stored beside the raw bytes
 *   and handed to filters and handlers.
 */

/** The public collection, in the one spelling that is used inside. ActivityPub 5.6. */
export const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public';

/** The embedded object of an Undo, Accept, Reject, Create …, as far as a decision needs it. */
export interface InnerFacts {
  readonly type: string | null;
  /** Its actor, or who it is attributed to. */
  readonly actor: string | null;
  readonly object: string | null;
  /** Everybody that it names so, where it names several. */
  readonly owners?: readonly string[];
  /** What it is a reply to. */
  readonly inReplyTo?: string;
  /** When it says that it was changed last, else made, in epoch milliseconds. */
  readonly changedMs?: number;
}

/** Everything that a turn may know about an activity. Ids are absolute URLs, never relative. */
export interface Facts {
  /** The activity's id; made from actor and body digest where the sender gave none. */
  readonly id: string;
  /** SHA-256 of the document as it came, in hex: another document may come under the same id. */
  readonly digest?: string;
  /** The ActivityStreams type name (`Follow`), or the full IRI of a type that is not ActivityStreams. */
  readonly type: string;
  readonly actor: string;
  /** Ids of all objects, in the order sent; a Flag has several. Empty when only anonymous objects came. */
  readonly objects: readonly string[];
  /** The first object when it was embedded, else null. */
  readonly inner: InnerFacts | null;
  readonly target: string | null;
  /** to, cc, bto, bcc and audience, in this order, without repetition; Public in its full spelling. */
  readonly addressees: readonly string[];
  /** What a Flag says of what it reports, cut to what a report keeps. */
  readonly said?: string;
}

/** Characters of what is said in a report; the rest is cut off, as Mastodon does. */
export const SAID_CHARACTERS_MAX = 5_000;

/** A JSON object under plain ActivityStreams names: `id`, `type`, `actor`, `object`, `content`, `to` … */
export type NormalActivity = Readonly<Record<string, unknown>>;

/**
 * The domain of a URL: host name in canonical form (lower case, IDNA A-labels, no trailing dot, no port, no
 * userinfo). Null for anything that is no absolute http(s) URL with a host.
 */
export function domainOf(url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) return null;
  return canonicalHost(parsed.hostname);
}

/** The longest name that DNS knows, and some room for dots at its end. Of a URL a name may be as long as its header. */
const HOST_CHARACTERS_MAX = 256;

/**
 * A host name that WHATWG URL has read, without the trailing dots that it keeps. Null when nothing is left, or more than
 * any name has: looking for the end of 4 000 dots takes 16 ms, and walking through as many parents 6.
 */
function canonicalHost(hostname: string): string | null {
  if (hostname.length > HOST_CHARACTERS_MAX) return null;
  const host = hostname.replace(/\.+$/, '').toLowerCase();
  return host === '' ? null : host;
}

/**
 * A domain as a person or a list wrote it, in canonical form: ` Bad.Example. ` is `bad.example`, `bücher.example`
 * its A-label. Null when it is no host name (a path, a port, a scheme and userinfo are refused, not cut off; so are
 * `*.bad.example` and `bad..example`, which URLs allow and which would be rules about nobody).
 */
export function canonicalDomain(input: string): string | null {
  const text = input.trim();
  if (text === '' || /[/:@?#\\\s]/.test(text.replace(/^\[[0-9a-f:.]+\]$/i, ''))) return null;
  const domain = domainOf(`https://${text}/`);
  return domain === null || /^\.|\.\.|\*/.test(domain) ? null : domain;
}

/** The domain itself and every parent of it down to two labels: a block of a parent covers it. */
export function withParents(domain: string): string[] {
  const names = [domain];
  if (domain.startsWith('[') || /^[\d.]+$/.test(domain)) return names;
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1))
    names.push(domain.slice(dot + 1));
  return names;
}

/** The origin (`https://host:port`) of an absolute http(s) URL, or null. */
export function originOf(url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) return null;
  return parsed.origin;
}
