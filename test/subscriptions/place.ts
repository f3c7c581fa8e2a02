/** A place for the tests of one block: a database, a clock that is set by hand, the rules, and subscriptions on them. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { ChangeNote } from '../../src/api/rules.ts';
import type { SubscriptionRecord } from '../../src/api/subscriptions.ts';
import { type Batches, createBatches } from '../../src/moderation/batches.ts';
import { createRules, type RulesDesk } from '../../src/moderation/rules.ts';
import { createRemote, type Remote } from '../../src/remote.ts';
import { sql } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createSubscriptions, type Subscriptions, type SubscriptionsParts } from '../../src/subscriptions.ts';
import type { DatabaseKind, TestDatabase } from '../databases.ts';
import { PREPARED_ORIGIN as ORIGIN } from '../setup/global.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
export const MARIA: ChangeNote = { by: 'maria' };

export interface Place {
  readonly store: Store;
  readonly rules: RulesDesk;
  readonly batches: Batches;
  /** Suspended actors, with their sources, as `source actor`. */
  readonly suspended: Set<string>;
  readonly logged: string[];
  pass(ms: number): void;
  /** A process of its own on this database. Not started: what is due is asked for by `settled`. */
  process(parts?: Partial<SubscriptionsParts>): Subscriptions;
  /** What a source says, `domain severity` by domain, with flags. */
  said(source: string): Promise<string[]>;
  /** A live follow between us and an actor there. */
  follow(domain: string): Promise<void>;
}

export function placeOn(kind: DatabaseKind): Place {
  let database: TestDatabase;
  let store: Store | undefined;
  let rules: RulesDesk | undefined;
  let batches: Batches | undefined;
  let nowMs = Date.UTC(2026, 10, 25, 12);
  const suspended = new Set<string>();
  const logged: string[] = [];
  const log = (message: string, facts?: object) => void logged.push(`${message} ${JSON.stringify(facts)}`);
  const logger = { debug() {}, info: log, warn: log, error: log };
  const opened: { remote: Remote; subscriptions: Subscriptions }[] = [];
  beforeAll(async () => {
    database = await kind.open();
    const { dataDirectory } = database;
    const options = { database: database.database ?? null, dataDirectory, origin: ORIGIN, logger };
    store = await openStore(options, { clock: { now: () => nowMs } });
    batches = createBatches({ store, settings: { probation: null, logger }, onChange: () => undefined });
    rules = createRules({ store, batches });
  });
  afterEach(async () => {
    for (const { subscriptions, remote } of opened.splice(0)) {
      await subscriptions.close();
      await remote.close();
    }
    const desk = place.process().desk;
    for (const { id } of (await desk.list()).items) await desk.remove(id, MARIA);
    await place.store.run(sql`delete from follow_request`);
    suspended.clear();
    logged.length = 0;
  });
  afterAll(async () => {
    await store?.close();
    await database.drop();
  });
  const place: Place = {
    get store() {
      return store as Store;
    },
    get rules() {
      return rules as RulesDesk;
    },
    get batches() {
      return batches as Batches;
    },
    suspended,
    logged,
    pass(ms) {
      nowMs += ms;
    },
    process(parts = {}) {
      const remote = createRemote({ origin: ORIGIN, allowPrivateAddress: true });
      const subscriptions = createSubscriptions({
        ...{ settings: { logger, publicBlocklist: null }, store: place.store, remote, rules: place.rules },
        actors: {
          suspend: async (actor, { source }) => void suspended.add(`${source} ${actor}`),
          unsuspend: async (actor, { source }) => suspended.delete(`${source} ${actor}`),
        },
        random: () => 0.5,
        ...parts,
      });
      opened.push({ remote, subscriptions });
      return subscriptions;
    },
    async said(source) {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await place.rules.list({ source, limit: 200, cursor });
        for (const { domain, severity, rejectMedia, rejectReports } of page.items)
          found.push(
            `${domain} ${severity}${rejectMedia ? ' no-media' : ''}${rejectReports ? ' no-reports' : ''}`,
          );
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return found;
    },
    async follow(domain) {
      await place.store.run(sql`
        insert into follow_request (activity_id, domain, direction, follower, following, state, snapshot, since)
        values (${`https://${domain}/f/${Math.random()}`}, ${domain}, 'incoming', ${`https://${domain}/u/al`},
          'https://us.example/users/alice', 'accepted', '{}', '2026-01-01')`);
    },
  };
  return place;
}

/** The subscription once its list has been asked for. */
export async function settledRecord(process: Subscriptions, id: string): Promise<SubscriptionRecord> {
  await process.settled();
  return process.desk.get(id);
}
