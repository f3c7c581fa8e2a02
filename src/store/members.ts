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

/** Reactions go with their object: one that came while that was being deleted may have left a row, and counts no more. */
const GONE_WITH_OBJECT: readonly string[] = ['likes', 'shares', 'dislikes', 'emojiReactions'];

/** Of a collection of reactions: is its object still there? */
function unlessGone(collection: string) {
  const cut = collection.lastIndexOf('/');
  if (!GONE_WITH_OBJECT.includes(collection.slice(cut + 1))) return sql``;
  return sql`and not exists (
    select 1 from object as gone where gone.uri = ${collection.slice(0, cut)} and gone.is_deleted)`;
}

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
     where collection = ${collection} and ${bound} and ${SHOWN[shown]} ${unlessGone(collection)}
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
    select count(distinct m.item)::float8 as count from member as m
     where m.collection = ${collection} and ${SHOWN[shown]} ${unlessGone(collection)}`);
  return row?.count ?? 0;
}

/** Is this in that collection? */
export async function isMember(db: Statements, collection: string, item: string): Promise<boolean> {
  const found = await db.run(sql`
    select 1 from member where collection = ${collection} and item = ${item} limit 1`);
  return found.length > 0;
}
