/** What is known of objects. */
import type { ObjectRecord } from '../api.ts';
import { objectByUri } from '../store/objects.ts';
import type { Store } from '../store/store.ts';

export interface ObjectsDesk {
  /** What is known of an object, by its URL; of one that nobody spoke of, that nothing is. */
  get(uri: string): Promise<ObjectRecord>;
}

export function createObjects(store: Store): ObjectsDesk {
  return {
    async get(uri) {
      const { isDeleted: deleted, totals, ...object } = await objectByUri(store, uri);
      const { likes, shares, replies, dislikes, emojiReactions } = totals;
      return {
        ...object,
        deleted,
        likes: { total: likes },
        shares: { total: shares },
        replies: { total: replies },
        dislikes: { total: dislikes },
        emojiReactions: { total: emojiReactions },
      };
    },
  };
}
