/** What moderators see of what is held: lists by what they look for, and one with its document. */

import type { HeldFilter, HeldOrder } from '../api/held.ts';
import type { HeldRecord, HistoryEntry } from '../api.ts';
import type { ActorFacts } from './actors.ts';
import { ms, type Statements, sql, time } from './statement.ts';

type HeldRow = Omit<HeldRecord, 'heldAt' | 'expiresAt'> & {
  readonly heldMs: number;
  readonly expiresMs: number;
};

const ROW = sql`h.id::text, h.activity_id as "activityId", h.type, h.actor, h.domain, h.filter, h.reason,
  ${ms('h.held_at')} as "heldMs", ${ms('h.expires_at')} as "expiresMs"`;

const recordOf = ({ heldMs, expiresMs, ...held }: HeldRow): HeldRecord => ({
  ...held,
  heldAt: new Date(heldMs).toISOString(),
  expiresAt: new Date(expiresMs).toISOString(),
});

/** Where a page begins: after this one. */
export interface HeldCursor {
  readonly id: string;
  readonly expiresMs: number;
}

/** A page in its order, after the cursor. */
export async function listHeld(
  db: Statements,
  filter: HeldFilter,
  order: HeldOrder,
  after: HeldCursor | null,
  limit: number,
): Promise<HeldRecord[]> {
  const orders = {
    newest: [sql`h.id < ${after?.id}::bigint`, sql`h.id desc`],
    oldest: [sql`h.id > ${after?.id}::bigint`, sql`h.id`],
    expiring: [
      sql`(h.expires_at, h.id) > (${time(after?.expiresMs ?? null)}, ${after?.id}::bigint)`,
      sql`h.expires_at, h.id`,
    ],
  } as const;
  const [beyond, by] = orders[order];
  const found = await db.run<HeldRow>(sql`
    select ${ROW} from held as h
     where ${after === null ? sql`true` : beyond} and ${matching(filter)} order by ${by} limit ${limit}`);
  return found.map(recordOf);
}

/** Ids of those that fit, in the order of arrival, beyond this id, that were held until this time; with their domains. */
export async function heldMatching(
  db: Statements,
  filter: HeldFilter & { readonly ids?: readonly string[] | undefined },
  { beyond, untilMs, limit }: { readonly beyond: string; readonly untilMs: number; readonly limit: number },
): Promise<{ readonly id: string; readonly domain: string }[]> {
  const among = filter.ids === undefined ? sql`true` : sql`h.id = any(${filter.ids}::bigint[])`;
  return db.run(sql`
    select h.id::text, h.domain from held as h
     where h.id > ${beyond}::bigint and h.held_at <= ${time(untilMs)} and ${among} and ${matching(filter)}
     order by h.id limit ${limit}`);
}

/** How many fit. */
export async function countMatching(
  db: Statements,
  filter: HeldFilter & { readonly ids?: readonly string[] | undefined },
): Promise<number> {
  const among = filter.ids === undefined ? sql`true` : sql`h.id = any(${filter.ids}::bigint[])`;
  const [found] = await db.run<{ count: number }>(sql`
    select count(*)::float8 as count from held as h where ${among} and ${matching(filter)}`);
  return found?.count ?? 0;
}

/** What is not asked for stands in no statement. */
function matching({ filter, domain, actor, type, q }: HeldFilter) {
  const wanted = [
    filter === undefined ? null : sql`h.filter = ${filter}`,
    domain === undefined ? null : sql`h.domain = ${domain}`,
    actor === undefined ? null : sql`h.actor = ${actor}`,
    type === undefined ? null : sql`h.type = ${type}`,
    q === undefined ? null : containing(q),
  ].filter((one) => one !== null);
  return wanted.length === 0 ? sql`true` : sql.join(wanted, sql` and `);
}

function containing(q: string) {
  const part = sql`lower(${q})`;
  return sql`(position(${part} in lower(h.actor || ' ' || h.activity_id || ' ' || h.reason)) > 0
    or exists (select from document as d where d.activity_id = h.activity_id and position(${part} in lower(d.raw)) > 0))`;
}

/** One with what came, and what its server says of its actor. */
export interface WholeHeld {
  readonly record: HeldRecord;
  readonly inboxes: readonly string[];
  readonly receivedMs: number;
  readonly history: readonly HistoryEntry[];
  readonly asked: readonly string[];
  readonly raw: string | null;
  readonly actorFacts: ActorFacts | null;
}

export async function wholeHeld(db: Statements, id: string): Promise<WholeHeld | undefined> {
  const [found] = await db.run<HeldRow & Omit<WholeHeld, 'record'>>(sql`
    select ${ROW}, h.asked, a.inboxes, a.history, ${ms('a.received_at')} as "receivedMs", d.raw, r.document as "actorFacts"
      from held as h join activity as a on a.id = h.id
      left join document as d on d.activity_id = h.activity_id
      left join remote_actor as r on r.id = h.actor
     where h.id = ${id}::bigint`);
  if (found === undefined) return undefined;
  const { inboxes, receivedMs, history, asked, raw, actorFacts, ...row } = found;
  return { record: recordOf(row), inboxes, receivedMs, history, asked, raw, actorFacts };
}
