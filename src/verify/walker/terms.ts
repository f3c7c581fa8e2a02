/**
 * What the names in a document mean, for the walker: the `@context` of a document, compiled into a table once and
 * kept. A context is read exactly as JSON-LD 1.1 reads it, or not at all: whatever is not known here word for word
 * (keywords under other names, contexts within terms, names that look like IRIs …) has no table, and the document
 * goes to jsonld.
 */
import { LRUCache } from 'lru-cache';
import { contextOf } from '../contexts/index.ts';
import { shortName, typeName } from '../normal-form.ts';

/**
 * How the value of a term is read. `strange`: not here. `graph`: what it says is in no normal form, but has to be
 * well-formed.
 */
export type Kind = 'id' | 'type' | 'values' | 'list' | 'languages' | 'graph' | 'strange';

/** What a context says about a term. */
export interface Term {
  readonly iri: string;
  readonly type: string | undefined;
  readonly container: string | undefined;
  /** May it be the first half of `prefix:name`? */
  readonly isPrefix: boolean;
  /** May only be repeated. */
  readonly isProtected: boolean;
  readonly kind: Kind;
  /** The name of the property in the normal form; null for one that is left out of it. */
  readonly name: string | null;
  /** The name in the normal form where the term is the name of a type. */
  readonly typeName: string;
}

type Terms = ReadonlyMap<string, Term>;

export interface Table {
  readonly terms: Terms;
  /** By IRI, the terms that mean the same property, in the order in which they are read. */
  readonly synonyms: ReadonlyMap<string, readonly string[]>;
  /** The language of texts that name none. */
  readonly language: string | null;
  /** Names this table in the keys of the cache. */
  readonly serial: number;
}

/** Bytes of a context, or a thousand strangers could fill the memory; the longest of 385 real ones has 2 094. */
const CONTEXT_LENGTH_MAX = 8_192;
/** jsonld has a bound of its own on URLs, which depends on what it read before. */
const CONTEXTS_MAX = 8;
const TABLES_MAX = 500;

/** Exported for the mutation tests, which must not find what other mutants compiled. */
export const tables = new LRUCache<string, Table | false, readonly [Table, unknown]>({
  max: TABLES_MAX,
  memoMethod: (_key, _stale, { context: [outer, context] }) => compile(outer, context) ?? false,
});

/** The table of a context that stands where `outer` is in force, or null. */
export function tableOf(outer: Table, context: unknown): Table | null {
  const text = JSON.stringify(context);
  if (text.length > CONTEXT_LENGTH_MAX) return null;
  return tables.memo(`${outer.serial} ${text}`, { context: [outer, context] }) || null;
}

/** Where no context is in force. */
export const NO_TERMS: Table = { terms: new Map(), synonyms: new Map(), language: null, serial: 0 };

let serial = 0;

/** Reads a context, or one after the other: those that many documents begin with are read once. */
function compile(outer: Table, context: unknown): Table | null {
  if (Array.isArray(context)) {
    let table: Table | null = context.length > CONTEXTS_MAX ? null : outer;
    for (const part of context) table = table === null || Array.isArray(part) ? null : tableOf(table, part);
    return table;
  }
  if (typeof context === 'string')
    return /^https?:\/\/\S+$/.test(context)
      ? tableOf(outer, (contextOf(context) as Context)['@context'])
      : null;
  if (!isObject(context)) return null;
  const language = languageOf(context, outer.language);
  if (language === undefined) return null;
  const terms = termsOf(context, outer.terms);
  if (terms === null) return null;
  return { terms, synonyms: synonymsOf(terms), language, serial: ++serial };
}

type Context = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The language that a context leaves in force; undefined when one of its keywords is not understood. */
function languageOf(context: Context, before: string | null): string | null | undefined {
  const { '@version': version = 1.1, '@vocab': vocab = '_:', '@protected': isProtected = true } = context;
  // `_:` is what the context of ActivityStreams, which is always in force, makes of names that it does not define.
  if (version !== 1.1 || vocab !== '_:' || isProtected !== true) return undefined;
  const { '@language': language = before } = context;
  if (language === null) return null;
  return typeof language === 'string' ? language.toLowerCase() : undefined;
}

const KEYWORDS = new Set(['@version', '@vocab', '@protected', '@language']);

/** The terms that a context leaves in force; null when one of its definitions is not understood. */
function termsOf(context: Context, before: Terms): Terms | null {
  const draft: Draft = { context, terms: new Map(before), read: new Map() };
  for (const name in context) if (!KEYWORDS.has(name) && !isDefined(draft, name)) return null;
  return draft.terms;
}

