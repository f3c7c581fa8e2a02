/**
 * The fast path from a document to its normal form. It gives what `plainNode(await jsonld.expand(document))` gives, in
 * a few microseconds, for documents that say only what it knows how to read; and null for all others, which jsonld
 * reads. `test/verify/walker.test.ts` holds the two against each other.
 *
 * What is read here: plain names of the contexts that `walker/terms.ts` compiles, absolute ids, texts in languages,
 * lists, objects in objects, also with contexts of their own. What is not: names with a colon or an `@` (compact IRIs,
 * keywords, expanded form), relative ids, lists in lists, and whatever is no valid JSON-LD.
 */
import type { NormalActivity } from '../activity.ts';
import { alone, type InLanguage, listOf, setProperty, spelling, typeName } from './normal-form.ts';
import { absolute, NO_TERMS, type Table, type Term, tableOf } from './walker/terms.ts';

const AS_CONTEXT = 'https://www.w3.org/ns/activitystreams';
const AS_TERMS = tableOf(NO_TERMS, AS_CONTEXT) as Table;

/** The normal form of a document that is understood without jsonld, else null. The document has been scanned. */
export function plainNormal(document: NormalActivity): NormalActivity | null {
  const isNamed = listOf(document['@context']).includes(AS_CONTEXT);
  const node = nodeOf(document, isNamed ? NO_TERMS : AS_TERMS);
  return typeof node === 'object' ? node : null;
}

/**
 * A node as `plainValue` has it: an object, or its id when it says nothing else, or undefined when it says nothing at
 * all. Null when it is not understood.
 */
function nodeOf(element: NormalActivity, outer: Table): NormalActivity | string | undefined | null {
  const context = element['@context'];
  const table = context === undefined ? outer : tableOf(outer, context);
  if (table === null) return null;
  const plain: Record<string, unknown> = Object.create(null);
  let isReference = true;
  for (const key of Object.keys(element).sort()) {
    if (key === '@context') continue;
    const value = element[key];
    const term = table.terms.get(key);
    if (term?.kind === 'type') {
      const types = typesOf(value, table);
      if (types === null) return null;
      plain.type = types;
      isReference = false;
    } else if (value === null) {
      if (term === undefined ? !UNDEFINED.test(key) : term.kind === 'strange') return null;
    } else if (term?.kind === 'id') {
      const id = typeof value === 'string' ? idOf(value, table) : null;
      if (id === null) return null;
      plain.id = id;
    } else {
      const said: Said = { values: [], inLanguages: [] };
      const isRead =
        term === undefined
          ? UNDEFINED.test(key) && isValueRead(value, undefined, table, null, said)
          : isPropertyRead(plain, element, term, table, said);
      if (!isRead) return null;
      isReference = false;
    }
  }
  return isReference ? (plain.id as string | undefined) : plain;
}

/**
 * Names that no context defines, and that are neither compact IRIs nor keywords nor the one trap. What they say is in no
 * normal form, but has to be well-formed.
 */
const UNDEFINED = /^(?!__proto__$)[^@:\s][^:\s]*$/;

/** An id; a relative one only if it is one name (`Public`), which jsonld leaves as it is. */
function idOf(value: string, table: Table): string | null {
  const id = absolute(table.terms, value);
  if (id !== null) return spelling(id);
  return /^[^/?#:@.][^/?#:]*$/.test(value) ? spelling(value) : null;
}

/** The names of types, one alone or several; null when they are not understood. */
function typesOf(value: unknown, table: Table): unknown {
  const names: string[] = [];
  for (const type of listOf(value)) {
    if (typeof type !== 'string' || type.startsWith('@')) return null;
    names.push(table.terms.get(type)?.typeName ?? typeName(absolute(table.terms, type) ?? `_:${type}`));
  }
  return alone(names) ?? null;
}

/** What is said by the terms of one property. */
interface Said {
  readonly values: unknown[];
  readonly inLanguages: InLanguage[];
}

/**
 * Reads a property into `plain`, with all the terms that stand for it: `content` and `contentMap` are one. It is done
 * for each of them, to the same end; the first decides where in `plain` it stands.
 */
function isPropertyRead(
  plain: Record<string, unknown>,
  element: NormalActivity,
  property: Term,
  table: Table,
  said: Said,
): boolean {
  let { name } = property;
  for (const other of table.synonyms.get(property.iri) as readonly string[]) {
    const value = element[other];
    if (value === undefined || value === null) continue;
    const term = table.terms.get(other) as Term;
    if (!isTermRead(value, term, table, said)) return false;
    if (term.kind === 'list') name = term.name;
  }
  if (name !== null) setProperty(plain, name, said.values, said.inLanguages);
  return true;
}

function isTermRead(value: unknown, { kind, type }: Term, table: Table, said: Said): boolean {
  if (kind === 'values')
    return isValueRead(value, type, table, type === undefined ? table.language : null, said);
  if (kind === 'languages') return isObject(value) && isLanguageMapRead(value, said);
  if (kind === 'list') {
    const items = listOf(value);
    const list = { ...said, values: [] };
    said.values.push(list.values);
    return !items.some(Array.isArray) && isValueRead(items, type, table, null, list);
  }
  if (kind === 'graph') {
    const node = isObject(value) ? nodeOf(value, table) : null;
    return node !== null && typeof node === 'object';
  }
  return false;
}

/** Reads a value, or each of an array, of this type; texts are in this language. */
function isValueRead(
  value: unknown,
  type: string | undefined,
  table: Table,
  language: string | null,
  said: Said,
): boolean {
  if (Array.isArray(value)) {
    for (const item of value) if (!isValueRead(item, type, table, language, said)) return false;
  } else if (isObject(value)) {
    const node = nodeOf(value, table);
    if (node === null) return false;
    if (node !== undefined) said.values.push(node);
  } else if (typeof value !== 'string') {
    if (value !== null) said.values.push(value);
  } else if (type === '@id') {
    const id = idOf(value, table);
    if (id === null) return false;
    said.values.push(id);
  } else if (language === null) said.values.push(value);
  else said.inLanguages.push([language, value]);
  return true;
}

function isLanguageMapRead(map: NormalActivity, said: Said): boolean {
  for (const language of Object.keys(map).sort()) {
    if (language.startsWith('@') || language === '__proto__') return false;
    for (const text of listOf(map[language])) {
      if (typeof text !== 'string') return false;
      said.inLanguages.push([language.toLowerCase(), text]);
    }
  }
  return true;
}

function isObject(value: unknown): value is NormalActivity {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
