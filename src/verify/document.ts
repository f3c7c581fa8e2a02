/**
 * What a document says. JSON-LD is expanded once, and both the facts that are authorised and the normal form that is
 * stored and handed on are read from that one expansion: a context that renames `actor` renames it for everybody.
 *
 * The normal form: plain JSON under ActivityStreams names.
 * - Properties of ActivityStreams, security and LDP have their short names (`actor`, `publicKey`, `inbox`); any other
 *   property keeps its absolute IRI. `id` and `type` likewise: `Follow`, or an absolute IRI.
 * - A reference is a string, an embedded object an object; one value stands alone, several in an array.
 * - Public is always `https://www.w3.org/ns/activitystreams#Public`.
 * - A text in languages is `contentMap: {language: text}`, and `content` is the text without a language, else the first.
 * - Nulls, and terms that no context defines, are gone.
 */
import jsonld from 'jsonld';
import { type Facts, type InnerFacts, type NormalActivity, PUBLIC } from '../activity.ts';
import { contextOf } from './contexts/index.ts';

const AS = 'https://www.w3.org/ns/activitystreams#';
const SHORT_NAMESPACES = [AS, 'https://w3id.org/security#', 'http://www.w3.org/ns/ldp#'] as const;
const AS_CONTEXT = 'https://www.w3.org/ns/activitystreams';

const loader = async (url: string) => ({ contextUrl: undefined, documentUrl: url, document: contextOf(url), tag: 'static' });

/** A node of an expansion: property IRI to a list of values. */
type Node = Readonly<Record<string, unknown>>;

export type Understood = { readonly facts: Omit<Facts, 'id'> & { readonly id: string | null }; readonly normal: NormalActivity };

/** The facts and the normal form of a document, or why it is no activity. */
export async function understand(document: Readonly<Record<string, unknown>>): Promise<Understood | { readonly problem: string }> {
  let nodes: unknown[];
  try {
    // A document without a context is read as ActivityStreams. AS2 Core 2.1
    const expandContext = '@context' in document ? {} : { expandContext: AS_CONTEXT };
    nodes = (await (jsonld.expand(document as never, { documentLoader: loader, ...expandContext } as never) as unknown)) as unknown[];
  } catch {
    return { problem: 'the JSON-LD cannot be read' };
  }
  const [node] = nodes as Node[];
  if (node === undefined || nodes.length !== 1) return { problem: 'the document is not one object' };
  if ('@graph' in node || '@included' in node || '@reverse' in node) return { problem: 'the document is a graph' };
  const normal = plainNode(node);
  const facts = factsOf(normal);
  return 'problem' in facts ? facts : { facts, normal };
}

function factsOf(normal: NormalActivity): Understood['facts'] | { readonly problem: string } {
  const type = typeOf(normal.type);
  if (type === null) return { problem: 'the activity has no type' };
  const actors = idsOf(normal.actor);
  const [actor] = actors;
  if (actor === undefined) return { problem: 'the activity has no actor' };
  if (new Set(actors).size !== 1) return { problem: 'the activity has several actors' };
  const [object] = listOf(normal.object);
  return {
    id: typeof normal.id === 'string' ? normal.id : null,
    type,
    actor,
    objects: idsOf(normal.object),
    inner: innerOf(object),
    target: idsOf(normal.target)[0] ?? null,
    addressees: [...new Set(['to', 'cc', 'bto', 'bcc', 'audience'].flatMap((name) => idsOf(normal[name])))],
  };
}

/** Activity types of ActivityStreams that have a meaning here; of several types one of these wins. */
const ACTIVITY_TYPES = new Set(
  ('Accept Add Announce Block Create Delete Dislike Flag Follow Join Leave Like Move Offer Reject Remove ' +
    'TentativeAccept TentativeReject Undo Update View').split(' '),
);

function typeOf(type: unknown): string | null {
  const types = listOf(type).filter((name) => typeof name === 'string');
  return types.find((name) => ACTIVITY_TYPES.has(name)) ?? types[0] ?? null;
}

function innerOf(object: unknown): InnerFacts | null {
  if (typeof object !== 'object' || object === null) return null;
  const { type, actor, attributedTo, object: inner } = object as NormalActivity;
  return { type: typeOf(type), actor: idsOf(actor)[0] ?? idsOf(attributedTo)[0] ?? null, object: idsOf(inner)[0] ?? null };
}

function listOf(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** The ids among values: references, and embedded objects that have one. */
function idsOf(value: unknown): string[] {
  return listOf(value).flatMap((item) => {
    const id = typeof item === 'object' && item !== null ? (item as NormalActivity).id : item;
    return typeof id === 'string' ? [id] : [];
  });
}

/** A property's or a type's short name. */
function shortName(iri: string): string {
  const namespace = SHORT_NAMESPACES.find((prefix) => iri.startsWith(prefix));
  const name = namespace === undefined ? iri : iri.slice(namespace.length);
  // A name that means something to JavaScript or to JSON-LD is left absolute.
  return /^[A-Za-z]\w*$/.test(name) && name !== 'constructor' && name !== 'id' && name !== 'type' ? name : iri;
}

function plainNode(node: Node): NormalActivity {
  const plain: Record<string, unknown> = Object.create(null);
  for (const [property, value] of Object.entries(node)) {
    if (property === '@id') plain.id = spelling(String(value));
    else if (property === '@type') plain.type = alone(listOf(value).map((type) => shortName(String(type))));
    else if (!property.startsWith('@')) plainProperty(plain, shortName(property), listOf(value));
  }
  return plain;
}

function plainProperty(plain: Record<string, unknown>, name: string, values: readonly unknown[]): void {
  const isInLanguage = (value: unknown): value is { '@language': string; '@value': unknown } =>
    typeof value === 'object' && value !== null && '@language' in value;
  const inLanguages = values.filter(isInLanguage);
  const others = values.filter((value) => !isInLanguage(value));
  if (inLanguages.length > 0) {
    plain[`${name}Map`] = Object.fromEntries(inLanguages.map((value) => [value['@language'], value['@value']]));
  }
  const plainValues = others.length > 0 ? others.map(plainValue) : [inLanguages[0]?.['@value']];
  const value = alone(plainValues.filter((item) => item !== undefined && item !== null));
  if (value !== undefined) plain[name] = value;
}

function plainValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('@value' in value) return value['@value'];
  if ('@list' in value) return listOf(value['@list']).map(plainValue);
  const node = value as Node;
  return '@id' in node && Object.keys(node).length === 1 ? spelling(String(node['@id'])) : plainNode(node);
}

function alone(values: readonly unknown[]): unknown {
  return values.length === 0 ? undefined : values.length === 1 ? values[0] : values;
}

/** Public in its one spelling. ActivityPub 5.6 */
function spelling(id: string): string {
  return id === 'as:Public' || id === 'Public' ? PUBLIC : id;
}
