/** What is stored of a URI, whatever it is; and what was fetched of it because somebody asked. */
import type { ObjectFacts } from '../effects.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

/** Is something stored of this URI? What is deleted, refused or waits is not. */
const isKnown = (uri: ReturnType<typeof sql.raw>) => sql`(
  exists (select 1 from object where object.uri = ${uri} and not object.is_deleted)
  or exists (select 1 from remote_actor where remote_actor.id = ${uri})
  or exists (select 1 from activity as k join document as kd on kd.activity_id = k.activity_id
     where k.activity_id = ${uri} and k.status = 'processed')
  or exists (select 1 from own_activity where own_activity.id = ${uri}))`;

/** Of an activity `a`, those of its actor and its first object of which something is stored. */
export const KNOWN = sql`array_remove(array[
  case when exists (select 1 from remote_actor where remote_actor.id = a.actor) then a.actor end,
  case when a.object is not null and ${isKnown(sql.raw('a.object'))} then a.object end], null) as known`;

/** Those of these URIs of which something is stored. */
export async function knownAmong(db: Statements, uris: readonly string[]): Promise<string[]> {
  if (uris.length === 0) return [];
  const found = await db.run<{ uri: string }>(sql`
    select u.uri from unnest(${texts(uris)}) as u(uri) where ${isKnown(sql.raw('u.uri'))}`);
  return found.map(({ uri }) => uri);
}

/** An object, and the document of the activity that holds it. */
export interface StoredObject {
  readonly uri: string;
  readonly type: string | null;
  readonly owner: string;
  readonly inReplyTo: string | null;
  readonly isPublic: boolean;
  readonly raw: string | null;
  readonly normal: string | null;
}

export async function storedObject(db: Statements, uri: string): Promise<StoredObject | undefined> {
  const [found] = await db.run<StoredObject>(sql`
    select o.uri, o.type, o.owner, o.in_reply_to as "inReplyTo", o.is_public as "isPublic",
           coalesce(d.raw, a.body) as raw, d.normal
      from object as o left join document as d on d.activity_id = o.source left join own_activity as a on a.id = o.source
     where o.uri = ${uri} and not o.is_deleted`);
  return found;
}

/** An activity, and the document that it came in. */
export interface StoredActivity {
  readonly activityId: string;
  readonly type: string;
  readonly status: string;
  readonly receivedMs: number;
  readonly raw: string;
  readonly normal: string | null;
}

/** An activity that had its effect, or one of ours. */
export async function storedActivity(db: Statements, id: string): Promise<StoredActivity | undefined> {
  const [found] = await db.run<StoredActivity>(sql`
    select a.activity_id as "activityId", a.type, a.status, ${ms('a.received_at')} as "receivedMs", d.raw, d.normal
      from activity as a join document as d on d.activity_id = a.activity_id
     where a.activity_id = ${id} and a.status = 'processed'
    union all
    select id, type, 'processed', ${ms('created_at')}, body, null from own_activity where id = ${id}
     limit 1`);
  return found;
}

/**
 * Keeps an object as its own server showed it. `object.source` is the name under which its document is kept; it is no URL,
 * so that no activity can come under it. What is deleted stays so, and what is newer, or of another owner, stands.
 */
export async function saveFetched(
  tx: Statements,
  object: ObjectFacts,
  document: { readonly raw: string; readonly normal: string | null },
  atMs: number,
): Promise<void> {
  const { source } = object;
  const kept = await tx.run(sql`
    insert into object (uri, type, owner, in_reply_to, is_deleted, is_public, source, changed_at)
    select r.uri, r.type, r.owner, r."inReplyTo", false, r."isPublic", r.source, to_timestamp(r."changedMs" / 1000)
      from json_to_recordset(${rows([object])}) as r(uri text, type text, owner text, "inReplyTo" text,
        "isPublic" boolean, source text, "changedMs" float8)
    on conflict (uri) do update set type = excluded.type, in_reply_to = excluded.in_reply_to,
      is_public = excluded.is_public, source = excluded.source, changed_at = excluded.changed_at
     where object.owner = excluded.owner and not object.is_deleted and object.changed_at <= excluded.changed_at
    returning uri`);
  if (kept.length === 0) return;
  await tx.run(sql`
    insert into document (activity_id, raw, normal, received_at)
    values (${source}, ${document.raw}, ${document.normal}, ${time(atMs)})
    on conflict (activity_id) do update set raw = excluded.raw, normal = excluded.normal, received_at = excluded.received_at`);
}
