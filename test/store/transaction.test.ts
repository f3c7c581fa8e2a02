/** What a transaction promises to the house, on both databases: whole or not at all, alone, and never for ever. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draw } from '../../src/store/intake.ts';
import { type Statements, sql } from '../../src/store/statement.ts';
import { isEnvironmentError, openStore, type Store, type StoreParts } from '../../src/store/store.ts';
import { type DatabaseKind, databases, type TestDatabase } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const put = (db: Statements, key: string) => db.run(sql`insert into meta (key, value) values (${key}, '')`);
const has = async (db: Statements, key: string) =>
  (await db.run(sql`select from meta where key = ${key}`)).length > 0;
const nextTick = () => new Promise((resolve) => setImmediate(resolve));

/** A store on a database of its own, for the tests of one block. */
function storeOn(kind: DatabaseKind, parts: StoreParts = {}): () => Store {
  let place: TestDatabase;
  let store: Store;
  beforeAll(async () => {
    place = await kind.open();
    store = await openStore(settingsOf(place), parts);
  });
  afterAll(async () => {
    await store.close();
    await place.drop();
  });
  return () => store;
}

function settingsOf({ database, dataDirectory }: TestDatabase) {
  return { database: database ?? null, dataDirectory, origin: PREPARED_ORIGIN, logger };
}

describe.each(databases)('a transaction on $name', (kind) => {
  const texts: string[] = [];
  const current = storeOn(kind, { observe: (text) => texts.push(text) });
  let store: Store;
  beforeAll(() => {
    store = current();
  });

  test('fails whole when a statement in it failed, even when that was caught', async () => {
    // PostgreSQL answers the COMMIT of such a transaction with a ROLLBACK, and no error.
    const swallowed = store.transaction(async (tx) => {
      await put(tx, 'swallowed');
      await tx.run(sql`select 1 / 0`).catch(() => undefined);
      return 'fine';
    });
    await expect(swallowed).rejects.toMatchObject({ code: '22012' });
    expect(await has(store, 'swallowed')).toBe(false);
  });

  test('does not take in what others write beside it', async () => {
    const inside = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const failed = store.transaction(async (tx) => {
      await put(tx, 'inside');
      inside.resolve();
      await nextTick();
      throw new Error('changed my mind');
    });
    await inside.promise;
    put(store, 'beside').then(() => written.resolve(), written.reject);
    await expect(failed).rejects.toThrow('changed my mind');
    await written.promise;
    expect([await has(store, 'inside'), await has(store, 'beside')]).toEqual([false, true]);
  });

  test('waits its turn among many', async () => {
    await store.run(
      sql`insert into rate_window (key, started_at, count) values ('many', to_timestamp(0), 0)`,
    );
    const one = () =>
      store.transaction(async (tx) => {
        const [row] = await tx.run<{ count: number }>(
          sql`select count from rate_window where key = 'many' for update`,
        );
        await tx.run(sql`update rate_window set count = ${(row?.count ?? 0) + 1} where key = 'many'`);
      });
    await Promise.all(Array.from({ length: 40 }, one));
    expect(await store.run(sql`select count from rate_window where key = 'many'`)).toEqual([{ count: 40 }]);
  });

  test('refuses to be begun inside another one, and a statement of nobody inside of it', async () => {
    const nested = store.transaction(() => store.transaction(async () => 1));
    await expect(nested).rejects.toMatchObject({ code: 'ERR_INVALID' });
    const strange = store.transaction(() => store.run(sql`select 1`));
    await expect(strange).rejects.toMatchObject({ code: 'ERR_INVALID' });
  });

  test('lets what it started and left behind use the store once it is over', async () => {
    const isOver = Promise.withResolvers<void>();
    let leftBehind: Promise<boolean> | undefined;
    await store.transaction(async () => {
      leftBehind = isOver.promise.then(async () => {
        await store.transaction((tx) => put(tx, 'left behind'));
        return has(store, 'left behind');
      });
    });
    isOver.resolve();
    expect(await leftBehind).toBe(true);
  });

  test('takes no statement after its end', async () => {
    let kept: Statements | undefined;
    await store.transaction(async (tx) => {
      kept = tx;
    });
    await expect(put(kept as Statements, 'late')).rejects.toMatchObject({ code: 'ERR_INVALID' });
  });

  test('shows every statement to whoever observes, with one text for one row and for many', async () => {
    texts.length = 0;
    for (const count of [1, 200]) {
      const draws = Array.from({ length: count }, (_, n) => ({ key: `draw-${count}-${n}`, count: 1 }));
      await store.transaction((tx) => draw(tx, draws, 1_000, 0));
    }
    expect(texts).toHaveLength(2);
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toContain('insert into rate_window');
  });
});

describe.each(databases)('a transaction on $name with 300 ms to live', (kind) => {
  const current = storeOn(kind, { transactionMs: 300 });

  test('is rolled back when its work does not return, and the next one runs', async () => {
    let tx: Statements | undefined;
    const stuck = current().transaction(async (given) => {
      tx = given;
      await put(given, 'stuck');
      await new Promise(() => undefined);
    });
    await expect(stuck).rejects.toSatisfy(isEnvironmentError);
    expect(await current().transaction((next) => has(next, 'stuck'))).toBe(false);
    await expect(put(tx as Statements, 'stuck')).rejects.toMatchObject({ code: 'ERR_INVALID' });
  });
});

describe.each(databases)('a store on $name that is closed', (kind) => {
  test('lets the running transaction end, and refuses what comes after as nobody’s fault', async () => {
    const place = await kind.open();
    const settings = settingsOf(place);
    const store = await openStore(settings);
    const begun = Promise.withResolvers<void>();
    const running = store.transaction(async (tx) => {
      await put(tx, 'first');
      begun.resolve();
      await nextTick();
      await put(tx, 'second');
    });
    await begun.promise;
    const closed = store.close();
    const late = [store.transaction(async () => 1), store.run(sql`select 1`)];
    for (const one of late) {
      await expect(one).rejects.toMatchObject({ code: 'ERR_CLOSED' });
      await expect(one).rejects.toSatisfy(isEnvironmentError);
    }
    expect(await store.ready()).toBe(false);
    await running;
    await Promise.all([closed, store.close()]);

    const again = await openStore(settings);
    expect([await has(again, 'first'), await has(again, 'second')]).toEqual([true, true]);
    await again.close();
    await place.drop();
  });
});
