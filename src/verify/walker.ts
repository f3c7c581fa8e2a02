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
import { absolute, NO_TERMS, type Table, type Term, tableOf, undefinedTerm } from './walker/terms.ts';

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
    const term = table.terms.get(key) ?? (UNDEFINED.test(key) ? undefinedTerm(key) : null);
    if (term === null) return null;
    const value = element[key];
    if (term.kind === 'type') {
      const types = typesOf(value, table);
      if (types === null) return null;
      plain.type = types;
      isReference = false;
    } else if (value === null) {
      if (term.kind === 'strange') return null;
    } else if (term.kind === 'id') {
      const id = typeof value === 'string' ? idOf(value, table) : null;
      if (id === null) return null;
      plain.id = id;
    } else {
      if (!isPropertyRead(plain, element, key, term, table)) return null;
      isReference = false;
    }
  }
  return isReference ? (plain.id as string | undefined) : plain;
}

/** Names that mean nothing when no context defines them: not compact IRIs, not keywords, nor the one trap. */
const UNDEFINED = /^(?!__proto__$)[^@:\s][^:\s]*$/;

/** An id; a relative one only if it is one name (`Public`), which jsonld leaves as it is. */
function idOf(value: string, table: Table): string | null {
  const id = absolute(table.terms, value) ?? (/^[^/?#:@.][^/?#:]*$/.test(value) ? value : null);
  return id === null ? null : spelling(id);
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
 * Reads a property into `plain`, with all the terms that stand for it: `content` and `contentMap` are one. The first of
 * those that say something is read with the others.
 */
function isPropertyRead(
  plain: Record<string, unknown>,
  element: NormalActivity,
  key: string,
  first: Term,
  table: Table,
): boolean {
  const said: Said = { values: [], inLanguages: [] };
  let { name } = first;
  for (const other of table.synonyms.get(first.iri) ?? [key]) {
    const value = element[other];
    if (value === undefined || value === null) continue;
    if (other < key) return true;
    const term = other === key ? first : (table.terms.get(other) as Term);
    if (!isTermRead(value, term, table, said)) return false;
    if (term.kind === 'list') name = term.name;
  }
  if (name !== null) setProperty(plain, name, said.values, said.inLanguages);
  return true;
}

function isTermRead(value: unknown, term: Term, table: Table, said: Said): boolean {
  switch (term.kind) {
    case 'values':
      return isValueRead(value, term, table, term.type === undefined ? table.language : null, said);
    case 'list': {
      const items = listOf(value);
      const list: Said = { values: [], inLanguages: [] };
      said.values.push(list.values);
      return !items.some(Array.isArray) && isValueRead(items, term, table, null, list);
    }
    case 'languages':
      return isObject(value) && isLanguageMapRead(value, said);
    case 'graph': {
      const node = isObject(value) ? nodeOf(value, table) : null;
      return node !== null && typeof node === 'object';
    }
    default:
      return false;
  }
}

/** Reads a value, or each of an array; texts are in this language. */
function isValueRead(value: unknown, term: Term, table: Table, language: string | null, said: Said): boolean {
  if (Array.isArray(value)) {
    for (const item of value) if (!isValueRead(item, term, table, language, said)) return false;
  } else if (isObject(value)) {
    const node = nodeOf(value, table);
    if (node === null) return false;
    if (node !== undefined) said.values.push(node);
  } else if (typeof value !== 'string') {
    if (value !== null) said.values.push(value);
  } else if (term.type === '@id') {
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
