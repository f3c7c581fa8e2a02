/**
 * A whole inbox for tests: `sallyport/testing`. The same flow, machines, store and turns as in production, on a
 * database in memory, with a clock that the test moves, and with a Fediverse that lives in the test's process. No
 * network, no database server, no real time.
 */
import type { ActivityMap, Handler, MachineName, Transition } from './api.ts';
import { createInbox, type Inbox } from './embed.ts';
import type { HandlerOptions } from './handlers.ts';
import type { House } from './house.ts';
import { stderrLogger } from './options/logger.ts';
import type { InboxOptions, LocalActorOptions } from './options.ts';
import { memoryOptions } from './store/memory-copy.ts';
import { createHandClock, createTestClock, type TestClock } from './testing/clock.ts';
import { createFediverse, type SentActivity } from './testing/fediverse.ts';
import { type KeyPair, keyPairOfTheKit } from './testing/keys.ts';
import { createUnderWay, type TimerWatch, type UnderWay, watchTimers } from './testing/leaks.ts';
import {
  createRefusals,
  type Dialect,
  type Receivable,
  type ReceiveOptions,
  type ReceiveParts,
  type Reception,
  receive,
  whole,
} from './testing/receive.ts';
import type { RemoteDomain } from './testing/remote-domain.ts';
import { type Registered, type Simulation, simulate } from './testing/simulate.ts';
import { within } from './testing/within.ts';

export type { TestClock } from './testing/clock.ts';
export type { SentActivity } from './testing/fediverse.ts';
export { type ActivityGiven, type Fixture, type Fixtures, fixtures } from './testing/fixtures/index.ts';
export { type MatchResult, matchers, type TransitionMatchers } from './testing/matchers.ts';
export type { Dialect, Receivable, ReceiveOptions, Reception } from './testing/receive.ts';
export type { Delivered, Failure, RemoteActor, RemoteDomain } from './testing/remote-domain.ts';
export type { Simulation } from './testing/simulate.ts';

/** The options of `createInbox`, none of them required, and what only a test can choose. */
export interface TestInboxOptions extends Partial<Omit<InboxOptions, 'database' | 'dataDirectory'>> {
  /**
   * Do remote actors sign for real? By default nobody has to: the kit signs with a key of its own, which every fake
   * document lists. `true` is `'cavage'`, which most servers send.
   * @default false
   */
  readonly signed?: boolean | Dialect;
  /** When the test begins. @default now, in whole seconds */
  readonly startAt?: Date;
}

