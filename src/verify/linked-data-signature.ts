/**
 * Linked-data signatures of the kind that Mastodon makes, RsaSignature2017: an RSA signature over the graph that a
 * document stands for. Such a signature travels with an activity that somebody else forwards.
 *
 * A graph has no root and no order, so whoever passes a signed document on may write it anew, as another tree with
 * the same graph, and every reader of trees sees another activity. So a document counts only when it cannot be such
 * a rewriting, and its graph holds all that is read from it here:
 * - no `@graph`, `@included`, `@reverse`, nor any other keyword but `@context`, and no term that stands for one;
 * - every context is a published one that is bundled, or written in the document with plain definitions only;
 * - no blank node has a name, and what no context defines, with all that stands below it, is neither signed nor read;
 * - one type and at most one object: of several the graph does not keep which came first;
 * - nothing is dropped on the way to the graph.
 */
import { hash, verify } from 'node:crypto';
import jsonld from 'jsonld';
import { contextOf, isPublished } from './contexts/index.ts';
import { importKey } from './key.ts';
import { listOf } from './normal-form.ts';
import { isCurrent, type ProofClock } from './proof.ts';

type Json = Readonly<Record<string, unknown>>;

const AS_CONTEXT = 'https://www.w3.org/ns/activitystreams';
/** What a signature says besides its value is itself a graph, in the terms of this context. */
const SIGNATURE_CONTEXT = 'https://w3id.org/identity/v1';
/** Nodes without an id: the names that canonicalisation gives them are what makes it expensive. */
const ANONYMOUS_MAX = 256;
/** Identical ones can still make it try millions of orders. Real documents take a millisecond. */
const CANONICAL_MS_MAX = 250;
const SIGNATURE_CHARACTERS_MAX = 1_024;

/** The id of the key that a document's signature names, when it is a signature that could hold; else null. */
export function linkedDataKeyId(document: Json, clock: ProofClock): string | null {
  const signature = signatureOf(document);
  if (signature === null || typeof signature.creator !== 'string') return null;
  const { signature: _signature, ...signed } = document;
  return isCurrent(signature.created, undefined, clock) && isWrittenPlainly(signed)
    ? signature.creator
    : null;
}

/** Is the document's signature one of the graph that it stands for, by this RSA key? */
export async function isLinkedDataSigned(document: Json, publicKeyPem: string): Promise<boolean> {
  const signature = signatureOf(document);
  const key = importKey(publicKeyPem);
  if (signature === null || key === null || key.asymmetricKeyType !== 'rsa') return false;
  const { signature: _signature, ...signed } = document;
  if (!isWrittenPlainly(signed)) return false;
  const { type: _type, id: _id, signatureValue, '@context': _context, ...options } = signature;
  try {
    const graph = await graphOf(signed);
    if (graph === null) return false;
    const ofOptions = await canonical({ ...options, '@context': SIGNATURE_CONTEXT }, { safe: false });
    const text = hash('sha256', ofOptions) + hash('sha256', graph);
    return verify('sha256', Buffer.from(text), key, Buffer.from(signatureValue as string, 'base64'));
  } catch {
    return false;
  }
}

function signatureOf({ signature }: Json): Json | null {
  if (!isObject(signature) || signature.type !== 'RsaSignature2017') return null;
  const { signatureValue } = signature;
  if (typeof signatureValue !== 'string' || signatureValue.length > SIGNATURE_CHARACTERS_MAX) return null;
  const keywords = Object.keys(signature).filter((key) => key.startsWith('@') && key !== '@context');
  return keywords.length === 0 ? signature : null;
}

/** The graph of a document in canonical form, or null when a reader of the tree would see more than is in it. */
async function graphOf(document: Json): Promise<string | null> {
  const nodes: unknown = await jsonld.expand([document] as never, { documentLoader } as never);
  const [node] = Array.isArray(nodes) ? nodes : [];
  if (!isObject(node) || (nodes as unknown[]).length !== 1) return null;
  if (listOf(node['@type']).length !== 1 || listOf(node[`${AS_CONTEXT}#object`]).length > 1) return null;
  const count = { anonymous: 0 };
  const plain = plainTree(node, count);
  if (plain === null || count.anonymous > ANONYMOUS_MAX) return null;
  return canonical([plain], { safe: true, skipExpansion: true });
}

function canonical(input: unknown, options: object): Promise<string> {
  const canonizeOptions = {
    algorithm: 'RDFC-1.0',
    maxWorkFactor: 1,
    signal: AbortSignal.timeout(CANONICAL_MS_MAX),
  };
  return jsonld.canonize(input as never, { ...options, documentLoader, canonizeOptions } as never) as never;
}

/** Every context has been found published before. */
const documentLoader = async (url: string) => ({
  ...{ contextUrl: undefined, documentUrl: url, document: contextOf(url), tag: 'static' },
});

/** Says the document, in its source, all that it says in plain terms of contexts that are known here? */
function isWrittenPlainly(document: Json): boolean {
  return listOf(document['@context']).includes(AS_CONTEXT) && isPlainValue(document);
}

function isPlainValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlainValue);
  if (!isObject(value)) return true;
  return Object.entries(value).every(([key, item]) => {
    if (key === '@context') return listOf(item).every(isPlainContext) && item !== null;
    return !key.startsWith('@') && isPlainValue(item);
  });
}

function isPlainContext(context: unknown): boolean {
  if (typeof context === 'string') return isPublished(context);
  if (!isObject(context)) return false;
  return Object.entries(context).every(
    ([term, definition]) => term === '@language' || (!term.startsWith('@') && isPlainTerm(term, definition)),
  );
}

/** Keywords that a definition may name, and where. Everything else that begins with `@` is refused. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  '@id': [],
  '@type': ['@id'],
  '@container': ['@set', '@list', '@language'],
};

function isPlainTerm(term: string, definition: unknown): boolean {
  // The two aliases that everybody has, and which the contexts of ActivityStreams and security define alike.
  if (definition === `@${term}`) return term === 'id' || term === 'type';
  if (typeof definition === 'string') return !definition.startsWith('@');
  if (!isObject(definition)) return false;
  return Object.entries(definition).every(
    ([key, value]) =>
      typeof value === 'string' &&
      key in KEYWORDS &&
      (!value.startsWith('@') || KEYWORDS[key]?.includes(value)),
  );
}

const KEPT = new Set(['@id', '@type', '@value', '@language', '@list']);

/**
 * An expanded value without the properties that no context defines, which the normal form leaves out as well; null
 * when it says something that a graph does not hold.
 */
function plainTree(value: unknown, count: { anonymous: number }): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => plainTree(item, count));
    return items.includes(null) ? null : items;
  }
  if (!isObject(value)) return value;
  if (!('@value' in value) && typeof value['@id'] !== 'string') count.anonymous++;
  const plain: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key.startsWith('_:')) continue;
    if (key.startsWith('@') && !KEPT.has(key)) return null;
    if (['@id', '@type'].includes(key) && listOf(item).some((name) => String(name).startsWith('_:')))
      return null;
    const kept = plainTree(item, count);
    if (kept === null) return null;
    plain[key] = kept;
  }
  return plain;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