interface Draft {
  readonly context: Context;
  readonly terms: Map<string, Term>;
  /** Whether a term has been read; false while it is being read, which ends circles. */
  readonly read: Map<string, boolean>;
}

/** Defines a term, once, and what it is made of before it. */
function isDefined(draft: Draft, name: string): boolean {
  const known = draft.read.get(name);
  if (known !== undefined) return known;
  draft.read.set(name, false);
  const isDone = isTermRead(draft, name);
  draft.read.set(name, isDone);
  return isDone;
}

/** What could be an IRI or a keyword, or is a member of every JavaScript object, has rules of its own. */
function isStrangeName(name: string): boolean {
  return name === '' || /^@|[:/]/.test(name) || name in Object.prototype;
}

const CONTAINERS: ReadonlySet<unknown> = new Set([
  undefined,
  '@set',
  '@list',
  '@language',
  '@graph',
  '@index',
  '@id',
]);
const TYPE_KEYWORDS: ReadonlySet<unknown> = new Set(['@id', '@json', '@vocab', undefined]);

function isTermRead(draft: Draft, name: string): boolean {
  if (isStrangeName(name)) return false;
  const { context, terms } = draft;
  const said = context[name];
  const parts = typeof said === 'string' ? { '@id': said } : said;
  if (!isObject(parts)) return false;
  // A definition that is none (Pixelfed's `capabilities`): the full path leaves it out, too.
  if (Object.keys(parts).some((part) => !part.startsWith('@'))) return true;
  const { '@id': id, '@type': type, '@container': container, ...others } = parts;
  if (Object.keys(others).length > 0 || !CONTAINERS.has(container)) return false;

  const isKeyword = (name === 'id' || name === 'type') && id === `@${name}`;
  const iri = isKeyword ? id : expanded(draft, id);
  const typeIri = TYPE_KEYWORDS.has(type) ? (type as string | undefined) : expanded(draft, type);
  if (iri === null || typeIri === null || typeIri?.startsWith('_:')) return false;

  const before = terms.get(name);
  const term = termOf(
    iri,
    typeIri,
    container as string | undefined,
    typeof said === 'string' && /[:/?#[\]@]$/.test(iri),
    context['@protected'] === true || before?.isProtected === true,
  );
  if (before?.isProtected && !isSame(before, term)) return false;
  terms.set(name, term);
  return true;
}

function isSame(one: Term, other: Term): boolean {
  return (
    one.iri === other.iri &&
    one.type === other.type &&
    one.container === other.container &&
    one.isPrefix === other.isPrefix
  );
}

const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+-.]*|_):\S*$/;

/** The IRI that a definition names; terms of the same context that it is made of are defined first. */
function expanded(draft: Draft, value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const [prefix] = value.split(':', 1) as [string];
  if (Object.hasOwn(draft.context, prefix) && !isDefined(draft, prefix)) return null;
  const iri = absolute(draft.terms, value);
  return ABSOLUTE.test(String(iri)) ? iri : null;
}

/** The IRI of an id, or null for a relative one. */
export function absolute(terms: Terms, value: string): string | null {
  const colon = value.indexOf(':');
  const prefix = value.slice(0, colon);
  if (colon < 1) return null;
  if (prefix === '_' || value.startsWith('//', colon + 1)) return value;
  const term = terms.get(prefix);
  if (term?.isPrefix) return term.iri + value.slice(colon + 1);
  return ABSOLUTE.test(value) ? value : null;
}

function termOf(
  iri: string,
  type: string | undefined,
  container: string | undefined,
  isPrefix: boolean,
  isProtected: boolean,
): Term {
  const name = nameOf(iri, container);
  return {
    iri,
    type,
    container,
    isPrefix,
    isProtected,
    kind: kindOf(iri, type, container),
    name,
    typeName: typeName(iri),
  };
}

function kindOf(iri: string, type: string | undefined, container: string | undefined): Kind {
  if (iri === '@id') return 'id';
  if (iri === '@type') return 'type';
  if (type === '@json' || type === '@vocab') return 'strange';
  if (container === '@index' || container === '@id') return 'strange';
  if (container === '@list') return 'list';
  if (container === '@language') return 'languages';
  return container === '@graph' ? 'graph' : 'values';
}

/** The name of the property. `orderedItems` is `items` with a list. */
function nameOf(iri: string, container: string | undefined): string | null {
  if (iri.startsWith('_:')) return null;
  const name = shortName(iri);
  return name === 'items' && container === '@list' ? 'orderedItems' : name;
}

function synonymsOf(terms: Terms): Table['synonyms'] {
  const synonyms = Map.groupBy(terms.keys(), (name) => (terms.get(name) as Term).iri);
  for (const names of synonyms.values()) names.sort();
  return synonyms;
}
