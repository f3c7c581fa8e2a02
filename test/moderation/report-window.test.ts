/**
 * One open report for a reporter, a target and a window: whatever turns bring, in whatever order, on both databases, it
 * comes out as a reader of the Flags one by one would say. And a turn asks as much for a hundred Flags as for one.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flagsOf, listReports, writeReports } from '../../src/store/reports.ts';
import { sql } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { databases, type TestDatabase } from '../databases.ts';
import { createTestClock, ORIGIN } from '../inbox/served.ts';

const WINDOW_MS = 1_000;
const logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Flags of one turn, and how much later than the one before it is. */
const turns = fc.array(
  fc.record({
    laterMs: fc.integer({ min: 0, max: 700 }),
    /** Which of the open reports moderators have resolved before. */
    resolved: fc.array(fc.nat(5), { maxLength: 1 }),
    flags: fc.array(fc.record({ actor: fc.nat(2), target: fc.nat(1), object: fc.nat(3) }), { maxLength: 5 }),
  }),
  { maxLength: 8 },
);

interface Expected {
  readonly actor: string;
  readonly target: string;
  readonly atMs: number;
  readonly objects: Set<string>;
  isOpen: boolean;
  count: number;
}

describe.each(databases)('reports within a window ($name)', (kind) => {
  let place: TestDatabase;
  let store: Store;
  let statements = 0;
  const clock = createTestClock();
  beforeAll(async () => {
    place = await kind.open();
    const { database = null, dataDirectory } = place;
    const observe = (): void => void statements++;
    store = await openStore({ database, dataDirectory, origin: ORIGIN, logger }, { clock, observe });
  }, 300_000);
  afterAll(async () => {
    await store.close();
    await place.drop();
  }, 300_000);

  let run = 0;
  const flagOf = (number: number, actor: string, target: string, object: string) => {
    return {
      activityId: `${actor}#${run}-${number}`,
      actor,
      domain: 'a',
      target,
      objects: [object],
      content: null,
    };
  };
  const write = (flags: ReturnType<typeof flagOf>[]) =>
    store.transaction((tx) => writeReports(tx, flags, clock.now(), WINDOW_MS));

  test('are what a reader of one Flag after the other would make of them', async () => {
    await fc.assert(
      fc.asyncProperty(turns, async (story) => {
        run++;
        await store.run(sql`delete from report`);
        await store.run(sql`delete from report_flag`);
        const expected: Expected[] = [];
        let number = 0;
        for (const { laterMs, resolved, flags } of story) {
          clock.advance(laterMs);
          for (const at of resolved) {
            const one = expected[at];
            if (one === undefined) continue;
            one.isOpen = false;
            const { items } = await rows();
            await store.run(
              sql`update report set state = 'resolved' where id = ${items.at(-1 - at)?.id}::bigint`,
            );
          }
          const sent = flags.map(({ actor, target, object }) =>
            flagOf(
              ++number,
              `https://r.example/${actor}`,
              `https://us.example/${target}`,
              `https://us.example/o${object}`,
            ),
          );
          await write(sent);
          for (const { actor, target, objects } of sent) {
            const mine = expected.findLast(
              (one) => one.actor === actor && one.target === target && one.isOpen,
            );
            const isWithin = mine !== undefined && mine.atMs > clock.now() - WINDOW_MS;
            if (!isWithin)
              expected.push({
                actor,
                target,
                atMs: clock.now(),
                objects: new Set(objects),
                isOpen: true,
                count: 1,
              });
            else {
              mine.count++;
              for (const object of objects) mine.objects.add(object);
            }
          }
        }
        const { items } = await rows();
        expect(
          items.map(({ actor, target, count, objects, state }) => ({ actor, target, count, objects, state })),
        ).toEqual(
          expected
            .map(({ actor, target, count, objects, isOpen }) => {
              return { actor, target, count, objects: [...objects], state: isOpen ? 'open' : 'resolved' };
            })
            .toReversed(),
        );
        // And every Flag stands in exactly one of them.
        const kept = await Promise.all(items.map(({ id }) => flagsOf(store, id, 100)));
        expect(kept.flat()).toHaveLength(number);
        expect(kept.map(({ length }) => length)).toEqual(items.map(({ count }) => count));
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  const rows = async () => ({ items: await listReports(store, {}, null, 200) });

  test('cost as many statements for two hundred Flags as for one, and none where there is none', async () => {
    run++;
    const counted = async (many: number, base: number): Promise<number> => {
      const before = statements;
      const flags = Array.from({ length: many }, (_, at) =>
        flagOf(base + at, `https://c.example/${base + at}`, 'https://us.example/x', 'https://us.example/o'),
      );
      await write(flags);
      return statements - before;
    };
    const none = await counted(0, 0);
    const one = await counted(1, 1_000);
    expect(none).toBe(0);
    expect(await counted(200, 2_000)).toBe(one);
  }, 60_000);
});
