/**
 * What was recorded, in the order of its arrival, for simulations: by pages whose documents fit into a bounded memory,
 * along the primary key, and nothing is locked.
 */
import type { HistoryEntry } from '../api.ts';
import type { Status } from '../verdict.ts';
import type { StoredFacts } from './actors.ts';
import { ms, type Statements, sql, texts, time } from './statement.ts';

/** A recorded activity with its document, and what is known today of where it came from. */
export interface RecordedActivity {
  readonly id: string;
  readonly activityId: string;
  readonly type: string;
  readonly actorId: string;
  /** The id of its first object. */
  readonly objectId: string | null;
  readonly domain: string;
  readonly status: Status;
  readonly inboxes: readonly string[];
  readonly history: readonly HistoryEntry[];
  readonly receivedMs: number;
  /** Null when it is not stored any more. */
  readonly raw: string | null;
  readonly normal: string | null;
  readonly actor: StoredFacts | null;
  readonly state: string | null;
  readonly strikes: number | null;
}

/** Which of them. */
export interface RecordedRange {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly domain: string | null;
}

/** Documents of one page, in bytes; a larger one is a page of its own. */
const PAGE_BYTES_MAX = 8_000_000;
/** Ids follow arrival, but not to the millisecond: mail of one moment is committed in any order. */
const SLACK_MS = 600_000;

/** The id before the first activity that was accepted then or later: found by halving, as there is no index of times. */
export async function idBefore(db: Statements, sinceMs: number): Promise<string> {
  const [ends] = await db.run<{ least: number; most: number }>(sql`
    select coalesce(min(id), 0)::float8 as least, coalesce(max(id), 0)::float8 as most from activity`);
  let { least, most } = ends as { least: number; most: number };
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    const [found] = await db.run<{ id: number; receivedMs: number }>(sql`
      select id::float8 as id, ${ms('received_at')} as "receivedMs" from activity
       where activity.id >= ${middle}::bigint order by activity.id limit 1`);
    if (found !== undefined && found.receivedMs < sinceMs - SLACK_MS) least = Math.max(found.id, middle) + 1;
    else most = middle;
  }
  return String(Math.max(0, least - 1));
}

const within = ({ sinceMs, untilMs, domain }: RecordedRange) => sql`
  a.received_at >= ${time(sinceMs)} and a.received_at < ${time(untilMs)}
  and (${domain}::text is null or a.domain = ${domain})`;

export async function countRecorded(db: Statements, beyond: string, range: RecordedRange): Promise<number> {
  const [row] = await db.run<{ count: number }>(sql`
    select count(*)::float8 as count from activity as a where a.id > ${beyond}::bigint and ${within(range)}`);
  return row?.count ?? 0;
}

/** The next page after an id: at most so many, and at most so many bytes of documents. */
export async function recordedActivities(
  db: Statements,
  beyond: string,
  range: RecordedRange,
  limit: number,
): Promise<RecordedActivity[]> {
  const found = await db.run<RecordedActivity & { firstSeenMs: number }>(sql`
    with page as materialized (
      select a.id, a.activity_id, a.type, a.actor, a.object, a.domain, a.status, a.inboxes, a.history, a.received_at
        from activity as a where a.id > ${beyond}::bigint and ${within(range)} order by a.id limit ${limit}
    ), sized as (
      select p.*, d.raw, d.normal,
             sum(octet_length(d.raw)) over (order by p.id) - octet_length(d.raw) as before
        from page as p left join document as d on d.activity_id = p.activity_id
    )
    select s.id::text, s.activity_id as "activityId", s.type, s.actor as "actorId",
           s.object as "objectId", s.domain, s.status, s.inboxes,
           s.history, ${ms('s.received_at')} as "receivedMs", s.raw, s.normal, r.document as actor,
           ${ms('r.first_seen_at')} as "firstSeenMs", o.state,
           (o.snapshot -> 'snapshot' -> 'context' ->> 'strikes')::int as strikes
      from sized as s left join remote_actor as r on r.id = s.actor left join domain as o on o.name = s.domain
     where coalesce(s.before, 0) <= ${PAGE_BYTES_MAX} order by s.id`);
  return found.map(({ firstSeenMs, actor, ...row }) => ({
    ...row,
    actor: actor && { ...actor, firstSeenMs },
  }));
}

/** Those of these actors of whom something was processed or approved that came before. By domain, for the index. */
export async function knownBefore(
  db: Statements,
  actors: readonly string[],
  domains: readonly string[],
  beforeMs: number,
): Promise<string[]> {
  if (actors.length === 0) return [];
  const found = await db.run<{ actor: string }>(sql`
    select distinct actor from activity
     where domain = any(${texts(domains)}) and received_at < ${time(beforeMs)} and actor = any(${texts(actors)})
       and (status = 'processed' or history::text ~ '"what": ?"approved"')`);
  return found.map(({ actor }) => actor);
}

/** A follow between one of ours and one of these actors, and since when it is so. */
export interface RecordedFollow {
  readonly actor: string;
  readonly activityId: string;
  readonly isOutgoing: boolean;
  readonly isAccepted: boolean;
  /** Since when it is accepted; of a pending one, since when it is asked. */
  readonly sinceMs: number;
  /** When ours asked. */
  readonly askedMs: number;
}

/** What stands today: what has ended since is not recorded with its times. */
export async function recordedFollows(db: Statements, actors: readonly string[]): Promise<RecordedFollow[]> {
  if (actors.length === 0) return [];
  const columns = sql`f.activity_id as "activityId", f.state = 'accepted' as "isAccepted", ${ms('f.since')} as "sinceMs"`;
  return db.run<RecordedFollow>(sql`
    select f.following as actor, true as "isOutgoing", ${columns},
           coalesce(${ms('w.created_at')}, ${ms('f.since')}) as "askedMs"
      from follow_request as f left join own_activity as w on w.id = f.activity_id
     where f.following = any(${texts(actors)}) and f.state in ('pending', 'accepted') and f.direction = 'outgoing'
    union all
    select f.follower, false, ${columns}, ${ms('f.since')} from follow_request as f
     where f.follower = any(${texts(actors)}) and f.state in ('pending', 'accepted') and f.direction = 'incoming'`);
}

/** What is stored of a URI today, and by which activity it came, where one brought it. */
export interface RecordedObject {
  readonly uri: string;
  /** Our id of the activity in which it is kept, or of itself; null where none brought it. */
  readonly id: string | null;
  readonly activityId: string | null;
  readonly sinceMs: number | null;
}

export async function recordedObjects(db: Statements, uris: readonly string[]): Promise<RecordedObject[]> {
  if (uris.length === 0) return [];
  return db.run<RecordedObject>(sql`
    select o.uri, a.id::text as id, a.activity_id as "activityId", null::float8 as "sinceMs"
      from object as o left join activity as a on a.activity_id = o.source
     where o.uri = any(${texts(uris)}) and not o.is_deleted
    union all
    select r.id, null, null, ${ms('r.first_seen_at')} from remote_actor as r where r.id = any(${texts(uris)})
    union all
    select a.activity_id, a.id::text, a.activity_id, null from activity as a
     where a.activity_id = any(${texts(uris)}) and a.status = 'processed'
    union all
    select w.id, null, null, ${ms('w.created_at')} from own_activity as w where w.id = any(${texts(uris)})`);
}
