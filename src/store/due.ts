/** What is to come: the next moment at which something of the house is due. For clocks that somebody moves by hand. */
import { ms, type Statements, sql, time } from './statement.ts';

/** Columns that hold the time at which somebody has to look at their row. */
const DUE_COLUMNS = ['due_at', 'expires_at'];

/**
 * Finds the first due time after one moment and up to another one, in epoch milliseconds; null when there is none.
 * Which tables have due times is asked of the database, once.
 */
export async function createAlmanac(
  db: Statements,
): Promise<(afterMs: number, upToMs: number) => Promise<number | null>> {
  const columns = await db.run<{ table: string; column: string }>(sql`
    select table_name::text as "table", column_name::text as "column" from information_schema.columns
     where table_schema = current_schema() and column_name in (${sql.join(DUE_COLUMNS)}) order by 1, 2`);
  const times = columns.map(
    ({ table, column }) => sql`select ${sql.ref(column)} as at from ${sql.table(table)}`,
  );
  const all = sql.join(times, sql` union all `);
  return async (afterMs, upToMs) => {
    const [row] = await db.run<{ at: number | null }>(sql`
      select ${ms('min(at)')} as at from (${all}) as due where at > ${time(afterMs)} and at <= ${time(upToMs)}`);
    return row?.at ?? null;
  };
}
