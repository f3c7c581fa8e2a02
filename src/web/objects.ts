/** Objects that our actors made, what others did to them, and what our actors said. ActivityPub 3.2, 5.6 */
import { type OwnDocument, ownActivity, ownObject } from '../store/collections.ts';
import type { Store } from '../store/store.ts';
import { addresseesOf, mayRead } from './asker.ts';
import { collectionDocument } from './collections.ts';
import type { Page } from './documents.ts';

/** Where the objects of all local actors are. */
export const OBJECTS_PATH = '/notes/';
const COLLECTIONS = ['likes', 'shares', 'replies', 'dislikes', 'emojiReactions'] as const;
const AS_CONTEXT = 'https://www.w3.org/ns/activitystreams';
/** Names of the two that ActivityStreams has none for. FEP-c0e0 */
const REACTIONS_CONTEXT = {
  dislikes: { '@id': 'as:dislikes', '@type': '@id' },
  emojiReactions: { '@id': 'http://fedibird.com/ns#emojiReactions', '@type': '@id' },
};

/** A document, that the page of a collection is none of ours, or that there is nothing that this reader may see. */
export type Found = Page | 'no-page' | null;

/** What stands at an object's path. `reader` is the id of the actor that asks, null for anybody. */
export async function objectPage(
  store: Store,
  origin: string,
  path: string,
  query: URLSearchParams,
  reader: string | null,
): Promise<Found> {
  const [, name = '', collection] = /^([^/]+)(?:\/([a-zA-Z]+))?$/.exec(path.slice(OBJECTS_PATH.length)) ?? [];
  const uri = origin + OBJECTS_PATH + name;
  const found = name === '' ? null : await ownObject(store, uri);
  if (found === null) return null;
  if (found.isDeleted) return tombstone(uri);
  if (found.body === null) return null;
  const { '@context': context, object } = JSON.parse(found.body) as Record<string, unknown>;
  const shown = object as Record<string, unknown>;
  if (!(await mayRead(store, { ...found, addressees: addresseesOf(shown) }, reader))) return null;
  if (collection === undefined) {
    const links = Object.fromEntries(COLLECTIONS.map((of) => [of, `${uri}/${of}`]));
    const contexts = [...[context ?? AS_CONTEXT].flat(), REACTIONS_CONTEXT];
    const url = typeof shown.url === 'string' && shown.url !== uri ? shown.url : null;
    return { document: { '@context': contexts, ...shown, ...links }, url };
  }
  if (!(COLLECTIONS as readonly string[]).includes(collection)) return null;
  // A reply is its author's: of one that is not for everybody nobody hears here but whom it answers.
  const isSifted = collection === 'replies' && reader !== found.owner;
  const document = await collectionDocument(
    store,
    `${uri}/${collection}`,
    query.get('page'),
    isSifted ? 'public-replies' : 'all',
  );
  return document === null ? 'no-page' : { document };
}

/** What is gone says so, for good. ActivityPub 6.4 */
function tombstone(id: string): Page {
  return { document: { '@context': AS_CONTEXT, id, type: 'Tombstone' }, status: 410 };
}

/** What a follow asks and answers; peers may look it up, and it says nothing but that. */
const OF_FOLLOWS = ['Follow', 'Accept', 'Reject', 'Undo'];

/** One of our own activities, as it was sent; null where there is none that this reader may see. */
export async function activityPage(store: Store, id: string, reader: string | null): Promise<Page | null> {
  const found: OwnDocument | null = await ownActivity(store, id);
  if (found === null) return null;
  const activity = JSON.parse(found.body) as Record<string, unknown>;
  const { type, object } = activity as { type: string; object?: { id?: unknown } };
  const audience = { ...found, addressees: addresseesOf(activity) };
  if (!OF_FOLLOWS.includes(type) && !(await mayRead(store, audience, reader))) return null;
  // The Create of what is deleted would go on showing it.
  const isOfObject = (type === 'Create' || type === 'Update') && typeof object?.id === 'string';
  if (isOfObject && (await ownObject(store, object.id as string))?.isDeleted) return tombstone(id);
  return { document: activity };
}
