/** Whom moderators trust: actors by their ids, and domains by their names. */
import { ms, type Statements, sql, time } from './statement.ts';

export interface TrustedRow {
  readonly id: string;
  readonly target: string;
  readonly reason: string | null;
  readonly by: string;
  readonly atMs: number;
}

const ROW = sql`seq::text as id, target, reason, by_whom as "by", ${ms('at')} as "atMs"`;

/** Newest first, below the cursor. */
export async function listTrusted(
  db: Statements,
  below: string | null,
  limit: number,
): Promise<TrustedRow[]> {
  return db.run<TrustedRow>(sql`
    select ${ROW} from trusted where ${below}::bigint is null or seq < ${below}::bigint
     order by trusted.seq desc limit ${limit}`);
}

/** Adds these, unless they are there; their rows. */
export async function trust(
  tx: Statements,
  targets: readonly string[],
  { by, reason }: { readonly by: string; readonly reason: string | null },
  atMs: number,
): Promise<TrustedRow[]> {
  const sorted = [...new Set(targets)].toSorted();
  await tx.run(sql`
    insert into trusted (target, reason, by_whom, at)
    select t.target, ${reason}, ${by}, ${time(atMs)} from unnest(${sorted}::text[]) as t(target) on conflict do nothing`);
  return tx.run<TrustedRow>(sql`select ${ROW} from trusted where target = any(${sorted}::text[])`);
}

/** Takes one away, by its id, actor or domain; the row that is gone. */
export async function distrust(tx: Statements, id: string): Promise<TrustedRow | undefined> {
  const [gone] = await tx.run<TrustedRow>(
    sql`delete from trusted where seq::text = ${id} or target = ${id} returning ${ROW}`,
  );
  return gone;
}

/** How many there are: a bound for the copy that each process keeps. */
export async function countTrusted(db: Statements): Promise<number> {
  const [row] = await db.run<{ count: number }>(sql`select count(*)::float8 as count from trusted`);
  return row?.count ?? 0;
}

/** All of them, or null when nothing has changed since the copy with this mark was made. */
export async function readTrusted(
  db: Statements,
  mark: string | null,
): Promise<{ readonly mark: string; readonly targets: readonly string[] } | null> {
  const [now] = await db.run<{ mark: string }>(
    sql`select count(*)::text || '/' || coalesce(max(seq), 0)::text as mark from trusted`,
  );
  if (now === undefined || now.mark === mark) return null;
  const found = await db.run<{ target: string }>(sql`select target from trusted`);
  return { mark: now.mark, targets: found.map(({ target }) => target) };
}
