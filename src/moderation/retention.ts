/** What is kept for long enough, by hand. */
import type { Pruned, PruneWish } from '../api/retention.ts';
import { forgetReaders } from '../store/pruning.ts';
import type { Store } from '../store/store.ts';

export interface RetentionDesk {
  /** Takes away, or counts, what may go, for a few seconds; `cursor` of its answer goes on. `ERR_INVALID` for the cursor. */
  prune(wish?: PruneWish): Promise<Pruned>;
  /**
   * Gives up the positions of handlers that no process calls now, with what waits for them: they hold back the log for
   * ever. Registered again, they begin at the end of the log. The names of those that were given up.
   */
  forget(handlers: readonly string[]): Promise<{ readonly handlers: readonly string[] }>;
}

export function createRetentionDesk(parts: {
  store: Store;
  prune(wish?: PruneWish): Promise<Pruned>;
}): RetentionDesk {
  const { store } = parts;
  return {
    prune: (wish) => parts.prune(wish),
    async forget(handlers) {
      const forgotten = await store.transaction((tx) => forgetReaders(tx, handlers, store.clock.now()));
      return { handlers: forgotten };
    },
  };
}
