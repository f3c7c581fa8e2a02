/**
 * Handlers: user code after COMMIT, fed from the log, at least once.
 *
 * ```
 *   log ─► position of the handler ─► calls, domains side by side, each domain in order ─► position moves on
 *                                      │ a call fails
 *                                      ▼
 *                            a row of (handler, domain); what comes later from that domain stands behind it
 *                                      │ tried again, TRIES_MAX times within an hour
 *                                      ▼
 *                            dead letter, and the domain goes on
 * ```
 * Invariants:
 * - In order per handler and remote domain. A failing call holds back that domain for that handler and nobody else.
 * - One process reads for a handler at a time; its lease ends by itself when it dies, and another one goes on from
 *   the durable position. What it had called after that position is called again, with the same id.
 * - What a handler commits in `ctx.transaction` it commits once, with its progress; see `handlers/call.ts`.
 * - A handler is never called before its activity is committed, and never inside a transaction of ours.
 */
import { randomUUID } from 'node:crypto';
import type { Handler } from './api.ts';
import { messageOf } from './errors.ts';
import { type CallParts, callHandler, type HandlerDesk } from './handlers/call.ts';
import type { Shelf } from './handlers/view.ts';
import { createMailbox } from './mailbox.ts';
import type { Settings } from './options.ts';
import * as consumers from './store/consumers.ts';
import { insertDeadLetter } from './store/dead-letters.ts';
import { type EndedActivity, lastSeq, readEnded, readEndedAt } from './store/log.ts';
import type { Store } from './store/store.ts';

export type { HandlerDesk } from './handlers/call.ts';

/** What is said of a handler when it is registered. */
export interface HandlerOptions {
  /** The handler's durable name; give one, and the order of registration may change. @default the type and its index */
  readonly name?: string;
}

/** A handler as it was registered. */
export interface Registration {
  readonly name: string;
  /** Null stands for every type. */
  readonly type: string | null;
  readonly handler: Handler<never>;
}

export interface Handlers {
  /** Registers one more; from now on it gets what comes later, or goes on where it stopped. */
  add(registration: Registration): void;
  /** Calls it no more. Its position stays, for when it is registered again under the same name. */
  remove(name: string): void;
  start(): Promise<void>;
  /** Activities have ended. */
  poke(): void;
  settled(): Promise<void>;
  close(drainMs: number): Promise<void>;
}

/** Events taken at once, and domains called side by side for one handler. */
const READ_MAX = 100;
const DOMAINS_AT_ONCE = 8;
const LEASE_MS = 10_000;
const POLL_MS = 1_000;
/** How long one call may take. */
const CALL_MS = 30_000;
/** Ten tries in about an hour. */
const TRIES_MAX = 10;
const REST_MS = [1, 5, 15, 30, 60, 180, 420, 900, 1_800].map((seconds) => seconds * 1_000);

export interface HandlersParts {
  readonly settings: Pick<Settings, 'logger' | 'origin'>;
  readonly store: Store;
  readonly desk: HandlerDesk;
  /** Where the references of activities are looked up. @default nowhere: they are unresolved */
  readonly references?: Shelf;
  /** How long one call may take, in milliseconds. @default 30000 */
  readonly callMs?: number;
  /** A call is over, was not successful, or was so for the last time. */
  onCall?(handler: string, result: 'done' | 'failed' | 'dead'): void;
}

