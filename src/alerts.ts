/**
 * Alerts: whoever is to be told of something is told once.
 *
 * ```
 *   log of transitions ─┐
 *   audit log ──────────┼─► one process at a time ─► a row for each channel, and the position ─► COMMIT
 *   chores ─────────────┘                                                    │
 *                                                    any process ◄───────────┘  claims, tells, records
 * ```
 * Invariants:
 * - A row is there once for its source and channel, and is written together with the position of who read of it: a crash
 *   and a second process neither lose nor double one.
 * - Nobody waits for anybody who is told: what could not be told rests, and is shown to moderators when it is given up.
 * - With no channel nothing of this runs, and the logs wait for nobody.
 */
import { randomUUID } from 'node:crypto';
import { doChores, ensureChores } from './alerts/chores.ts';
import { alertsOfAudit, alertsOfNews } from './alerts/news.ts';
import { awake, sendDue } from './alerts/sender.ts';
import { messageOf } from './errors.ts';
import type { Settings } from './options.ts';
import type { Remote } from './remote.ts';
import {
  AUDIT_READER,
  deleteAlertReaders,
  hasDueAlerts,
  insertAlertReaders,
  insertAlerts,
  LOG_READER,
  type NewAlert,
  newsAfter,
} from './store/alerts.ts';
import { auditAfter } from './store/audit.ts';
import { advanceConsumer, leaseConsumer, releaseConsumer } from './store/consumers.ts';
import type { Store } from './store/store.ts';

export interface Alerts {
  start(): Promise<void>;
  /** Something may be told: look now. */
  poke(): void;
  /** Everything that is due has been told, or rests. */
  settled(): Promise<void>;
  close(drainMs: number): Promise<void>;
}

export interface AlertsParts {
  readonly settings: Pick<Settings, 'alerts' | 'host' | 'logger'>;
  readonly store: Store;
  readonly remote: Pick<Remote, 'tell'>;
}

const POLL_MS = 2_000;
const LEASE_MS = 30_000;
const READ_MAX = 200;
/** Whoever waits for rest looks so often. */
const ROUNDS_MAX = 100;

export function createAlerts({ settings, store, remote }: AlertsParts): Alerts {
  const { alerts: channels, host, logger } = settings;
  const owner = randomUUID();
  const closing = new AbortController();
  const resting = new Map<string, number>();
  const sender = { store, remote, host, channels, resting, closing: closing.signal };
  let isClosed = false;
  let isPoked = false;
  let working: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  /** Reads on in one log. True when there is more. */
  async function readOn(
    reader: string,
    read: (
      since: number,
      nowMs: number,
    ) => Promise<{ last: number | undefined; count: number; alerts: NewAlert[] }>,
  ): Promise<boolean> {
    const nowMs = store.clock.now();
    const position = await leaseConsumer(store, reader, owner, nowMs, nowMs + LEASE_MS);
    if (position === null) return false;
    const { last, count, alerts } = await read(position, nowMs);
    if (last === undefined) return false;
    await store.transaction(async (tx) => {
      if (!(await advanceConsumer(tx, reader, owner, last)))
        throw new Error('another process reads for alerts');
      await insertAlerts(tx, alerts, nowMs);
    });
    return count === READ_MAX;
  }

  const readLog = () =>
    readOn(LOG_READER, async (since, nowMs) => {
      const news = await newsAfter(store, since, READ_MAX);
      return { last: news.at(-1)?.seq, count: news.length, alerts: alertsOfNews(news, channels, nowMs) };
    });
  const readAudit = () =>
    readOn(AUDIT_READER, async (since, nowMs) => {
      const found = await auditAfter(store, since, {}, READ_MAX);
      return { last: found.at(-1)?.seq, count: found.length, alerts: alertsOfAudit(found, channels, nowMs) };
    });

  async function work(): Promise<void> {
    do {
      isPoked = false;
      while (!isClosed && (await readLog()));
      while (!isClosed && (await readAudit()));
      if (!isClosed) await doChores(store, channels);
      while (!isClosed && (await sendDue(sender)));
    } while (isPoked && !isClosed);
  }

  function poke(): void {
    isPoked = true;
    if (channels.length === 0 || isClosed || working !== undefined) return;
    working = work()
      .catch((error: unknown) => logger.error('alerts could not be told', { error: messageOf(error) }))
      .finally(() => {
        working = undefined;
      });
  }

  return {
    async start() {
      if (channels.length === 0) return deleteAlertReaders(store);
      await insertAlertReaders(store);
      await ensureChores(store, channels);
      timer = setInterval(poke, POLL_MS).unref();
      poke();
    },
    poke,
    async settled() {
      if (channels.length === 0) return;
      for (let round = 0; round < ROUNDS_MAX; round++) {
        poke();
        await working;
        if (isClosed || !(await hasDueAlerts(store, awake(sender), store.clock.now()))) return;
      }
    },
    async close(drainMs) {
      isClosed = true;
      clearInterval(timer);
      const patience = setTimeout(() => closing.abort(), drainMs);
      await working;
      clearTimeout(patience);
      closing.abort();
      if (channels.length === 0) return;
      for (const reader of [LOG_READER, AUDIT_READER])
        await releaseConsumer(store, reader, owner).catch(() => undefined);
    },
  };
}
