/** What our actors have said, as they said it. The members of collections are read in `members.ts`. */
import type { PastActivity } from '../effects.ts';
import { type Statements, sql } from './statement.ts';

/** Something that one of our actors has sent. */
export interface OwnDocument {
  readonly owner: string;
  readonly isPublic: boolean;
  readonly body: string;
}

/** One of our own activities by its id, or null. */
export async function ownActivity(db: Statements, id: string): Promise<OwnDocument | null> {
  const [found] = await db.run<OwnDocument>(sql`
    select actor as owner, is_public as "isPublic", body from own_activity where id = ${id}`);
  return found ?? null;
}

/** One of our own activities as an Undo of it sees it, or null. */
export async function ownActivityRow(db: Statements, id: string): Promise<PastActivity | null> {
  const [found] = await db.run<PastActivity>(sql`
    select type, actor, coalesce(body::json -> 'object' ->> 'id', body::json ->> 'object') as object
      from own_activity where id = ${id}`);
  return found ?? null;
}

/** One of our own objects: the text of the activity that holds it now; null for one that was never made. */
export async function ownObject(
  db: Statements,
  uri: string,
): Promise<
  (Omit<OwnDocument, 'body'> & { readonly isDeleted: boolean; readonly body: string | null }) | null
> {
  const [found] = await db.run<never>(sql`
    select o.owner, o.is_public as "isPublic", o.is_deleted as "isDeleted", a.body
      from object as o left join own_activity as a on a.id = o.source
     where o.uri = ${uri}`);
  return found ?? null;
}
