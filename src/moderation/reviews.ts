/** Blocks that somebody should look at again: their review date has come, or they are old and have none. */
import type { DomainRecord, Page, PageQuery } from '../api.ts';
import { domainsForReview } from '../store/reviews.ts';
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

const DAY_MS = 86_400_000;
const WITHIN_DAYS = 7;
const OLDER_THAN_DAYS = 180;

/** The bounds in time, epoch milliseconds. */
export function reviewBounds(
  nowMs: number,
  { withinDays = WITHIN_DAYS, olderThanDays = OLDER_THAN_DAYS }: ReviewsQuery = {},
): { readonly reviewBeforeMs: number; readonly madeBeforeMs: number } {
  return { reviewBeforeMs: nowMs + withinDays * DAY_MS, madeBeforeMs: nowMs - olderThanDays * DAY_MS };
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
