/** Our own list as others follow it: every change of it, in the order in which it was published, and never changed again. */
import { ms, rows, type Statements, sql, time } from './statement.ts';

/** What was said of a domain. A retraction says that nothing is said any more. */
export interface Statement {
  readonly domain: string;
  readonly type: 'recommendation' | 'retraction';
  readonly policy: string | null;
  readonly filters: readonly string[];
  readonly labels: readonly string[];
}

export interface PublicChange extends Statement {
  /** A UUID of version 7: they sort in the order of publication. */
  readonly id: string;
  readonly atMs: number;
}

/** The dataset's own id; null as long as nothing was ever published. */
export async function datasetId(db: Statements): Promise<string | null> {
  const [row] = await db.run<{ value: string }>(sql`select value from meta where key = 'dataset'`);
  return row?.value ?? null;
}

/** Makes sure that there is an id, and lets nobody else publish until the transaction ends. */
export async function lockDataset(tx: Statements, fresh: string): Promise<void> {
  await tx.run(sql`insert into meta (key, value) values ('dataset', ${fresh}) on conflict do nothing`);
  await tx.run(sql`select value from meta where key = 'dataset' for update`);
}

const COLUMNS = sql`id, domain, type, policy, filters, labels, ${ms('at')} as "atMs"`;

/** The latest change about each domain, newest first. */
export async function latestChanges(db: Statements): Promise<PublicChange[]> {
  return db.run(sql`
    select ${COLUMNS} from (select distinct on (domain) * from public_change order by domain, id desc) as latest
     order by latest.id desc`);
}

/** Changes after an id, oldest first. */
export async function changesAfter(db: Statements, id: string, limit: number): Promise<PublicChange[]> {
  return db.run(sql`
    select ${COLUMNS} from public_change where id > ${id} order by public_change.id limit ${limit}`);
}

export async function changeById(db: Statements, id: string): Promise<PublicChange | undefined> {
  const [found] = await db.run<PublicChange>(sql`select ${COLUMNS} from public_change where id = ${id}`);
  return found;
}

/** The id of the last change; null as long as there is none. */
export async function lastChangeId(db: Statements): Promise<string | null> {
  const [row] = await db.run<{ id: string | null }>(sql`select max(id) as id from public_change`);
  return row?.id ?? null;
}

export async function countChanges(db: Statements): Promise<number> {
  const [row] = await db.run<{ count: number }>(sql`select count(*)::float8 as count from public_change`);
  return row?.count ?? 0;
}

export async function insertChanges(
  tx: Statements,
  changes: readonly Omit<PublicChange, 'atMs'>[],
  atMs: number,
): Promise<void> {
  await tx.run(sql`
    insert into public_change (id, domain, type, policy, filters, labels, at)
    select r.id, r.domain, r.type, r.policy, r.filters, r.labels, ${time(atMs)}
      from json_to_recordset(${rows(changes)})
        as r(id text, domain text, type text, policy text, filters jsonb, labels jsonb)`);
}
