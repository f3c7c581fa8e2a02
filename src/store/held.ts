/** What is held for a moderator: the record of it, and the mail that brought it, to be put back as it came. */
import type { HeldRecord, HistoryEntry } from '../api.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';
import type { Mail } from './turns.ts';

/** A mail as it is kept beside what it brought. */
export type KeptMail = Pick<Mail, 'facts' | 'inbox' | 'receivedMs'>;

/** An activity that is to wait. */
export interface NewHeld {
  readonly id: string;
  readonly activityId: string;
  readonly type: string;
  readonly actor: string;
  readonly domain: string;
  readonly filter: string;
  readonly reason: string;
  readonly mail: readonly KeptMail[];
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
    insert into held (id, activity_id, type, actor, domain, filter, reason, mail, held_at, expires_at)
    select r.id, r."activityId", r.type, r.actor, r.domain, r.filter, r.reason, r.mail, ${time(atMs)}, ${time(atMs + HELD_MS)}
      from json_to_recordset(${rows(fresh)}) as r(id bigint, "activityId" text, type text, actor text, domain text,
        filter text, reason text, mail jsonb)`);
  if (again.length > 0)
    await tx.run(sql`
    update held as h set mail = h.mail || r.mail
      from json_to_recordset(${rows(again)}) as r("activityId" text, mail jsonb)
     where h.activity_id = r."activityId" and octet_length(h.mail::text) <= ${MAIL_BYTES_MAX}`);
}

/** Newest first, below the cursor. */
export async function listHeld(db: Statements, below: string | null, limit: number): Promise<HeldRecord[]> {
  const found = await db.run<
    Omit<HeldRecord, 'heldAt' | 'expiresAt'> & { heldMs: number; expiresMs: number }
  >(sql`
    select id::text, activity_id as "activityId", type, actor, domain, filter, reason, ${ms('held_at')} as "heldMs",
           ${ms('expires_at')} as "expiresMs"
      from held where ${below}::bigint is null or id < ${below}::bigint order by held.id desc limit ${limit}`);
  return found.map(({ heldMs, expiresMs, ...held }) => ({
    ...held,
    heldAt: new Date(heldMs).toISOString(),
    expiresAt: new Date(expiresMs).toISOString(),
  }));
}

/** Takes one out; whoever takes it decides what becomes of it, in the same transaction. */
export async function takeHeld(tx: Statements, id: string): Promise<NewHeld | undefined> {
  const [taken] = await tx.run<NewHeld>(sql`
    delete from held where id = ${id}::bigint
    returning id::text, activity_id as "activityId", type, actor, domain, filter, reason, mail`);
  return taken;
}

/** The domain of a held activity, by our id or by its own. */
export async function heldKey(
  db: Statements,
  id: string,
): Promise<{ readonly id: string; readonly domain: string } | undefined> {
  const [found] = await db.run<{ id: string; domain: string }>(sql`
    select id::text, domain from held where activity_id = ${id} or id::text = ${id}`);
  return found;
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
    update activity set status = ${status}, reason = ${reason},
           history = (history::jsonb || ${JSON.stringify([entry])}::jsonb)::json
     where id = any(${ids}::bigint[])`);
}

/** Puts mail back into its mailbox; no filter is asked about it again. */
export async function approveMail(tx: Statements, { domain, activityId, mail }: NewHeld): Promise<void> {
  const verdict = JSON.stringify({ asked: [], remarks: [], isApproved: true });
  const list = mail.map(({ facts, inbox, receivedMs }) => ({
    ...{ facts: JSON.stringify(facts), inbox },
    at: new Date(receivedMs).toISOString(),
  }));
  await tx.run(sql`
    insert into mail (domain, activity_id, facts, inbox, received_at, verdict)
    select ${domain}, ${activityId}, r.facts, r.inbox, r.at, ${verdict}
      from json_to_recordset(${rows(list)}) as r(facts text, inbox text, at timestamptz)`);
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

/** Takes these out, as far as they are still there. */
export async function takeAllHeld(tx: Statements, ids: readonly string[]): Promise<string[]> {
  const taken = await tx.run<{ id: string }>(
    sql`delete from held where id::text = any(${texts(ids)}) returning id::text`,
  );
  return taken.map(({ id }) => id);
}
