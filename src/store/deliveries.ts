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
  /** Addressed to everybody. @default false */
  readonly isPublic?: boolean;
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
    insert into own_activity (id, actor, type, body, is_public, created_at)
    select r.id, r.actor, r.type, r.body, coalesce(r."isPublic", false), ${time(atMs)}
      from json_to_recordset(${rows(activities)}) as r(id text, actor text, type text, body text, "isPublic" boolean)
    on conflict do nothing`);
}

/** Where the members of a collection get what is sent to all of them: an inbox that several of a domain share once. */
export async function followerInboxes(
  db: Statements,
  collection: string,
): Promise<{ readonly inbox: string; readonly domain: string }[]> {
  return db.run(sql`
    select distinct coalesce(r.shared_inbox, r.inbox) as inbox, r.domain
      from member as m join remote_actor as r on r.id = m.item
     where m.collection = ${collection} order by 1, 2`);
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
  /** How requests to it are signed, once it has taken one; see `deliveries.ts`. */
  readonly scheme: string | null;
}

/** How many mailboxes may be taken: of those that answered last, and of those whose last try failed. */
export interface Places {
  readonly answering: number;
  readonly failing: number;
}

/** A mailbox that has just been taken, and the oldest of its deliveries. */
export interface Claimed {
  readonly leased: Leased;
  readonly deliveries: readonly Delivery[];
}

/**
 * Takes mailboxes that are due and that nobody serves, those due for the longest first, with the oldest `perMailbox`
 * deliveries of each. Those that fail have places of their own: each may hold one for as long as a call takes, and a
 * thousand of them would hold up all others.
 */
export async function claim(
  db: Statements,
  atMs: number,
  leaseMs: number,
  { answering, failing }: Places,
  perMailbox: number,
): Promise<Claimed[]> {
  const found = await db.run<Leased & { delivery: Delivery | null }>(sql`
    with answering as (
      select domain from outgoing
       where due_at <= ${time(atMs)} and (lease_until is null or lease_until <= ${time(atMs)}) and failures = 0
       order by due_at limit ${answering} for update skip locked
    ), failing as (
      select domain from outgoing
       where due_at <= ${time(atMs)} and (lease_until is null or lease_until <= ${time(atMs)}) and failures > 0
       order by due_at limit ${failing} for update skip locked
    ), claimed as (
      update outgoing as o set lease_until = ${time(leaseMs)}
        from (select domain from answering union all select domain from failing) as due where o.domain = due.domain
      returning o.domain, o.failures, o.lease_until, o.scheme
    )
    select c.domain, c.failures, ${ms('c.lease_until')} as "leaseMs", c.scheme, to_json(w) as delivery
      from claimed as c left join lateral (
        select ${DELIVERY} where d.domain = c.domain and d.state = 'waiting' order by d.id limit ${perMailbox}
      ) as w on true order by c.domain, w.number`);
  const claimed = new Map<string, { leased: Leased; deliveries: Delivery[] }>();
  for (const { delivery, ...leased } of found) {
    const mailbox = claimed.get(leased.domain) ?? { leased, deliveries: [] };
    if (delivery !== null) mailbox.deliveries.push(delivery);
    claimed.set(leased.domain, mailbox);
  }
  return [...claimed.values()];
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

const DELIVERY = sql`
  d.id as number, d.id::text as id, d.inbox, d.activity_id as "activityId", d.actor, d.attempts,
  ${ms('d.created_at')} as "createdMs", o.body
    from delivery as d left join own_activity as o on o.id = d.activity_id`;

/** The oldest waiting deliveries of a domain, in the order in which they were made. */
export async function oldestDeliveries(db: Statements, domain: string, most: number): Promise<Delivery[]> {
  return db.run<Delivery>(sql`
    select ${DELIVERY} where d.domain = ${domain} and d.state = 'waiting' order by d.id limit ${most}`);
}

/** What became of a delivery. */
export interface Ended {
  readonly domain: string;
  readonly delivery: Delivery;
  readonly state: 'waiting' | 'delivered' | 'dead';
  readonly attempts: number;
  readonly error: string | null;
}

/** Locks mailboxes whose lease is still ours; says which. In a statement of its own: see `saveMailboxes`. */
export async function holdMailboxes(tx: Statements, mailboxes: readonly Leased[]): Promise<Set<string>> {
  const leases = mailboxes.map(({ domain, leaseMs }) => ({ domain, lease: new Date(leaseMs) }));
  const held = await tx.run<{ domain: string }>(sql`
    select o.domain from outgoing as o
      join json_to_recordset(${rows(leases)}) as r(domain text, lease timestamptz)
        on o.domain = r.domain and o.lease_until = r.lease
     order by o.domain for update of o`);
  return new Set(held.map(({ domain }) => domain));
}

/** Writes what became of deliveries; those that are dead also become dead letters. */
export async function endDeliveries(tx: Statements, ended: readonly Ended[], atMs: number): Promise<void> {
  if (ended.length === 0) return;
  await tx.run(sql`
    update delivery as d set state = r.state, attempts = r.attempts, error = r.error,
           finished_at = case when r.state = 'waiting' then null else ${time(atMs)} end
      from json_to_recordset(${rows(ended.map(({ delivery, ...end }) => ({ id: delivery.id, ...end })))})
        as r(id bigint, state text, attempts int, error text)
     where d.id = r.id and d.state = 'waiting'`);
  const dead = ended.filter(({ state }) => state === 'dead');
  await bury(
    tx,
    dead.map(({ domain, delivery, attempts, error }) => ({
      ...delivery,
      domain,
      attempts,
      error: error ?? '',
    })),
    atMs,
  );
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
    returning id::text, domain, inbox, activity_id as "activityId", actor, attempts, error`);
  await bury(tx, expired, atMs);
  return expired.length;
}

