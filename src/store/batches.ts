/** Batches: what they changed, so that it can be taken back. */
import type { ClosedFacts, DomainState } from '../../machines/index.ts';
import type { BatchRecord } from '../api/rules.ts';
import type { RuleRow } from './rules.ts';
import { ms, rows, type Statements, sql, time } from './statement.ts';

/** The state of a domain's machine as a batch found it. */
export interface Life extends ClosedFacts {
  readonly state: DomainState;
  readonly strikes: number;
  readonly probationMs: number | null;
  readonly appealedAtMs: number | null;
}

/** What a batch found at a domain, and left there. */
export interface BatchItemRow {
  readonly domain: string;
  readonly source: string;
  /** The source's rule before; null where it had none. */
  readonly rule: RuleRow | null;
  /** Whether the batch left a rule of the source there, left it without one, or did not touch its rules. */
  readonly left: 'rule' | 'none' | 'untouched';
  readonly life: Life;
  /** The version of the domain's row afterwards. */
  readonly version: number;
}

export async function insertBatch(
  db: Statements,
  { kind, by, reason, total }: Pick<BatchRecord, 'kind' | 'by' | 'reason' | 'total'>,
  atMs: number,
): Promise<string> {
  const [row] = await db.run<{ id: string }>(sql`
    insert into batch (kind, by_whom, reason, at, state, total)
    values (${kind}, ${by}, ${reason}, ${time(atMs)}, 'applying', ${total}) returning id::text`);
  return (row as { id: string }).id;
}

export async function insertItems(
  tx: Statements,
  batch: string,
  items: readonly BatchItemRow[],
): Promise<void> {
  if (items.length === 0) return;
  await tx.run(sql`
    insert into batch_item (batch, domain, source, rule, left_there, life, version)
    select ${batch}::bigint, r.domain, r.source, r.rule, r."left", r.life, r.version
      from json_to_recordset(${rows(items)}) as r(domain text, source text, rule jsonb, "left" text, life jsonb, version int)`);
}

/** So much more is done, and so many domains came out differently. */
export async function advanceBatch(
  tx: Statements,
  batch: string,
  done: number,
  changed: number,
): Promise<void> {
  await tx.run(sql`
    update batch set done = done + ${done}::int, changed = changed + ${changed}::int where id = ${batch}::bigint`);
}

/** Moves a batch on, if it is in one of these states. False when it was not. */
export async function moveBatch(
  db: Statements,
  batch: string,
  from: readonly BatchRecord['state'][],
  to: BatchRecord['state'],
): Promise<boolean> {
  // From then on it counts what is taken back; one that goes on after a crash has taken back something already.
  const restart =
    to === 'undoing'
      ? sql`, done = 0, changed = case when state = 'undoing' then changed else 0 end,
             total = (select count(*) from batch_item where batch = b.id)`
      : sql``;
  const moved = await db.run(sql`
    update batch as b set state = ${to} ${restart}
     where id = ${batch}::bigint and state = any(${from}::text[]) returning id`);
  return moved.length > 0;
}

const BATCH = sql`
  id::text, kind, by_whom as "by", reason, ${ms('at')} as "atMs", state, total, done, changed`;
type BatchRow = Omit<BatchRecord, 'at'> & { readonly atMs: number };
const recordOf = ({ atMs, ...batch }: BatchRow): BatchRecord => ({
  ...batch,
  at: new Date(atMs).toISOString(),
});

export async function batchById(db: Statements, id: string): Promise<BatchRecord | undefined> {
  const [found] = await db.run<BatchRow>(sql`select ${BATCH} from batch where id::text = ${id}`);
  return found && recordOf(found);
}

/** Newest first, below the cursor. */
export async function listBatches(
  db: Statements,
  below: string | null,
  limit: number,
): Promise<BatchRecord[]> {
  const found = await db.run<BatchRow>(sql`
    select ${BATCH} from batch where ${below}::bigint is null or id < ${below}::bigint order by batch.id desc limit ${limit}`);
  return found.map(recordOf);
}

/** Items of a batch by the names of their domains, after one. */
export async function itemsAfter(
  db: Statements,
  batch: string,
  after: string,
  limit: number,
): Promise<BatchItemRow[]> {
  return db.run<BatchItemRow>(sql`
    select domain, source, rule, left_there as "left", life, version from batch_item
     where batch = ${batch}::bigint and domain > ${after} order by domain limit ${limit}`);
}
