/**
 * The normal form of an expanded document: plain JSON under ActivityStreams names.
 *
 * - Properties of ActivityStreams and the few of security and LDP that actors have carry their short names (`actor`,
 *   `publicKey`, `inbox`); any other property keeps its absolute IRI. `id` and `type` likewise: `Follow`, or an
 *   absolute IRI.
 * - A reference is a string, an embedded object an object; one value stands alone, several in an array.
 * - Public is always `https://www.w3.org/ns/activitystreams#Public`.
 * - A text in languages is `contentMap: {language: text}`, and `content` is the text without a language, else the first.
 * - A type that no context defines keeps the name that was sent.
 * - Nulls, properties that no context defines, JSON literals and graphs (the `proof` of FEP-8b32) are gone.
 */
import { type NormalActivity, PUBLIC } from '../activity.ts';
import { ACTIVITYSTREAMS_TERMS } from './contexts/index.ts';

/** A node of an expansion: property IRI to a list of values. */
export type Node = Readonly<Record<string, unknown>>;

const AS = 'https://www.w3.org/ns/activitystreams#';

/** What has a short name and is not ActivityStreams. No name stands for two IRIs, or one would hide the other. */
const SHORT_NAMES = new Map([
  ['http://litepub.social/ns#EmojiReact', 'EmojiReact'],
  ['http://www.w3.org/ns/ldp#inbox', 'inbox'],
  ['https://w3id.org/security#Key', 'Key'],
  ['https://w3id.org/security#controller', 'controller'],
  ['https://w3id.org/security#owner', 'owner'],
  ['https://w3id.org/security#publicKey', 'publicKey'],
  ['https://w3id.org/security#publicKeyPem', 'publicKeyPem'],
]);
const TAKEN_NAMES = new Set([
  'id',
  'type',
  ...SHORT_NAMES.values(),
  ...Object.getOwnPropertyNames(Object.prototype),
]);

/**
 * A type's name. The ActivityStreams context makes a blank node of a type that no context defines: such a type is
 * accepted under the name that was sent, unless that would be the name of a type that means something.
 */
export function typeName(iri: string): string {
  const unknown = iri.startsWith('_:') ? iri.slice(2) : '';
  return unknown === '' || ACTIVITYSTREAMS_TERMS.has(unknown) ? shortName(iri) : unknown;
}

/** A property's or a type's short name. */
export function shortName(iri: string): string {
  if (!iri.startsWith(AS)) return SHORT_NAMES.get(iri) ?? iri;
  const name = iri.slice(AS.length);
  // A name that means something else to JavaScript or to this form is left absolute.
  return /^[A-Za-z]\w*$/.test(name) && !name.endsWith('Map') && !TAKEN_NAMES.has(name) ? name : iri;
}

/** A property's name. `orderedItems` is the same property as `items`, with a list. */
function nameOf(property: string, values: readonly unknown[]): string {
  const name = shortName(property);
  return name === 'items' && values.some((value) => isKeyed(value, '@list')) ? 'orderedItems' : name;
}

function isKeyed(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && key in value;
}

/** The normal form of a node. */
export function plainNode(node: Node): NormalActivity {
  const plain: Record<string, unknown> = Object.create(null);
  for (const property in node) {
    const value = node[property];
    if (property === '@id') {
      if (typeof value === 'string') plain.id = spelling(value);
    } else if (property === '@type') plain.type = alone(listOf(value).map((type) => typeName(String(type))));
    else if (!/^(@|_:)/.test(property)) plainProperty(plain, nameOf(property, listOf(value)), listOf(value));
  }
  return plain;
}

function plainProperty(plain: Record<string, unknown>, name: string, values: readonly unknown[]): void {
  const plainValues: unknown[] = [];
  const inLanguages: InLanguage[] = [];
  for (const value of values) {
    if (isInLanguage(value)) inLanguages.push([value['@language'], value['@value']]);
    else {
      const item = plainValue(value);
      if (item !== undefined && item !== null) plainValues.push(item);
    }
  }
  setProperty(plain, name, plainValues, inLanguages);
}

export type InLanguage = readonly [language: string, text: unknown];

/** Gives `plain` a property: what was said without a language, and what was said in languages. */
export function setProperty(
  plain: Record<string, unknown>,
  name: string,
  plainValues: unknown[],
  inLanguages: readonly InLanguage[],
): void {
  if (inLanguages.length > 0) {
    plain[`${name}Map`] = Object.fromEntries(inLanguages);
    if (plainValues.length === 0) plainValues.push(inLanguages[0]?.[1]);
  }
  const value = alone(plainValues);
  if (value !== undefined) plain[name] = value;
}

function isInLanguage(value: unknown): value is { '@language': string; '@value': unknown } {
  return isKeyed(value, '@language');
}

function plainValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('@value' in value) return typeof value['@value'] === 'object' ? undefined : value['@value'];
  if ('@list' in value)
    return listOf(value['@list'])
      .map(plainValue)
      .filter((item) => item != null);
  if ('@graph' in value) return undefined;
  const node = value as Node;
  for (const property in node) if (property !== '@id') return plainNode(node);
  return typeof node['@id'] === 'string' ? spelling(node['@id']) : undefined;
}

/** One value, or all of several, or undefined. */
export function alone(values: readonly unknown[]): unknown {
  return values.length === 0 ? undefined : values.length === 1 ? values[0] : values;
}

/** The values of a property, however many. */
export function listOf(value: unknown): unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}

/** An id in its one spelling: Public has three. ActivityPub 5.6 */
export function spelling(id: string): string {
  return id === 'as:Public' || id === 'Public' ? PUBLIC : id;
}
