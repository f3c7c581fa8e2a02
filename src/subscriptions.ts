/**
 * Subscriptions to remote lists: each is asked for what it says when it is due, by one process at a time, and its opinions
 * become rules under its own name.
 *
 * ```
 * due ─► take (a lease) ─► ask ─┬─ 304 ──────────────┐
 *                              ├─ a list, a page ─ keep what it says ─► what differs from what was applied
 *                              └─ nothing of use ─ what is known stands, back off      │
 *                                                            suspicious, or a draft ◄──┴──► rules
 * ```
 * Invariants:
 * - What a list says is kept beside what was made of it; the rules are changed by the difference. A crash in between does
 *   the same again, and a batch that somebody undid stays undone until the list says something else.
 * - A list that cannot be read changes nothing. One that would take back nearly everything waits for a person.
 * - It has an opinion of its own and takes back only that.
 */
import { randomUUID } from 'node:crypto';
import type { SubscriptionsDesk } from './api/subscriptions.ts';
import { messageOf } from './errors.ts';
import type { Settings } from './options.ts';
import type { Remote } from './remote.ts';
import type { Store } from './store/store.ts';
import { type Held, letGo, renewLease, type Standing, takeDue, takeOne } from './store/subscriptions.ts';
import { createAsk, POLL_LIMITS, type PollLimits } from './subscriptions/asking.ts';
import { createDesk, type Hold } from './subscriptions/desk.ts';
import { poll } from './subscriptions/polling.ts';
import { createPublishing } from './subscriptions/publishing.ts';
import { finishRemoval } from './subscriptions/removal.ts';
import type { ActorRules, Rules } from './subscriptions/settling.ts';

export interface Subscriptions {
  readonly desk: SubscriptionsDesk;
  /** Begins to look for lists that are due, twice a minute and when woken. */
  start(): void;
  /** Resolves when nothing is due and nothing is under way here. */
  settled(): Promise<void>;
  /** Breaks off what is under way; resolves when nothing is. */
  close(): Promise<void>;
}

export interface SubscriptionsParts {
  readonly settings: Pick<Settings, 'logger' | 'publicBlocklist'>;
  readonly store: Store;
  readonly remote: Pick<Remote, 'read' | 'get'>;
  readonly rules: Rules;
  readonly actors: ActorRules;
  readonly limits?: Partial<PollLimits>;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** Lists asked for at once. One that never answers holds a place for as long as an answer may take. */
const AT_ONCE = 4;
const POLL_MS = 30_000;
/** A list whose holder is gone is free after so long; renewed while it is held. */
const LEASE_MS = 120_000;
const RENEW_MS = 30_000;
/** After a fault of our own it is tried again so much later. */
const FAULT_MS = 300_000;

export function createSubscriptions(parts: SubscriptionsParts): Subscriptions {
  const { store, settings } = parts;
  const { clock } = store;
  const closing = new AbortController();
  const limits = { ...POLL_LIMITS, ...parts.limits };
  const ask = createAsk(parts.remote, limits, closing.signal);
  const polling = { ...parts, ask, limits, closing: closing.signal, random: parts.random ?? Math.random };
  const publishing = settings.publicBlocklist === null ? null : createPublishing(store);
  const underWay = new Set<Promise<unknown>>();
  let looking: Promise<void> | null = null;
  let isWoken = false;
  let isPublishing = false;
  let timer: NodeJS.Timeout | undefined;

  const track = <Result>(work: Promise<Result>): Promise<Result> => {
    const tracked: Promise<unknown> = work.catch(() => undefined).finally(() => underWay.delete(tracked));
    underWay.add(tracked);
    return work;
  };

  /** Keeps the lease while the work goes on. */
  async function holding<Result>(held: Held, work: () => Promise<Result>): Promise<Result> {
    const renewing = setInterval(() => {
      renewLease(store, held, clock.now() + LEASE_MS).catch(() => undefined);
    }, RENEW_MS).unref();
    return work().finally(() => clearInterval(renewing));
  }

  async function serve(held: Held): Promise<void> {
    const standing = await holding(held, async () => {
      try {
        return held.removedBy === null ? await poll(polling, held) : await finishRemoval(polling, held);
      } catch (error) {
        const facts = { subscription: held.id, error: messageOf(error) };
        if (!closing.signal.aborted) settings.logger.error('a list could not be served', facts);
        return { error: 'a fault of ours', failures: held.failures + 1, dueMs: clock.now() + FAULT_MS };
      }
    });
    // Broken off by us: that says nothing about the list.
    if (standing === null) return;
    const left = closing.signal.aborted ? {} : standing;
    await store.transaction((tx) => letGo(tx, held, left, clock.now()));
  }

  const hold: Hold = (id, work) =>
    track(
      (async () => {
        const nowMs = clock.now();
        const held = await takeOne(store, id, randomUUID(), nowMs, nowMs + LEASE_MS);
        if (held === null) return null;
        let standing: Standing | null = {};
        try {
          const done = await holding(held, () => work(held));
          standing = done.standing;
          return { result: done.result };
        } finally {
          const left = standing;
          if (left !== null) await store.transaction((tx) => letGo(tx, held, left, clock.now()));
        }
      })(),
    );

  /** Takes what is due until nothing is or all places are taken. */
  async function look(): Promise<void> {
    while (!closing.signal.aborted && underWay.size < AT_ONCE) {
      isWoken = false;
      const nowMs = clock.now();
      const places = AT_ONCE - underWay.size;
      const taken = await takeDue(store, randomUUID(), nowMs, nowMs + LEASE_MS, places);
      for (const held of taken) void track(serve(held)).catch(report).finally(wake);
      if (taken.length < places && !isWoken) return;
    }
  }

  const report = (error: unknown): void =>
    settings.logger.error('due lists could not be looked for', { error: messageOf(error) });

  function wake(): void {
    isWoken = true;
    if (closing.signal.aborted || looking !== null) return;
    looking = look()
      .catch(report)
      .finally(() => {
        looking = null;
      });
  }

  /** Our own list: what has changed in it is said. */
  function publish(): void {
    if (publishing === null || isPublishing || closing.signal.aborted) return;
    isPublishing = true;
    const fault = (error: unknown): void =>
      settings.logger.error('our own list could not be published', { error: messageOf(error) });
    void track(publishing.publish())
      .catch(fault)
      .finally(() => {
        isPublishing = false;
      });
  }

  const tick = (): void => {
    publish();
    wake();
  };

  async function rest(): Promise<void> {
    while (looking !== null || underWay.size > 0) {
      await looking;
      await Promise.all(underWay);
    }
  }

  return {
    desk: createDesk({ ...polling, hold, wake }),
    start() {
      timer ??= setInterval(tick, POLL_MS).unref();
      tick();
    },
    async settled() {
      tick();
      await rest();
    },
    async close() {
      clearInterval(timer);
      closing.abort();
      await rest();
    },
  };
}
