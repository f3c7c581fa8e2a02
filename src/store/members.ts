/** Members of collections: counted, and read by page, newest first. */
import { type Statements, sql } from './statement.ts';

/**
 * Which members somebody may see: all of them; of an object's replies those that are addressed to everybody; of an
 * actor's outbox likewise.
 */
export type Shown = 'all' | 'public-replies' | 'public-outbox';

const SHOWN = {
  all: sql`true`,
  'public-replies': sql`exists (select 1 from object as o where o.uri = m.item and o.is_public)`,
  'public-outbox': sql`exists (select 1 from own_activity as o where o.id = m.item and o.is_public)`,
};

/** A stretch of a collection, exclusive: what is older than a number, or what is newer. */
export type Stretch = { readonly below: string | null } | { readonly above: string };

export interface Member {
  readonly item: string;
  readonly seq: string;
}

/** Items of a collection, newest first: those right below a number (null: the newest), or those right above one. */
export async function listMembers(
  db: Statements,
  collection: string,
  stretch: Stretch,
  limit: number,
  shown: Shown = 'all',
): Promise<Member[]> {
  const isUp = 'above' in stretch;
  const from = isUp ? stretch.above : stretch.below;
  const bound = isUp
    ? sql`m.seq > ${from}::bigint`
    : sql`(${from}::bigint is null or m.seq < ${from}::bigint)`;
  // Of several that put the same item there the newest one counts.
  const found = await db.run<Member>(sql`
    select item, seq::text from member as m
     where collection = ${collection} and ${bound} and ${SHOWN[shown]}
       and not exists (select 1 from member as newer
         where newer.collection = m.collection and newer.item = m.item and newer.seq > m.seq)
     order by m.seq ${isUp ? sql`asc` : sql`desc`} limit ${limit}`);
  return isUp ? found.reverse() : found;
}

/** How many items a collection has; an item that several put there is one. */
export async function countMembers(
  db: Statements,
  collection: string,
  shown: Shown = 'all',
): Promise<number> {
  const [row] = await db.run<{ count: number }>(sql`
    select count(distinct m.item)::float8 as count from member as m where m.collection = ${collection} and ${SHOWN[shown]}`);
  return row?.count ?? 0;
}

/** Is this in that collection? */
export async function isMember(db: Statements, collection: string, item: string): Promise<boolean> {
  const found = await db.run(sql`
    select 1 from member where collection = ${collection} and item = ${item} limit 1`);
  return found.length > 0;
}
