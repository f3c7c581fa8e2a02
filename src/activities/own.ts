/**
 * What our own actors say: an activity as a client hands it in, made into one that we can stand by. Ids, authorship
 * and times are ours, whatever the client wrote; what nobody but the addressee may see is not sent. ActivityPub 6
 */
import { PUBLIC } from '../activity.ts';
import type { ObjectFacts, OwnActivity, PastActivity } from '../effects.ts';
import { mintActivityId, mintObjectId } from './answer.ts';
import { changesOf, isDerived } from './collection.ts';
import type { Change } from './decision.ts';
import { kept, removed } from './object-state.ts';
import { reactionsTo } from './reaction.ts';

type Json = Readonly<Record<string, unknown>>;

/** An activity of ours, to whom it goes, and what it changes here. */
export interface Outgoing {
  readonly activity: OwnActivity;
  /** The object that it made; null for an activity that made none. */
  readonly object: string | null;
  readonly addressees: readonly string[];
  readonly changes: readonly Change[];
}

export type Problem = { readonly problem: string };

/** What must be known of an object, and of an undone activity, to speak of it. */
export interface OwnKnown {
  object(uri: string): ObjectFacts | undefined;
  activity(activityId: string): PastActivity | undefined;
}

const AS_CONTEXT = 'https://www.w3.org/ns/activitystreams';
const ADDRESSING = ['to', 'cc', 'bto', 'bcc', 'audience'] as const;
const ACTIVITIES = new Set(
  'Add Announce Block Create Delete Dislike EmojiReact Flag Like Move Remove Undo Update'.split(' '),
);
/** Activities that mean nothing here, and no objects either. A Question is one: a poll, which is created. */
const NOT_SENT = new Set(
  'Activity Arrive Ignore IntransitiveActivity Invite Join Leave Listen Offer Read TentativeAccept TentativeReject Travel View'.split(
    ' ',
  ),
);
/** Driven by machines, which have verbs of their own. */
const BY_VERBS: Readonly<Record<string, string>> = {
  Follow: 'a Follow is sent by the verb `follow` of the actor',
  Accept: 'an Accept is sent by the verb `accept` of the follow request',
  Reject: 'a Reject is sent by the verb `reject` of the follow request',
};

/** The id of what a client's activity is about, or null. */
export function objectIdOf(given: Json): string | null {
  const { object } = given;
  const id = isObject(object) ? object.id : object;
  return typeof id === 'string' && URL.canParse(id) ? id : null;
}

/** An activity of this actor, made of what its client handed in; anything that is no activity is created. */
export function ownOf(
  actor: { readonly id: string },
  given: Json,
  known: OwnKnown,
  place: { readonly origin: string; readonly atMs: number },
): Outgoing | Problem {
  const verb = BY_VERBS[String(given.type)];
  if (verb !== undefined) return { problem: verb };
  if (typeof given.type !== 'string' || given.type === '')
    return { problem: 'it has no type, such as Note or Like' };
  if (NOT_SENT.has(given.type))
    return { problem: `of activities only ${[...ACTIVITIES].join(', ')} are sent from here` };
  const activity = ACTIVITIES.has(given.type) ? given : wrapped(given);
  const made = { ...bodyOf(actor.id, activity, place.atMs), '@context': activity['@context'] ?? AS_CONTEXT };
  return build(actor.id, made, known, place);
}

/** An object alone is created, for those that it is addressed to. ActivityPub 6.2.1 */
function wrapped(object: Json): Json {
  const { '@context': context, ...rest } = object;
  const addressing = ADDRESSING.flatMap((name) => (rest[name] === undefined ? [] : [[name, rest[name]]]));
  return {
    ...(context === undefined ? {} : { '@context': context }),
    type: 'Create',
    object: rest,
    ...Object.fromEntries(addressing),
  };
}

function bodyOf(actor: string, activity: Json, atMs: number): Record<string, unknown> {
  const { id: _, actor: __, ...rest } = activity;
  return { id: mintActivityId(actor, atMs), actor, published: new Date(atMs).toISOString(), ...rest };
}

