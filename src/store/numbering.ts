/** Numbers that follow the order of commits. */
import { type Statements, sql } from './statement.ts';

/**
 * From here to the end of the transaction nobody else numbers anything: whoever has read up to a number has missed
 * nothing below it. The last lock that a transaction takes, and one for both logs, so that no two wait for each other.
 */
export async function lockNumbering(tx: Statements): Promise<void> {
  await tx.run(sql`select pg_advisory_xact_lock(4680, 1)`);
}
