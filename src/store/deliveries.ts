/**
 * The outgoing mailboxes: one row of `outgoing` for each remote domain, its deliveries beside it.
 *
 * Whoever serves a domain holds a lease on its row. The lease's end is also the fence: a process that slept through
 * it holds a value that the row no longer has, and its writes change nothing.
 */
import type { DeliveryRecord, Page, PageQuery } from '../api.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

/** An activity of ours, as it is sent. */
export interface NewOwnActivity {
  readonly id: string;
  readonly actor: string;
  readonly type: string;
  readonly body: string;
}

/** One activity of ours for one inbox. */
export interface NewDelivery {
  /** The outgoing mailbox: the domain of the actor that it goes to. */
  readonly domain: string;
  readonly inbox: string;
  readonly activityId: string;
  /** The local actor that signs. */
  readonly actor: string;
}

/** Keeps what our actors send. The first version of an id stands. */
export async function insertOwnActivities(
  tx: Statements,
  activities: readonly NewOwnActivity[],
  atMs: number,
): Promise<void> {
  if (activities.length === 0) return;
  await tx.run(sql`
    insert into own_activity (id, actor, type, body, created_at)
    select r.id, r.actor, r.type, r.body, ${time(atMs)}
      from json_to_recordset(${rows(activities)}) as r(id text, actor text, type text, body text)
    on conflict do nothing`);
}

/** Puts deliveries into the outgoing mailboxes of their domains. A mailbox that waits for its next try goes on waiting. */
export async function enqueue(
  tx: Statements,
  deliveries: readonly NewDelivery[],
  atMs: number,
): Promise<void> {
  if (deliveries.length === 0) return;
  const domains = [...new Set(deliveries.map(({ domain }) => domain))].sort();
  await tx.run(sql`
    insert into delivery (domain, inbox, activity_id, actor, state, created_at)
    select r.domain, r.inbox, r."activityId", r.actor, 'waiting', ${time(atMs)}
      from json_to_recordset(${rows(deliveries)}) as r(domain text, inbox text, "activityId" text, actor text)`);
  // The upsert waits for whoever is closing this mailbox right now, and then finds that it has to be due again.
  await tx.run(sql`
    insert into outgoing (domain, due_at) select name, ${time(atMs)} from unnest(${texts(domains)}) as d(name)
    on conflict (domain) do update set due_at = coalesce(outgoing.due_at, excluded.due_at)`);
}

/** A mailbox that this process serves until `leaseMs`. */
export interface Leased {
  readonly domain: string;
  readonly failures: number;
  readonly leaseMs: number;
}

/** How many mailboxes may be taken: of those that answered last, and of those whose last try failed. */
export interface Places {
  readonly answering: number;
  readonly failing: number;
}

/**
 * Takes mailboxes that are due and that nobody serves, those due for the longest first. Those that fail have places
 * of their own: each may hold one for as long as a call takes, and a thousand of them would hold up all others.
 */
export async function claim(
  db: Statements,
  atMs: number,
  leaseMs: number,
  { answering, failing }: Places,
): Promise<Leased[]> {
  return db.run<Leased>(sql`
    with answering as (
      select domain from outgoing
       where due_at <= ${time(atMs)} and (lease_until is null or lease_until <= ${time(atMs)}) and failures = 0
       order by due_at limit ${answering} for update skip locked
    ), failing as (
      select domain from outgoing
       where due_at <= ${time(atMs)} and (lease_until is null or lease_until <= ${time(atMs)}) and failures > 0
       order by due_at limit ${failing} for update skip locked
    )
    update outgoing as o set lease_until = ${time(leaseMs)}
      from (select domain from answering union all select domain from failing) as due where o.domain = due.domain
    returning o.domain, o.failures, ${ms('o.lease_until')} as "leaseMs"`);
}

/** A delivery that waits. `body` is null when the activity is not kept any more. */
export interface Delivery {
  readonly id: string;
  readonly inbox: string;
  readonly activityId: string;
  readonly actor: string;
  readonly attempts: number;
  readonly createdMs: number;
  readonly body: string | null;
}

/** The oldest waiting deliveries of a domain, in the order in which they were made. */
export async function oldestDeliveries(db: Statements, domain: string, most: number): Promise<Delivery[]> {
  return db.run<Delivery>(sql`
    select d.id::text, d.inbox, d.activity_id as "activityId", d.actor, d.attempts, ${ms('d.created_at')} as "createdMs", o.body
      from delivery as d left join own_activity as o on o.id = d.activity_id
     where d.domain = ${domain} and d.state = 'waiting' order by d.id limit ${most}`);
}

/** What became of a delivery. */
export interface Ended {
  readonly id: string;
  readonly state: 'waiting' | 'delivered' | 'dead';
  readonly attempts: number;
  readonly error: string | null;
}

/** Renews the lease; false when it was lost, and then nothing more may be sent or written. */
export async function renew(db: Statements, { domain, leaseMs }: Leased, nextMs: number): Promise<boolean> {
  const held = await db.run(sql`
    update outgoing set lease_until = ${time(nextMs)} where domain = ${domain} and lease_until = ${time(leaseMs)}
    returning domain`);
  return held.length > 0;
}

