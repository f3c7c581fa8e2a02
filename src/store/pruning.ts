/**
 * What is pruned, table by table, in pages: one statement finds what may go in one page and takes it away. Rows that
 * somebody else holds are passed over, so nobody waits for this and it waits for nobody.
 */
import type { RetentionSettings } from '../options.ts';
import { AUDIT_READER } from './alerts.ts';
import { ms, type Statements, sql, texts, time } from './statement.ts';

/** How far everything may be taken away at this moment. */
export interface PruneBounds {
  readonly retention: RetentionSettings;
  readonly nowMs: number;
  /** The last event that every reader has passed, and no waiting call and no dead letter needs. */
  readonly logSeq: number;
  /** When the first event came that some reader has not passed, or a waiting call needs. */
  readonly unreadMs: number;
  /** The same for the audit log. */
  readonly auditSeq: number;
  /** The longest window of a rate limit. */
  readonly windowMs: number;
}

/** A page that was looked at. `next` is where the following one begins; null at the end. */
export interface PrunedPage {
  readonly gone: number;
  readonly next: string | null;
}

/** What is pruned from one table, page by page. */
export interface Pruning {
  readonly table: string;
  /** Rows older than this may go; null when all of them stay. */
  cutoffMs(bounds: PruneBounds): number | null;
  page(db: Statements, at: PageAt): Promise<PrunedPage>;
}
export interface PageAt {
  readonly bounds: PruneBounds;
  readonly cutoffMs: number;
  readonly cursor: string | null;
  readonly limit: number;
  /** Only count. */
  readonly isDryRun: boolean;
}

type Sql = ReturnType<typeof sql>;
const before = (bounds: PruneBounds, keepMs: number | null): number | null =>
  keepMs === null ? null : bounds.nowMs - keepMs;
/** What an event tells of stays until every reader has passed the event; commits come a little later than their times. */
const MARGIN_MS = 60_000;
const read = (bounds: PruneBounds, keepMs: number | null): number | null => {
  const cutoffMs = before(bounds, keepMs);
  return cutoffMs === null ? null : Math.min(cutoffMs, bounds.unreadMs - MARGIN_MS);
};

/**
 * A walk over a table by its key. `isGone` is asked of the rows `t`. Where numbers follow time, `isYoung` ends the walk
 * at the first page in which every row is.
 */
function walk(
  table: string,
  key: string,
  type: 'text' | 'bigint',
  cutoffMs: Pruning['cutoffMs'],
  isGone: (cutoff: Sql) => Sql,
  { isYoung, name = table }: { readonly isYoung?: (cutoff: Sql) => Sql; readonly name?: string } = {},
): Pruning {
  const column = sql.ref(key);
  return {
    table: name,
    cutoffMs,
    async page(db, { cutoffMs: atMs, cursor, limit, isDryRun }) {
      const cutoff = time(atMs) as Sql;
      const take = isDryRun
        ? sql``
        : sql`, gone as (delete from ${sql.table(table)} where ${column} in (select ${column} from doomed))`;
      const [page] = await db.run<{ found: number; gone: number; next: string | null; isYoung: boolean }>(sql`
        with page as materialized (
          select ${column} from ${sql.table(table)}
           where ${cursor}::text is null or ${column} > ${cursor}::${sql.raw(type)} order by ${column} limit ${limit}
        ), doomed as materialized (
          select t.${column} from page join ${sql.table(table)} as t using (${column}) where ${isGone(cutoff)}
           for update of t skip locked
        )${take}
        select (select count(*)::float8 from page) as found, (select count(*)::float8 from doomed) as gone,
               (select max(${column})::text from page) as next,
               ${
                 isYoung === undefined
                   ? sql`false`
                   : sql`not exists (select from page join ${sql.table(table)} as t using (${column}) where not (${isYoung(cutoff)}))`
} as "isYoung"`);
      if (page === undefined) return { gone: 0, next: null };
      const isLast = page.found < limit || page.isYoung;
      return { gone: page.gone, next: isLast ? null : page.next };
    },
  };
}

/** The beginning of a log, up to the first event that is to stay. Its last event stays, so that numbers go on. */
function prefix(
  table: 'event' | 'audit',
  cutoffMs: Pruning['cutoffMs'],
  upTo: (bounds: PruneBounds) => number,
): Pruning {
  return {
    table,
    cutoffMs,
    async page(db, { bounds, cutoffMs: atMs, cursor, limit, isDryRun }) {
      const take = isDryRun
        ? sql``
        : sql`, gone as (delete from ${sql.table(table)} where seq in (select seq from doomed))`;
      const [page] = await db.run<{ gone: number; next: string | null }>(sql`
        with page as materialized (
          select seq, at from ${sql.table(table)}
           where seq > ${cursor ?? '0'}::bigint and seq <= ${upTo(bounds)}::bigint
             and seq < (select max(seq) from ${sql.table(table)})
           order by seq limit ${limit}
        ), doomed as materialized (
          select seq from page where seq < coalesce((select min(seq) from page where at >= ${time(atMs)}), 9223372036854775807)
        )${take}
        select count(*)::float8 as gone, max(seq)::text as next from doomed`);
      const gone = page?.gone ?? 0;
      return { gone, next: gone === limit ? (page?.next ?? null) : null };
    },
  };
}

