/** A place for the tests of one block: a database, a clock that is set by hand, and outgoing mailboxes on it. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { LocalActor } from '../../src/api.ts';
import { createDeliveries, type Deliveries, type DeliveriesParts } from '../../src/deliveries.ts';
import { createLocals, type Locals } from '../../src/locals.ts';
import { createRemote, type Remote } from '../../src/remote.ts';
import { enqueue, insertOwnActivities, type NewDelivery } from '../../src/store/deliveries.ts';
import { type Statements, sql } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import type { DatabaseKind, TestDatabase } from '../databases.ts';
import type { RemoteDomain } from '../fediverse/index.ts';
import { PREPARED_ORIGIN as ORIGIN } from '../setup/global.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export interface Row {
  readonly activityId: string;
  readonly state: string;
  readonly attempts: number;
  readonly error: string | null;
}

export interface Mailbox {
  readonly dueMs: number | null;
  readonly isLeased: boolean;
  readonly failures: number;
}

export interface Place {
  readonly store: Store;
  readonly alice: LocalActor;
  /** `delivered`, `retried` or `dead`, as the metrics were told. */
  readonly results: string[];
  readonly logged: string[];
  pass(ms: number): void;
  /** A process of its own on this database. Not started: what is due is sent when it is woken. */
  deliveries(parts?: Partial<DeliveriesParts>): Deliveries;
  /** Puts activities of alice's into the mailbox of a domain; gives back their ids. */
  write(tx: Statements, inbox: string, domain: string, count?: number): Promise<string[]>;
  /** The same in a transaction of its own, for the inbox of a remote domain. */
  send(to: RemoteDomain, count?: number): Promise<string[]>;
  rows(domain: string): Promise<Row[]>;
  mailbox(domain: string): Promise<Mailbox | undefined>;
  dead(domain: string): Promise<{ activityId: string; error: string; attempts: number }[]>;
}

export function placeOn(kind: DatabaseKind): Place {
  let database: TestDatabase;
  let store: Store | undefined;
  let locals: Locals | undefined;
  let alice: LocalActor | undefined;
  let nowMs = Date.UTC(2026, 10, 25, 12);
  const results: string[] = [];
  const logged: string[] = [];
  const log = (message: string, facts?: object) => void logged.push(`${message} ${JSON.stringify(facts)}`);
  const logger = { debug() {}, info: log, warn: log, error: log };
  const opened: { remote: Remote; deliveries: Deliveries }[] = [];
  beforeAll(async () => {
    database = await kind.open();
    const { dataDirectory } = database;
    const place = { database: database.database ?? null, dataDirectory, origin: ORIGIN, logger };
    store = await openStore(place, { clock: { now: () => nowMs } });
    const settings = { origin: ORIGIN, host: 'us.example', actors: { alice: {} }, actorPath: '/users/:name' };
    locals = await createLocals({ ...settings, logger }, store);
    alice = (await locals.byHandle('alice')) as LocalActor;
  });
  afterEach(async () => {
    for (const { deliveries, remote } of opened.splice(0)) {
      await deliveries.close(0);
      await remote.close();
    }
    results.length = 0;
    logged.length = 0;
  });
  afterAll(async () => {
    await store?.close();
    await database?.drop();
  });

  const place: Place = {
    get store() {
      return store as Store;
    },
    get alice() {
      return alice as LocalActor;
    },
    results,
    logged,
    pass(ms) {
      nowMs += ms;
    },
    deliveries(parts = {}) {
      const remote = createRemote({ origin: ORIGIN, allowPrivateAddress: true });
      const events = { metrics: { delivery: (result: string) => void results.push(result) } };
      const own = { settings: { logger }, store: place.store, remote, locals: locals as Locals, events };
      const deliveries = createDeliveries({ ...own, ...parts });
      opened.push({ remote, deliveries });
      return deliveries;
    },
    async write(tx, inbox, domain, count = 1) {
      const actor = place.alice.id;
      const ids = Array.from({ length: count }, () => `${actor}/activities/${randomUUID()}`);
      const own = ids.map((id, n) => {
        return { id, actor, type: 'Create', body: JSON.stringify({ id, type: 'Create', actor, object: n }) };
      });
      await insertOwnActivities(tx, own, nowMs);
      const letters = ids.map((activityId): NewDelivery => ({ domain, inbox, activityId, actor }));
      await enqueue(tx, letters, nowMs);
      return ids;
    },
    send(to, count = 1) {
      return place.store.transaction((tx) => place.write(tx, `${to.origin}/inbox`, to.domain, count));
    },
    rows(domain) {
      return place.store.run<Row>(sql`
        select activity_id as "activityId", state, attempts, error from delivery where domain = ${domain} order by id`);
    },
    async mailbox(domain) {
      const [found] = await place.store.run<Mailbox>(sql`
        select (extract(epoch from due_at) * 1000)::float8 as "dueMs", lease_until is not null as "isLeased", failures
          from outgoing where domain = ${domain}`);
      return found;
    },
    dead(domain) {
      return place.store.run(sql`
        select activity_id as "activityId", error, attempts from dead_letter
         where domain = ${domain} and kind = 'delivery' order by id`);
    },
  };
  return place;
}
