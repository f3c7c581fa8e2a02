/**
 * Counts by the hour for what moderators look at: made of the log by one process at a time, outside of every turn.
 *
 * ```
 *   log ─► the counter's position ─► counts of these events, and the position ─► COMMIT ─► the next events
 * ```
 * Invariants:
 * - Every event of the log is counted once: its count and the position are committed together, under the lease.
 * - Nobody waits for it. The log is pruned only behind its position.
 */
import { randomUUID } from 'node:crypto';
import { messageOf } from './errors.ts';
import type { Logger } from './options.ts';
import { leaseConsumer, releaseConsumer } from './store/consumers.ts';
import { COUNTER, countOn, insertCounter } from './store/rollups.ts';
import type { Store } from './store/store.ts';

export interface Rollups {
  start(): Promise<void>;
  /** Counts what there is, unless another process does. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Whoever asks has them counted first; for everybody else counting many events at once costs less for each. */
const EVERY_MS = 60_000;
/** Events in one transaction: some 20 ms of the database, which an embedded one takes from everybody. */
const EVENTS_MAX = 1_000;
const LEASE_MS = 30_000;

export function createRollups({ store, logger }: { store: Store; logger: Logger }): Rollups {
  const owner = randomUUID();
  let counting: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function count(): Promise<void> {
    for (;;) {
      const atMs = store.clock.now();
      const position = isClosed ? null : await leaseConsumer(store, COUNTER, owner, atMs, atMs + LEASE_MS);
      if (position === null) return;
      const taken = await store.transaction((tx) => countOn(tx, owner, EVENTS_MAX));
      if (taken === null || taken < EVENTS_MAX) return;
      // Whoever waits for the database has his turn in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  function begin(): Promise<void> {
    counting ??= count()
      .catch((error: unknown) => logger.error('the log could not be counted', { error: messageOf(error) }))
      .finally(() => {
        counting = undefined;
      });
    return counting;
  }

  return {
    async start() {
      await insertCounter(store);
      timer = setInterval(() => void begin(), EVERY_MS).unref();
    },
    async settled() {
      // One that is under way may have looked before the last commit.
      await counting;
      await begin();
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      await counting;
      await releaseConsumer(store, COUNTER, owner).catch(() => undefined);
    },
  };
}
