/** Durable positions of handlers in the log, and the calls that did not succeed at once. */
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

/** Makes the handler's row, at the end of the log, unless it has one. */
export async function insertConsumer(db: Statements, name: string): Promise<void> {
  await db.run(sql`
    insert into consumer (name, seq) select ${name}, coalesce(max(seq), 0) from event on conflict do nothing`);
}

/** Takes or renews the lease; the position, or null while another process reads for this handler. */
export async function leaseConsumer(
  db: Statements,
  name: string,
  owner: string,
  atMs: number,
  untilMs: number,
): Promise<number | null> {
  const [row] = await db.run<{ seq: number }>(sql`
    update consumer set lease_owner = ${owner}, lease_until = ${time(untilMs)}
     where name = ${name} and (lease_owner is null or lease_owner = ${owner} or lease_until <= ${time(atMs)})
    returning seq::float8 as seq`);
  return row?.seq ?? null;
}

export async function releaseConsumer(db: Statements, name: string, owner: string): Promise<void> {
  await db.run(sql`
    update consumer set lease_owner = null, lease_until = null where name = ${name} and lease_owner = ${owner}`);
}

/** Moves the position on; false when the lease is another's by now, who will call the same handlers again. */
export async function advanceConsumer(
  db: Statements,
  name: string,
  owner: string,
  seq: number,
): Promise<boolean> {
  const moved = await db.run(sql`
    update consumer set seq = ${seq}::bigint where name = ${name} and lease_owner = ${owner} returning name`);
  return moved.length === 1;
}

/** A call that waits: it failed, or stands behind one of its domain that did. */
export interface HandlerCall {
  readonly seq: number;
  readonly domain: string;
  readonly attempts: number;
  readonly dueMs: number;
}

/** Domains of this list that have waiting calls. */
export async function heldDomains(
  db: Statements,
  handler: string,
  domains: readonly string[],
): Promise<Set<string>> {
  const found = await db.run<{ domain: string }>(sql`
    select distinct domain from handler_call where handler = ${handler} and domain = any(${texts(domains)})`);
  return new Set(found.map(({ domain }) => domain));
}

/** The first waiting call of each domain, if it is due. */
export async function dueCalls(
  db: Statements,
  handler: string,
  atMs: number,
  limit: number,
): Promise<HandlerCall[]> {
  return db.run<HandlerCall>(sql`
    select seq::float8 as seq, domain, attempts, ${ms('due_at')} as "dueMs" from (
      select distinct on (domain) seq, domain, attempts, due_at from handler_call
       where handler = ${handler} order by domain, seq) as head
     where due_at <= ${time(atMs)} order by due_at limit ${limit}`);
}

/** Puts calls in line, or counts a failure of one that is in line. */
export async function upsertCalls(
  db: Statements,
  handler: string,
  calls: readonly {
    readonly seq: number;
    readonly domain: string;
    readonly attempts: number;
    readonly dueMs: number;
    readonly error: string | null;
  }[],
): Promise<void> {
  if (calls.length === 0) return;
  await db.run(sql`
    insert into handler_call (handler, seq, domain, attempts, due_at, error)
    select ${handler}, r.seq, r.domain, r.attempts, to_timestamp(r."dueMs" / 1000), r.error
      from json_to_recordset(${rows(calls)}) as r(seq bigint, domain text, attempts int, "dueMs" float8, error text)
    on conflict (handler, seq) do update set attempts = excluded.attempts, due_at = excluded.due_at, error = excluded.error`);
}

export async function deleteCall(db: Statements, handler: string, seq: number): Promise<void> {
  await db.run(sql`delete from handler_call where handler = ${handler} and seq = ${seq}::bigint`);
}
