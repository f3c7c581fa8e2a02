/**
 * Collections, counted, and paged newest first. ActivityPub 5, AS2 Core 4.3
 *
 * A page is a stretch of the members between two numbers, never a count from the start: what comes or goes while
 * somebody reads neither hides an item nor shows one twice. Links lead on only where there is something.
 */
import { countMembers, listMembers, type Shown, type Stretch } from '../store/members.ts';
import type { Store } from '../store/store.ts';

/** Collections of actors that everybody may read. The inbox is its owner's. */
export const PUBLIC_COLLECTIONS = ['followers', 'following', 'liked', 'outbox', 'featured'] as const;

const PAGE = 50;
const CONTEXT = 'https://www.w3.org/ns/activitystreams';

/** The collection itself, or one page of it. Null for a page that is none of ours. */
export async function collectionDocument(
  store: Store,
  id: string,
  page: string | null,
  shown: Shown = 'all',
): Promise<Record<string, unknown> | null> {
  const pageId = (name: string): string => `${id}?page=${name}`;
  const stretch = page === null ? null : stretchOf(page);
  if (page !== null && stretch === null) return null;
  const totalItems = await countMembers(store, id, shown);
  const ends = { first: pageId('first'), last: pageId('last') };
  if (stretch === null) return { '@context': CONTEXT, id, type: 'OrderedCollection', totalItems, ...ends };
  const found = await listMembers(store, id, stretch, PAGE, shown);
  const [newest, oldest] = [found.at(0), found.at(-1)];
  const isThere = async (beyond: Stretch): Promise<boolean> =>
    (await listMembers(store, id, beyond, 1, shown)).length > 0;
  const isNewer = newest !== undefined && (await isThere({ above: newest.seq }));
  const isOlder = oldest !== undefined && (await isThere({ below: oldest.seq }));
  return {
    '@context': CONTEXT,
    id: pageId(page as string),
    type: 'OrderedCollectionPage',
    partOf: id,
    totalItems,
    ...ends,
    orderedItems: found.map(({ item }) => item),
    ...(isNewer ? { prev: pageId(`after-${newest.seq}`) } : {}),
    ...(isOlder ? { next: pageId(oldest.seq) } : {}),
  };
}

/** `first`, `last`, a number that the page lies below, or `after-` and one that it lies above. */
function stretchOf(page: string): Stretch | null {
  if (page === 'first') return { below: null };
  if (page === 'last') return { above: '0' };
  const [, after, number] = /^(after-)?(\d{1,18})$/.exec(page) ?? [];
  if (number === undefined) return null;
  return after === undefined ? { below: number } : { above: number };
}
