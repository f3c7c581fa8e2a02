/**
 * The copy of whom moderators trust, of this process: read before the first filter is asked, and again each second where
 * filters are asked at all. While nobody is trusted, an activity costs one look at an empty set.
 */
import { messageOf } from '../errors.ts';
import type { Logger } from '../options.ts';
import type { Store } from '../store/store.ts';
import { readTrusted } from '../store/trusted.ts';

export interface TrustCopy {
  /** Does a moderator trust this actor, or its domain? */
  covers(actor: string, domain: string): boolean;
  /** Has been read at least once, and since it was last said to have changed. */
  current(): Promise<void>;
  /** Reads it anew, where it has changed. */
  refresh(): Promise<void>;
}

export function createTrustCopy(store: Store, logger: Logger): TrustCopy {
  let mark: string | null = null;
  let trusted: ReadonlySet<string> = new Set();
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    try {
      const found = await readTrusted(store, mark);
      if (found === null) return;
      trusted = new Set(found.targets);
      mark = found.mark;
    } catch (error) {
      logger.error('whom moderators trust could not be read', { error: messageOf(error) });
    }
  }

  function refresh(): Promise<void> {
    reading = (reading ?? Promise.resolve()).then(read);
    return reading;
  }

  return {
    covers: (actor, domain) => trusted.size > 0 && (trusted.has(actor) || trusted.has(domain)),
    current: () => reading ?? refresh(),
    refresh,
  };
}
