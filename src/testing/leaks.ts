/** What a test left running: calls that nobody awaited, handlers under way, timers. */

/** Calls under way, each by the words in which it is reported. */
export interface UnderWay {
  during<T>(what: string, work: () => T): T;
  /** What is under way now. */
  names(): string[];
}

export function createUnderWay(): UnderWay {
  const calls = new Set<{ readonly what: string }>();
  return {
    during(what, work) {
      const call = { what };
      calls.add(call);
      const over = (): void => void calls.delete(call);
      try {
        const result = work();
        if (result instanceof Promise) void result.then(over, over);
        else over();
        return result;
      } catch (error) {
        over();
        throw error;
      }
    },
    names: () => [...calls].map(({ what }) => what),
  };
}

/** Timers that keep this process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

/** How long what was just told to end may take, in milliseconds. */
const GRACE_MS = 1_000;

/** Counts the timers now; the function that it gives back says how many more there are, after a moment of grace. */
export function watchTimers(): () => Promise<number> {
  const before = timers();
  return async () => {
    const deadlineMs = performance.now() + GRACE_MS;
    while (timers() > before && performance.now() < deadlineMs)
      await new Promise((resolve) => setImmediate(resolve));
    return Math.max(0, timers() - before);
  };
}
