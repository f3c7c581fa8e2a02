/** The follow requests of an actor that wait for an answer, in both directions: its own affair. FEP-4ccd */
import { countPendingFollows, pendingFollows } from '../store/follow-requests.ts';
import type { Store } from '../store/store.ts';

const DIRECTIONS = { pendingFollowers: 'incoming', pendingFollowing: 'outgoing' } as const;
type PendingName = keyof typeof DIRECTIONS;

const PAGE = 50;
const CONTEXT = 'https://www.w3.org/ns/activitystreams';

export function isPendingName(name: string): name is PendingName {
  return Object.hasOwn(DIRECTIONS, name);
}

/** The collection itself, or one page of its Follows, newest first. Null for a page that is none of ours. */
export async function pendingDocument(
  store: Store,
  actor: string,
  name: PendingName,
  page: string | null,
): Promise<Record<string, unknown> | null> {
  const id = `${actor}/${name}`;
  const direction = DIRECTIONS[name];
  if (page !== null && page !== 'first' && !/^\d{1,18}$/.test(page)) return null;
  const totalItems = await countPendingFollows(store, actor, direction);
  const head = { '@context': CONTEXT, totalItems };
  const first = `${id}?page=first`;
  if (page === null) return { ...head, id, type: 'OrderedCollection', first };
  const found = await pendingFollows(store, actor, direction, page === 'first' ? null : page, PAGE + 1);
  const shown = found.slice(0, PAGE);
  const last = shown.at(-1);
  return {
    ...head,
    ...{ id: `${id}?page=${page}`, type: 'OrderedCollectionPage', partOf: id, first },
    orderedItems: shown.map(({ activityId, follower, following }) => {
      return { id: activityId, type: 'Follow', actor: follower, object: following };
    }),
    ...(found.length > PAGE && last !== undefined ? { next: `${id}?page=${last.id}` } : {}),
  };
}
