/** What is stored here as typed views: an activity, an object, an actor. Nothing here asks the network. */
import { domainOf, type NormalActivity, originOf } from '../activity.ts';
import type { Activity, ActorView, FlagActivity, LocalActor, ObjectView, Ref } from '../api.ts';
import type { RemoteActor } from '../store/actors.ts';
import type { StoredActivity, StoredObject } from '../store/references.ts';
import type { Status } from '../verdict.ts';
import { withoutHidden } from '../verify/own-words.ts';
import { storedNormal } from '../verify/stored.ts';
import { withoutMedia } from './media.ts';

/** Where references are looked up. */
export interface Shelf {
  readonly origin: string;
  /** Those of these URIs of which something is stored here. */
  knownAmong(uris: readonly string[]): Promise<ReadonlySet<string>>;
  /** Is this one of our actors? Asks the service, and no database. */
  isOurActor(uri: string): Promise<boolean>;
  /** A reference to a URI of which it is known whether something is stored of it. */
  refTo(uri: string, isResolved: boolean): Ref;
  /** Are media of this domain's actors to be taken out of what is shown? */
  rejectsMedia(domain: string): boolean;
}

/** A shelf with nothing on it: where there is no database, nothing is resolved. */
export function emptyShelf(origin: string): Shelf {
  return {
    origin,
    knownAmong: async () => new Set(),
    isOurActor: async () => false,
    refTo: (uri) => ({ ...placeOf(uri, origin), isResolved: false, get: async () => undefined }),
    rejectsMedia: () => false,
  };
}

/** What a URI says by itself. */
export function placeOf(uri: string, origin: string): Pick<Ref, 'uri' | 'domain' | 'isLocal' | 'isRemote'> {
  const isLocal = originOf(uri) === origin;
  return { uri, domain: domainOf(uri) ?? '', isLocal, isRemote: !isLocal };
}

/** An activity with its documents. `known` are those of its actor and its first object of which something is stored. */
export type Shown = StoredActivity & { readonly known?: readonly string[] };

/** The typed view of a stored activity. Without a shelf its references are unresolved. */
export async function viewOf(ended: Shown, place: string | Shelf): Promise<Activity | FlagActivity> {
  const shelf = typeof place === 'string' ? emptyShelf(place) : place;
  const whole = await storedNormal(ended);
  const actorId = idsOf(whole.actor)[0] ?? '';
  const hasMedia = !shelf.rejectsMedia(domainOf(actorId) ?? '');
  const normal = hasMedia ? whole : withoutMedia(whole);
  const document = JSON.parse(ended.raw) as Record<string, unknown>;
  const sent = hasMedia ? document : withoutMedia(document);
  const objectIds = idsOf(normal.object);
  const known = await knownOf(ended, [actorId, ...objectIds], shelf);
  const refTo = (uri: string): Ref => shelf.refTo(uri, known.has(uri));
  const objects = objectIds.map(refTo);
  const view: Activity = {
    kind: 'activity',
    type: ended.type,
    id: ended.activityId,
    actor: refTo(actorId),
    object: objects[0] ?? null,
    content: typeof normal.content === 'string' ? normal.content : null,
    receivedAt: new Date(ended.receivedMs),
    published: timeOf(normal.published),
    normal,
    raw: withoutHidden(sent) as Record<string, unknown>,
    status: ended.status as Status,
  };
  return ended.type === 'Flag' ? ({ ...view, objects } as FlagActivity) : view;
}

/** Those of these URIs of which something is stored. Of nearly all activities that has been looked up with them. */
async function knownOf(
  { known }: Shown,
  uris: readonly string[],
  shelf: Shelf,
): Promise<ReadonlySet<string>> {
  if (known === undefined) return shelf.knownAmong(uris);
  const found = new Set(known);
  // Its actor, its first object: what is not known of these may be an actor of ours, and nothing else.
  for (const uri of uris.slice(0, 2))
    if (!found.has(uri) && placeOf(uri, shelf.origin).isLocal && (await shelf.isOurActor(uri)))
      found.add(uri);
  const others = uris.slice(2);
  if (others.length > 0) for (const uri of await shelf.knownAmong(others)) found.add(uri);
  return found;
}

/** The typed view of an object, from the document of the activity that holds it; undefined when it is not in there. */
export async function objectViewOf(stored: StoredObject, shelf: Shelf): Promise<ObjectView | undefined> {
  const { uri, type, owner, inReplyTo, isPublic, raw } = stored;
  if (raw === null) return undefined;
  const whole = objectIn(await storedNormal({ raw, normal: stored.normal }), uri);
  if (whole === undefined) return undefined;
  const normal = shelf.rejectsMedia(domainOf(owner) ?? '') ? withoutMedia(whole) : whole;
  const known = await shelf.knownAmong([owner, ...(inReplyTo === null ? [] : [inReplyTo])]);
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    kind: 'object',
    uri,
    type,
    owner: shelf.refTo(owner, known.has(owner)),
    inReplyTo: inReplyTo === null ? null : shelf.refTo(inReplyTo, known.has(inReplyTo)),
    isPublic,
    name: text(normal.name),
    summary: text(normal.summary),
    content: text(normal.content),
    published: timeOf(normal.published),
    updated: timeOf(normal.updated),
    normal,
  };
}

function objectIn({ object }: NormalActivity, uri: string): NormalActivity | undefined {
  return [object].flat().find((one): one is NormalActivity => {
    return typeof one === 'object' && one !== null && (one as { id?: unknown }).id === uri;
  });
}

/** The typed view of a remote actor, by what its own server said. */
export function remoteActorView(actor: RemoteActor, origin: string): ActorView {
  const { id, inbox, sharedInbox, document } = actor;
  const { type, preferredUsername, name, published, manuallyApprovesFollowers } = document;
  return {
    kind: 'actor',
    ...placeOf(id, origin),
    ...{ type, preferredUsername, name, inbox, sharedInbox },
    published: timeOf(published),
    isLocked: manuallyApprovesFollowers,
  };
}

/** The typed view of an actor of ours. */
export function localActorView(actor: LocalActor, origin: string): ActorView {
  const { id, handle, type, name, inbox, locked } = actor;
  return {
    kind: 'actor',
    ...placeOf(id, origin),
    ...{ type, preferredUsername: handle, name, inbox, sharedInbox: `${origin}/inbox` },
    published: null,
    isLocked: locked,
  };
}

function timeOf(value: unknown): Date | null {
  const time = typeof value === 'string' ? new Date(value) : null;
  return time === null || Number.isNaN(time.getTime()) ? null : time;
}

function idsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((item: unknown) => {
    const id = typeof item === 'object' && item !== null ? (item as { id?: unknown }).id : item;
    return typeof id === 'string' ? [id] : [];
  });
}
