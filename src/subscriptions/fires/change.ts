/**
 * What a change of a FIRES dataset says. Written as the protocol's pages and its first server have it, which differ: names
 * in camel case or with underscores, kinds and types in any case.
 */
import { domainOf } from '../../activity.ts';
import { listedDomain } from '../../lists/index.ts';
import type { EntityKind } from '../../store/subscription-entries.ts';

type Json = Readonly<Record<string, unknown>>;

/** An entity, by its kind and key. */
export interface Entity {
  readonly kind: EntityKind;
  readonly key: string;
}

export interface Change {
  /** The UUID at the end of its id. */
  readonly id: string;
  readonly type: 'advisory' | 'recommendation' | 'retraction' | 'tombstone';
  /** Null where it is not said; then the id tells, where it is known. */
  readonly entity: Entity | null;
  readonly labels: readonly string[];
  readonly policy: string | null;
  readonly filters: readonly string[];
}

const TYPES = ['advisory', 'recommendation', 'retraction', 'tombstone'] as const;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const IRI_CHARACTERS_MAX = 2_048;
const LABELS_MAX = 50;

/** The change itself; null for what is none, or about something that is neither a domain nor an actor. */
export function changeOf(item: unknown): Change | null {
  if (typeof item !== 'object' || item === null) return null;
  const given = item as Json;
  const id = changeIdOf(given.id ?? given['@id']);
  const type = TYPES.find((known) => known === folded(given.type ?? given['@type']));
  if (id === null || type === undefined) return null;
  const kind = given.entityKind ?? given.entity_kind;
  const key = given.entityKey ?? given.entity_key;
  const entity = kind === undefined && key === undefined ? null : entityOf(kind, key);
  if (entity === null && (kind !== undefined || key !== undefined)) return null;
  if (entity === null && (type === 'advisory' || type === 'recommendation')) return null;
  const policy = given.recommendedPolicy ?? given.recommended_policy;
  return {
    ...{ id, type, entity },
    labels: irisOf(given.labels),
    policy: typeof policy === 'string' ? folded(policy) : null,
    filters: irisOf(given.recommendedFilters ?? given.recommended_filters).map(folded),
  };
}

/** The UUID of a change: the last segment of its id. */
export function changeIdOf(id: unknown): string | null {
  if (typeof id !== 'string' || id.length > IRI_CHARACTERS_MAX) return null;
  const last = id
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .split('/')
    .at(-1) as string;
  return UUID.exec(last)?.[0] === last ? last.toLowerCase() : null;
}

/** A name without the vocabulary that it comes from, in lower case: `fires:Label`, `https://…#Reject`. */
const folded = (name: unknown): string =>
  typeof name === 'string' ? (name.split(/[:/#]/).at(-1) as string).trim().toLowerCase() : '';

function entityOf(kind: unknown, key: unknown): Entity | null {
  if (typeof key !== 'string') return null;
  if (folded(kind) === 'domain') {
    const found = listedDomain(key);
    return 'domain' in found ? { kind: 'domain', key: found.domain } : null;
  }
  if (folded(kind) !== 'actor' || !isClean(key) || domainOf(key) === null) return null;
  return { kind: 'actor', key: new URL(key).href };
}

/** IRIs, or objects that have one. */
function irisOf(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : value == null ? [] : [value];
  const iris = list.map((one) => (typeof one === 'object' && one !== null ? (one as Json).id : one));
  const texts = iris.filter((iri): iri is string => typeof iri === 'string' && iri !== '' && isClean(iri));
  return [...new Set(texts)].slice(0, LABELS_MAX);
}

/** What the database can hold, and somebody can mean. */
const isClean = (text: string): boolean =>
  text.length <= IRI_CHARACTERS_MAX && text.isWellFormed() && !text.includes('\0');