function build(
  owner: string,
  body: Record<string, unknown>,
  known: OwnKnown,
  { origin, atMs }: { readonly origin: string; readonly atMs: number },
): Outgoing | Problem {
  const type = String(body.type);
  const id = body.id as string;
  const changes: Change[] = [];
  const { audience } = addressing(body);
  const saysPublic = audience.includes(PUBLIC);
  let object: string | null = null;
  if (type === 'Create' || type === 'Update') {
    if (!isObject(body.object)) return { problem: `a ${type} holds its object` };
    object = type === 'Create' ? mintObjectId(origin, atMs) : objectIdOf(body);
    const before = object === null ? undefined : known.object(object);
    if (type === 'Update' && (before?.owner !== owner || before.isDeleted))
      return { problem: 'only an object of its own can be changed' };
    body.object = { ...published(body, atMs), ...body.object, id: object, attributedTo: owner };
    const { type: objectType, inReplyTo } = body.object as Json;
    const facts: ObjectFacts = {
      ...{ uri: object as string, type: typeof objectType === 'string' ? objectType : null, owner },
      ...{ inReplyTo: typeof inReplyTo === 'string' ? inReplyTo : null, isDeleted: false },
      // A change that names nobody takes nothing back from those who have seen it.
      isPublic: audience.length === 0 ? (before?.isPublic ?? false) : saysPublic,
      ...{ source: id, changedMs: atMs },
    };
    changes.push(...kept(facts, before));
  } else {
    const about = objectIdOf(body);
    if (about === null) return { problem: `a ${type} names its object by a URL` };
    const problem =
      type === 'Add' || type === 'Remove'
        ? collecting(type, owner, about, body.target, changes)
        : reaction(type, owner, id, about, known, changes);
    if (problem !== null) return { problem };
    if (type === 'Delete') body.object = { id: about, type: 'Tombstone' };
  }
  return { ...addressed(type, owner, body, known), object: type === 'Create' ? object : null, changes };
}

/** The addressing and the time that an object shares with its activity. */
function published(body: Json, atMs: number): Json {
  const shared = ADDRESSING.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]);
  return { published: new Date(atMs).toISOString(), ...Object.fromEntries(shared) };
}

/** What saying this changes here; a problem when it may not be said. */
function reaction(
  type: string,
  owner: string,
  id: string,
  about: string,
  known: OwnKnown,
  changes: Change[],
): string | null {
  const collection = reactionsTo(type, about);
  if (collection !== null) {
    changes.push({ type: 'join', membership: { collection, item: owner, via: id } });
    if (type === 'Like')
      changes.push({ type: 'join', membership: { collection: `${owner}/liked`, item: about, via: id } });
  }
  if (type === 'Delete') {
    const object = known.object(about);
    if (object?.owner !== owner) return 'only an object of its own can be deleted';
    changes.push(...removed(object));
  }
  if (type === 'Undo') {
    const past = known.activity(about);
    if (past === undefined || past.actor !== owner) return 'only what the actor has done can be undone';
    const left = past.object === null ? null : reactionsTo(past.type, past.object);
    if (past.object === null || left === null) return `a ${past.type} cannot be undone`;
    changes.push({ type: 'leave', membership: { collection: left, item: owner, via: about } });
    if (past.type === 'Like')
      changes.push({
        type: 'leave',
        membership: { collection: `${owner}/liked`, item: past.object, via: about },
      });
  }
  return null;
}

/** A collection of our actor's changes; one of somebody else's is its owner's affair. ActivityPub 6.6 */
function collecting(
  type: 'Add' | 'Remove',
  owner: string,
  about: string,
  target: unknown,
  changes: Change[],
): string | null {
  const [collection] = idsOf(target);
  if (collection === undefined) return `an ${type} names its target by a URL`;
  // Whoever is taken out of the followers hears of it: that is a Reject of the follow, and sent beside this.
  if (!collection.startsWith(`${owner}/`) || isUnfollowing(owner, type, collection)) return null;
  if (isDerived(collection)) return 'this collection follows from other activities';
  changes.push(...changesOf(type === 'Add' ? 'join' : 'leave', collection, [about]));
  return null;
}

/** Does our actor take somebody out of its followers? */
export function isUnfollowing(owner: string, type: unknown, target: unknown): boolean {
  return type === 'Remove' && idsOf(target)[0] === `${owner}/followers`;
}

/** Everybody that an activity and its object name. */
function addressing(body: Json): { parts: Json[]; audience: string[] } {
  const { object } = body;
  const parts = isObject(object) ? [body, object] : [body];
  return { parts, audience: parts.flatMap((part) => ADDRESSING.flatMap((name) => idsOf(part[name]))) };
}

/** Who gets it; a reaction that names nobody goes to the owner of what it is about. */
function addressed(type: string, owner: string, body: Record<string, unknown>, known: OwnKnown) {
  const { parts, audience: named } = addressing(body);
  const about = objectIdOf(body);
  const past = type === 'Undo' && about !== null ? known.activity(about) : undefined;
  const reactedTo = known.object(past?.object ?? about ?? '')?.owner;
  if (named.length === 0 && reactedTo !== undefined && reactedTo !== owner) {
    body.to = [reactedTo];
    named.push(reactedTo);
  }
  for (const part of parts) for (const name of ['bto', 'bcc']) delete (part as Record<string, unknown>)[name];
  const addressees = [...new Set(named)].filter((id) => id !== PUBLIC);
  const isPublic = named.includes(PUBLIC);
  const text = JSON.stringify(body);
  const activity: OwnActivity = { id: body.id as string, actor: owner, type, body: text, isPublic };
  return { activity, addressees };
}

function idsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((item: unknown) => {
    const id = isObject(item) ? item.id : item;
    if (typeof id !== 'string') return [];
    return id === 'as:Public' || id === 'Public' ? [PUBLIC] : [id];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