const ENDED = sql`('processed', 'dropped', 'rejected', 'failed')`;
const isNoDeadLetter = sql`not exists (select from dead_letter as l where l.activity_id = t.activity_id)`;

/** Documents: what is known of an object is in one, which stays with it. */
const documents = walk(
  'document',
  'activity_id',
  'text',
  (bounds) => read(bounds, bounds.retention.documentsMs),
  (cutoff) => sql`
  case when exists (select from activity as a where a.activity_id = t.activity_id) then exists (
    select from activity as a
     where a.activity_id = t.activity_id and a.status in ${ENDED} and a.finished_at < ${cutoff} and not exists (
       select from object as o where o.uri = a.object and o.source = t.activity_id))
  else t.received_at < ${cutoff}
    and not exists (select from object as o where o.uri = substr(t.activity_id, 9) and o.source = t.activity_id)
    and not exists (select from mail as m where m.activity_id = t.activity_id) end
  and ${isNoDeadLetter}`,
);

/** Activities: what an Undo needs of a reaction that still counts stays, and what a document is of. */
const activities = walk(
  'activity',
  'id',
  'bigint',
  (bounds) => read(bounds, bounds.retention.activitiesMs),
  (cutoff) => sql`
  t.status in ${ENDED} and t.finished_at < ${cutoff} and ${isNoDeadLetter}
  and not exists (select from document as d where d.activity_id = t.activity_id)
  and not exists (select from member as m where m.item = t.actor and m.via = t.activity_id and m.collection in
    (t.object || '/likes', t.object || '/shares', t.object || '/dislikes', t.object || '/emojiReactions'))`,
  { isYoung: (cutoff) => sql`t.received_at >= ${cutoff}` },
);

/** Remote objects by the day on which they came; of a deleted one stays that it is. */
const objects = walk(
  'object',
  'uri',
  'text',
  (bounds) => before(bounds, bounds.retention.objectsMs),
  (cutoff) => sql`
  not t.is_deleted and exists (select from document as d where d.activity_id = t.source and d.received_at < ${cutoff})`,
);

const follows = walk(
  'follow_request',
  'id',
  'bigint',
  (bounds) => before(bounds, bounds.retention.activitiesMs),
  (cutoff) => sql`t.state in ('rejected', 'withdrawn') and t.since < ${cutoff}`,
);

/** Answers to follows. Whatever else our actors said is theirs to keep. */
const ownAnswers = walk(
  'own_activity',
  'id',
  'text',
  (bounds) => {
    const { activitiesMs } = bounds.retention;
    return before(bounds, activitiesMs === null ? null : Math.max(activitiesMs, ANSWERED_MS));
  },
  (cutoff) => sql`t.type in ('Accept', 'Reject') and t.created_at < ${cutoff}
    and not exists (select from dead_letter as l where l.activity_id = t.id)`,
);
/** No delivery is tried for longer. */
const ANSWERED_MS = 8 * 86_400_000;

const deliveries = walk(
  'delivery',
  'id',
  'bigint',
  (bounds) => before(bounds, bounds.retention.deliveriesMs),
  (cutoff) => sql`t.state <> 'waiting' and t.finished_at < ${cutoff}`,
  { isYoung: (cutoff) => sql`t.created_at >= ${cutoff}` },
);

const deadLetters = walk(
  'dead_letter',
  'id',
  'bigint',
  (bounds) => before(bounds, bounds.retention.deadLettersMs),
  (cutoff) => sql`t.at < ${cutoff}`,
);

const alertsThat = (state: 'delivered' | 'dead', keep: 'deliveriesMs' | 'deadLettersMs') =>
  walk(
    'alert',
    'id',
    'bigint',
    (bounds) => before(bounds, bounds.retention[keep]),
    (cutoff) => sql`t.state = ${sql.lit(state)} and t.finished_at < ${cutoff}`,
    { isYoung: (cutoff) => sql`t.created_at >= ${cutoff}`, name: `alert (${state})` },
  );

/** Keys in use are fetched anew every day. The beginning of time stands for one whose owner has changed since. */
const keys = walk(
  'remote_key',
  'id',
  'text',
  (bounds) => before(bounds, bounds.retention.actorsMs),
  (cutoff) => sql`t.fetched_at < ${cutoff}`,
);
const actors = walk(
  'remote_actor',
  'id',
  'text',
  (bounds) => before(bounds, bounds.retention.actorsMs),
  (cutoff) => sql`
  t.fetched_at < ${cutoff} and t.fetched_at > to_timestamp(0)
  and not exists (select from follow_request as f where f.following = t.id and f.state in ('pending', 'accepted'))
  and not exists (select from follow_request as f where f.follower = t.id and f.state in ('pending', 'accepted'))`,
);

/** A window that is over counts nothing: whoever comes again begins a new one. */
const windows = walk(
  'rate_window',
  'key',
  'text',
  ({ nowMs, windowMs }) => nowMs - windowMs,
  (cutoff) => sql`t.started_at < ${cutoff}`,
);

