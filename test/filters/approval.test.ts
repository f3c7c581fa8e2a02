/**
 * An approval and what may come between it and the replay, with turns and filters taken one step at a time: exactly one
 * effect, whatever comes when. What users see of it is in `test/capabilities/held.test.ts`.
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { VerifiedActivity } from '../../src/api.ts';
import { createFilterChain, createFilters, type Filters } from '../../src/filters.ts';
import { decideAll } from '../../src/moderation/held-decisions.ts';
import { sql } from '../../src/store/statement.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { drop, type FilterVerdict, hold } from '../../src/verdict.ts';
import { databases } from '../databases.ts';
import { ALICE, accepted, type Desk, empty, ended, openDesk, quiet, US, verified } from '../turn/mail.ts';

const HOME = 'a.example';
const NOTE = `${US}/notes/1`;
/** Shown when a property fails, and chosen anew each time. */
const seed = Math.floor(Math.random() * 2 ** 31);

describe.each(databases)('an approval on $name', (kind) => {
  let desk: Desk;
  let open: Filters[] = [];
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(() => empty(desk));
  afterEach(async () => {
    for (const filters of open.splice(0)) await filters.close(20);
  });
  afterAll(() => desk[Symbol.asyncDispose]());

  /** A process with filters that say what the test wants them to say. */
  function process(says: Readonly<Record<string, () => FilterVerdict | undefined>>) {
    const chain = createFilterChain();
    const asked: string[] = [];
    const filters = createFilters({
      ...{ store: desk.store, chain, settings: { logger: quiet, origin: US } },
      policyOf: async () => null,
      onReady: () => undefined,
    });
    open = [...open, filters];
    for (const [name, say] of Object.entries(says))
      chain.add({
        ...{ name, type: null, timeoutMs: 1_000, fallback: 'hold', isShadow: false, isHook: false },
        filter: (() => {
          asked.push(name);
          return say();
        }) as never,
      });
    return {
      asked,
      async filter() {
        filters.mark([HOME]);
        await filters.settled();
      },
      turn: () => runTurns(desk.store, quiet, [HOME], () => chain.isActive()),
    };
  }
  const liking = (inbox = `${US}/inbox`): VerifiedActivity =>
    verified(HOME, { id: `https://${HOME}/likes/1`, objects: [NOTE] }, { inbox, locals: [ALICE] });
  const approve = async () => {
    const keys = await desk.store.run<{ id: string; domain: string }>(sql`select id::text, domain from held`);
    const decided = { verb: 'approve', by: 'maria', reason: null, trust: null } as const;
    return keys.length === 0 ? 0 : (await decideAll(desk.store, keys, decided)).length;
  };
  const row = async () => {
    const [found] = await desk.store.run<{ status: string; inboxes: string[]; what: string[] }>(sql`
      select status, inboxes, (select json_agg(e ->> 'what') from json_array_elements(history) as e) as what from activity`);
    return found;
  };
  const likes = async () =>
    (await desk.store.run(sql`select from member where collection = ${`${NOTE}/likes`}`)).length;
  const waiting = async () => (await desk.store.run(sql`select from mail`)).length;

  test('lets what was redelivered before wait for what was approved, and each inbox is reached once', async () => {
    const it = process({ early: () => hold('who?'), late: () => undefined });
    await accepted(desk.store, [liking()]);
    await it.filter();
    await it.turn();
    expect(await row()).toMatchObject({ status: 'held' });
    // It comes again, to another inbox, and has its verdict before somebody approves the first one.
    await accepted(desk.store, [liking(`${US}/users/bob/inbox`)]);
    await it.filter();
    expect(await approve()).toBe(1);
    await it.turn();
    // What was approved has no verdict yet, and what came again does not act in its place.
    expect([await likes(), await waiting()]).toEqual([0, 2]);
    await it.filter();
    await it.turn();
    await it.turn();
    expect(await row()).toEqual({
      status: 'processed',
      inboxes: [`${US}/inbox`, `${US}/users/bob/inbox`],
      what: ['received', 'filtered', 'held', 'approved', 'filtered', 'processed', 'redelivered'],
    });
    expect([await likes(), await waiting(), it.asked]).toEqual([1, 0, ['early', 'late']]);
  });

  test('does not let another document under the same id act in the place of what was seen', async () => {
    const it = process({ early: () => hold('who?') });
    const first = liking();
    const digest = 'f'.repeat(64);
    await accepted(desk.store, [{ ...first, facts: { ...first.facts, digest } }]);
    await it.filter();
    await it.turn();
    expect(await row()).toMatchObject({ status: 'held' });
    await approve();
    await it.filter();
    await it.turn();
    expect([(await row())?.status, await likes(), await waiting()]).toEqual(['rejected', 0, 0]);
  });

  test('is over in a process without filters too, and there nobody holds it', async () => {
    const strict = process({ early: () => hold('who?') });
    const none = process({});
    await accepted(desk.store, [liking()]);
    await strict.filter();
    await strict.turn();
    await approve();
    await none.turn();
    expect([(await row())?.status, await likes()]).toEqual(['processed', 1]);
  });

  test('has one effect at most, whatever comes in whichever order; and one at last, if nobody forbids it', async () => {
    const step = fc.constantFrom('arrive', 'elsewhere', 'filter', 'turn', 'approve' as const);
    const late = fc.constantFrom<FilterVerdict | undefined>(undefined, drop('no'), hold('hm'));
    const property = fc.asyncProperty(fc.array(step, { maxLength: 14 }), late, async (steps, said) => {
      await empty(desk);
      const it = process({ early: () => hold('who?'), late: () => said });
      const deeds = {
        arrive: () => accepted(desk.store, [liking()]),
        elsewhere: () => accepted(desk.store, [liking(`${US}/users/bob/inbox`)]),
        filter: it.filter,
        turn: it.turn,
        approve,
      };
      for (const one of ['arrive' as const, ...steps]) {
        await deeds[one]();
        expect(await likes()).toBeLessThanOrEqual(1);
      }
      for (let left = 6; left > 0; left--)
        for (const one of ['filter', 'turn', 'approve'] as const) await deeds[one]();
      expect([await waiting(), (await row())?.status, await likes()]).toEqual(
        said?.type === 'drop' ? [0, 'dropped', 0] : [0, 'processed', 1],
      );
      expect((await ended(desk.store)).length).toBe(1);
      // What comes twice before anybody has heard of it may be asked about twice; once approved, only the rest is asked.
      expect(it.asked.filter((name) => name === 'late')).toEqual(['late']);
      expect(it.asked.at(-1)).toBe('late');
    });
    await fc.assert(property, { numRuns: 12, seed });
  });
});
