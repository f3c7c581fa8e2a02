/** The statements of the intake: counting a group of activities against their limits, and storing their mail. */
import type { VerifiedActivity } from '../api.ts';
import { ms, rows, type Statements, sql, time } from './statement.ts';

/** So many activities of one key (a domain, or an actor's id) are about to be counted. */
export interface Draw {
  readonly key: string;
  readonly count: number;
}

/** A window after counting. */
export interface Window {
  readonly key: string;
  readonly count: number;
  readonly startedMs: number;
}

/**
 * Counts each draw against the window of its key; a window starts with its first counted activity and lasts
 * `windowMs`. One true count for all processes: a row stays locked until the commit. Keys are taken in order, so
 * two intakes never wait for each other in a circle.
 */
export async function draw(
  tx: Statements,
  draws: readonly Draw[],
  windowMs: number,
  atMs: number,
): Promise<Window[]> {
  const sorted = draws.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const lapsed = time(atMs - windowMs);
  return tx.run<Window>(sql`
    insert into rate_window as w (key, started_at, count)
    select r.key, ${time(atMs)}, r.count from json_to_recordset(${rows(sorted)}) as r(key text, count int)
    on conflict (key) do update set
      count = case when w.started_at <= ${lapsed} then excluded.count else w.count + excluded.count end,
      started_at = case when w.started_at <= ${lapsed} then excluded.started_at else w.started_at end
    returning w.key, w.count, ${ms('w.started_at')} as "startedMs"`);
}

/**
 * Stores mail and documents in one statement. The document of an id is written once: the first one stands.
 * Every POST makes a mail of its own, because the same activity may come to another inbox.
 *
 * What is long travels as the bytes that came, all in one parameter, and is cut apart by the server: quoted as
 * elements of an array, or inside of JSON, it costs both sides twice as much.
 */
export async function insertMail(tx: Statements, mail: readonly VerifiedActivity[]): Promise<void> {
  const column = (of: (activity: VerifiedActivity) => string | null) => sql`${mail.map(of)}::text[]`;
  const { bytes, starts, sizes } = packed(
    mail.flatMap(({ raw, facts, locals, moving, sender }) => [
      raw,
      // Who sent it is said only where it is somebody else: filters ask for it.
      Buffer.from(
        JSON.stringify({
          ...facts,
          locals,
          moving,
          sender: sender?.actor === facts.actor ? undefined : sender,
        }),
      ),
    ]),
  );
  const of = (list: readonly number[], place: 0 | 1) =>
    sql`${list.filter((_, at) => at % 2 === place)}::int[]`;
  await tx.run(sql`
    with given as materialized (
      select id, domain, normal, inbox, at::timestamptz as at, place,
             convert_from(substring(bytes from raw_start for raw_size), 'UTF8') as raw,
             convert_from(substring(bytes from facts_start for facts_size), 'UTF8') as facts
        from (select ${bytes}::bytea as bytes offset 0) as sent, unnest(
          ${column(({ facts }) => facts.id)}, ${column(({ domain }) => domain)}, ${column(({ normal }) => normal)},
          ${column(({ inbox }) => inbox)}, ${column(({ receivedAt }) => new Date(receivedAt).toISOString())},
          ${of(starts, 0)}, ${of(sizes, 0)}, ${of(starts, 1)}, ${of(sizes, 1)}
        ) with ordinality as r(id, domain, normal, inbox, at, raw_start, raw_size, facts_start, facts_size, place)
    ), documents as (
      insert into document (activity_id, raw, normal, received_at)
      select id, raw, normal, at from given order by id, place on conflict do nothing
    )
    insert into mail (domain, activity_id, facts, inbox, received_at)
    select domain, id, facts, inbox, at from given order by place`);
}

/** Byte strings one after the other, and where each begins (SQL counts from 1). */
function packed(parts: readonly Uint8Array[]): { bytes: Buffer; starts: number[]; sizes: number[] } {
  const sizes = parts.map(({ byteLength }) => byteLength);
  let next = 1;
  const starts = sizes.map((size) => {
    next += size;
    return next - size;
  });
  return { bytes: Buffer.concat(parts), starts, sizes };
}

/** How much accepted mail waits for a turn, counted up to `most`. */
export async function countMail(db: Statements, most: number): Promise<number> {
  const [row] = await db.run<{ count: number }>(
    sql`select count(*)::float8 as count from (select 1 from mail limit ${most}) as waiting`,
  );
  return row?.count ?? 0;
}
