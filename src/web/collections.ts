/** Collections of local actors, counted, and paged newest first. ActivityPub 5, AS2 Core 4.3 */

import { countMembers, listMembers } from '../store/lists.ts';
import type { Store } from '../store/store.ts';

/** Collections that everybody may read. The inbox is its owner's. */
export const PUBLIC_COLLECTIONS = ['followers', 'following', 'liked', 'outbox'] as const;

const PAGE = 50;
const CONTEXT = 'https://www.w3.org/ns/activitystreams';

/** The collection itself, or one page of it below the cursor. Null for a cursor that is none of ours. */
export async function collectionDocument(
  store: Store,
  id: string,
  page: string | null,
): Promise<Record<string, unknown> | null> {
  const totalItems = await countMembers(store, id);
  const pageId = (cursor: string): string => `${id}?page=${cursor}`;
  if (page === null)
    return { '@context': CONTEXT, id, type: 'OrderedCollection', totalItems, first: pageId('first') };
  if (page !== 'first' && !/^\d{1,18}$/.test(page)) return null;
  const found = await listMembers(store, id, page === 'first' ? null : page, PAGE + 1);
  const shown = found.slice(0, PAGE);
  const last = shown.at(-1);
  return {
    '@context': CONTEXT,
    id: pageId(page),
    type: 'OrderedCollectionPage',
    partOf: id,
    totalItems,
    orderedItems: shown.map(({ item }) => item),
    ...(found.length > PAGE && last !== undefined ? { next: pageId(last.seq) } : {}),
  };
}
