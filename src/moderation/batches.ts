/**
 * Batches: one change for many domains, a few hundred of them in each transaction, that can be taken back as one. What
 * a batch found is kept beside it; taken back is what nobody has decided anew since.
 */
import { setImmediate } from 'node:timers/promises';
import type { DomainContext, DomainState } from '../../machines/index.ts';
import type { BatchRecord, ChangeNote } from '../api/rules.ts';
import type { Page, PageQuery } from '../api.ts';
import { messageOf, SallyportError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { MANUAL, merge } from '../policy.ts';
import { recordAudit } from '../store/audit.ts';
import {
  advanceBatch,
  type BatchItemRow,
  batchById,
  insertBatch,
  insertItems,
  itemsAfter,
  type Life,
  listBatches,
  moveBatch,
} from '../store/batches.ts';
import { type Statements, sql, texts } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { initialDomain, insertDomains } from '../store/turns.ts';
import {
  type ChangedDomain,
  changeDomains,
  type FoundDomain,
  isOther,
  type Plan,
  replaced,
} from './domain-changes.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

export interface BatchesDesk {
  /** Newest first. */
  list(query?: PageQuery): Promise<Page<BatchRecord>>;
  /** `ERR_NOT_FOUND`. */
  get(id: string): Promise<BatchRecord>;
  /**
   * Takes back what it changed, except where somebody has decided anew since; one that is still being applied stops.
   * `ERR_NOT_FOUND`, and `ERR_NOT_ALLOWED_IN_STATE` when it is undone already.
   */
  undo(id: string, note: ChangeNote): Promise<BatchRecord>;
}

/** What is to be done to many domains. */
export interface BatchWork extends ChangeNote {
  readonly kind: string;
  /** The verb, for the audit log. */
  readonly verb: string;
  readonly names: readonly string[];
  /** Whose rules it may change. */
  readonly source: string;
  /** Do its domains get a row where they have none? */
  makesRow(name: string): boolean;
  /** Are counters to be cleared? */
  readonly clearsCounters?: boolean;
  planOf(found: FoundDomain, batch: string, atMs: number): Plan | null;
}

export interface Batches extends BatchesDesk {
  /** Fulfilled when the batch exists; `settled` when it is applied, or was stopped. */
  run(work: BatchWork): Promise<{ readonly batch: string; readonly settled: Promise<BatchRecord> }>;
}

export interface BatchesParts {
  readonly store: Store;
  readonly settings: Pick<Settings, 'probation' | 'logger'>;
  /** These domains came out differently. */
  onChange(names: readonly string[]): void;
}

// Before each transaction everybody else has a turn: the embedded database answers without one.

/** Domains in one transaction: the embedded database needs nearly a millisecond for each, and nobody else runs meanwhile. */
const CHUNK = 100;
/** Batches that wait in this process for the one before. */
const WAITING_MAX = 10;

export function createBatches({ store, settings, onChange }: BatchesParts): Batches {
  const running = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = async <T>(batch: string, work: () => Promise<T>): Promise<T> => {
    running.add(batch);
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine.finally(() => running.delete(batch));
  };

  async function get(id: string): Promise<BatchRecord> {
    const found = await batchById(store, id);
    if (found === undefined)
      throw new SallyportError('ERR_NOT_FOUND', 'there is no such batch', { data: { what: 'batch', id } });
    return found;
  }

  async function applyChunk(batch: string, names: readonly string[], work: BatchWork): Promise<boolean> {
    await setImmediate();
    const atMs = store.clock.now();
    const changed = await store.transaction(async (tx) => {
      if (!(await isStill(tx, batch, 'applying'))) return null;
      const done = await change(tx, names, work, batch, atMs);
      return done;
    });
    if (changed !== null && changed.length > 0) onChange(changed);
    return changed !== null;
  }

  async function change(
    tx: Statements,
    names: readonly string[],
    work: BatchWork,
    batch: string,
    atMs: number,
  ): Promise<string[]> {
    const { by, reason = null, verb, source } = work;
    // The lock order of the house: the windows first, by name, then the domains, then the log.
    if (work.clearsCounters)
      await tx.run(sql`
        delete from rate_window where key in (
          select key from rate_window where key = any(${texts(names)}) order by key for update)`);
    const fresh = names.filter((name) => work.makesRow(name));
    await insertDomains(
      tx,
      fresh.map((name) => initialDomain(name, atMs, settings.probation)),
      atMs,
    );
    const plans = new Map<string, Plan>();
    const done = await changeDomains(
      tx,
      names,
      (found) => {
        const plan = work.planOf(found, batch, atMs);
        if (plan !== null) plans.set(found.held.name, plan);
        return plan;
      },
      { by, reason, verb, batch, atMs },
    );
    const changed = done.filter(({ isChanged }) => isChanged);
    await insertItems(
      tx,
      batch,
      changed.map((one) => itemOf(one, plans.get(one.found.held.name), source)),
    );
    await advanceBatch(tx, batch, names.length, changed.length);
    return changed.map(({ found }) => found.held.name);
  }

  async function undoChunk(
    batch: string,
    items: readonly BatchItemRow[],
    note: ChangeNote,
  ): Promise<boolean> {
    await setImmediate();
    const atMs = store.clock.now();
    const byName = new Map(items.map((item) => [item.domain, item]));
    const changed = await store.transaction(async (tx) => {
      if (!(await isStill(tx, batch, 'undoing'))) return null;
      const done = await changeDomains(
        tx,
        [...byName.keys()],
        (found) => undoing(found, byName.get(found.held.name) as BatchItemRow, batch, atMs),
        { by: note.by, reason: note.reason ?? `batch ${batch} undone`, verb: 'undo', batch, atMs },
      );
      const back = done.filter(({ isChanged }) => isChanged).map(({ found }) => found.held.name);
      await advanceBatch(tx, batch, items.length, back.length);
      return back;
    });
    if (changed !== null && changed.length > 0) onChange(changed);
    return changed !== null;
  }

  return {
    async list(query = {}) {
      const limit = limitOf(query);
      return pageOf(await listBatches(store, numberCursor(query), limit + 1), limit, ({ id }) => id);
    },
    get,
    async run(work) {
      if (running.size >= WAITING_MAX)
        throw new SallyportError('ERR_OVERFLOW', 'too many batches wait', {
          hint: 'wait until one is done',
          data: { bound: WAITING_MAX },
        });
      const names = [...new Set(work.names)].sort();
      const { kind, by, reason = null } = work;
      const batch = await insertBatch(store, { kind, by, reason, total: names.length }, store.clock.now());
      const settled = inTurn(batch, async () => {
        for (let at = 0; at < names.length; at += CHUNK)
          if (!(await applyChunk(batch, names.slice(at, at + CHUNK), work))) return get(batch);
        await moveBatch(store, batch, ['applying'], 'applied');
        return get(batch);
      });
      // Whoever does not wait for it sees in its record how far it came.
      settled.catch((error: unknown) =>
        settings.logger.error('a batch could not be applied', { batch, error: messageOf(error) }),
      );
      return { batch, settled };
    },
    async undo(id, note) {
      const { state } = await get(id);
      const isMoved = await store.transaction(async (tx) => {
        const moved = await moveBatch(tx, id, ['applying', 'applied', 'undoing'], 'undoing');
        const subject = { kind: 'batch', id } as const;
        const { by, reason = null } = note;
        const entry = { by, verb: 'undo', subject, from: state, to: 'undoing', reason, batch: id };
        if (moved) await recordAudit(tx, [entry], store.clock.now());
        return moved;
      });
      if (!isMoved)
        throw new SallyportError('ERR_NOT_ALLOWED_IN_STATE', `the batch is ${state}: undo is not possible`, {
          hint: 'look at it again: somebody else may have acted',
          data: { what: 'batch', key: id, state },
        });
      return inTurn(id, async () => {
        for (let after = ''; ; ) {
          const items = await itemsAfter(store, id, after, CHUNK);
          if (items.length > 0 && !(await undoChunk(id, items, note))) return get(id);
          if (items.length < CHUNK) break;
          after = (items.at(-1) as BatchItemRow).domain;
        }
        await moveBatch(store, id, ['undoing'], 'undone');
        return get(id);
      });
    },
  };
}

/** Is the batch still on its way? Whoever moves it on waits for this transaction. */
async function isStill(tx: Statements, batch: string, state: BatchRecord['state']): Promise<boolean> {
  const found = await tx.run(
    sql`select from batch where id = ${batch}::bigint and state = ${state} for update`,
  );
  return found.length > 0;
}

function itemOf({ found, version }: ChangedDomain, plan: Plan | undefined, source: string): BatchItemRow {
  const isTouched = plan?.rule !== undefined && isOther(found.rules, plan.rule);
  return {
    ...{ domain: found.held.name, source, version },
    rule: found.rules.find((rule) => rule.source === source) ?? null,
    left: isTouched ? (plan.rule.to === null ? 'none' : 'rule') : 'untouched',
    life: lifeOf(found.state, found.context),
  };
}

function lifeOf(state: DomainState, context: DomainContext): Life {
  const { reason, by, origin, untilMs, reviewAtMs, publicComment, privateComment } = context;
  const { strikes, probationMs, appealedAtMs } = context;
  return {
    ...{ state, strikes, probationMs, appealedAtMs },
    ...{ reason, by, origin, untilMs, reviewAtMs, publicComment, privateComment },
  };
}

/** How a batch's change to one domain is taken back; null where somebody has decided anew. */
function undoing(found: FoundDomain, item: BatchItemRow, batch: string, atMs: number): Plan | null {
  const { held, rules, state, context } = found;
  const { source, rule: before, left, life, version } = item;
  const now = rules.find((rule) => rule.source === source);
  const isAsLeft = held.version === version;
  const isOurs = { rule: now?.batch === batch, none: now === undefined, untouched: isAsLeft };
  if (!isOurs[left]) return null;
  const isOver = (untilMs: number | null): boolean => untilMs !== null && untilMs <= atMs;
  const to = before === null || isOver(before.untilMs) ? null : before;
  const rule = left === 'untouched' ? {} : { rule: { source, to } };
  // What has happened to the machine since stays, unless it is nothing but the batch's own block.
  const origin = source === MANUAL ? 'moderator' : 'list';
  const isItsBlock = state === 'blocked' && context.origin === origin && merge(rules)?.source === source;
  if (!isAsLeft && !isItsBlock) return rule;
  const then = merge(left === 'untouched' ? rules : replaced(rules, { source, to }));
  const isByRule = life.state === 'blocked' && life.origin !== 'runtime';
  const isGone = isOver(life.untilMs) || (isByRule && then?.severity !== 'block');
  if (then?.severity === 'block' && life.state !== 'blocked') return rule;
  return { ...rule, events: [{ type: 'moderator.restored', atMs, ...life, ...(isGone ? OPENED : {}) }] };
}

/** What a state that is over has come to. */
const OPENED: Omit<Life, 'strikes' | 'probationMs'> = {
  state: 'active',
  reason: null,
  by: null,
  origin: null,
  untilMs: null,
  reviewAtMs: null,
  publicComment: null,
  privateComment: null,
  appealedAtMs: null,
};
