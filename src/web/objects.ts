/** Objects that our actors made, and the collections of what others did to them. ActivityPub 3.2, 5.6 */
import { PUBLIC } from '../activity.ts';
import { ownActivity, ownObject } from '../store/collections.ts';
import type { Store } from '../store/store.ts';
import { type Answer, problem } from '../verdict.ts';
import { ACTIVITY_JSON, activityJson } from './actors.ts';
import { collectionDocument } from './collections.ts';

/** Where the objects of all local actors are. */
export const OBJECTS_PATH = '/notes/';
const COLLECTIONS = ['likes', 'shares', 'replies'];

/** The answer to a GET of an object's path; null where there is nothing that everybody may see. */
export async function objectPage(
  store: Store,
  origin: string,
  path: string,
): Promise<((query: URLSearchParams) => Answer | Promise<Answer>) | null> {
  const [, name = '', collection] = /^([^/]+)(?:\/([a-z]+))?$/.exec(path.slice(OBJECTS_PATH.length)) ?? [];
  const uri = origin + OBJECTS_PATH + name;
  const found = name === '' ? null : await ownObject(store, uri);
  if (found === null) return null;
  if (found.isDeleted) return () => tombstone(uri);
  const object = found.body === null ? null : publicObject(found.body);
  if (object === null) return null;
  if (collection === undefined)
    return () =>
      activityJson({ ...object, ...Object.fromEntries(COLLECTIONS.map((of) => [of, `${uri}/${of}`])) });
  if (!COLLECTIONS.includes(collection)) return null;
  return async (query) => {
    const page = await collectionDocument(store, `${uri}/${collection}`, query.get('page'));
    return page === null ? problem(400, 'bad-cursor', 'This page does not exist') : activityJson(page);
  };
}

/** What is gone says so, for good. ActivityPub 6.4 */
function tombstone(id: string): Answer {
  const document = { '@context': 'https://www.w3.org/ns/activitystreams', id, type: 'Tombstone' };
  return { ...activityJson(document), status: 410 };
}

/** What a follow asks and answers; peers may look it up, and it says nothing but that. */
const OF_FOLLOWS = ['Follow', 'Accept', 'Reject', 'Undo'];

/** One of our own activities, as it was sent; null where there is none that everybody may see. */
export async function activityPage(store: Store, id: string): Promise<(() => Answer) | null> {
  const body = await ownActivity(store, id);
  if (body === null) return null;
  const activity = JSON.parse(body) as Record<string, unknown>;
  if (!OF_FOLLOWS.includes(String(activity.type)) && !isPublic(activity)) return null;
  const { type, object } = activity as { type: string; object?: { id?: unknown } };
  // The Create of what is deleted would go on showing it.
  const isOfObject = (type === 'Create' || type === 'Update') && typeof object?.id === 'string';
  if (isOfObject && (await ownObject(store, object.id as string))?.isDeleted) return () => tombstone(id);
  return () => ({ status: 200, headers: { 'content-type': ACTIVITY_JSON, vary: 'accept' }, body });
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** The object in an activity of ours, when it is addressed to everybody. */
function publicObject(body: string): Readonly<Record<string, unknown>> | null {
  const { '@context': context, object } = JSON.parse(body) as Record<string, unknown>;
  const shown = object as Record<string, unknown>;
  return isPublic(shown) ? { '@context': context, ...shown } : null;
}

function isPublic({ to, cc, audience }: Readonly<Record<string, unknown>>): boolean {
  const addressees = [to, cc, audience].flatMap(listOf);
  return addressees.some((id) => [PUBLIC, 'as:Public', 'Public'].includes(String(id)));
}
