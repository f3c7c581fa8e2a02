/** Dead letters: mail, handler calls and deliveries that used up their tries. */
import type { DeadLetter } from '../api.ts';
import { rows, type Statements, sql, time } from './statement.ts';

/** A dead letter with what is needed to try it again. */
export interface FullDeadLetter extends DeadLetter {
  readonly domain: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export async function insertDeadLetter(
  tx: Statements,
  letter: Omit<FullDeadLetter, 'id'>,
  atMs: number,
): Promise<void> {
  const { kind, domain, activityId, error, attempts, data } = letter;
  await tx.run(sql`
    insert into dead_letter (kind, domain, activity_id, error, attempts, data, at)
    select ${kind}, ${domain}, ${activityId}, ${error}, ${attempts}, r.data, ${time(atMs)}
      from json_to_recordset(${rows([{ data }])}) as r(data jsonb)`);
}

/** Newest first, below the cursor. */
export async function listDeadLetters(
  db: Statements,
  below: string | null,
  limit: number,
): Promise<FullDeadLetter[]> {
  return db.run<FullDeadLetter>(sql`
    select id::text, kind, domain, activity_id as "activityId", error, attempts, data from dead_letter
     where ${below}::bigint is null or id < ${below}::bigint order by dead_letter.id desc limit ${limit}`);
}

/** Takes a dead letter out; whoever takes it decides what becomes of it, in the same transaction. */
export async function takeDeadLetter(tx: Statements, id: string): Promise<FullDeadLetter | undefined> {
  const [found] = await tx.run<FullDeadLetter>(sql`
    delete from dead_letter where id = ${id}::bigint
    returning id::text, kind, domain, activity_id as "activityId", error, attempts, data`);
  return found;
}

/** Puts a mail back at the end of its mailbox. */
export async function mailAgain(tx: Statements, letter: FullDeadLetter): Promise<void> {
  const { facts, inbox, receivedMs, verdict } = letter.data as {
    facts: object;
    inbox: string;
    receivedMs: number;
    verdict?: object | null;
  };
  await tx.run(sql`
    insert into mail (domain, activity_id, facts, inbox, received_at, verdict)
    values (${letter.domain}, ${letter.activityId}, ${JSON.stringify(facts)}, ${inbox}, ${time(receivedMs)},
      ${verdict == null ? null : JSON.stringify(verdict)})`);
}