export function createHandlers(parts: HandlersParts): Handlers {
  const { settings, store, desk, callMs = CALL_MS } = parts;
  const { logger, origin } = settings;
  const owner = randomUUID();
  const registrations = new Map<string, Registration>();
  const closing = new AbortController();
  const references = parts.references ?? origin;
  const caller: CallParts = {
    ...{ store, desk, logger, origin, references, callMs, owner },
    closing: closing.signal,
  };
  /** Handlers that may have marks of calls which their position has passed. */
  const marked = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isStarted = false;

  const runs = createMailbox({
    run: async ([name]) => (name === undefined || !(await work(name)) ? [] : [name]),
    concurrency: 4,
    keysPerRun: 1,
    onError: (error) => logger.error('handlers could not read the log', { error: messageOf(error) }),
  });

  /** One round for one handler; true when there is more to do at once. */
  async function work(name: string): Promise<boolean> {
    const registration = registrations.get(name);
    if (registration === undefined || closing.signal.aborted) return false;
    const lease = (): Promise<number | null> => {
      const atMs = store.clock.now();
      return consumers.leaseConsumer(store, name, owner, atMs, atMs + LEASE_MS);
    };
    const position = await lease();
    if (position === null) return false;
    const renewal = setInterval(() => void lease().catch(() => undefined), LEASE_MS / 3).unref();
    try {
      if (marked.delete(name)) await consumers.forgetDone(store, name, position);
      const hadRetries = await retry(registration, position);
      return (await readOn(registration, position)) || hadRetries;
    } finally {
      clearInterval(renewal);
    }
  }

  /** The next events of the log. */
  async function readOn(registration: Registration, position: number): Promise<boolean> {
    const { name, type } = registration;
    const end = await lastSeq(store);
    if (end <= position) return false;
    const found = await readEnded(store, position, end, type, READ_MAX);
    const seqs = found.map(({ seq }) => seq);
    const { held, done } =
      found.length === 0
        ? { held: new Set<string>(), done: new Set<number>() }
        : await consumers.standingCalls(store, name, domainsOf(found), seqs);
    if (done.size > 0) marked.add(name);
    const byDomain = Object.entries(Object.groupBy(found, ({ domain }) => domain));
    await eachAtOnce(byDomain, DOMAINS_AT_ONCE, async ([domain, ended = []]) => {
      let isHeld = held.has(domain);
      for (const one of ended.filter(({ seq }) => !done.has(seq))) {
        const error = isHeld ? null : await call(registration, one, 1);
        if (!isHeld && error === null) continue;
        const dueMs = store.clock.now() + (isHeld ? 0 : (REST_MS[0] as number));
        await consumers.upsertCalls(store, name, owner, [
          { seq: one.seq, domain, attempts: isHeld ? 0 : 1, dueMs, error },
        ]);
        isHeld = true;
      }
    });
    const isMore = found.length === READ_MAX;
    await consumers.advanceConsumer(store, name, owner, isMore ? (found.at(-1) as EndedActivity).seq : end);
    return isMore;
  }

  /** Calls that are due again: the first of each domain. */
  async function retry(registration: Registration, position: number): Promise<boolean> {
    const { name } = registration;
    const due = await consumers.dueCalls(store, name, store.clock.now(), READ_MAX);
    await eachAtOnce(due, DOMAINS_AT_ONCE, async ({ seq, domain, attempts }) => {
      const ended = await readEndedAt(store, seq);
      const error = ended === undefined ? null : await call(registration, ended, attempts + 1);
      if (error === null && seq > position) {
        // Its event will be read again: whoever put it in line died before the position had passed it.
        marked.add(name);
        return consumers.markDone(store, name, seq);
      }
      if (error === null) return consumers.deleteCall(store, name, seq);
      const atMs = store.clock.now();
      if (attempts + 1 < TRIES_MAX) {
        const dueMs = atMs + (REST_MS[attempts] ?? (REST_MS.at(-1) as number));
        return consumers.upsertCalls(store, name, owner, [
          { seq, domain, attempts: attempts + 1, dueMs, error },
        ]);
      }
      const activityId = ended?.activityId ?? '';
      const data = { handler: name, seq };
      await store.transaction(async (tx) => {
        await insertDeadLetter(
          tx,
          { kind: 'handler', domain, activityId, error, attempts: attempts + 1, data },
          atMs,
        );
        await consumers.deleteCall(tx, name, seq);
      });
      parts.onCall?.(name, 'dead');
    });
    return due.length > 0;
  }

  /** One call. Null when it is over; else what it threw, to be tried again. */
  async function call(
    registration: Registration,
    ended: EndedActivity,
    attempt: number,
  ): Promise<string | null> {
    const { name } = registration;
    const { error, isCommitted } = await callHandler(caller, registration, ended, attempt);
    if (isCommitted) marked.add(name);
    parts.onCall?.(name, error === null ? 'done' : 'failed');
    return error;
  }

  function poke(): void {
    runs.mark(registrations.keys());
  }

  return {
    add(registration) {
      registrations.set(registration.name, registration);
      marked.add(registration.name);
      if (isStarted) {
        void consumers
          .insertConsumer(store, registration.name)
          .catch((error: unknown) =>
            logger.error('a handler could not be registered', { error: messageOf(error) }),
          );
      }
    },
    remove: (name) => void registrations.delete(name),
    async start() {
      for (const name of registrations.keys()) await consumers.insertConsumer(store, name);
      isStarted = true;
      timer = setInterval(poke, POLL_MS).unref();
      poke();
    },
    poke,
    async settled() {
      poke();
      await runs.settled();
    },
    async close(drainMs) {
      clearInterval(timer);
      const drained = runs.close();
      const deadline = setTimeout(() => closing.abort(new Error('the inbox is closing')), drainMs);
      await drained;
      clearTimeout(deadline);
      closing.abort();
      for (const name of registrations.keys()) await consumers.releaseConsumer(store, name, owner);
    },
  };
}

function domainsOf(ended: readonly EndedActivity[]): string[] {
  return [...new Set(ended.map(({ domain }) => domain))];
}

/** Works through a list, so many at once. */
async function eachAtOnce<Item>(
  list: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = list.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, list.length) }, worker));
}
