/**
 * Pruning: what is kept for long enough goes, page by page, in the background, by one process for all.
 *
 * ```
 *   chore, once a day ─► table after table, page after page ─► a pause as long as the page took ─► the next page
 *                         │ time is over
 *                         └─► where it stands is kept with the chore, and it goes on in a minute
 * ```
 * Invariants:
 * - What somebody still needs stays: unread events, what waits or is held, documents of objects that are known, reactions
 *   that count. Which they are is said where each table is (`store/pruning.ts`).
 * - A page is one short statement that waits for no lock.
 */
import type { Pruned, PruneWish } from './api/retention.ts';
import { messageOf, SallyportError } from './errors.ts';
import type { Settings } from './options.ts';
import { ensureChore, saveChore, takeChore } from './store/chores.ts';
import { PRUNINGS, type PruneBounds, type Pruning, readBounds, readersBehind } from './store/pruning.ts';
import type { Store } from './store/store.ts';

export interface Retention {
  start(): Promise<void>;
  /** Takes away, or counts, what may go, for a few seconds. `ERR_INVALID` for a cursor that is none of ours. */
  prune(wish?: PruneWish): Promise<Pruned>;
  /** Does what is due of it now. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const CHORE = 'retention';
const LOOK_MS = 60_000;
const DAY_MS = 86_400_000;
/** Rows in one page: a few milliseconds of the database. */
const ROWS_MAX = 500;
/** How long one run may take in the background, and one call. */
const RUN_MS = 30_000;
const CALL_MS = 5_000;
/** Whoever died with it is followed after so long. */
const LEASE_MS = 300_000;

interface Place {
  /** Its number among the tables, and where the page begins. */
  readonly table: number;
  readonly cursor: string | null;
}

export function createRetention(parts: {
  settings: Settings;
  store: Store;
  /** Counts what is not counted yet: what is not counted stays. */
  countOn(): Promise<void>;
}): Retention {
  const { settings, store } = parts;
  const { logger } = settings;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;
  let isClosed = false;

  async function bounds(): Promise<PruneBounds> {
    await parts.countOn();
    const { rateLimit, actorRateLimit, retention } = settings;
    const windowMs = Math.max(rateLimit.windowMs, actorRateLimit?.windowMs ?? 0);
    return { ...(await readBounds(store)), retention, windowMs, nowMs: store.clock.now() };
  }

  /** Goes on from a place for so long; where it stands then, and what went. Null at the end. */
  async function run(place: Place, forMs: number, isDryRun: boolean, isPatient: boolean) {
    const endMs = performance.now() + forMs;
    const gone = new Map<string, number>();
    const known = await bounds();
    let { table, cursor } = place;
    for (; table < PRUNINGS.length; table++, cursor = null) {
      const pruning = PRUNINGS[table] as Pruning;
      const cutoffMs = pruning.cutoffMs(known);
      gone.set(pruning.table, gone.get(pruning.table) ?? 0);
      if (cutoffMs === null) continue;
      do {
        if (isClosed || performance.now() > endMs) return { gone, known, place: { table, cursor } };
        const startMs = performance.now();
        const page = await pruning.page(store, {
          bounds: known,
          cutoffMs,
          cursor,
          limit: ROWS_MAX,
          isDryRun,
        });
        gone.set(pruning.table, (gone.get(pruning.table) as number) + page.gone);
        cursor = page.next;
        if (isPatient && cursor !== null) await pause(performance.now() - startMs);
      } while (cursor !== null);
    }
    return { gone, known, place: null };
  }

  async function work(): Promise<void> {
    const nowMs = store.clock.now();
    const chore = await store.transaction(async (tx) => {
      const taken = await takeChore<Place>(tx, CHORE, nowMs);
      if (taken !== undefined) await saveChore(tx, CHORE, nowMs + LEASE_MS, taken.data);
      return taken;
    });
    if (chore === undefined) return;
    const { table = 0, cursor = null } = chore.data;
    const { gone, place } = await run({ table, cursor }, RUN_MS, false, true);
    const total = [...gone.values()].reduce((sum, count) => sum + count, 0);
    if (total > 0) logger.info('what was kept for long enough is pruned', Object.fromEntries(gone));
    await saveChore(store, CHORE, store.clock.now() + (place === null ? DAY_MS : LOOK_MS), place ?? {});
  }

  function begin(): Promise<void> {
    working ??= work()
      .catch((error: unknown) => logger.error('nothing could be pruned', { error: messageOf(error) }))
      .finally(() => {
        working = undefined;
      });
    return working;
  }

  return {
    async start() {
      await ensureChore(store, CHORE, store.clock.now() + LOOK_MS);
      timer = setInterval(() => void begin(), LOOK_MS).unref();
    },
    async prune({ dryRun = false, cursor } = {}) {
      const place = cursor === undefined ? { table: 0, cursor: null } : placeOf(cursor);
      const { gone, known, place: next } = await run(place, CALL_MS, dryRun, false);
      const iso = (ms: number | null | undefined): string | null =>
        ms == null ? null : new Date(ms).toISOString();
      const logMs = known.retention.logMs;
      return {
        dryRun,
        tables: [...gone].map(([table, count]) => {
          const pruning = PRUNINGS.find((one) => one.table === table);
          return { table, olderThan: iso(pruning?.cutoffMs(known)), gone: count };
        }),
        heldBackBy: logMs === null ? [] : await readersBehind(store, known.nowMs - logMs),
        cursor: next === null ? null : JSON.stringify([next.table, next.cursor]),
      };
    },
    settled: begin,
    async close() {
      isClosed = true;
      clearInterval(timer);
      await working;
    },
  };
}

/** At most half of the time is the database at work for this. */
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function placeOf(cursor: string): Place {
  try {
    const [table, at] = JSON.parse(cursor) as [number, string | null];
    if (Number.isInteger(table) && (at === null || typeof at === 'string')) return { table, cursor: at };
  } catch {}
  throw new SallyportError('ERR_INVALID', 'the cursor is none of ours', { data: { cursor } });
}
