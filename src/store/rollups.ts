/** Counts by the hour, made of the log once: the counts and how far they are stand in one transaction. */
import { type Statements, sql, time } from './statement.ts';

/** The counter's name among the readers of the log. */
export const COUNTER = 'sallyport:rollups';

/** Makes the counter's row at the beginning of the log, so that what came before the first count is counted too. */
export async function insertCounter(db: Statements): Promise<void> {
  await db.run(sql`insert into consumer (name, seq) values (${COUNTER}, 0) on conflict do nothing`);
}

/**
 * Counts the next events of the log and moves the position on. The number of events taken, or null when the lease is
 * another's by now. The position is taken first: two that count at once wait here for each other.
 */
export async function countOn(tx: Statements, owner: string, most: number): Promise<number | null> {
  const [held] = await tx.run<{ seq: string }>(sql`
    select seq::text from consumer where name = ${COUNTER} and lease_owner = ${owner} for update`);
  if (held === undefined) return null;
  const [page] = await tx.run<{ count: number; last: string | null }>(sql`
    select count(*)::float8 as count, max(seq)::text as last
      from (select seq from event where seq > ${held.seq}::bigint order by seq limit ${most}) as page`);
  if (page === undefined || page.last === null) return 0;
  await tx.run(counted(held.seq, page.last));
  await tx.run(sql`update consumer set seq = ${page.last}::bigint where name = ${COUNTER}`);
  return page.count;
}

/**
 * What a filter said stands in the activity's history. What a held one said is counted with the hold, and what was said
 * after its approval with its end, so nothing is counted twice: histories are cut at approvals.
 */
const counted = (after: string, upTo: string) => sql`
  with page as materialized (
    select e.at, date_trunc('hour', e.at, 'UTC') as hour, e.kind, e.machine, e.domain, e.to_state, a.type, a.status,
           a.reason, a.history, a.history::text like '%"filter"%' as is_said
      from event as e left join activity as a on e.kind <> 'transition' and a.activity_id = e.key
     where e.seq > ${after}::bigint and e.seq <= ${upTo}::bigint
  ), said as (
    select p.hour, p.domain, coalesce(p.type, '') as type, h.entry ->> 'what' as status, h.entry ->> 'filter' as filter
      from page as p cross join lateral (
        select entry, place, max(place) filter (where entry ->> 'what' = 'approved') over () as approved
          from json_array_elements(p.history) with ordinality as e(entry, place)
      ) as h
     where p.is_said and h.entry ->> 'filter' is not null
       and case p.kind
             when 'hold' then p.to_state = 'held' and (h.entry ->> 'at')::timestamptz = p.at
             else p.to_state is null and h.place > coalesce(h.approved, 0)
           end
  ), ended as (
    select hour, domain, coalesce(type, '') as type, coalesce(to_state, status, '') as status,
           case when is_said then coalesce((
             select entry ->> 'filter' from json_array_elements(history) with ordinality as e(entry, place)
              where entry ->> 'filter' is not null and entry ->> 'what' = coalesce(to_state, status)
              order by place desc limit 1), '') else '' end as filter,
           -- What a moderator writes is no key: everybody would write another one.
           case to_state when 'rejected' then 'rejected by a moderator' when 'dropped' then 'nobody decided in time'
                else reason end as reason
      from page where kind = 'activity'
  ), facts as (
    select hour, 'activity' as subject, domain, type, status,
           case when status = 'processed' or filter <> '' then '' else left(coalesce(reason, ''), 120) end as reason, filter
      from ended
    union all
    select hour, 'filter', domain, type, status, '', filter from said
    union all
    select hour, 'hold', domain, coalesce(type, ''), to_state, '', '' from page where kind = 'hold'
    union all
    select hour, 'transition', domain, machine, to_state, '', '' from page where kind = 'transition'
  )
  insert into rollup (domain, hour, subject, type, status, reason, filter, count)
  select coalesce(domain, ''), hour, subject, type, status, reason, filter, count(*) from facts
   group by grouping sets ((domain, hour, subject, type, status, reason, filter), (hour, subject, type, status, reason, filter))
   order by 1, 2, 3, 4, 5, 6, 7
  on conflict (domain, hour, subject, type, status, reason, filter) do update set count = rollup.count + excluded.count`;

/** What is counted, and among which of it. */
export interface CountsFilter {
  readonly subject: 'activity' | 'filter' | 'hold' | 'transition';
  readonly by: 'domain' | 'type' | 'status' | 'filter' | 'reason';
  readonly bucket: 'hour' | 'day';
  readonly fromMs: number;
  readonly toMs: number;
  readonly domain: string | null;
  readonly type: string | null;
  readonly status: string | null;
  readonly filter: string | null;
  readonly limit: number;
}

/** The count of one key in one bucket. */
export interface CountRow {
  readonly key: string;
  readonly atMs: number;
  readonly count: number;
  /** Of the key in all buckets, and of everything. */
  readonly total: number;
  readonly all: number;
}

/** The keys with the highest counts, each with its counts over time. */
export async function readCounts(db: Statements, asked: CountsFilter): Promise<CountRow[]> {
  const { subject, by, bucket, fromMs, toMs, domain, type, status, filter, limit } = asked;
  // All domains together have rows of their own.
  const among =
    domain !== null ? sql`domain = ${domain}` : by === 'domain' ? sql`domain <> ''` : sql`domain = ''`;
  return db.run<CountRow>(sql`
    with found as (
      select ${sql.ref(by)} as key, date_trunc(${bucket}, hour, 'UTC') as at, sum(count)::float8 as count
        from rollup
       where ${among} and hour >= ${time(fromMs)} and hour < ${time(toMs)} and subject = ${subject}
         and (${type}::text is null or type = ${type}) and (${status}::text is null or status = ${status})
         and (${filter}::text is null or filter = ${filter})
       group by 1, 2
    ), totals as (
      select key, sum(count) as total, sum(sum(count)) over () as all from found group by key
       order by total desc, key limit ${limit}
    )
    select key, (extract(epoch from at) * 1000)::float8 as "atMs", count, total, t.all
      from totals as t join found using (key) order by total desc, key, at`);
}

/** What filters said of a domain's activities. */
export async function verdictsOf(
  db: Statements,
  domain: string,
  fromMs: number,
  toMs: number,
): Promise<{ filter: string; verdict: string; count: number }[]> {
  return db.run(sql`
    select filter, status as verdict, sum(count)::float8 as count from rollup
     where domain = ${domain} and hour >= ${time(fromMs)} and hour < ${time(toMs)} and subject = 'filter'
     group by 1, 2 order by count desc, 1, 2`);
}

/** How much of the log is not counted yet. */
export async function countsBehind(db: Statements): Promise<number> {
  const [row] = await db.run<{ count: number }>(sql`
    select count(*)::float8 as count from event
     where seq > coalesce((select seq from consumer where name = ${COUNTER}), 0)`);
  return row?.count ?? 0;
}
