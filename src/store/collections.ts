/** What our actors have said, as they said it. The members of collections are read in `lists.ts`. */
import { type Statements, sql } from './statement.ts';

/** The text of one of our own activities by its id, or null. */
export async function ownActivity(db: Statements, id: string): Promise<string | null> {
  const [found] = await db.run<{ body: string }>(sql`select body from own_activity where id = ${id}`);
  return found?.body ?? null;
}
