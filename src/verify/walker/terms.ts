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

/** What a context says about a term. Protected terms may only be repeated. */
interface Definition {
  readonly iri: string;
  readonly type: string | undefined;
  readonly container: string | undefined;
  /** May it be the first half of `prefix:name`? */
  readonly isPrefix: boolean;
  readonly isProtected: boolean;
}

export interface Term extends Definition {
  readonly kind: Kind;
  /** The name in the normal form; null for what is left out of it. */
  readonly name: string | null;
  /** The name in the normal form where the term is the name of a type. */
  readonly typeName: string;
  /** All terms of the table that mean the same property, this one too, in the order in which they are read. */
  readonly terms: readonly string[];
}

export interface Table {
  readonly terms: ReadonlyMap<string, Term>;
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

const tables = new LRUCache<string, Table | false, readonly [Table, unknown]>({
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
export const NO_TERMS: Table = { terms: new Map(), language: null, serial: 0 };

/** A term that says nothing. */
export const DROPPED: Term = {
  iri: '_:',
  type: undefined,
  container: undefined,
  isPrefix: false,
  isProtected: false,
  kind: 'values',
  name: null,
  typeName: '_:',
  terms: [],
};

let serial = 0;

function compile(outer: Table, context: unknown): Table | null {
  const draft: Draft = { terms: new Map(outer.terms), language: outer.language };
  if (!isRead(draft, context)) return null;
  const byIri = Map.groupBy([...draft.terms.keys()].sort(), (name) => draft.terms.get(name)?.iri);
  const terms = new Map<string, Term>();
  for (const [name, definition] of draft.terms)
    terms.set(name, {
      ...definition,
      kind: kindOf(definition),
      name: nameOf(definition),
      typeName: typeName(definition.iri),
      terms: byIri.get(definition.iri) as string[],
    });
  return { terms, language: draft.language, serial: ++serial };
}

interface Draft {
  readonly terms: Map<string, Definition>;
  language: string | null;
}

type Context = Readonly<Record<string, unknown>>;

/** Takes a context, or several, into the draft; false when it is not understood. */
function isRead(draft: Draft, context: unknown): boolean {
  if (Array.isArray(context))
    return (
      context.length <= CONTEXTS_MAX && context.every((part) => !Array.isArray(part) && isRead(draft, part))
    );
  if (typeof context === 'string')
    return /^https?:\/\/\S+$/.test(context) && isRead(draft, (contextOf(context) as Context)['@context']);
  return isObject(context) && isEveryKeywordRead(draft, context) && isEveryTermRead(draft, context);
}

function isObject(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keywords hold for all terms of a context, wherever they stand in it. */
function isEveryKeywordRead(draft: Draft, context: Context): boolean {
  const { '@version': version = 1.1, '@vocab': vocab = '_:', '@protected': isProtected = true } = context;
  const { '@language': language = draft.language } = context;
  // `_:` is what the context of ActivityStreams, which is always in force, makes of names that it does not define.
  if (version !== 1.1 || vocab !== '_:' || isProtected !== true) return false;
  if (language !== null && typeof language !== 'string') return false;
  draft.language = language === null ? null : language.toLowerCase();
  return true;
}

const KEYWORDS = new Set(['@version', '@vocab', '@protected', '@language']);

function isEveryTermRead(draft: Draft, context: Context): boolean {
  /** Whether a term has been read; false while it is being read, which ends circles. */
  const read = new Map<string, boolean>();
  const define: Define = (name) => {
    const known = read.get(name);
    if (known !== undefined) return known;
    read.set(name, false);
    const isDone = isTermRead(draft, context, name, define);
    read.set(name, isDone);
    return isDone;
  };
  return Object.keys(context).every((name) => KEYWORDS.has(name) || define(name));
}

type Define = (name: string) => boolean;

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

function isTermRead(draft: Draft, context: Context, name: string, define: Define): boolean {
  if (isStrangeName(name)) return false;
  const said = context[name];
  const parts = typeof said === 'string' ? { '@id': said } : said;
  if (!isObject(parts)) return false;
  // A definition that is none (Pixelfed's `capabilities`): the full path leaves it out, too.
  if (Object.keys(parts).some((part) => !part.startsWith('@'))) return true;
  const { '@id': id, '@type': type, '@container': container, ...others } = parts;
  if (Object.keys(others).length > 0 || !CONTAINERS.has(container)) return false;

  const isKeyword = (name === 'id' || name === 'type') && id === `@${name}`;
  const iri = isKeyword ? id : expanded(draft, context, id, define);
  const typeIri = TYPE_KEYWORDS.has(type)
    ? (type as string | undefined)
    : expanded(draft, context, type, define);
  if (iri === null || typeIri === null || typeIri?.startsWith('_:')) return false;

  const before = draft.terms.get(name);
  const definition = {
    iri,
    type: typeIri,
    container: container as string | undefined,
    isPrefix: typeof said === 'string' && /[:/?#[\]@]$/.test(iri),
    isProtected: context['@protected'] === true || before?.isProtected === true,
  };
  if (before?.isProtected && !isSame(before, definition)) return false;
  draft.terms.set(name, definition);
  return true;
}

function isSame(one: Definition, other: Definition): boolean {
  return (
    one.iri === other.iri &&
    one.type === other.type &&
    one.container === other.container &&
    one.isPrefix === other.isPrefix
  );
}

const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+-.]*|_):\S*$/;

/** The IRI that a definition names; terms of the same context that it is made of are defined first. */
function expanded(draft: Draft, context: Context, value: unknown, define: Define): string | null {
  if (typeof value !== 'string') return null;
  const [prefix] = value.split(':', 1) as [string];
  if (Object.hasOwn(context, prefix) && !define(prefix)) return null;
  const iri = absolute(draft.terms, value);
  return iri !== null && ABSOLUTE.test(iri) ? iri : null;
}

/** The IRI of an id, or null for a relative one. */
export function absolute(terms: ReadonlyMap<string, Definition>, value: string): string | null {
  const colon = value.indexOf(':');
  const prefix = value.slice(0, colon);
  if (colon < 1) return null;
  if (prefix === '_' || value.startsWith('//', colon + 1)) return value;
  const term = terms.get(prefix);
  if (term?.isPrefix) return term.iri + value.slice(colon + 1);
  return ABSOLUTE.test(value) ? value : null;
}

function kindOf({ iri, type, container }: Definition): Kind {
  if (iri === '@id') return 'id';
  if (iri === '@type') return 'type';
  if (type === '@json' || type === '@vocab') return 'strange';
  if (container === '@index' || container === '@id') return 'strange';
  if (container === '@list') return 'list';
  if (container === '@language') return 'languages';
  return container === '@graph' ? 'graph' : 'values';
}

/** The name of the property that a term stands for. `orderedItems` is `items` with a list. */
function nameOf({ iri, container }: Definition): string | null {
  if (iri.startsWith('_:')) return null;
  const name = shortName(iri);
  return name === 'items' && container === '@list' ? 'orderedItems' : name;
}