/** An inbox that is open, and everything that a test asks of it. */
export interface TestInbox extends Inbox {
  readonly clock: TestClock;
  /** Hands in an activity, waits until its turn is over, and says what became of it. */
  receive(activity: Receivable, options?: ReceiveOptions): Promise<Reception>;
  /**
   * Calls the handlers of the activity's type, without HTTP, database or retries. What a handler throws is thrown.
   * A follow request that a handler accepts or rejects is named in the result, and nothing else happens; the handler's
   * `transaction` throws `ERR_INVALID`.
   */
  simulate(activity: Readonly<Record<string, unknown>>): Promise<Simulation>;
  /** The fake remote domain of this name. Domains that nobody asked for exist as well: their inboxes answer 202. */
  remote(domain: string): RemoteDomain;
  /** What our actors sent, in the order in which it first arrived somewhere. */
  readonly sent: readonly SentActivity[];
  /** Every transition since the inbox was made. */
  readonly transitioned: readonly Transition[];
  /**
   * One statement on the box's database, with `$1`, `$2` … for its values; its rows. Makes the tables of your own to which
   * handlers write in `ctx.transaction`, and looks into them afterwards.
   */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Closes it. Throws when calls, handlers or their timers were left running. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long handlers and deliveries may take to come to rest, in real milliseconds: a handler has 30 s for a call. */
const REST_MS_MAX = 45_000;
/** How long a statement of the test's own may take, in real milliseconds. */
const QUERY_MS_MAX = 10_000;
const ORIGIN = 'https://social.example';
const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;
/** Every machine once: the compiler holds this list and the union together. */
const MACHINES: Readonly<Record<MachineName, true>> = { domain: true, 'follow-request': true };

// Where there is no copy of an empty database yet, making one takes some ten seconds: longer than a test may take, but
// nobody minds the time of an import.
await memoryOptions();

/**
 * Makes a test inbox and opens it, in about a second: on a database in memory that is loaded from a copy. The copy is
 * made when this module is imported for the first time, which takes some ten seconds, and kept beside the packages.
 * @example
 * ```ts
 * await using box = await createTestInbox({ actors: { bob: {} } });
 * const { status } = await box.receive({ type: 'Follow', actor: 'https://remote.example/users/al', object: 'https://social.example/users/bob' });
 * ```
 */
export async function createTestInbox(options: TestInboxOptions = {}): Promise<TestInbox> {
  const { signed = false, startAt = new Date(), logger = stderrLogger, actors, ...given } = options;
  const [keys, embedded] = await Promise.all([keyPairOfTheKit(), memoryOptions()]);
  const startMs = Math.floor(startAt.getTime() / 1_000) * 1_000;
  const hand = createHandClock(startMs);
  const fediverse = createFediverse({
    vouchingPem: signed === false ? keys.publicKeyPem : null,
    published: new Date(startMs - YEAR_MS).toISOString(),
  });
  const refusals = createRefusals(logger);
  let house: House | undefined;
  const inbox = createInbox(
    {
      ...{ origin: ORIGIN, workers: 1, ...given, ...withKeys(actors, keys) },
      ...{ dataDirectory: 'memory://', logger: refusals.logger },
    },
    {
      ...{ clock: hand, embedded, instanceKeys: keys, exchange: (hop) => fediverse.exchange(hop) },
      // The fake Fediverse has any name, `remote.test` too.
      policy: { isAnyNameAllowed: true },
      onOpen(opened) {
        house = opened;
      },
    },
  );
  const transitioned: Transition[] = [];
  for (const machine of Object.keys(MACHINES) as MachineName[])
    inbox.onTransition(machine, (transition) => void transitioned.push(transition));
  await inbox.start();
  const opened = house as unknown as House;
  const parts: ReceiveParts = { inbox, house: opened, fediverse, refusals, signed };
  const clock = await createTestClock(hand, opened, inbox);
  return boxOf({ parts, clock, transitioned });
}

interface BoxParts {
  readonly parts: ReceiveParts;
  readonly clock: TestClock;
  readonly transitioned: readonly Transition[];
}

/** The inbox with the test's side of it on top. */
function boxOf({ parts, clock, transitioned }: BoxParts): TestInbox {
  const { inbox, house, fediverse, refusals } = parts;
  const calls = createUnderWay();
  const handling = createUnderWay();
  const timers = watchTimers();
  const registered = new Set<Registered>();
  let closing: Promise<void> | undefined;
  const mine: Pick<
    TestInbox,
    Exclude<keyof TestInbox, keyof Inbox> | 'on' | 'settled' | typeof Symbol.asyncDispose
  > = {
    clock: {
      now: clock.now,
      advance: (duration) => calls.during(`clock.advance('${duration}')`, () => clock.advance(duration)),
    },
    settled: () =>
      calls.during('settled', () => within(inbox.settled(), REST_MS_MAX, 'the inbox did not come to rest')),
    receive: (activity, options) => calls.during('receive', () => receive(parts, activity, options)),
    simulate: (activity) =>
      calls.during('simulate', () => {
        const { origin } = inbox;
        const handlers = [...registered];
        const nowMs = clock.now().getTime();
        return simulate({ origin, logger: refusals.logger, nowMs, handlers }, whole(activity));
      }),
    remote: (domain) => fediverse.remote(domain),
    get sent() {
      return fediverse.sent;
    },
    transitioned,
    query: <Row>(text: string, values: readonly unknown[] = []) =>
      calls.during('query', () =>
        house.store.guestTransaction(QUERY_MS_MAX, (tx) => tx.execute<Row>(text, values)),
      ),
    on<T extends keyof ActivityMap>(type: T, handler: Handler<ActivityMap[T]>, options?: HandlerOptions) {
      const what = `a handler of ${type}`;
      const call: Handler<ActivityMap[T]> = (activity, context) =>
        handling.during(what, () => timers.during(what, () => handler(activity, context)));
      const subscription = inbox.on(type, call, options);
      const entry: Registered = { type, handler: call as Handler<never> };
      registered.add(entry);
      return {
        [Symbol.dispose]() {
          registered.delete(entry);
          subscription[Symbol.dispose]();
        },
      };
    },
    [Symbol.asyncDispose]() {
      closing ??= close(inbox, calls, handling, timers);
      return closing;
    },
  };
  return Object.defineProperties(Object.create(inbox), Object.getOwnPropertyDescriptors(mine)) as TestInbox;
}

async function close(inbox: Inbox, calls: UnderWay, handling: UnderWay, timers: TimerWatch): Promise<void> {
  // A call that nobody awaited is a leak also when it would be over in a moment; a handler gets that moment.
  const left = calls.names();
  await inbox.close({ drain: '1 second' });
  left.push(...handling.names(), ...(await timers.end()));
  if (left.length === 0) return;
  throw new Error(`left running when the test inbox was closed: ${left.join(', ')}`);
}

/** Local actors of a map sign with the kit's keys: making a pair for each takes longer than a test. */
function withKeys(actors: InboxOptions['actors'], keys: KeyPair): Pick<InboxOptions, 'actors'> {
  if (actors === undefined || typeof actors === 'function') return actors === undefined ? {} : { actors };
  const entries = Object.entries(actors).map(([handle, actor]): [string, LocalActorOptions] => [
    handle,
    { keys, ...actor },
  ]);
  return { actors: Object.fromEntries(entries) };
}
