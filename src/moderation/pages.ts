/** Pages by cursor: what was asked for, clamped, and where the next page begins. */
import type { Page, PageQuery } from '../api.ts';
import { SallyportError } from '../errors.ts';

const LIMIT = 50;
const LIMIT_MAX = 200;

/** How many are wanted: the default is 50, more than 200 is clamped. */
export function limitOf({ limit }: PageQuery): number {
  if (limit === undefined || !Number.isFinite(limit)) return LIMIT;
  return Math.min(LIMIT_MAX, Math.max(1, Math.floor(limit)));
}

/** A cursor that is a number of ours, or null at the start. */
export function numberCursor({ cursor }: PageQuery): string | null {
  if (cursor === undefined || cursor === '') return null;
  if (!/^\d{1,18}$/.test(cursor))
    throw new SallyportError('ERR_INVALID', 'the cursor is none of ours', { data: { cursor } });
  return cursor;
}

/** A page, asked for with one item more than it shows: that one says whether there is a next page. */
export function pageOf<Item>(
  found: readonly Item[],
  limit: number,
  cursorOf: (last: Item) => string,
): Page<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
