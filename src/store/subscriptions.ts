/**
 * Subscriptions to remote lists. Whoever asks a list for what it says holds its row for as long, by a name (`holder`)
 * and a time; every write names the holder, so one that slept through its time changes nothing.
 */
import type { SubscriptionKind, SubscriptionRecord } from '../api/subscriptions.ts';
import { recordAudit } from './audit.ts';
import { ms, rows, type Statements, sql, time } from './statement.ts';

/** Where a FIRES dataset has its parts. */
export interface Endpoints {
  readonly dataset: string;
  readonly snapshot: string;
  readonly changes: string;
}

/** What a moderator has said about a subscription. */
export interface SubscriptionTerms
  extends Pick<SubscriptionRecord, 'name' | 'mode' | 'severityMax' | 'followedMax' | 'onRemove' | 'comment'> {
  readonly everyMs: number;
  /** The Authorization header. */
  readonly login: string | null;
}

export interface Subscription extends SubscriptionTerms {
  readonly id: string;
  readonly url: string;
  readonly kind: SubscriptionKind;
  readonly isPaused: boolean;
  readonly removedBy: string | null;
  readonly dueMs: number | null;
  readonly failures: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly endpoints: Endpoints | null;
  readonly position: string | null;
  readonly wholeMs: number | null;
  readonly error: string | null;
  readonly suspicion: string | null;
  readonly review: readonly string[];
  readonly polledMs: number | null;
  readonly okMs: number | null;
  readonly batch: string | null;
  readonly createdMs: number;
  readonly by: string;
}

/** A subscription that this process holds. */
export interface Held extends Subscription {
  readonly holder: string;
}

export interface CountedSubscription extends Subscription {
  readonly entries: number;
  readonly pending: number;
}

const COLUMNS = sql.raw(`
  s.id::text as id, s.url, s.kind, s.name, s.every_ms::float8 as "everyMs", s.mode, s.severity_max as "severityMax",
  s.followed_max as "followedMax", s.on_remove as "onRemove", s.comment, s.login, s.is_paused as "isPaused",
  s.removed_by as "removedBy", s.failures, s.etag, s.last_modified as "lastModified", s.endpoints, s.position, s.error,
  s.suspicion, s.review, s.batch, s.by_whom as "by"`);
const TIMES = sql`
  ${ms('s.due_at')} as "dueMs", ${ms('s.whole_at')} as "wholeMs", ${ms('s.polled_at')} as "polledMs",
  ${ms('s.ok_at')} as "okMs", ${ms('s.created_at')} as "createdMs"`;

/** Newest first, below the cursor; or the one with this id. With what it says, counted. */
export async function listSubscriptions(
  db: Statements,
  { id = null, below = null }: { readonly id?: string | null; readonly below?: string | null },
  limit: number,
): Promise<CountedSubscription[]> {
  return db.run(sql`
    select ${COLUMNS}, ${TIMES}, coalesce(e.entries, 0)::float8 as entries, coalesce(e.pending, 0)::float8 as pending
      from subscription as s left join lateral (
        select count(*) filter (where wish is not null or advice in ('Advisory', 'Recommendation')) as entries,
               count(*) filter (where wish is distinct from applied) as pending
          from subscription_entry where subscription = s.id
      ) as e on true
     where (${id}::bigint is null or s.id = ${id}::bigint) and (${below}::bigint is null or s.id < ${below}::bigint)
     order by s.id desc limit ${limit}`);
}

/** Makes one, due at once. Null when there is one with this URL. */
export async function insertSubscription(
  tx: Statements,
  { url, kind, by, ...terms }: SubscriptionTerms & { url: string; kind: SubscriptionKind; by: string },
  atMs: number,
): Promise<string | null> {
  const { name, mode, severityMax, followedMax, onRemove, comment, everyMs, login } = terms;
  const [row] = await tx.run<{ id: string }>(sql`
    insert into subscription (url, kind, name, every_ms, mode, severity_max, followed_max, on_remove, comment, login,
      due_at, review, created_at, by_whom)
    values (${url}, ${kind}, ${name}, ${everyMs}::bigint, ${mode}, ${severityMax}, ${followedMax}, ${onRemove}, ${comment},
      ${login}, ${time(atMs)}, '[]', ${time(atMs)}, ${by}) on conflict do nothing returning id::text as id`);
  return row?.id ?? null;
}

/** Writes what a moderator has said anew; the whole list is asked for again, at once unless it is paused. */
export async function updateTerms(
  tx: Statements,
  id: string,
  terms: SubscriptionTerms,
  atMs: number,
): Promise<void> {
  const { name, mode, severityMax, followedMax, onRemove, comment, everyMs, login } = terms;
  await tx.run(sql`
    update subscription set name = ${name}, every_ms = ${everyMs}::bigint, mode = ${mode}, severity_max = ${severityMax},
           followed_max = ${followedMax}, on_remove = ${onRemove}, comment = ${comment}, login = ${login}, etag = null,
           last_modified = null, whole_at = null, due_at = case when is_paused then null else ${time(atMs)} end
     where id = ${id}::bigint and removed_by is null`);
}

