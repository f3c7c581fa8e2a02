/** Mail that cannot be handled: it stands alone in the end, and nothing else is lost, doubled or held up. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { VerifiedActivity } from '../../src/api.ts';
import { sql } from '../../src/store/statement.ts';
import { isEnvironmentError, type Store } from '../../src/store/store.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { databases } from '../databases.ts';
import { accepted, counted, type Desk, empty, ended, openDesk, quiet, verified } from './mail.ts';

/** An activity without an actor: the database refuses its row. */
function poison(domain: string): VerifiedActivity {
  const mail = verified(domain);
  return { ...mail, facts: { ...mail.facts, actor: undefined as never } };
}

/** Turns for these domains, as the dispatcher gives them, until nothing is left; the clock moves past every rest. */
async function untilDone({ store, clock }: Desk, names: string[], turnsMax = 40): Promise<void> {
  for (let n = 0; n < turnsMax && (await counted(store, 'mail')) > 0; n++) {
    await runTurns(store, quiet, names);
    clock.advance(10_000);
  }
}

const letters = (store: Store) =>
  store.run<{ activity_id: string; attempts: number; error: string }>(
    sql`select activity_id, attempts, error from dead_letter where kind = 'mail' order by id`,
  );

describe.each(databases)('poison on $name', (kind) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(() => empty(desk));
  afterAll(() => desk[Symbol.asyncDispose]());

  test('ends in the dead letters with its reason after three tries, and the mail behind it goes on', async () => {
    const { store, clock } = desk;
    const bad = poison('bad.example');
    const mail = [verified('bad.example'), bad, verified('bad.example'), verified('good.example')];
    await accepted(store, mail);
    await runTurns(store, quiet, ['bad.example', 'good.example']);
    // At once: the other domain, and what stood before the poison.
    expect((await ended(store)).map(({ key }) => key)).toEqual([mail[0]?.facts.id, mail[3]?.facts.id]);
    await runTurns(store, quiet, ['bad.example']);
    expect(await counted(store, 'mail')).toBe(2);

    clock.advance(1_000);
    await runTurns(store, quiet, ['bad.example']);
    clock.advance(9_999);
    await runTurns(store, quiet, ['bad.example']);
    expect(await letters(store)).toEqual([]);
    clock.advance(1);
    await untilDone(desk, ['bad.example']);
    expect(await letters(store)).toMatchObject([{ activity_id: bad.facts.id, attempts: 3 }]);
    expect((await letters(store))[0]?.error).toMatch(/null value in column "actor"/);
    expect((await ended(store)).at(-1)).toMatchObject({ key: mail[2]?.facts.id, status: 'processed' });
  });

  test('loses and doubles nothing, wherever the poison lies', async () => {
    const { store } = desk;
    const places = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.boolean()), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(places, async (list) => {
        await empty(desk);
        const names = [0, 1, 2, 3, 4].map((n) => `d${n}.example`);
        const mail = list.map(([n, isPoison]) => (isPoison ? poison : verified)(names[n] as string));
        await accepted(store, mail);
        await untilDone(desk, names, 200);
        const good = mail.filter(({ facts }) => facts.actor !== undefined).map(({ facts }) => facts.id);
        const bad = mail.filter(({ facts }) => facts.actor === undefined).map(({ facts }) => facts.id);
        const done = await ended(store);
        expect(done.map(({ key }) => key).sort()).toEqual(good.sort());
        expect((await letters(store)).map(({ activity_id }) => activity_id).sort()).toEqual(bad.sort());
        for (const name of names) {
          const arrived = mail.filter(({ domain }) => domain === name).map(({ facts }) => facts.id);
          const order = done.filter(({ domain }) => domain === name).map(({ key }) => key);
          expect(order).toEqual(arrived.filter((id) => good.includes(id)));
        }
      }),
      { numRuns: 6 },
    );
  });

  test('a snapshot of another version is kept as it is: its mail waits in the dead letters for the upgrade', async () => {
    const { store, clock } = desk;
    await accepted(store, [verified('new.example'), verified('fine.example')]);
    await store.run(sql`
      update domain set snapshot = jsonb_set(snapshot, '{version}', '99'), due_at = to_timestamp(0) where name = 'new.example'`);
    const [before] = await store.run(sql`select snapshot, state from domain where name = 'new.example'`);
    await untilDone(desk, ['new.example', 'fine.example']);
    expect((await letters(store)).map(({ error }) => error)).toEqual([
      'SnapshotError: domain: stored by version 99, this is version 2',
    ]);
    expect(await store.run(sql`select snapshot, state from domain where name = 'new.example'`)).toEqual([
      before,
    ]);
    // Nothing to blame any more, so its due step rests instead of failing every second.
    await runTurns(store, quiet, ['new.example']);
    const [row] = await store.run<{ rests: boolean }>(sql`
      select due_at > ${new Date(clock.now()).toISOString()}::timestamptz as rests from domain where name = 'new.example'`);
    expect(row?.rests).toBe(true);
  });

  test('a database that is away is nobody’s fault: the error goes out whole and no try is counted', async () => {
    const { store } = desk;
    await accepted(store, [verified('a.example')]);
    const away = {
      ...store,
      transaction: () => Promise.reject(Object.assign(new Error('gone'), { code: '57P01' })),
    };
    const failed = await runTurns(away as Store, quiet, ['a.example', 'b.example']).catch(
      (error: unknown) => error,
    );
    expect(isEnvironmentError(failed)).toBe(true);
    expect(await store.run(sql`select attempts from mail`)).toEqual([{ attempts: 0 }]);
  });
});
