/**
 * PostgreSQL goes away and comes back: while it is away everything fails soon and as nobody's fault, nothing takes
 * the process down, and afterwards the store works again without being opened anew.
 */
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Statements, sql } from '../../src/store/statement.ts';
import { isEnvironmentError, openStore, type Store, type StoreParts } from '../../src/store/store.ts';
import { postgresql, type TestDatabase } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';
import { type Line, layLine } from '../setup/line.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const away = (error: unknown) => isEnvironmentError(error);
const put = (db: Statements, key: string) => db.run(sql`insert into meta (key, value) values (${key}, '')`);
const has = async (db: Statements, key: string) =>
  (await db.run(sql`select from meta where key = ${key}`)).length > 0;

let place: TestDatabase;
let line: Line;
const opened: Store[] = [];
async function open(url: string | undefined, parts: StoreParts = {}): Promise<Store> {
  const settings = { database: url ?? null, dataDirectory: '', origin: PREPARED_ORIGIN, logger };
  const store = await openStore(settings, parts);
  opened.push(store);
  return store;
}

beforeEach(async () => {
  place = await postgresql.open();
  line = await layLine(place.database as string);
});
afterEach(async () => {
  await line.restore();
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await line.close();
  await place.drop();
});

/** Runs until it succeeds: the first tries may still be given connections that are dying. */
async function recovered(store: Store, deadlineMs = 5_000): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const error = await store.run(sql`select 1`).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error === null) return performance.now() - startedMs;
    expect(error).toSatisfy(away);
    if (performance.now() - startedMs > deadlineMs) throw error;
  }
}

/** A transaction that has written `key` and stands still until it is released. */
async function standing(store: Store, key: string) {
  const written = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const end = store
    .transaction(async (tx) => {
      await put(tx, key);
      written.resolve();
      await released.promise;
      await put(tx, `${key}, later`);
    })
    .then(
      () => null,
      (error: unknown) => error,
    );
  await written.promise;
  return { release: released.resolve, end };
}

describe('a store whose PostgreSQL goes away', () => {
  test('outlives an administrator who ends all its connections, idle ones and busy ones', async () => {
    const store = await open(line.url);
    const admin = await open(place.database);
    const idle = Array.from({ length: 5 }, () => store.run(sql`select 1`));
    await Promise.all(idle);
    const busy = store.run(sql`select pg_sleep(10)`).catch((error: unknown) => error);
    const stood = await standing(store, 'terminated');
    await admin.run(sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
    expect(await busy).toMatchObject({ code: '57P01' });
    expect(await busy).toSatisfy(away);
    stood.release();
    expect(await stood.end).toSatisfy(away);
    await recovered(store);
    expect(await has(store, 'terminated')).toBe(false);
  });

  test('fails at once while it is down, says that it is not ready, and works again when it is back', async () => {
    const store = await open(line.url);
    const busy = store.run(sql`select pg_sleep(10)`).catch((error: unknown) => error);
    const stood = await standing(store, 'cut');
    await line.refuse();
    stood.release();
    expect(await busy).toSatisfy(away);
    expect(await stood.end).toSatisfy(away);

    const startedMs = performance.now();
    await expect(store.run(sql`select 1`)).rejects.toSatisfy(away);
    await expect(store.transaction((tx) => put(tx, 'down'))).rejects.toSatisfy(away);
    expect(await store.ready()).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(1_000);

    await line.restore();
    await recovered(store);
    expect(await store.ready()).toBe(true);
    expect(await has(store, 'cut')).toBe(false);
  });

  test('has all its connections again however often it was cut in the middle of transactions', async () => {
    const store = await open(line.url);
    for (let round = 0; round < 6; round++) {
      const stood = await Promise.all([standing(store, `${round} a`), standing(store, `${round} b`)]);
      line.cut();
      for (const { release, end } of stood) {
        release();
        expect(await end).toSatisfy(away);
      }
      await recovered(store);
    }
    const all = await Promise.all(Array.from({ length: 10 }, (_, n) => standing(store, `place ${n}`)));
    for (const { release, end } of all) {
      release();
      expect(await end).toBe(null);
    }
  });

  test('gives up on a line that went silent, and does not run out of connections by it', async () => {
    const store = await open(line.url, { transactionMs: 800, startMs: 800 });
    await Promise.all(Array.from({ length: 10 }, () => store.run(sql`select 1`)));
    line.silence();
    const startedMs = performance.now();
    const stuck = await Promise.allSettled([
      ...Array.from({ length: 6 }, () => store.run(sql`select 1`)),
      ...Array.from({ length: 6 }, (_, n) => store.transaction((tx) => put(tx, `silent ${n}`))),
    ]);
    expect(performance.now() - startedMs).toBeLessThan(2_500);
    expect(stuck.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    for (const one of stuck) expect((one as PromiseRejectedResult).reason).toSatisfy(away);

    await line.restore();
    await recovered(store);
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.transaction((tx) => put(tx, `again ${n}`))));
  });

  test('loses a transaction that stands idle for 3 seconds, and another process gets its rows', async () => {
    const frozen = await open(line.url);
    const other = await open(place.database);
    await put(other, 'wanted');
    const held = Promise.withResolvers<void>();
    const thawed = Promise.withResolvers<void>();
    const hold = sql`select from meta where key = 'wanted' for update`;
    const stood = frozen
      .transaction(async (tx) => {
        await tx.run(hold);
        held.resolve();
        await thawed.promise;
        await put(tx, 'too late');
      })
      .catch((error: unknown) => error);
    await held.promise;
    const startedMs = performance.now();
    await other.transaction((tx) => tx.run(hold));
    const waitedMs = performance.now() - startedMs;
    expect(waitedMs).toBeGreaterThan(2_500);
    expect(waitedMs).toBeLessThan(5_000);
    thawed.resolve();
    expect(await stood).toSatisfy(away);
    expect(await has(other, 'too late')).toBe(false);
  });

  test('gives up a statement, and a wait for a row, that take longer than a transaction may', async () => {
    const store = await open(line.url, { transactionMs: 300 });
    const stood = await standing(await open(place.database), 'slow');
    await expect(store.run(sql`select pg_sleep(5)`)).rejects.toMatchObject({ code: '57014' });
    await expect(store.transaction((tx) => put(tx, 'slow'))).rejects.toMatchObject({ code: '57014' });
    stood.release();
    expect(await stood.end).toBe(null);
  });
});

