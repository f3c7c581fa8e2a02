/** The store on both databases: what every statement relies on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ms, rows, sql, texts, time } from '../src/store/statement.ts';
import { isEnvironmentError, openStore, type Store } from '../src/store/store.ts';
import { databases, type TestDatabase } from './databases.ts';
import { PREPARED_ORIGIN } from './setup/global.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const settingsOf = ({ database, dataDirectory }: TestDatabase, origin = PREPARED_ORIGIN) => ({
  database: database ?? null,
  dataDirectory,
  origin,
  logger,
});

describe.each(databases)('the store on $name', (kind) => {
  let place: TestDatabase;
  let store: Store;
  beforeAll(async () => {
    place = await kind.open();
    store = await openStore(settingsOf(place));
  });
  afterAll(async () => {
    await store.close();
    await place.drop();
  });

  test('reads back sets of rows, lists of texts and times as they were bound', async () => {
    const list = [
      { name: 'a', at: 1 },
      { name: 'ü "quoted" \\ {x}', at: null },
    ];
    const back = await store.run(
      sql`select * from json_to_recordset(${rows(list)}) as r(name text, at float8)`,
    );
    expect(back).toEqual(list);
    expect(await store.run(sql`select unnest(${texts(['x', 'y,z', 'null'])}) as t`)).toEqual([
      { t: 'x' },
      { t: 'y,z' },
      { t: 'null' },
    ]);
    const atMs = 1_764_000_000_123;
    await store.run(sql`insert into rate_window (key, started_at, count) values ('clock', ${time(atMs)}, 1)`);
    expect(
      await store.run(sql`select ${ms('started_at')} as at from rate_window where key = 'clock'`),
    ).toEqual([{ at: atMs }]);
  });

  test('rolls a transaction back whole', async () => {
    const failed = store.transaction(async (tx) => {
      await tx.run(sql`insert into meta (key, value) values ('half', 'done')`);
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    expect(await store.run(sql`select * from meta where key = 'half'`)).toEqual([]);
  });

  test('refuses a transaction inside a transaction instead of waiting for ever', async () => {
    const nested = store.transaction(() => store.transaction(async () => 1));
    await expect(nested).rejects.toMatchObject({ code: 'ERR_INVALID' });
    expect(await store.transaction(async () => 2)).toBe(2);
  });

  test('tells errors of data from errors of the environment', async () => {
    const twice = store.run(sql`insert into meta (key, value) values ('origin', 'again')`);
    await expect(twice).rejects.toSatisfy((error) => !isEnvironmentError(error));
    expect(isEnvironmentError(Object.assign(new Error('gone'), { code: '57P01' }))).toBe(true);
    expect(
      isEnvironmentError(
        new Error('wrapped', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }),
      ),
    ).toBe(true);
  });

  test('answers ready', async () => {
    expect(await store.ready()).toBe(true);
  });
});

describe.each(databases)('a database of another origin on $name', (kind) => {
  test('is refused with both origins named', async () => {
    const place = await kind.open();
    try {
      const opened = openStore(settingsOf(place, 'https://other.example'));
      await expect(opened).rejects.toMatchObject({
        code: 'ERR_CONFIG',
        message: expect.stringMatching(/us\.example.*other\.example/),
      });
    } finally {
      await place.drop();
    }
  });
});

test('an embedded directory is refused while another process holds it', async () => {
  const place = await (databases[0] as (typeof databases)[number]).open();
  const first = await openStore(settingsOf(place));
  await expect(openStore(settingsOf(place))).rejects.toMatchObject({
    code: 'ERR_DATA_DIRECTORY_IN_USE',
    data: { pid: process.pid },
  });
  await first.close();
  const second = await openStore(settingsOf(place));
  await second.close();
  await place.drop();
});

test('a database that is not there is an error with a hint, after its deadline', async () => {
  const settings = {
    ...settingsOf({ database: 'postgres://x@127.0.0.1:1/x', dataDirectory: '', drop: async () => {} }),
  };
  await expect(openStore(settings, { startMs: 500 })).rejects.toMatchObject({
    code: 'ERR_DATABASE_UNAVAILABLE',
  });
});