const rollups: Pruning = {
  table: 'rollup',
  cutoffMs: (bounds) => before(bounds, bounds.retention.rollupsMs),
  async page(db, { cutoffMs, limit, isDryRun }) {
    const old = sql`rollup where hour < ${time(cutoffMs)}`;
    if (isDryRun) {
      const [all] = await db.run<{ count: number }>(sql`select count(*)::float8 as count from ${old}`);
      return { gone: all?.count ?? 0, next: null };
    }
    const gone = await db.run(sql`
      delete from rollup where ctid = any(array(select ctid from ${old} limit ${limit})) returning 1`);
    return { gone: gone.length, next: gone.length === limit ? 'more' : null };
  },
};

/** Inboxes of our actors hold an activity as long as it is known. */
const inboxes: Pruning = {
  table: 'member (inboxes)',
  cutoffMs: (bounds) => before(bounds, bounds.retention.activitiesMs),
  async page(db, { cutoffMs, cursor, limit, isDryRun }) {
    const [collection, item, via] = cursor === null ? ['', '', ''] : (JSON.parse(cursor) as string[]);
    const key = sql`(t.collection, t.item, t.via) = (d.collection, d.item, d.via)`;
    const take = isDryRun ? sql`` : sql`, gone as (delete from member as t using doomed as d where ${key})`;
    const [page] = await db.run<{ found: number; gone: number; next: string | null }>(sql`
      with page as materialized (
        select collection, item, via, added_at from member
         where (collection, item, via) > (${collection}::text, ${item}::text, ${via}::text)
         order by collection, item, via limit ${limit}
      ), doomed as materialized (
        select collection, item, via from page
         where collection like '%/inbox' and added_at < ${time(cutoffMs)}
           and not exists (select from activity as a where a.activity_id = page.item)
           and not exists (select from own_activity as o where o.id = page.item)
      )${take}
      select (select count(*)::float8 from page) as found, (select count(*)::float8 from doomed) as gone,
             (select json_build_array(collection, item, via)::text from page order by collection desc, item desc, via desc limit 1) as next`);
    return { gone: page?.gone ?? 0, next: (page?.found ?? 0) < limit ? null : (page?.next ?? null) };
  },
};

/** In this order: what is of something goes before it. */
export const PRUNINGS: readonly Pruning[] = [
  ...[windows, deadLetters, objects, documents, activities, inboxes, follows, ownAnswers, deliveries],
  ...[alertsThat('delivered', 'deliveriesMs'), alertsThat('dead', 'deadLettersMs'), keys, actors, rollups],
  prefix(
    'event',
    (bounds) => before(bounds, bounds.retention.logMs),
    ({ logSeq }) => logSeq,
  ),
  prefix(
    'audit',
    (bounds) => before(bounds, bounds.retention.auditMs),
    ({ auditSeq }) => auditSeq,
  ),
];

/** How far the logs have been read by everybody. */
export async function readBounds(
  db: Statements,
): Promise<Pick<PruneBounds, 'logSeq' | 'unreadMs' | 'auditSeq'>> {
  const [row] = await db.run<{ logSeq: number; unreadMs: number | null; auditSeq: number }>(sql`
    with read as (
      select coalesce(least(
        (select min(seq) from consumer where name <> ${AUDIT_READER}), (select min(seq) - 1 from handler_call)),
        (select max(seq) from event), 0) as seq
    )
    select least(read.seq, (select min((data ->> 'seq')::bigint) - 1 from dead_letter where kind = 'handler'))::float8
             as "logSeq",
           (select ${ms('at')} from event where event.seq > read.seq order by event.seq limit 1) as "unreadMs",
           coalesce((select seq from consumer where name = ${AUDIT_READER}), (select max(seq) from audit), 0)::float8 as "auditSeq"
      from read`);
  const { logSeq = 0, unreadMs = null, auditSeq = 0 } = row ?? {};
  return { logSeq, unreadMs: unreadMs ?? Number.MAX_SAFE_INTEGER, auditSeq };
}

/** Readers that hold back what is older than a time: handlers that nobody has registered for so long. */
export async function readersBehind(db: Statements, cutoffMs: number): Promise<string[]> {
  const found = await db.run<{ name: string }>(sql`
    select c.name from consumer as c
      cross join lateral (select at from event where event.seq > c.seq order by event.seq limit 1) as next
     where c.name <> ${AUDIT_READER} and next.at < ${time(cutoffMs)}
     order by c.name`);
  return found.map(({ name }) => name);
}

/** Gives up the positions of handlers that nobody calls now, with what waits for them; the names of those. */
export async function forgetReaders(
  tx: Statements,
  names: readonly string[],
  atMs: number,
): Promise<string[]> {
  const gone = await tx.run<{ name: string }>(sql`
    delete from consumer where name = any(${texts(names)}) and name not like 'sallyport:%'
       and (lease_until is null or lease_until <= ${time(atMs)}) returning name`);
  const forgotten = gone.map(({ name }) => name);
  if (forgotten.length > 0)
    await tx.run(sql`delete from handler_call where handler = any(${texts(forgotten)})`);
  return forgotten;
}
