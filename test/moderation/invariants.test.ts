/**
 * Any sequence of what people, lists and the runtime say of domains, of time that passes, and of batches that are taken
 * back: a machine is blocked by a rule exactly where its rules come to a block, and what is undone at once was nothing.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MANUAL, merge } from '../../src/policy.ts';
import { rulesOf } from '../../src/store/rules.ts';
import { sql } from '../../src/store/statement.ts';
import { pglite } from '../databases.ts';
import { HOUR_MS, NOTE, openRules, type RulesPlace } from './place.ts';

/** Shown when the property fails, and chosen anew each time. */
const seed = Number(process.env.SALLYPORT_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env.SOAK_RUNS ?? 6);
const NAMES = ['a.example', 'b.example', 'sub.a.example'];

const names = fc.subarray(NAMES, { minLength: 1 });
const source = fc.constantFrom(MANUAL, 'list:one', 'list:two');
const hours = fc.option(fc.integer({ min: 1, max: 3 }));
const batch = fc.oneof(
  fc.record({
    do: fc.constant('say' as const),
    ...{ source, names, hours },
    severity: fc.constantFrom('allow' as const, 'none' as const, 'silence' as const, 'block' as const),
    rejectMedia: fc.boolean(),
  }),
  fc.record({ do: fc.constant('retract' as const), source, names }),
  fc.record({
    do: fc.constant('bulk' as const),
    ...{ names, hours },
    verb: fc.constantFrom('block' as const, 'unblock' as const, 'limit' as const, 'reset' as const),
  }),
);
type BatchStep = typeof batch extends fc.Arbitrary<infer T> ? T : never;
const story = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('batch' as const), batch, isUndone: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('exceed' as const), name: fc.constantFrom(...NAMES) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), back: fc.nat(4) }) },
  ),
  { minLength: 4, maxLength: 14 },
);

let place: RulesPlace;
beforeAll(async () => {
  place = await openRules(pglite, {
    ...{ rateLimit: { limit: 100, window: '1 hour' }, blockAfterStrikes: 2, strikeBlock: '5 hours' },
    ...{ strikeDecay: '6 hours', probation: { for: '4 hours', limit: 5 } },
  });
});
afterAll(() => place[Symbol.asyncDispose]());

async function begin(): Promise<void> {
  for (const table of ['domain_rule', 'batch_item', 'batch', 'domain', 'event'])
    await place.store.run(sql`delete from ${sql.table(table)}`);
  await place.domains.bulk('limit', NAMES, NOTE);
  await place.pass(HOUR_MS);
}

const endIn = (ofHours: number | null) =>
  ofHours === null ? {} : { until: new Date(place.clock.now() + ofHours * HOUR_MS) };

async function apply(step: BatchStep): Promise<string> {
  if (step.do === 'say') {
    const { severity, rejectMedia } = step;
    return (await place.say(step.source, { severity, rejectMedia, ...endIn(step.hours) }, ...step.names)).id;
  }
  if (step.do === 'retract') return (await place.retract(step.source, ...step.names)).id;
  return (await place.domains.bulk(step.verb, step.names, { ...NOTE, ...endIn(step.hours) })).batch;
}

/** What a batch and its undoing must leave as it was: how long a state lasts is counted from when it was set. */
const found = () =>
  Promise.all(
    NAMES.map(async (name) => {
      const { context, ...rest } = await place.standing(name);
      const { lastsMs: _lasts, ...facts } = context as Record<string, unknown>;
      return { ...rest, context: facts };
    }),
  );

/** Of each domain: what is in force, what the row says is, and whose block its machine holds. */
async function look() {
  const rows = await place.store.run<{
    name: string;
    state: string;
    policy: unknown;
    origin: string;
    by: string;
  }>(
    sql`select name, state, policy, snapshot #>> '{snapshot,context,origin}' as origin,
               snapshot #>> '{snapshot,context,by}' as by from domain order by name`,
  );
  const rules = Map.groupBy(await rulesOf(place.store, NAMES), ({ domain }) => domain);
  return rows.map((row) => ({ ...row, merged: merge(rules.get(row.name) ?? []) }));
}

async function check(): Promise<void> {
  for (const { name, state, policy, origin, by, merged } of await look()) {
    expect([name, policy]).toEqual([name, merged]);
    const isByRule = state === 'blocked' && origin !== 'runtime';
    expect([name, isByRule]).toEqual([name, merged?.severity === 'block']);
    if (!isByRule) continue;
    expect([name, origin]).toEqual([name, merged?.source === MANUAL ? 'moderator' : 'list']);
    if (origin === 'list') expect([name, by]).toEqual([name, merged?.source]);
  }
}

test('what is in force is what the rules come to, and a batch that is undone at once was nothing', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      await begin();
      const batches: string[] = [];
      for (const step of steps) {
        if (step.do === 'exceed') await place.exceed(step.name);
        else if (step.do === 'pass') await place.pass(step.hours * HOUR_MS);
        else if (step.do === 'undo') {
          const [id] = batches.splice(-1 - step.back, 1);
          if (id !== undefined) await place.batches.undo(id, NOTE);
        } else {
          const before = await found();
          const id = await apply(step.batch);
          if (step.isUndone) {
            await check();
            await place.batches.undo(id, NOTE);
            expect(await found()).toEqual(before);
          } else batches.push(id);
        }
        await check();
      }
    }),
    { numRuns: RUNS, seed, endOnFailure: true },
  );
}, 180_000);
