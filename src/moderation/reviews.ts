/** Blocks that somebody should look at again: their review date has come, or they are old and have none. */
import type { DomainRecord, Page, PageQuery } from '../api.ts';
import { domainsForReview, reviewBounds } from '../store/reviews.ts';
import type { Store } from '../store/store.ts';
import { recordOf } from './domains.ts';
import { limitOf, pageOf } from './pages.ts';

/** Which blocks are due. */
export interface ReviewsQuery extends PageQuery {
  /** Review dates up to so many days from now count. @default 7 */
  readonly withinDays?: number | undefined;
  /** Blocks without a review date count when they are older than this, in days. @default 180 */
  readonly olderThanDays?: number | undefined;
}

export interface ReviewsDesk {
  /** Blocked domains that are due for a review, by name. */
  list(query?: ReviewsQuery): Promise<Page<DomainRecord>>;
}

export function createReviews(store: Store): ReviewsDesk {
  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const filter = {
        ...reviewBounds(store.clock.now(), query),
        after: query.cursor ?? null,
        limit: limit + 1,
      };
      const found = await domainsForReview(store, filter);
      return pageOf(found.map(recordOf), limit, ({ domain }) => domain);
    },
  };
}
