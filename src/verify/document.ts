/**
 * What a document says. JSON-LD is expanded once, and both the facts that are authorised and the normal form
 * (`normal-form.ts`) that is stored and handed on are read from that one expansion: a context that renames `actor`
 * renames it for everybody. And a document that a reader of plain JSON would understand otherwise is refused.
 */
import jsonld from 'jsonld';
import { type Facts, type InnerFacts, type NormalActivity, SAID_CHARACTERS_MAX } from '../activity.ts';
import { contextOf } from './contexts/index.ts';
import { listOf, type Node, plainNode, spelling } from './normal-form.ts';
import { plainNormal } from './walker.ts';

const AS_CONTEXT = 'https://www.w3.org/ns/activitystreams';

/** `static` lets jsonld keep what it made of a context for all documents. */
const documentLoader = async (url: string) => ({
  contextUrl: undefined,
  documentUrl: url,
  document: contextOf(url),
  tag: 'static',
});

export type Understood = {
  readonly facts: Omit<Facts, 'id'> & { readonly id: string | null };
  readonly normal: NormalActivity;
  /** `plainNormal` says the same of the document, at any time. */
  readonly isPlain: boolean;
};

type Problem = { readonly problem: string };

/** The facts and the normal form of a document, or why it is no activity. Never throws. */
export async function understand(document: NormalActivity): Promise<Understood | Problem> {
  const normal = plainNormal(document);
  return normal === null ? understandFully(document) : understoodAs(document, normal, true);
}

/**
 * What stands alone in a graph that is all there is of a document: the same activity, for JSON-LD. A graph beside
 * anything else, or with several in it, stays one, and is refused.
 */
function outOfGraph(document: NormalActivity): NormalActivity {
  const { '@context': context, '@graph': graph, ...beside } = document;
  const [node] = Array.isArray(graph) && graph.length === 1 ? (graph as unknown[]) : [];
  if (!isObject(node) || '@context' in node || '@graph' in node) return document;
  return Object.keys(beside).length === 0 ? { '@context': context, ...node } : document;
}

/** The same by way of jsonld alone. */
export async function understandFully(given: NormalActivity): Promise<Understood | Problem> {
  const document = outOfGraph(given);
  const node = await expand(document);
  return isProblem(node) ? node : understoodAs(document, plainNode(node), false);
}

function understoodAs(
  document: NormalActivity,
  normal: NormalActivity,
  isPlain: boolean,
): Understood | Problem {
  const facts = factsOf(normal);
  if (isProblem(facts)) return facts;
  const readsAlike = isReadAlike(document, normal) && isReadAlike(firstObject(document), firstObject(normal));
  return readsAlike ? { facts, normal, isPlain } : { problem: 'JSON and JSON-LD say different things' };
}

function isProblem(value: object): value is Problem {
  return Object.hasOwn(value, 'problem');
}

/** The one node that a document is. */
export async function expand(document: NormalActivity): Promise<Node | Problem> {
  // What does not name the ActivityStreams context is read as if it did. AS2 Core 2.1
  const contexts = listOf(document['@context']);
  const options = contexts.includes(AS_CONTEXT)
    ? { documentLoader }
    : { documentLoader, expandContext: AS_CONTEXT };
  // In an array, so that a document that is only a @graph is not taken for what stands in the graph.
  const nodesOf = async (input: unknown): Promise<unknown> =>
    jsonld.expand([input] as never, options as never);
  let nodes: readonly Node[];
  try {
    nodes = (await nodesOf(document).catch(() => nodesOf(withoutSlips(document)))) as Node[];
  } catch {
    return { problem: 'the JSON-LD cannot be read' };
  }
  const [node] = nodes;
  if (node === undefined || nodes.length !== 1) return { problem: 'the document is not one object' };
  if ('@graph' in node || '@included' in node || '@reverse' in node)
    return { problem: 'the document is a graph' };
  return node;
}

/**
 * The document without two slips that some servers make in all that they send and JSON-LD does not forgive: an id
 * that is null, and a term whose definition is none (Pixelfed's `capabilities`). Neither says anything.
 */
function withoutSlips(value: unknown, isContext = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSlips(item, isContext));
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key, item]) => {
    if (!isContext) return item !== null || (key !== 'id' && key !== '@id');
    return !isObject(item) || Object.keys(item).every((name) => name.startsWith('@'));
  });
  return Object.fromEntries(
    kept.map(([key, item]) => [key, isContext ? item : withoutSlips(item, key === '@context')]),
  );
}

/** Bytes of an id: PostgreSQL cannot index more than 2 704, and one that it cannot spoils a commit for many. */
const ID_BYTES_MAX = 2_048;
/** Bytes of the three ids that may stand in one key together, as in that of a collection's member. */
const THREE_IDS_BYTES_MAX = 2_600;
/** What an id that is made of the actor's has besides it. */
const MADE_ID_BYTES = 80;

