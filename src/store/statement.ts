/**
 * How a statement is written here, the same on PGlite and on PostgreSQL.
 *
 * - Sets of rows go in as one JSON parameter: `from json_to_recordset(${rows(list)}) as r(name text, …)`, so a
 *   statement for one row and for a thousand is the same statement.
 * - Times are `timestamptz` columns: bound with `time(ms)`, read with `${ms('column')}` as epoch milliseconds.
 *   Time is always a bind parameter: `now()` stands in no statement.
 * - bigint comes back as a string from one driver and as a number from the other: select ids as `id::text` and
 *   sequence numbers as `seq::float8`. Order by the column with its table's name: a bare name in ORDER BY means what
 *   was selected under it, and text puts 9 after 10.
 */
import { type RawBuilder, sql } from 'kysely';

export { sql };

/** What runs statements: a transaction, or the store itself for a single statement of its own. */
export interface Statements {
  run<Row>(statement: RawBuilder<Row>): Promise<Row[]>;
  /** The version of the settings in force, for records of what was decided. */
  readonly policy?: string;
}

/** A list of rows as one bound JSON parameter. */
export function rows(list: readonly object[]): RawBuilder<unknown> {
  return sql`${JSON.stringify(list)}::json`;
}

/** A list of strings as one bound text[] parameter. */
export function texts(list: readonly string[]): RawBuilder<unknown> {
  return sql`${list}::text[]`;
}

/** Epoch milliseconds as a bound timestamptz parameter; null stays null. */
export function time(ms: number | null): RawBuilder<unknown> {
  return sql`${ms === null ? null : new Date(ms).toISOString()}::timestamptz`;
}

/** A timestamptz column or expression read as epoch milliseconds. */
export function ms(column: string): RawBuilder<number> {
  return sql`(extract(epoch from ${sql.raw(column)}) * 1000)::float8`;
}
