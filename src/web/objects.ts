/** Objects that our actors made, and the collections of what others did to them. ActivityPub 3.2, 5.6 */
import { PUBLIC } from '../activity.ts';
import { ownObject } from '../store/collections.ts';
import type { Store } from '../store/store.ts';
import { type Answer, problem } from '../verdict.ts';
import { activityJson } from './actors.ts';
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

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** The object in an activity of ours, when it is addressed to everybody. */
function publicObject(body: string): Readonly<Record<string, unknown>> | null {
  const { '@context': context, object } = JSON.parse(body) as Record<string, unknown>;
  const { to, cc, ...rest } = object as Record<string, unknown>;
  const isPublic = [...listOf(to), ...listOf(cc)].some((id) =>
    [PUBLIC, 'as:Public', 'Public'].includes(String(id)),
  );
  return isPublic ? { '@context': context, ...rest, to, cc } : null;
}