/** Paused, it is not due; resumed, it is due at once. */
export async function pauseSubscription(
  tx: Statements,
  id: string,
  isPaused: boolean,
  atMs: number,
): Promise<void> {
  await tx.run(sql`
    update subscription set is_paused = ${isPaused}, due_at = ${isPaused ? time(null) : time(atMs)}
     where id = ${id}::bigint and removed_by is null and is_paused <> ${isPaused}`);
}

/** From now on it is being removed, also when whoever began that dies. */
export async function markRemoved(
  tx: Statements,
  id: string,
  by: string,
  onRemove: 'retract' | 'adopt',
  atMs: number,
): Promise<void> {
  await tx.run(sql`
    update subscription set removed_by = ${by}, on_remove = ${onRemove}, due_at = ${time(atMs)}
     where id = ${id}::bigint and removed_by is null`);
}

/** Takes those that are due and that nobody holds, those due for the longest first. */
export async function takeDue(
  db: Statements,
  holder: string,
  atMs: number,
  untilMs: number,
  most: number,
): Promise<Held[]> {
  const taken = await db.run<Subscription>(sql`
    update subscription as s set holder = ${holder}, lease_until = ${time(untilMs)}
      from (select id from subscription
             where due_at <= ${time(atMs)} and (lease_until is null or lease_until <= ${time(atMs)})
             order by due_at limit ${most} for update skip locked) as due
     where s.id = due.id returning ${COLUMNS}, ${TIMES}`);
  return taken.map((one) => ({ ...one, holder }));
}

/** Takes this one; null when somebody holds it, or there is none. */
export async function takeOne(
  db: Statements,
  id: string,
  holder: string,
  atMs: number,
  untilMs: number,
): Promise<Held | null> {
  const [taken] = await db.run<Subscription>(sql`
    update subscription as s set holder = ${holder}, lease_until = ${time(untilMs)}
     where s.id = ${id}::bigint and (s.lease_until is null or s.lease_until <= ${time(atMs)})
    returning ${COLUMNS}, ${TIMES}`);
  return taken === undefined ? null : { ...taken, holder };
}

/** Holds it for longer. */
export async function renewLease(db: Statements, held: Held, untilMs: number): Promise<void> {
  await db.run(sql`
    update subscription set lease_until = ${time(untilMs)} where id = ${held.id}::bigint and holder = ${held.holder}`);
}

/** Locks the row if it is still held; the first statement of every transaction that writes what a list says. */
export async function isStillHeld(tx: Statements, held: Held): Promise<boolean> {
  const [row] = await tx.run(sql`
    select id from subscription where id = ${held.id}::bigint and holder = ${held.holder} for update`);
  return row !== undefined;
}

/** What is known once a list has answered, or a part of it. */
export interface Reading {
  readonly etag?: string | null;
  readonly lastModified?: string | null;
  readonly endpoints?: Endpoints | null;
  readonly position?: string | null;
  readonly wholeMs?: number | null;
}

export async function saveReading(tx: Statements, held: Held, reading: Reading): Promise<void> {
  const { etag, lastModified, endpoints, position, wholeMs } = { ...held, ...reading };
  await tx.run(sql`
    update subscription set etag = ${etag}, last_modified = ${lastModified}, position = ${position},
           endpoints = ${endpoints === null ? null : JSON.stringify(endpoints)}::jsonb, whole_at = ${time(wholeMs)}
     where id = ${held.id}::bigint and holder = ${held.holder}`);
}

/** How it stands when a holder lets it go. What is absent stays as it is. */
export interface Standing {
  readonly failures?: number;
  readonly error?: string | null;
  readonly suspicion?: string | null;
  readonly review?: readonly string[];
  readonly polledMs?: number;
  readonly okMs?: number;
  readonly batch?: string;
  readonly dueMs?: number;
}

/**
 * Lets it go. A subscription that was paused or removed meanwhile keeps its own due time. That it
 * is suspicious from now on is entered in the audit log, from where moderators are told.
 */
export async function letGo(tx: Statements, held: Held, standing: Standing, atMs: number): Promise<void> {
  const { failures, error, suspicion, review, polledMs, okMs, batch } = { ...held, ...standing };
  const { dueMs } = standing;
  const isDueKept = dueMs === undefined || held.removedBy !== null;
  const left = await tx.run(sql`
    update subscription set holder = null, lease_until = null, failures = ${failures}, error = ${error},
           suspicion = ${suspicion}, review = ${rows(review as unknown as object[])}::jsonb, polled_at = ${time(polledMs)},
           ok_at = ${time(okMs)}, batch = ${batch},
           due_at = case when ${isDueKept} or is_paused or removed_by is not null then due_at else ${time(dueMs ?? null)} end
     where id = ${held.id}::bigint and holder = ${held.holder} returning id`);
  if (left.length === 0 || suspicion === null || suspicion === held.suspicion) return;
  const subject = { kind: 'subscription', id: held.id } as const;
  await recordAudit(tx, [{ by: null, verb: 'suspect', subject, to: 'suspicious', reason: suspicion }], atMs);
}

/** Forgets it and everything that it said. */
export async function deleteSubscription(tx: Statements, id: string): Promise<void> {
  await tx.run(sql`delete from subscription_entry where subscription = ${id}::bigint`);
  await tx.run(sql`delete from subscription_change where subscription = ${id}::bigint`);
  await tx.run(sql`delete from subscription where id = ${id}::bigint`);
}