/** Locks a mailbox whose lease is still ours; false when it was lost. In a statement of its own: see `closeMailbox`. */
export async function holdMailbox(tx: Statements, { domain, leaseMs }: Leased): Promise<boolean> {
  const held = await tx.run(sql`
    select domain from outgoing where domain = ${domain} and lease_until = ${time(leaseMs)} for update`);
  return held.length > 0;
}

/** Writes what became of a delivery; one that is dead also becomes a dead letter. */
export async function endDelivery(
  tx: Statements,
  domain: string,
  delivery: Delivery,
  ended: Ended,
  atMs: number,
): Promise<void> {
  const { id, state, attempts, error } = ended;
  await tx.run(sql`
    update delivery set state = ${state}, attempts = ${attempts}, error = ${error},
           finished_at = ${time(state === 'waiting' ? null : atMs)}
     where id = ${id}::bigint and state = 'waiting'`);
  if (state === 'dead') await bury(tx, domain, [{ ...delivery, attempts, error: error ?? '' }], atMs);
}

/** Gives up what has waited since before `cutoffMs`; says how many deliveries that were. */
export async function expire(
  tx: Statements,
  domain: string,
  cutoffMs: number,
  error: string,
  atMs: number,
): Promise<number> {
  const expired = await tx.run<Buried>(sql`
    update delivery set state = 'dead', error = ${error}, finished_at = ${time(atMs)}
     where domain = ${domain} and state = 'waiting' and created_at <= ${time(cutoffMs)}
    returning id::text, inbox, activity_id as "activityId", actor, attempts, error`);
  await bury(tx, domain, expired, atMs);
  return expired.length;
}

type Buried = Pick<Delivery, 'id' | 'inbox' | 'activityId' | 'actor' | 'attempts'> & {
  readonly error: string;
};

/** Dead letters of kind `delivery`; their data is what `enqueue` needs to try again. */
async function bury(tx: Statements, domain: string, dead: readonly Buried[], atMs: number): Promise<void> {
  if (dead.length === 0) return;
  const letters = dead.map(({ id, inbox, activityId, actor, attempts, error }) => {
    return { activityId, error, attempts, data: { deliveryId: id, inbox, actor } };
  });
  await tx.run(sql`
    insert into dead_letter (kind, domain, activity_id, error, attempts, data, at)
    select 'delivery', ${domain}, r."activityId", r.error, r.attempts, r.data, ${time(atMs)}
      from json_to_recordset(${rows(letters)}) as r("activityId" text, error text, attempts int, data jsonb)`);
}

/**
 * Gives a mailbox back: due at `dueMs` if anything still waits in it, else not due at all. The row must have been
 * locked by `holdMailbox` before, in a statement of its own: whoever adds a delivery locks the row as well, so this
 * statement, with its fresh look, sees every delivery whose writer did not find the row locked. In one statement
 * the look would be older than the lock, and a delivery made in between would wait for ever.
 * Returns true when something waits.
 */
export async function closeMailbox(
  tx: Statements,
  domain: string,
  failures: number,
  dueMs: number,
): Promise<boolean> {
  const [closed] = await tx.run<{ isWaiting: boolean }>(sql`
    update outgoing set lease_until = null, failures = ${failures}, due_at =
      case when exists (select 1 from delivery where domain = ${domain} and state = 'waiting')
           then ${time(dueMs)} end
     where domain = ${domain} returning due_at is not null as "isWaiting"`);
  return closed?.isWaiting ?? false;
}

/** Which deliveries a list shows. */
export interface DeliveriesQuery extends PageQuery {
  readonly state?: DeliveryRecord['state'] | undefined;
  readonly domain?: string | undefined;
}

/** Deliveries, newest first; the cursor is the id of the last one shown. */
export async function deliveriesPage(
  db: Statements,
  query: DeliveriesQuery = {},
): Promise<Page<DeliveryRecord>> {
  const limit = Math.min(Math.max(query.limit ?? 50, 1), 200);
  const before = /^\d{1,18}$/.test(query.cursor ?? '') ? (query.cursor as string) : null;
  const found = await db.run<Omit<DeliveryRecord, 'nextAt'> & { dueMs: number | null }>(sql`
    select d.id::text, d.inbox, d.domain, d.state, d.attempts, ${ms('o.due_at')} as "dueMs"
      from delivery as d left join outgoing as o on o.domain = d.domain
     where (${before}::bigint is null or d.id < ${before}::bigint)
       and (${query.state ?? null}::text is null or d.state = ${query.state ?? null})
       and (${query.domain ?? null}::text is null or d.domain = ${query.domain ?? null})
     order by d.id desc limit ${limit + 1}`);
  const items = found.slice(0, limit).map(({ dueMs, ...record }) => {
    const nextAt = record.state === 'waiting' && dueMs !== null ? new Date(dueMs).toISOString() : null;
    return { ...record, nextAt };
  });
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}
