/** What a test left running: calls that nobody awaited, handlers under way, and timers that handlers have set. */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';

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

export interface TimerWatch {
  /** Watches the timers that this sets, and everything that comes of it. */
  during<T>(what: string, work: () => T): T;
  /** Ends the watch; says whose timers still keep the process alive, after a moment of grace. */
  end(): Promise<string[]>;
}

/** How long what was just told to end may take, in milliseconds. */
const GRACE_MS = 1_000;

/**
 * Timers of handlers only: a test runner has some of its own, which come and go at any time. Watching costs each
 * promise of the process a little, so it begins with the first handler.
 */
export function watchTimers(): TimerWatch {
  const current = new AsyncLocalStorage<string>();
  const timers = new Map<number, { readonly what: string; readonly timer: NodeJS.Timeout }>();
  const hook = createHook({
    init(asyncId, type, _, timer) {
      const what = type === 'Timeout' ? current.getStore() : undefined;
      if (what !== undefined) timers.set(asyncId, { what, timer: timer as NodeJS.Timeout });
    },
    destroy: (asyncId) => void timers.delete(asyncId),
  });
  const left = (): string[] =>
    [...timers.values()].filter(({ timer }) => timer.hasRef()).map(({ what }) => what);
  return {
    during(what, work) {
      hook.enable();
      return current.run(what, work);
    },
    async end() {
      const deadlineMs = performance.now() + GRACE_MS;
      while (left().length > 0 && performance.now() < deadlineMs)
        await new Promise((resolve) => setImmediate(resolve));
      hook.disable();
      return left().map((what) => `a timer of ${what}`);
    },
  };
}
