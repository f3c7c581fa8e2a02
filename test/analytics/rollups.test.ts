/**
 * Counts by the hour against the log that they are made of, on both databases: whatever came, whoever counts at the same
 * time, and whenever one of them dies in the middle. PostgreSQL has two processes' stores, PGlite two counters on one.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/api.ts';
import { createRollups } from '../../src/rollups.ts';
import { appendEvents } from '../../src/store/log.ts';
import { COUNTER } from '../../src/store/rollups.ts';
import { rows, sql } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { databases, type TestDatabase } from '../databases.ts';
import { handClock, quiet, START_MS, US } from '../turn/mail.ts';

const PATIENCE = 120_000;
const DOMAINS = ['a.example', 'b.example', 'c.example'];
const STATUSES = ['processed', 'rejected', 'dropped'] as const;

interface Ended {
  readonly domain: string;
  readonly type: string;
  readonly status: (typeof STATUSES)[number];
  readonly minute: number;
  readonly filter: string | null;
}
const ended: fc.Arbitrary<Ended> = fc.record({
  domain: fc.constantFrom(...DOMAINS),
  type: fc.constantFrom('Create', 'Like'),
  status: fc.constantFrom(...STATUSES),
  minute: fc.integer({ min: 0, max: 200 }),
  filter: fc.option(fc.constantFrom('keywords', 'mentions')),
});
/** What is done, in this order: activities end, a counter runs, or one dies before its commit. */
const deeds = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.array(ended, { minLength: 1, maxLength: 30 }).map((list) => ({ list })) },
    { weight: 2, arbitrary: fc.constantFrom({ run: 'one' }, { run: 'both' }, { run: 'dies' } as const) },
  ),
  { minLength: 3, maxLength: 12 },
);

describe.each(databases)('counts on $name', (kind) => {
  let place: TestDatabase;
  let first: Store;
  let second: Store;
  const clock = handClock();
  let count = 0;
  beforeAll(async () => {
    place = await kind.open();
    const open = () =>
      openStore({ ...place, database: place.database ?? null, origin: US, logger: quiet }, { clock });
    first = await open();
    second = kind.name === 'PostgreSQL' ? await open() : first;
  }, PATIENCE);
  afterAll(async () => {
    if (second !== first) await second.close();
    await first.close();
    await place.drop();
  });

  /** Activities as a turn writes them, with their events in the same transaction. */
  async function write(list: readonly Ended[]): Promise<void> {
    const written = list.map((one) => {
      const atMs = START_MS + one.minute * 60_000;
      const at = new Date(atMs).toISOString();
      const said = one.filter === null ? [] : [{ at, what: 'shadow', filter: one.filter }];
      const history = [{ at, what: 'received' }, ...said, { at, what: one.status }];
      return { ...one, atMs, at, history, id: ++count, key: `https://${one.domain}/activities/${count}` };
    });
    await first.transaction(async (tx) => {
      await tx.run(sql`
        insert into activity (id, activity_id, type, actor, domain, status, inboxes, history, received_at, finished_at)
        select r.id, r.key, r.type, r.domain, r.domain, r.status, '[]', r.history, r.at, r.at
          from json_to_recordset(${rows(written)}) as r(id bigint, key text, type text, domain text, status text,
            history json, at timestamptz)`);
      await appendEvents(
        tx,
        written.map(({ atMs, key, domain }): NewEvent => ({ kind: 'activity', atMs, key, domain })),
      );
    });
  }

  async function makeCounter(): Promise<void> {
    const rollups = createRollups({ store: first, logger: quiet });
    await rollups.start();
    await rollups.close();
  }

  /** A process that counts what there is, and is gone. */
  async function countWith(store: Store): Promise<void> {
    const rollups = createRollups({ store, logger: quiet });
    await rollups.settled();
    await rollups.close();
  }

  /** One that dies with its transaction: it has counted, and nobody hears of it. Its lease ends by itself. */
  async function dieCounting(store: Store): Promise<void> {
    const dying: Store = {
      ...store,
      transaction: (work) =>
        store.transaction(async (tx) => {
          await work(tx);
          throw new Error('killed');
        }),
    };
    await createRollups({ store: dying, logger: quiet }).settled();
    clock.advance(31_000);
  }

  test(
    'are the log, whoever counts, and whenever somebody dies',
    async () => {
      await fc.assert(
        fc.asyncProperty(deeds, async (story) => {
          await first.run(sql`truncate event, activity, rollup, consumer`);
          await makeCounter();
          const all: Ended[] = [];
          for (const deed of story) {
            if ('list' in deed) {
              all.push(...deed.list);
              await write(deed.list);
            } else if (deed.run === 'dies') await dieCounting(second);
            else if (deed.run === 'one') await countWith(first);
            else await Promise.all([countWith(first), countWith(second)]);
          }
          await countWith(second);
          const counted = await first.run<Record<string, unknown>>(sql`
          select domain, (extract(epoch from hour) * 1000)::float8 as hour, subject, type, status, filter, count::float8
            from rollup`);
          expect(sorted(counted)).toEqual(sorted(expected(all)));
          const [position] = await first.run<{ isEnd: boolean }>(sql`
          select seq = (select coalesce(max(seq), 0) from event) as "isEnd" from consumer where name = ${COUNTER}`);
          expect(position?.isEnd).toBe(true);
        }),
        { numRuns: 12, endOnFailure: true, verbose: 1 },
      );
    },
    PATIENCE,
  );

  test(
    'are made in pages, also when more came than one takes',
    async () => {
      await first.run(sql`truncate event, activity, rollup, consumer`);
      await makeCounter();
      const one: Ended = { domain: 'a.example', type: 'Like', status: 'processed', minute: 1, filter: null };
      await write(Array.from({ length: 2_300 }, () => one));
      await countWith(first);
      const [total] = await first.run<{ count: number }>(
        sql`select sum(count)::float8 as count from rollup where domain = ''`,
      );
      expect(total?.count).toBe(2_300);
    },
    PATIENCE,
  );
});

/** The counts by hand, of each domain and of all. */
function expected(all: readonly Ended[]): Record<string, unknown>[] {
  const counts = new Map<string, number>();
  const add = (row: Record<string, unknown>): void => {
    for (const domain of [row.domain, '']) {
      const key = JSON.stringify({ ...row, domain });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  for (const { domain, type, status, minute, filter } of all) {
    const hour = Math.floor((START_MS + minute * 60_000) / 3_600_000) * 3_600_000;
    add({ domain, hour, subject: 'activity', type, status, filter: '' });
    if (filter !== null) add({ domain, hour, subject: 'filter', type, status: 'shadow', filter });
  }
  return [...counts].map(([key, count]) => ({ ...JSON.parse(key), count }));
}

const sorted = (list: readonly Record<string, unknown>[]) =>
  list
    .map(({ domain, hour, subject, type, status, filter, count }) =>
      JSON.stringify([domain, hour, subject, type, status, filter, count]),
    )
    .sort();
