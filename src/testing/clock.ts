/** Time that passes only when the test says so, for everything in the house that asks what time it is. */
import type { Inbox } from '../embed.ts';
import { SallyportError } from '../errors.ts';
import type { House } from '../house.ts';
import { type Duration, millisecondsOf } from '../options.ts';
import { createAlmanac } from '../store/due.ts';
import { within } from './within.ts';

/** The clock of a test inbox. It stands still until it is moved. */
export interface TestClock {
  now(): Date;
  /**
   * Lets so much time pass, and no real time. On the way it stops at every moment at which something is due (windows,
   * blocks, retries of handlers and deliveries, what expires), in their order, and lets that come to its end.
   */
  advance(duration: Duration): Promise<void>;
}

/** The house's side of it. */
export interface HandClock {
  now(): number;
  /** Moves on to a moment. It never goes back. */
  moveTo(ms: number): void;
}

export function createHandClock(startMs: number): HandClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    moveTo(ms) {
      nowMs = Math.max(nowMs, ms);
    },
  };
}

/** How long all that is due at one moment may take, in real milliseconds: a handler has 30 s for a call. */
const REST_MS_MAX = 45_000;
/** Moments on the way of one `advance`; a loop that is due again every millisecond ends here. */
const STOPS_MAX = 10_000;

export async function createTestClock(hand: HandClock, house: House, inbox: Inbox): Promise<TestClock> {
  const nextDue = await createAlmanac(house.store);

  async function lookAround(): Promise<void> {
    await house.dispatch.sweep();
    await within(inbox.settled(), REST_MS_MAX, 'what was due did not come to its end');
  }

  return {
    now: () => new Date(hand.now()),
    async advance(duration) {
      const ms = millisecondsOf(duration);
      if (ms === null) {
        throw new SallyportError('ERR_INVALID', `${duration} is no length of time`, {
          hint: "write a number and a unit, such as '1 hour'",
        });
      }
      const endMs = hand.now() + ms;
      await lookAround();
      for (let stops = 0; stops < STOPS_MAX; stops++) {
        const dueMs = await nextDue(hand.now(), endMs);
        if (dueMs === null) break;
        // Columns hold microseconds, clocks whole milliseconds: the moment has come with the next one.
        hand.moveTo(Math.ceil(dueMs));
        await lookAround();
      }
      hand.moveTo(endMs);
      await lookAround();
    },
  };
}
