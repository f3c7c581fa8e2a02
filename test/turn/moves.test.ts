/** What blocks and moves cost a turn: nothing where there are none, and as much for many as for one; and whose lock. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { World } from '../../src/activities/world.ts';
import type { VerifiedActivity } from '../../src/api.ts';
import { sql } from '../../src/store/statement.ts';
import { holdDomainsWaiting, initialDomain, insertDomains, writeEffects } from '../../src/store/turns.ts';
import { insertBlock } from '../../src/store/user-blocks.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { databases } from '../databases.ts';
import { ALICE, accepted, type Desk, empty, ended, openDesk, quiet, verified } from './mail.ts';

describe.each(databases)('a turn on $name', (kind) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(() => empty(desk));
  afterAll(() => desk[Symbol.asyncDispose]());

  const oldOf = (n: number): string => `https://old${n}.example/users/al`;
  /** Alice follows an actor of each of these domains, and it has accepted. */
  async function followed(count: number, from = 0): Promise<void> {
    const { store, clock } = desk;
    const world = new World(clock.now(), { requests: [], inboxes: [] });
    for (let n = from; n < from + count; n++) {
      const to = { id: oldOf(n), domain: `old${n}.example`, inbox: `${oldOf(n)}/inbox` };
      const pair = { follower: ALICE.id, following: to.id };
      world.apply({ type: 'ask', pair, to });
      const activityId = world.liveBetween(pair)?.activityId as string;
      world.apply({ type: 'send', activityId, event: { type: 'follow.accepted', reason: null, by: to.id } });
    }
    await store.transaction((tx) => writeEffects(tx, world.effects(), clock.now()));
  }
  /** The Move of such an actor to one of the domain `new.example`, confirmed. */
  function moveOf(n: number): VerifiedActivity {
    const target = `https://new.example/users/al${n}`;
    const moving = { to: { id: target, domain: 'new.example', inbox: `${target}/inbox` } };
    return verified(
      `old${n}.example`,
      { type: 'Move', actor: oldOf(n), objects: [oldOf(n)], target },
      { moving },
    );
  }
  const following = async (): Promise<string[]> => {
    const found = await desk.store.run<{ following: string }>(sql`
      select following from follow_request where state in ('pending', 'accepted') order by id`);
    return found.map((row) => row.following);
  };

  test('issues as many statements for twenty Moves as for one', async () => {
    const { store, statements } = desk;
    const statementsOf = async (from: number, count: number): Promise<number> => {
      await followed(count, from);
      const moves = Array.from({ length: count }, (_, n) => moveOf(from + n));
      await accepted(store, moves);
      statements.length = 0;
      await runTurns(
        store,
        quiet,
        moves.map(({ domain }) => domain),
      );
      return statements.length;
    };
    const one = await statementsOf(0, 1);
    expect(await statementsOf(1, 20)).toBe(one);
    const everybody = Array.from({ length: 21 }, (_, n) => `https://new.example/users/al${n}`);
    expect((await following()).toSorted()).toEqual(everybody.toSorted());
  });

  test('meets the domain to which a Move leads on probation, as any other that is new', async () => {
    const { store } = desk;
    await followed(1);
    await accepted(store, [moveOf(0)]);
    const probation = { forMs: 86_400_000 };
    await runTurns(store, quiet, ['old0.example'], undefined, undefined, { probation });
    const [found] = await store.run(sql`
      select snapshot -> 'snapshot' -> 'context' ->> 'probationMs' as "forMs" from domain where name = 'new.example'`);
    expect(found).toEqual({ forMs: '86400000' });
  });

  test('asks for blocks only where somebody blocks somebody', async () => {
    const { store, clock, statements } = desk;
    const asked = async (): Promise<number> => {
      await accepted(store, [verified('a.example', { addressees: [ALICE.id] }, { locals: [ALICE] })]);
      statements.length = 0;
      await runTurns(store, quiet, ['a.example']);
      return statements.filter((text) => text.includes('from user_block where')).length;
    };
    expect(await asked()).toBe(0);
    await store.transaction((tx) =>
      insertBlock(tx, { actor: ALICE.id, target: 'spam.example' }, clock.now()),
    );
    expect(await asked()).toBe(1);
    expect((await ended(store)).map(({ status }) => status)).toEqual(['processed', 'processed']);
  });

  test.runIf(kind.name === 'PostgreSQL')(
    'leaves a Move, and what came after it, while somebody else holds the target’s domain',
    async () => {
      const { store, clock } = desk;
      await followed(1);
      await insertDomains(store, [initialDomain('new.example', clock.now())], clock.now());
      await accepted(store, [verified('old0.example'), moveOf(0), verified('old0.example')]);
      const done = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      const holding = store.transaction(async (tx) => {
        await holdDomainsWaiting(tx, ['new.example']);
        held.resolve();
        await done.promise;
      });
      await held.promise;
      await runTurns(store, quiet, ['old0.example']);
      expect(await following()).toEqual([oldOf(0)]);
      expect((await ended(store)).length).toBe(1);
      done.resolve();
      await holding;
      await runTurns(store, quiet, ['old0.example']);
      expect(await following()).toEqual(['https://new.example/users/al0']);
      expect((await ended(store)).length).toBe(3);
    },
  );
});
