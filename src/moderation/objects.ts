/** What is known of objects, and what was reported about them. */
import type { ObjectRecord, Page, PageQuery, ReportRecord } from '../api.ts';
import { listReports, objectByUri, type ReportRow } from '../store/objects.ts';
import type { Store } from '../store/store.ts';
import { storedNormal } from '../verify/stored.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

export interface ObjectsDesk {
  /** What is known of an object, by its URL; of one that nobody spoke of, that nothing is. */
  get(uri: string): Promise<ObjectRecord>;
}

export interface ReportsDesk {
  /** Newest first. */
  list(query?: PageQuery): Promise<Page<ReportRecord>>;
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

export function createReports(store: Store): ReportsDesk {
  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const found = await listReports(store, numberCursor(query), limit + 1);
      const page = pageOf(found, limit, ({ id }) => id);
      return { ...page, items: await Promise.all(page.items.map(recordOf)) };
    },
  };
}

async function recordOf({ raw, normal, atMs, ...row }: ReportRow): Promise<ReportRecord> {
  const { content = null } = raw === null ? {} : await storedNormal({ raw, normal });
  return {
    ...row,
    content: typeof content === 'string' ? content : null,
    receivedAt: new Date(atMs).toISOString(),
  };
}
