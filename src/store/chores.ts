/** What one process does now and then for all: when it is due next, and how far it is. */
import { ms, rows, type Statements, sql, time } from './statement.ts';

/** Makes the chore, due first at this time, unless it is there. */
export async function ensureChore(db: Statements, name: string, nextMs: number): Promise<void> {
  await db.run(sql`
    insert into chore (name, next_at, data) values (${name}, ${time(nextMs)}, '{}') on conflict do nothing`);
}

/** Locks a chore if it is due and nobody else is at it. */
export async function takeChore<Data>(
  tx: Statements,
  name: string,
  atMs: number,
): Promise<{ readonly dueMs: number; readonly data: Partial<Data> } | undefined> {
  const [found] = await tx.run<{ dueMs: number; data: Partial<Data> }>(sql`
    select ${ms('next_at')} as "dueMs", data from chore
     where name = ${name} and next_at <= ${time(atMs)} for update skip locked`);
  return found;
}

/** Says when it is due next, and how far it is. */
export async function saveChore(tx: Statements, name: string, nextMs: number, data: object): Promise<void> {
  await tx.run(sql`
    update chore set next_at = ${time(nextMs)}, data = r.data
      from json_to_recordset(${rows([{ data }])}) as r(data jsonb) where name = ${name}`);
}
