/**
 * Which domains get a turn, and when: those whose mail was just committed here, those that still have mail after a
 * turn, and, once a second, those that a crash or another process left, or whose due time has come.
 *
 * No wake-up is lost. A domain that this process skipped is held by another one, and whoever held a domain asks
 * after its COMMIT whether there is more mail; only a holder that dies in between leaves that to the sweep.
 */
import { messageOf } from '../errors.ts';
import type { Events } from '../events.ts';
import { createMailbox } from '../mailbox.ts';
import type { Logger } from '../options.ts';
import { countMail } from '../store/intake.ts';
import type { Store } from '../store/store.ts';
import { initialDomain, insertDomains, stillDirty, sweep } from '../store/turns.ts';
import { runTurns, type TurnTerms } from './poison.ts';
import type { TurnDone } from './turn.ts';

export interface Dispatch {
  /** Sweeps at once, so that recovery needs no other trigger, and then every second. */
  start(): Promise<void>;
  /** These domains have mail. */
  mark(domains: Iterable<string>): void;
  /** Looks for what is left over or due, as the timer does every second. */
  sweep(): Promise<void>;
  settled(): Promise<void>;
  close(): Promise<void>;
  /** Accepted mail that waits for a turn, as of the last sweep. */
  readonly mailDepth: number;
}

export interface DispatchParts {
  readonly store: Store;
  readonly events: Events;
  readonly logger: Logger;
  readonly mailDepthMax: number;
  /** How long new domains are on probation. @default they are not */
  readonly probation?: { readonly forMs: number } | null;
  /** What turns are told of reports, and of strikes and limits of filters. @default a day, and no block */
  readonly terms?: TurnTerms;
  /** Does mail wait for a verdict of the filters? @default never */
  isFiltered?(): boolean;
  /** A turn has committed. */
  onDone(done: TurnDone): void;
}

/** Domains in one turn. */
const DOMAINS_PER_TURN = 128;
/**
 * From one turn to the next, unless mail was left over. The first mail after a quiet moment gets its turn at once;
 * under load the mail of this time shares one transaction, whose cost is nearly the same for five as for fifty.
 */
const GATHER_MS = 25;
const SWEEP_EVERY_MS = 1_000;
/** Mail younger than this is somebody's turn already. */
const LEFT_AFTER_MS = 1_000;
/** Domains that one sweep takes up; the next one comes in a second. */
const SWEEP_MAX = 500;
/** Names of domains that are known to have a row; forgetting them costs one statement. */
const KNOWN_MAX = 100_000;

export function createDispatch(parts: DispatchParts): Dispatch {
  const { store, events, logger, mailDepthMax, onDone, isFiltered = () => false, probation = null } = parts;
  const terms: TurnTerms = { ...parts.terms, probation };
  let known = new Set<string>();
  let mailDepth = 0;
  let isFull = false;
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> | undefined;

  const mailbox = createMailbox({
    run: serve,
    // Two at once would be half as large each, and wait for each other where the log is numbered.
    concurrency: 1,
    keysPerRun: DOMAINS_PER_TURN,
    gatherMs: () => (isFull ? 0 : GATHER_MS),
    onError: (error) => logger.error('turn failed', { error: messageOf(error) }),
  });

  async function serve(names: string[]): Promise<string[]> {
    await makeRows(names);
    const startedMs = performance.now();
    const held: string[] = [];
    isFull = names.length === DOMAINS_PER_TURN;
    for (const done of await runTurns(store, logger, names, isFiltered, undefined, terms)) {
      events.metrics.turn((performance.now() - startedMs) / 1_000, done.mails);
      for (const status of done.ended) events.metrics.activity(status);
      held.push(...done.domains);
      isFull ||= done.isFull;
      onDone(done);
    }
    return held.length === 0 ? [] : stillDirty(store, held, store.clock.now(), isFiltered());
  }

  /** A domain's row is made by its first verified mail, and by nothing else. */
  async function makeRows(names: readonly string[]): Promise<void> {
    const strangers = names.filter((name) => !known.has(name));
    if (strangers.length === 0) return;
    const atMs = store.clock.now();
    const rows = strangers.map((name) => initialDomain(name, atMs, probation));
    await insertDomains(store, rows, atMs);
    if (known.size + strangers.length > KNOWN_MAX) known = new Set();
    for (const name of strangers) known.add(name);
  }

  async function sweepOnce(): Promise<void> {
    try {
      mailbox.mark(await sweep(store, store.clock.now(), LEFT_AFTER_MS, SWEEP_MAX, isFiltered()));
      mailDepth = await countMail(store, mailDepthMax + 1);
    } catch (error) {
      logger.error('sweep failed', { error: messageOf(error) });
    }
  }

  function sweepNow(): Promise<void> {
    sweeping ??= sweepOnce().finally(() => {
      sweeping = undefined;
    });
    return sweeping;
  }

  return {
    async start() {
      await sweepNow();
      timer = setInterval(() => void sweepNow(), SWEEP_EVERY_MS).unref();
    },
    mark: (domains) => mailbox.mark(domains),
    sweep: sweepNow,
    settled: () => mailbox.settled(),
    async close() {
      clearInterval(timer);
      await sweeping;
      await mailbox.close();
    },
    get mailDepth() {
      return mailDepth;
    },
  };
}
