/**
 * One turn at a time for each key, coalesced and bounded, in this process. The mail itself lies in the store: this
 * only remembers which keys are dirty, so forgetting one costs a sweep, never a mail.
 *
 * ```
 * mark(keys) ─► dirty (a set, oldest first) ─► run(keys) ─► keys that are still dirty go to the end
 * ```
 * A key is never handed out twice at once. A run that throws leaves its keys dirty and pauses everything for
 * `pauseMs`: such an error is one of the environment, since a run deals with the errors of its mail by itself.
 */
export interface Mailbox {
  /** These keys have mail. Keys above the bound are left to the sweep. */
  mark(keys: Iterable<string>): void;
  /** Resolves when no key is dirty and no run is under way. */
  settled(): Promise<void>;
  /** Starts no more runs; resolves when those under way are over. */
  close(): Promise<void>;
  /** Keys waiting, not counting those in a run. */
  readonly depth: number;
}

export interface MailboxOptions {
  /** Serves these keys; gives back those that still have mail. */
  run(keys: string[]): Promise<readonly string[]>;
  /** Runs at once. */
  readonly concurrency: number;
  /** Keys in one run. */
  readonly keysPerRun: number;
  /** Dirty keys at once. @default 100000 */
  readonly keysMax?: number;
  /** Rest after a run that threw, in milliseconds. @default 500 */
  readonly pauseMs?: number;
  /** Asked after each run: how long to gather before the next one, in milliseconds. Who waits in `settled` cuts it short. */
  readonly gatherMs?: () => number;
  onError(error: unknown): void;
}

export function createMailbox(options: MailboxOptions): Mailbox {
  const {
    run,
    concurrency,
    keysPerRun,
    keysMax = 100_000,
    pauseMs = 500,
    gatherMs = () => 0,
    onError,
  } = options;
  const dirty = new Set<string>();
  const held = new Set<string>();
  let running = 0;
  let pause: NodeJS.Timeout | undefined;
  let gathering: NodeJS.Timeout | undefined;
  let isClosed = false;
  let waiters: (() => void)[] = [];

  function take(): string[] {
    const keys: string[] = [];
    for (const key of dirty) {
      if (keys.length === keysPerRun) break;
      if (!held.has(key)) keys.push(key);
    }
    for (const key of keys) {
      dirty.delete(key);
      held.add(key);
    }
    return keys;
  }

  function add(keys: Iterable<string>): void {
    for (const key of keys) if (dirty.size < keysMax) dirty.add(key);
  }

  function gathered(): void {
    clearTimeout(gathering);
    gathering = undefined;
  }

  function pump(): void {
    if (waiters.length > 0) gathered();
    while (!isClosed && pause === undefined && gathering === undefined && running < concurrency) {
      const keys = take();
      if (keys.length === 0) break;
      running++;
      void serve(keys);
    }
    if (running === 0 && (isClosed || dirty.size === 0)) {
      const resolved = waiters;
      waiters = [];
      for (const resolve of resolved) resolve();
    }
  }

  async function serve(keys: string[]): Promise<void> {
    try {
      add(await run(keys));
      const ms = gatherMs();
      if (ms > 0)
        gathering ??= setTimeout(() => {
          gathered();
          pump();
        }, ms);
    } catch (error) {
      add(keys);
      onError(error);
      pause ??= setTimeout(() => {
        pause = undefined;
        pump();
      }, pauseMs);
    } finally {
      for (const key of keys) held.delete(key);
      running--;
      pump();
    }
  }

  function whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      waiters.push(resolve);
      pump();
    });
  }

  return {
    mark(keys) {
      add(keys);
      pump();
    },
    settled: whenIdle,
    close() {
      isClosed = true;
      clearTimeout(pause);
      return whenIdle();
    },
    get depth() {
      return dirty.size;
    },
  };
}
