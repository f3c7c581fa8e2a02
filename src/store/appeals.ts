/** Appeals of blocked domains, and the links by which they come. */
import type { AppealState, AppealsQuery } from '../api/appeals.ts';
import { ms, type Statements, sql, time } from './statement.ts';

/** An appeal as its row has it. */
export interface AppealRow {
  readonly id: string;
  readonly domain: string;
  readonly actor: string | null;
  readonly reason: string;
  readonly contact: string | null;
  readonly state: AppealState;
  readonly atMs: number;
  readonly decision: string | null;
  readonly decidedBy: string | null;
  readonly decidedMs: number | null;
}

const ROW = sql`
  id::text, domain, actor, reason, contact, state, ${ms('at')} as "atMs", decision, decided_by as "decidedBy",
  ${ms('decided_at')} as "decidedMs"`;

export async function insertAppeal(
  tx: Statements,
  { domain, actor, reason, contact }: Pick<AppealRow, 'domain' | 'actor' | 'reason' | 'contact'>,
  atMs: number,
): Promise<AppealRow> {
  const [row] = await tx.run<AppealRow>(sql`
    insert into appeal (domain, actor, reason, contact, state, at)
    values (${domain}, ${actor}, ${reason}, ${contact}, 'open', ${time(atMs)}) returning ${ROW}`);
  return row as AppealRow;
}

/** When the domain has appealed last, epoch milliseconds; null for never. */
export async function lastAppealOf(db: Statements, domain: string): Promise<number | null> {
  const [row] = await db.run<{ atMs: number }>(sql`
    select ${ms('at')} as "atMs" from appeal where domain = ${domain} order by id desc limit 1`);
  return row?.atMs ?? null;
}

/** One appeal; `isHeld` locks its row. */
export async function appealById(db: Statements, id: string, isHeld = false): Promise<AppealRow | undefined> {
  const [found] = await db.run<AppealRow>(
    sql`select ${ROW} from appeal where id = ${id}::bigint ${isHeld ? sql`for update` : sql``}`,
  );
  return found;
}

/** Newest first, below the cursor. */
export async function listAppeals(
  db: Statements,
  query: Pick<AppealsQuery, 'state' | 'domain'>,
  below: string | null,
  limit: number,
): Promise<AppealRow[]> {
  const state = query.state ?? null;
  const domain = query.domain ?? null;
  return db.run<AppealRow>(sql`
    select ${ROW} from appeal
     where (${state}::text is null or state = ${state}) and (${domain}::text is null or domain = ${domain})
       and (${below}::bigint is null or id < ${below}::bigint)
     order by appeal.id desc limit ${limit}`);
}

/** Writes what was decided; the row is locked. */
export async function saveDecision(
  tx: Statements,
  { id, state, decision, decidedBy, decidedMs }: AppealRow,
): Promise<void> {
  await tx.run(sql`
    update appeal set state = ${state}, decision = ${decision}, decided_by = ${decidedBy}, decided_at = ${time(decidedMs)}
     where id = ${id}::bigint`);
}

/** A link whose time is not over. */
export interface LinkRow {
  readonly domain: string;
  readonly byWhom: string;
  readonly appealId: string | null;
}

/** Links that are over go with each new one; so many at once. */
const FORGOTTEN_MAX = 500;

export async function insertLink(
  tx: Statements,
  link: { readonly digest: string; readonly domain: string; readonly by: string; readonly expiresMs: number },
  atMs: number,
): Promise<void> {
  await tx.run(sql`
    delete from appeal_link where digest in
      (select digest from appeal_link where expires_at <= ${time(atMs)} limit ${FORGOTTEN_MAX})`);
  await tx.run(sql`
    insert into appeal_link (digest, domain, by_whom, at, expires_at)
    values (${link.digest}, ${link.domain}, ${link.by}, ${time(atMs)}, ${time(link.expiresMs)})`);
}

/** The link with this digest; `isHeld` locks its row, so that two who use it at once come one after the other. */
export async function linkByDigest(
  db: Statements,
  digest: string,
  atMs: number,
  isHeld = false,
): Promise<LinkRow | undefined> {
  const [found] = await db.run<LinkRow>(sql`
    select domain, by_whom as "byWhom", appeal_id::text as "appealId" from appeal_link
     where digest = ${digest} and expires_at > ${time(atMs)} ${isHeld ? sql`for update` : sql``}`);
  return found;
}

export async function useLink(tx: Statements, digest: string, appealId: string): Promise<void> {
  await tx.run(sql`update appeal_link set appeal_id = ${appealId}::bigint where digest = ${digest}`);
}
