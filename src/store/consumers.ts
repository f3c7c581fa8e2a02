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

/** Domains of this list that have waiting calls, and those of these events whose call has committed its own end. */
export async function standingCalls(
  db: Statements,
  handler: string,
  domains: readonly string[],
  seqs: readonly number[],
): Promise<{ held: Set<string>; done: Set<number> }> {
  const found = await db.run<{ domain: string | null; seq: number | null }>(sql`
    select distinct domain, null::float8 as seq from handler_call
     where handler = ${handler} and domain = any(${texts(domains)}) and not is_done
    union all
    select null, seq::float8 from handler_call
     where handler = ${handler} and seq = any(${seqs}::bigint[]) and is_done`);
  return {
    held: new Set(found.flatMap(({ domain }) => domain ?? [])),
    done: new Set(found.flatMap(({ seq }) => seq ?? [])),
  };
}

/**
 * Marks a call as done, in the transaction that does it; false when it was done before. Another process that does the
 * same waits here for this one's end. Throws when the lease is another's by now, who may have passed this event.
 */
export async function claimCall(
  tx: Statements,
  call: { readonly handler: string; readonly owner: string; readonly seq: number; readonly domain: string },
  atMs: number,
): Promise<boolean> {
  const { handler, owner, seq, domain } = call;
  const claimed = await tx.run(sql`
    insert into handler_call (handler, seq, domain, attempts, due_at, is_done)
    select ${handler}, ${seq}::bigint, ${domain}, 0, ${time(atMs)}, true
      from consumer where name = ${handler} and lease_owner = ${owner}
    on conflict (handler, seq) do update set is_done = true where not handler_call.is_done
    returning seq`);
  if (claimed.length > 0) return true;
  const [row] = await tx.run<{ isDone: boolean }>(sql`
    select is_done as "isDone" from handler_call where handler = ${handler} and seq = ${seq}::bigint`);
  if (row?.isDone === true) return false;
  throw new Error('another process reads for this handler by now');
}

/** Forgets marks that the position has passed. */
export async function forgetDone(db: Statements, handler: string, position: number): Promise<void> {
  await db.run(sql`
    delete from handler_call where handler = ${handler} and is_done and seq <= ${position}::bigint`);
}

/** The call has returned, and its event may be read again: the position has not passed it yet. */
export async function markDone(db: Statements, handler: string, seq: number): Promise<void> {
  await db.run(
    sql`update handler_call set is_done = true where handler = ${handler} and seq = ${seq}::bigint`,
  );
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
       where handler = ${handler} and not is_done order by domain, seq) as head
     where due_at <= ${time(atMs)} order by due_at limit ${limit}`);
}

/**
 * Puts calls in line, or counts a failure of one that is in line. With an owner only as long as the lease is its own: a
 * process that slept through it knows nothing any more.
 */
export async function upsertCalls(
  db: Statements,
  handler: string,
  owner: string | null,
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
     where ${owner}::text is null or exists (select from consumer where name = ${handler} and lease_owner = ${owner})
    on conflict (handler, seq) do update set attempts = excluded.attempts, due_at = excluded.due_at, error = excluded.error
     where not handler_call.is_done`);
}

export async function deleteCall(db: Statements, handler: string, seq: number): Promise<void> {
  await db.run(sql`delete from handler_call where handler = ${handler} and seq = ${seq}::bigint`);
}