describe('a store that is opened', () => {
  const failure = (url: string, parts: StoreParts) => open(url, parts).catch((error: unknown) => error);

  test('waits for a PostgreSQL that is just starting', async () => {
    await line.refuse();
    const opening = open(line.url, { startMs: 5_000 });
    await line.restore();
    expect(await (await opening).ready()).toBe(true);
  });

  test.each([
    ['nobody listens', (way: Line) => way.refuse()],
    ['nobody answers', async (way: Line) => way.silence()],
  ])('says so within its deadline when %s', async (_, happen) => {
    await happen(line);
    const startedMs = performance.now();
    const error = await failure(line.url, { startMs: 1_000 });
    expect(error).toMatchObject({
      code: 'ERR_DATABASE_UNAVAILABLE',
      hint: expect.stringContaining('DATABASE_URL'),
    });
    expect(performance.now() - startedMs).toBeLessThan(3_500);
  });

  test('says so at once when waiting would not help, and never shows the password', async () => {
    const url = new URL(line.url);
    url.password = 'hunter2';
    url.pathname = '/nowhere';
    for (const wrong of [url.href, 'postgres://u:hunter2@[:::]/x']) {
      const startedMs = performance.now();
      const error = await failure(wrong, { startMs: 10_000 });
      expect(performance.now() - startedMs).toBeLessThan(2_000);
      expect(error).toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE', data: { attempts: 1 } });
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2');
    }
  });

  test('has its timeouts in force, and passes on whatever else the URL says', async () => {
    const url = new URL(line.url);
    url.searchParams.set('application_name', 'the name in the URL');
    const store = await open(url.href);
    const setting = async (name: string) =>
      (await store.run<{ value: string }>(sql`select current_setting(${name}) as value`))[0]?.value;
    expect(await setting('idle_in_transaction_session_timeout')).toBe('3s');
    expect(await setting('statement_timeout')).toBe('15s');
    expect(await setting('application_name')).toBe('the name in the URL');
    expect(await setting('synchronous_commit')).toBe('on');
  });

  test('does not start without the timeout of idle transactions', async () => {
    const url = new URL(line.url);
    url.searchParams.set('idle_in_transaction_session_timeout', '0');
    expect(await failure(url.href, {})).toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('idle_in_transaction_session_timeout'),
    });
  });
});
