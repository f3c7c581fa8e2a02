/** Whom our actors want to hear nothing from. */
import type { UserBlock } from '../effects.ts';
import { ms, type Statements, sql, texts, time } from './statement.ts';

/** A block as its actor reads it. */
export interface BlockRow {
  readonly seq: string;
  readonly target: string;
  readonly atMs: number;
}

const ROW = sql`seq::text, target, ${ms('at')} as "atMs"`;

/** Blocks of these actors and domains, by any actor of ours. */
export async function userBlocksOf(db: Statements, targets: readonly string[]): Promise<UserBlock[]> {
  if (targets.length === 0) return [];
  return db.run<UserBlock>(sql`select actor, target from user_block where target = any(${texts(targets)})`);
}

/** Adds a block, unless it is there. */
export async function insertBlock(
  tx: Statements,
  { actor, target }: UserBlock,
  atMs: number,
): Promise<BlockRow> {
  await tx.run(sql`
    insert into user_block (actor, target, at) values (${actor}, ${target}, ${time(atMs)}) on conflict do nothing`);
  const [row] = await tx.run<BlockRow>(
    sql`select ${ROW} from user_block where actor = ${actor} and target = ${target}`,
  );
  return row as BlockRow;
}

/** Takes a block away; false when there was none. */
export async function deleteBlock(db: Statements, { actor, target }: UserBlock): Promise<boolean> {
  const gone = await db.run(
    sql`delete from user_block where actor = ${actor} and target = ${target} returning target`,
  );
  return gone.length > 0;
}

/** Newest first, below the cursor. */
export async function listBlocks(
  db: Statements,
  actor: string,
  below: string | null,
  limit: number,
): Promise<BlockRow[]> {
  return db.run<BlockRow>(sql`
    select ${ROW} from user_block
     where actor = ${actor} and (${below}::bigint is null or seq < ${below}::bigint)
     order by user_block.seq desc limit ${limit}`);
}
