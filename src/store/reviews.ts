/** Blocks that somebody should look at again. */
import { DOMAIN, type DomainRow } from './lists.ts';
import { type Statements, sql, time } from './statement.ts';

/** Which blocks: with a review before a time, or, without one, made before another time. */
export interface ReviewFilter {
  readonly reviewBeforeMs: number;
  readonly madeBeforeMs: number;
  readonly after: string | null;
  readonly limit: number;
}

const DAY_MS = 86_400_000;
const WITHIN_DAYS = 7;
const OLDER_THAN_DAYS = 180;

/** The bounds in time: review dates of the next days count, and blocks without one that are old. */
export function reviewBounds(
  nowMs: number,
  days: { readonly withinDays?: number | undefined; readonly olderThanDays?: number | undefined } = {},
): { readonly reviewBeforeMs: number; readonly madeBeforeMs: number } {
  const { withinDays = WITHIN_DAYS, olderThanDays = OLDER_THAN_DAYS } = days;
  return { reviewBeforeMs: nowMs + withinDays * DAY_MS, madeBeforeMs: nowMs - olderThanDays * DAY_MS };
}

const CONTEXT = sql`snapshot -> 'snapshot' -> 'context'`;
const due = ({ reviewBeforeMs, madeBeforeMs }: Pick<ReviewFilter, 'reviewBeforeMs' | 'madeBeforeMs'>) => sql`
  state = 'blocked' and case when ${CONTEXT} ->> 'reviewAtMs' is not null
    then (${CONTEXT} ->> 'reviewAtMs')::float8 <= ${reviewBeforeMs}::float8 else since <= ${time(madeBeforeMs)} end`;

/** By name, after the cursor. */
export async function domainsForReview(db: Statements, filter: ReviewFilter): Promise<DomainRow[]> {
  const { after, limit } = filter;
  return db.run<DomainRow>(sql`
    select ${DOMAIN} from domain
     where ${due(filter)} and (${after}::text is null or name > ${after}) order by name limit ${limit}`);
}

export async function countForReview(
  db: Statements,
  filter: Pick<ReviewFilter, 'reviewBeforeMs' | 'madeBeforeMs'>,
): Promise<number> {
  const [row] = await db.run<{ count: number }>(
    sql`select count(*)::float8 as count from domain where ${due(filter)}`,
  );
  return row?.count ?? 0;
}
