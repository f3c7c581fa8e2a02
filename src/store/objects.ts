/** Objects, and what was taken back before it came: what a turn reads and writes about them. */
import type { Effects, ObjectFacts, Retraction } from '../effects.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

const OBJECT = sql`
  uri, type, owner, in_reply_to as "inReplyTo", is_deleted as "isDeleted", is_public as "isPublic", source, ${ms('changed_at')} as "changedMs"`;

/** Those of these objects that are known. */
export async function objectsFor(tx: Statements, uris: readonly string[]): Promise<ObjectFacts[]> {
  if (uris.length === 0) return [];
  return tx.run<ObjectFacts>(sql`select ${OBJECT} from object where uri = any(${texts(uris)})`);
}

/** Those of these pairs of actor and id that have been taken back. */
export async function retractionsFor(tx: Statements, asked: readonly Retraction[]): Promise<Retraction[]> {
  if (asked.length === 0) return [];
  const column = (of: (one: Retraction) => string) => texts(asked.map(of));
  return tx.run<Retraction>(sql`
    select actor, object from retraction where (actor, object) in
      (select * from unnest(${column(({ actor }) => actor)}, ${column(({ object }) => object)}))`);
}

/** A retraction is remembered for so long, in milliseconds: longer than any server goes on trying to deliver. */
const REMEMBERED_MS = 30 * 86_400_000;
/** Old ones that go with each write of new ones: more than come, and not so many that it is felt. */
const FORGOTTEN_MAX = 500;

type ObjectEffects = Pick<Effects, 'objects' | 'retractions' | 'gone' | 'changedActors'>;

/** Writes what decisions asked for about objects and actors. */
export async function writeObjects(tx: Statements, effects: ObjectEffects, atMs: number): Promise<void> {
  const { objects, retractions, gone, changedActors } = effects;
  if (objects.length > 0)
    await tx.run(sql`
    insert into object (uri, type, owner, in_reply_to, is_deleted, is_public, source, changed_at)
    select r.uri, r.type, r.owner, r."inReplyTo", r."isDeleted", r."isPublic", r.source, to_timestamp(r."changedMs" / 1000)
      from json_to_recordset(${rows(objects)}) as r(uri text, type text, owner text, "inReplyTo" text,
        "isDeleted" boolean, "isPublic" boolean, source text, "changedMs" float8)
    on conflict (uri) do update set type = excluded.type, in_reply_to = excluded.in_reply_to,
      is_deleted = excluded.is_deleted, is_public = excluded.is_public, source = excluded.source, changed_at = excluded.changed_at
     where object.owner = excluded.owner and (excluded.is_deleted or not object.is_deleted)`);
  if (retractions.length > 0)
    await tx.run(sql`
    with forgotten as (
      delete from retraction where (actor, object) in
        (select actor, object from retraction where at <= ${time(atMs - REMEMBERED_MS)} limit ${FORGOTTEN_MAX})
    )
    insert into retraction (actor, object, at)
    select r.actor, r.object, ${time(atMs)} from json_to_recordset(${rows(retractions)}) as r(actor text, object text)
    on conflict (actor, object) do update set at = excluded.at`);
  if (gone.length > 0) {
    await tx.run(sql`
      update object set type = 'Tombstone', is_deleted = true, is_public = false, source = null
       where owner = any(${texts(gone)}) and not is_deleted`);
    await tx.run(sql`delete from remote_actor where id = any(${texts(gone)})`);
  }
  if (changedActors.length > 0)
    await tx.run(
      sql`update remote_actor set fetched_at = ${time(0)} where id = any(${texts(changedActors)})`,
    );
}

const COUNTED = ['likes', 'shares', 'replies', 'dislikes', 'emojiReactions'] as const;

/** An object, and how many reacted to it. */
export interface KnownObject {
  readonly uri: string;
  readonly type: string | null;
  readonly owner: string | null;
  readonly isDeleted: boolean;
  readonly totals: Readonly<Record<(typeof COUNTED)[number], number>>;
}

/** What is known of an object; of one that only others spoke of, how they did. */
export async function objectByUri(db: Statements, uri: string): Promise<KnownObject> {
  const found = await db.run<{ collection: string; count: number }>(sql`
    select collection, count(distinct item)::float8 as count from member
     where collection = any(${texts(COUNTED.map((name) => `${uri}/${name}`))}) group by collection`);
  const counts = new Map(found.map(({ collection, count }) => [collection, count]));
  const [object] = await db.run<ObjectFacts>(sql`select ${OBJECT} from object where uri = ${uri}`);
  const { type = null, owner = null, isDeleted = false } = object ?? {};
  // Nobody likes what is gone, also where a Like came in the moment of the Delete.
  const countOf = (name: string): number =>
    isDeleted && name !== 'replies' ? 0 : (counts.get(`${uri}/${name}`) ?? 0);
  const totals = Object.fromEntries(COUNTED.map((name) => [name, countOf(name)]));
  return { uri, type, owner, isDeleted, totals: totals as KnownObject['totals'] };
}