function factsOf(normal: NormalActivity): Understood['facts'] | Problem {
  const type = typeOf(normal.type);
  if (type === null) return { problem: 'the activity has no type' };
  const actors = idsOf(normal.actor);
  const [actor] = actors;
  if (actor === undefined) return { problem: 'the activity has no actor' };
  if (actors.some((other) => other !== actor)) return { problem: 'the activity has several actors' };
  const addressees = new Set<string>();
  for (const name of ADDRESSING) for (const addressee of idsOf(normal[name])) addressees.add(addressee);
  const facts = {
    id: typeof normal.id === 'string' ? normal.id : null,
    type,
    actor,
    objects: idsOf(normal.object),
    inner: innerOf(firstObject(normal)),
    target: idsOf(normal.target)[0] ?? null,
    addressees: [...addressees],
    ...(type === 'Flag' && typeof normal.content === 'string' ? { said: cut(normal.content) } : {}),
  };
  const { id, inner, target } = facts;
  const isAnyTooLong =
    [id, type, actor, target, inner?.type, inner?.actor, inner?.object].some(isTooLong) ||
    [inner?.inReplyTo, ...(inner?.owners ?? [])].some(isTooLong) ||
    facts.objects.some(isTooLong) ||
    facts.addressees.some(isTooLong);
  if (isAnyTooLong) return { problem: 'an id is too long' };
  return areTooLongTogether(facts) ? { problem: 'the ids are too long' } : facts;
}

/** As much of a text as is kept, and no half of a character at its end. */
function cut(text: string): string {
  const kept = text.slice(0, SAID_CHARACTERS_MAX);
  return kept.isWellFormed() ? kept : kept.slice(0, -1);
}

/** Is there a key that an index would not take: of collection, item and activity, or of an actor and what it deletes? */
function areTooLongTogether({ id, actor, objects: [object], inner }: Understood['facts']): boolean {
  const actorBytes = Buffer.byteLength(actor);
  const ids = [id, object, inner?.object, inner?.inReplyTo].map((one) => Buffer.byteLength(one ?? ''));
  const bytes = [actorBytes, actorBytes, ...(id === null ? [actorBytes + MADE_ID_BYTES] : []), ...ids];
  const [first = 0, second = 0, third = 0] = bytes.sort((a, b) => b - a);
  return first + second + third > THREE_IDS_BYTES_MAX;
}

function isTooLong(id: string | null | undefined): boolean {
  return id != null && id.length * 3 > ID_BYTES_MAX && Buffer.byteLength(id) > ID_BYTES_MAX;
}

const ADDRESSING = ['to', 'cc', 'bto', 'bcc', 'audience'] as const;

/** Activity types of ActivityStreams that have a meaning here; of several types one of these wins. */
const ACTIVITY_TYPES = new Set(
  (
    'Accept Add Announce Block Create Delete Dislike Flag Follow Join Leave Like Move Offer Reject Remove ' +
    'TentativeAccept TentativeReject Undo Update View'
  ).split(' '),
);

function typeOf(type: unknown): string | null {
  const types = listOf(type).filter((name) => typeof name === 'string');
  return types.find((name) => ACTIVITY_TYPES.has(name)) ?? types[0] ?? null;
}

function innerOf(object: NormalActivity | null): InnerFacts | null {
  if (object === null) return null;
  const owners = [...new Set([...idsOf(object.actor), ...idsOf(object.attributedTo)])];
  const [inReplyTo] = idsOf(object.inReplyTo);
  const changedMs = timeOf(object.updated ?? object.published);
  return {
    type: typeOf(object.type),
    actor: owners[0] ?? null,
    object: idsOf(object.object)[0] ?? null,
    ...(owners.length > 1 ? { owners } : {}),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    ...(Number.isNaN(changedMs) ? {} : { changedMs }),
  };
}

/** The sender's word for a time; NaN when it is none. */
function timeOf(value: unknown): number {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
}

/** The first object when it is embedded. */
function firstObject(activity: NormalActivity): NormalActivity | null {
  const object = listOf(activity.object).find((item) => item !== null);
  return isObject(object) ? object : null;
}

function isObject(value: unknown): value is NormalActivity {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The ids among values: references, and embedded objects that have one. Relative ones are nobody's. */
function idsOf(value: unknown): string[] {
  const ids: string[] = [];
  for (const item of Array.isArray(value) ? value : [value]) {
    const id = isObject(item) ? item.id : item;
    if (typeof id === 'string' && ABSOLUTE.test(id)) ids.push(id);
  }
  return ids;
}

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/**
 * Would somebody who reads this as plain JSON find the same ids and the same type? Other servers, logs and people
 * do. What plain JSON does not show (a document in expanded form) cannot contradict.
 */
function isReadAlike(document: NormalActivity | null, normal: NormalActivity | null): boolean {
  if (document === null || normal === null) return true;
  if (document.id != null && document.id !== normal.id) return false;
  const type = typeOf(document.type);
  const normalType = typeOf(normal.type) ?? '';
  // `as:Follow` and a full IRI are Follow, too; other types than these have no effect here.
  const hasEffect = type !== null && (ACTIVITY_TYPES.has(type) || ACTIVITY_TYPES.has(normalType));
  if (hasEffect && type !== normalType && !type.includes(':')) return false;
  for (const name of COMPARED) {
    const said = document[name];
    if (said === undefined || said === null) continue;
    const ids = idsOf(normal[name]);
    const plainIds = plainIdsOf(said);
    if (plainIds.length !== ids.length || plainIds.some((id, at) => id !== ids[at])) return false;
  }
  return true;
}

const COMPARED = ['actor', 'object', 'target', 'attributedTo', ...ADDRESSING];

function plainIdsOf(value: unknown): string[] {
  const ids: string[] = [];
  for (const item of Array.isArray(value) ? value : [value]) {
    const said = isObject(item) ? (item.id ?? item['@id']) : item;
    const id = typeof said === 'string' ? spelling(said) : '';
    if (ABSOLUTE.test(id)) ids.push(id);
  }
  return ids;
}
