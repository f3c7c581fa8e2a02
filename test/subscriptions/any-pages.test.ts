/**
 * Any sequence of changes, read in any pages, by processes of which any may die at any moment, leads to the same opinions
 * as the snapshot at its end. A fresh subscription to the same dataset is the measure: it sees nothing but the snapshot.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Statements } from '../../src/store/statement.ts';
import type { Store } from '../../src/store/store.ts';
import { databases } from '../databases.ts';
import { type FiresServer, firesServer } from './fires-server.ts';
import { DAY_MS, MARIA, type Place, placeOn, settledRecord } from './place.ts';

const RUNS = Number(process.env.SOAK_RUNS ?? 5);
const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff);

const KEYS = ['a.example', 'B.example.', 'sub.a.example', 'c.example', 'ap.invalid', 'no domain'];
const ACTORS = ['https://a.example/users/mal', 'https://c.example/users/eve', 'mailto:eve@c.example'];
const entity = fc.oneof(
  fc.record({ entityKind: fc.constantFrom('domain', 'Domain'), entityKey: fc.constantFrom(...KEYS) }),
  fc.record({ entityKind: fc.constant('actor'), entityKey: fc.constantFrom(...ACTORS) }),
  fc.record({ entityKind: fc.constant('EmailDomain'), entityKey: fc.constant('mail.example') }),
);
const said = fc.oneof(
  fc.record({
    type: fc.constant('Recommendation' as const),
    recommendedPolicy: fc.constantFrom('accept', 'filter', 'reject', 'drop', 'FILTER', 'odd'),
    recommendedFilters: fc.subarray(['reject-media', 'ignore-reports', 'auto-cw']),
    labels: fc.constant([]),
  }),
  fc.record({ type: fc.constant('Advisory' as const), labels: fc.subarray(['urn:one', 'urn:two']) }),
  fc.record({ type: fc.constant('Retraction' as const) }),
);
const change = fc
  .tuple(entity, said)
  .map(([about, what]) => ({ kind: 'say' as const, change: { ...about, ...what } }));
const poll = fc.record({
  kind: fc.constant('poll' as const),
  page: fc.integer({ min: 1, max: 4 }),
  pagesMax: fc.integer({ min: 1, max: 3 }),
  isOld: fc.boolean(),
  /** The process dies before its commit with this number, or not. */
  diesAt: fc.option(fc.integer({ min: 0, max: 4 }), { nil: null }),
});
const story = fc.array(fc.oneof({ weight: 4, arbitrary: change }, { weight: 1, arbitrary: poll }), {
  maxLength: 40,
});
type Story = typeof story extends fc.Arbitrary<infer Steps> ? Steps : never;

describe.each(databases)('a followed dataset on $name', (kind) => {
  const place = placeOn(kind);

  test('comes to what its snapshot says', { timeout: 300_000 }, async () => {
    const run = async (steps: Story) => {
      await using server = await firesServer();
      const wish = { kind: 'fires', mode: 'auto' } as const;
      const subscribe = async (url: string) => {
        const process = place.process();
        const added = await process.desk.add({ url, ...wish }, MARIA);
        await process.settled();
        return added;
      };
      const { id, source } = await subscribe(server.url);
      for (const step of steps) {
        if (step.kind === 'say') server.say(step.change);
        else await pollOnce(place, server, id, step);
      }
      server.ways.page = 100;
      place.pass(2 * DAY_MS);
      expect(await settledRecord(place.process(), id)).toMatchObject({ state: 'ok', pending: 0 });
      const fresh = await subscribe(`${server.url}?fresh`);
      expect(await place.said(source)).toEqual(await place.said(fresh.source));
      const suspendedBy = (of: string) =>
        [...place.suspended]
          .filter((one) => one.startsWith(`${of} `))
          .map((one) => one.slice(of.length))
          .sort();
      expect(suspendedBy(source)).toEqual(suspendedBy(fresh.source));
      for (const one of [id, fresh.id]) await place.process().desk.remove(one, MARIA);
      expect([...(await place.said(source)), ...place.suspended]).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(story, run), { numRuns: RUNS, seed, endOnFailure: true });
  });
});

async function pollOnce(
  place: Place,
  server: FiresServer,
  id: string,
  step: Extract<Story[number], { kind: 'poll' }>,
): Promise<void> {
  server.ways.page = step.page;
  server.ways.isOld = step.isOld;
  const store = step.diesAt === null ? place.store : dying(place.store, step.diesAt);
  const process = place.process({ store, limits: { pagesMax: step.pagesMax } });
  await process.desk.poll(id).catch((error: Error) => expect(error.message).toBe('killed'));
  // Whoever died held it for a while.
  place.pass(10 * 60_000);
}

/** A database that is lost before the commit with this number, and before whatever is written alone after it. */
function dying(store: Store, commits: number): Store {
  let left = commits;
  const killed = (): never => {
    throw new Error('killed');
  };
  return {
    ...store,
    run: (statement) => (left < 0 ? killed() : store.run(statement)),
    transaction: <T>(work: (tx: Statements) => Promise<T>) =>
      store.transaction(async (tx) => {
        const done = await work(tx);
        if (--left < 0) killed();
        return done;
      }),
  };
}
