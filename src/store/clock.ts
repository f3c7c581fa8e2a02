/**
 * What time it is. In production that is the database's clock, so that all processes agree: read at start and every
 * minute, and advanced in between by a clock that never jumps. Tests inject their own.
 */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

export interface DatabaseClock extends Clock {
  /** Sets the clock by the database. It never goes back: a database that is behind makes it stand still. */
  read(): Promise<void>;
}

/**
 * A clock set by `readMs`, which asks the database, and moved on by `elapsedMs`, which counts evenly from anywhere.
 * Before the first reading it is the process's own.
 */
export function createDatabaseClock(
  readMs: () => Promise<number>,
  elapsedMs: () => number = () => performance.now(),
): DatabaseClock {
  let offsetMs = performance.timeOrigin;
  let latestMs = 0;
  const now = (): number => {
    latestMs = Math.max(latestMs, elapsedMs() + offsetMs);
    return Math.floor(latestMs);
  };
  return {
    now,
    async read() {
      const askedMs = elapsedMs();
      const databaseMs = await readMs();
      // The answer was true somewhere between question and arrival.
      const middleMs = (askedMs + elapsedMs()) / 2;
      offsetMs = databaseMs - middleMs;
    },
  };
}