type Buried = Pick<Delivery, 'id' | 'inbox' | 'activityId' | 'actor' | 'attempts'> & {
  readonly domain: string;
  readonly error: string;
};

/** Dead letters of kind `delivery`; their data is what `enqueue` needs to try again. */
async function bury(tx: Statements, dead: readonly Buried[], atMs: number): Promise<void> {
  if (dead.length === 0) return;
  const letters = dead.map(({ id, domain, inbox, activityId, actor, attempts, error }) => {
    return { domain, activityId, error, attempts, data: { deliveryId: id, inbox, actor } };
  });
  await tx.run(sql`
    insert into dead_letter (kind, domain, activity_id, error, attempts, data, at)
    select 'delivery', r.domain, r."activityId", r.error, r.attempts, r.data, ${time(atMs)}
      from json_to_recordset(${rows(letters)})
        as r(domain text, "activityId" text, error text, attempts int, data jsonb)`);
}

/** How a mailbox stands after a write: kept until `leaseMs`, or given back (null) and due at `dueMs`. */
export interface Standing {
  readonly domain: string;
  readonly failures: number;
  readonly leaseMs: number | null;
  readonly dueMs: number;
  readonly scheme: string | null;
}

/**
 * Renews leases, and gives mailboxes back: due at `dueMs` if anything still waits in them, else not due at all. The
 * rows must have been locked by `holdMailboxes` before, in a statement of its own: whoever adds a delivery locks the
 * row as well, so this statement, with its fresh look, sees every delivery whose writer did not find the row locked.
 * In one statement the look would be older than the lock, and a delivery made in between would wait for ever.
 */
export async function saveMailboxes(tx: Statements, standings: readonly Standing[]): Promise<void> {
  const list = standings.map(({ leaseMs, dueMs, ...standing }) => {
    return { ...standing, lease: leaseMs === null ? null : new Date(leaseMs), due: new Date(dueMs) };
  });
  await tx.run(sql`
    update outgoing as o set lease_until = r.lease, failures = r.failures, scheme = r.scheme, due_at =
      case when r.lease is not null then o.due_at
           when exists (select 1 from delivery where domain = r.domain and state = 'waiting') then r.due end
      from json_to_recordset(${rows(list)}) as r(domain text, failures int, lease timestamptz, due timestamptz, scheme text)
     where o.domain = r.domain`);
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
