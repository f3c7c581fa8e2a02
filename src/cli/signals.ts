/** The end of a server by signal: the first one asks it to stop, the second one does not ask. */

export interface Ending {
  /** Aborted by the first signal. */
  readonly stopping: AbortSignal;
  /** Resolves when `shutDown` is through, after a signal. */
  readonly ended: Promise<void>;
}

/** Calls `shutDown` at the first signal; after `endMs`, or at the second signal, the process ends there and then. */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  endMs: number,
  shutDown: () => Promise<void>,
): Ending {
  const controller = new AbortController();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
    // What was acknowledged is stored, so an end in the middle of the rest is an orderly one.
    setTimeout(() => process.exit(0), endMs).unref();
    shutDown()
      .catch(() => undefined)
      .then(() => {
        resolve();
        // Nothing is left to do: what still holds the process up, such as a connection pool, does not hold it for long.
        setTimeout(() => process.exit(), 1_000).unref();
      });
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { stopping: controller.signal, ended };
}
