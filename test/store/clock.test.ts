/** The clock that all processes share: set by the database, advanced by the process, never going back. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createDatabaseClock } from '../../src/store/clock.ts';

describe('the clock of the database', () => {
  let monotonicMs = 0;
  const elapsedMs = () => monotonicMs;
  beforeEach(() => {
    monotonicMs = 5_000;
  });

  test('tells the time of the database, and goes on by itself between two readings', async () => {
    const clock = createDatabaseClock(async () => 4_000_000_000_000, elapsedMs);
    await clock.read();
    expect(clock.now()).toBe(4_000_000_000_000);
    monotonicMs += 1_234.9;
    expect(clock.now()).toBe(4_000_000_001_234);
  });

  test('takes the answer as true for the middle of the time that asking took', async () => {
    const clock = createDatabaseClock(async () => {
      monotonicMs += 100;
      return 4_000_000_000_000;
    }, elapsedMs);
    await clock.read();
    expect(clock.now()).toBe(4_000_000_000_050);
  });

  test('stands still, instead of going back, until a database that was set back has caught up', async () => {
    let databaseMs = 4_000_000_010_000;
    const clock = createDatabaseClock(async () => databaseMs, elapsedMs);
    await clock.read();
    const before = clock.now();
    databaseMs -= 10_000;
    await clock.read();
    expect(clock.now()).toBe(before);
    monotonicMs += 9_999;
    expect(clock.now()).toBe(before);
    monotonicMs += 2;
    expect(clock.now()).toBe(before + 1);
  });

  test('follows a database that was set forward', async () => {
    let databaseMs = 4_000_000_000_000;
    const clock = createDatabaseClock(async () => databaseMs, elapsedMs);
    await clock.read();
    databaseMs += 60_000;
    await clock.read();
    expect(clock.now()).toBe(4_000_000_060_000);
  });

  test('keeps going when a reading fails', async () => {
    let isAway = false;
    const clock = createDatabaseClock(async () => {
      if (isAway) throw new Error('away');
      return 4_000_000_000_000;
    }, elapsedMs);
    await clock.read();
    isAway = true;
    await expect(clock.read()).rejects.toThrow('away');
    monotonicMs += 5;
    expect(clock.now()).toBe(4_000_000_000_005);
  });
});
