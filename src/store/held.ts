/** What is held for a moderator: the record of it, and the mail that brought it, to be put back as it came. */
import type { HistoryEntry } from '../api.ts';
import { rows, type Statements, sql, time } from './statement.ts';
import type { Mail } from './turns.ts';

/** A mail as it is kept beside what it brought. */
export type KeptMail = Pick<Mail, 'facts' | 'inbox' | 'receivedMs'>;

/** An activity that waits. */
export interface HeldMail {
  readonly id: string;
  readonly activityId: string;
  readonly type: string;
  readonly actor: string;
  readonly domain: string;
  readonly filter: string;
  readonly reason: string;
  /** Names of the filters that were asked, the one that holds it among them. */
  readonly asked: readonly string[];
  readonly mail: readonly KeptMail[];
}

/** An activity that is to wait. */
export interface NewHeld extends HeldMail {
  /** When it is dropped, in epoch milliseconds; null for the default. */
  readonly untilMs: number | null;
}

/** What is kept of one in all, about, in bytes of JSON: what comes to a further inbox beyond that does not reach it. */
const MAIL_BYTES_MAX = 4_000_000;
/** Nobody decides for so long: then it is dropped. */
const HELD_MS = 30 * 86_400_000;

/** Writes what a turn sets aside, and what came again to a further inbox meanwhile. */
export async function writeHeld(
  tx: Statements,
  fresh: readonly NewHeld[],
  again: readonly { readonly activityId: string; readonly mail: readonly KeptMail[] }[],
  atMs: number,
): Promise<void> {
  if (fresh.length > 0)
    await tx.run(sql`
    insert into held (id, activity_id, type, actor, domain, filter, reason, asked, mail, held_at, expires_at)
    select r.id, r."activityId", r.type, r.actor, r.domain, r.filter, r.reason, r.asked, r.mail, ${time(atMs)},
           coalesce(to_timestamp(r."untilMs" / 1000), ${time(atMs + HELD_MS)})
      from json_to_recordset(${rows(fresh)}) as r(id bigint, "activityId" text, type text, actor text, domain text,
        filter text, reason text, asked jsonb, mail jsonb, "untilMs" float8)`);
  if (again.length > 0)
    await tx.run(sql`
    update held as h set mail = h.mail || r.mail
      from json_to_recordset(${rows(again)}) as r("activityId" text, mail jsonb)
     where h.activity_id = r."activityId" and octet_length(h.mail::text) <= ${MAIL_BYTES_MAX}`);
}

/** The domain of a held activity, by our id or by its own. */
export async function heldKey(
  db: Statements,
  id: string,
): Promise<{ readonly id: string; readonly domain: string } | undefined> {
  const isOurs = /^\d{1,18}$/.test(id);
  const [found] = await db.run<{ id: string; domain: string }>(sql`
    select id::text, domain from held where ${isOurs ? sql`id = ${id}::bigint` : sql`activity_id = ${id}`}`);
  return found;
}

/**
 * Takes these out, as far as they are still there; whoever takes one decides what becomes of it, in the same transaction.
 * With a time only those that have expired by then.
 */
export async function takeHeld(
  tx: Statements,
  ids: readonly string[],
  expiredMs: number | null = null,
): Promise<HeldMail[]> {
  return tx.run<HeldMail>(sql`
    delete from held
     where id = any(${ids}::bigint[]) and (${time(expiredMs)} is null or expires_at <= ${time(expiredMs)})
    returning id::text, activity_id as "activityId", type, actor, domain, filter, reason, asked, mail`);
}

/** An activity's own id, by ours. */
export async function activityIdOf(db: Statements, id: string): Promise<string | undefined> {
  const [found] = await db.run<{ activityId: string }>(
    sql`select activity_id as "activityId" from activity where id = ${id}::bigint`,
  );
  return found?.activityId;
}

/** What was decided about held activities. */
export async function decideHeld(
  tx: Statements,
  ids: readonly string[],
  status: 'accepted' | 'rejected' | 'dropped',
  reason: string | null,
  entry: HistoryEntry,
): Promise<void> {
  await tx.run(sql`
    update activity set status = ${status}, reason = ${reason}, finished_at = ${entry.at}::timestamptz,
           history = (history::jsonb || ${JSON.stringify([entry])}::jsonb)::json
     where id = any(${ids}::bigint[])`);
}

/** Mail with its domain and its activity, as it goes back into a mailbox. */
export type ReturnedMail = KeptMail & Pick<Mail, 'domain'>;

/** Puts mail at the end of its mailbox, to meet the filters that have to be asked about it. */
export async function putBack(tx: Statements, mail: readonly ReturnedMail[]): Promise<void> {
  const list = mail.map(({ domain, facts, inbox, receivedMs }) => ({
    ...{ domain, inbox, activityId: facts.id, facts: JSON.stringify(facts) },
    at: new Date(receivedMs).toISOString(),
  }));
  await tx.run(sql`
    insert into mail (domain, activity_id, facts, inbox, received_at)
    select r.domain, r."activityId", r.facts, r.inbox, r.at
      from json_to_recordset(${rows(list)}) as r(domain text, "activityId" text, facts text, inbox text, at timestamptz)`);
}

/** Those whose time is over, oldest first. */
export async function expiredHeld(
  db: Statements,
  atMs: number,
  most: number,
): Promise<{ id: string; domain: string }[]> {
  return db.run(sql`
    select id::text, domain from held where expires_at <= ${time(atMs)} order by expires_at limit ${most}`);
}

/** Lets them wait until then; those that are still there. */
export async function extendHeld(
  tx: Statements,
  ids: readonly string[],
  untilMs: number,
  entry: HistoryEntry,
): Promise<string[]> {
  const found = await tx.run<{ id: string }>(sql`
    update held set expires_at = ${time(untilMs)} where id = any(${ids}::bigint[]) returning id::text`);
  const list = found.map(({ id }) => id);
  await tx.run(sql`
    update activity set history = (history::jsonb || ${JSON.stringify([entry])}::jsonb)::json
     where id = any(${list}::bigint[])`);
  return list;
}

/** Those of these actors or domains that are held, for whoever counts. */
export async function countHeld(
  db: Statements,
  { actor, domain }: { readonly actor: string; readonly domain: string },
): Promise<{ readonly ofActor: number; readonly ofDomain: number }> {
  const [found] = await db.run<{ ofActor: number; ofDomain: number }>(sql`
    select count(*) filter (where actor = ${actor})::float8 as "ofActor", count(*)::float8 as "ofDomain"
      from held where domain = ${domain}`);
  return found as { ofActor: number; ofDomain: number };
}
