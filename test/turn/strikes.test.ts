/** Strikes and limits that filters ask for, in the turn that ends the activity: the domain's machine hears of them there. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/store/statement.ts';
import { LENIENT } from '../../src/turn/domain-life.ts';
import { runTurns } from '../../src/turn/poison.ts';
import type { DomainWish, MailVerdict } from '../../src/verdict.ts';
import { databases } from '../databases.ts';
import { accepted, type Desk, empty, ended, openDesk, quiet, START_MS, verified } from './mail.ts';

const HOUR_MS = 3_600_000;
const STRIKE: DomainWish = { type: 'strike', reason: 'words: spam' };
const LIMIT: DomainWish = { type: 'limit', reason: 'busy: too much', forMs: null };

describe.each(databases)('what filters ask for about a domain, on $name', (kind) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(() => empty(desk));
  afterAll(() => desk[Symbol.asyncDispose]());

  /** Mail with its verdict, as the filter stage leaves it. */
  async function arrive(wishes: readonly (readonly DomainWish[])[], domain = 'a.example'): Promise<string[]> {
    const mail = wishes.map(() => verified(domain));
    await accepted(desk.store, mail);
    for (const [at, { facts }] of mail.entries()) {
      const some = wishes[at] ?? [];
      const verdict: MailVerdict = {
        asked: ['f'],
        remarks: [],
        ...(some.length > 0 ? { wishes: some } : {}),
      };
      await desk.store.run(
        sql`update mail set verdict = ${JSON.stringify(verdict)} where activity_id = ${facts.id}`,
      );
    }
    return mail.map(({ facts }) => facts.id);
  }
  const turn = (blockAfterStrikes: number | null = null) =>
    runTurns(desk.store, quiet, ['a.example'], () => true, undefined, {
      strikes: { ...LENIENT, blockAfterStrikes },
    });
  const domain = async () => {
    const [row] = await desk.store.run(sql`
      select state, version, (extract(epoch from due_at) * 1000)::float8 as "dueMs",
             (snapshot -> 'snapshot' -> 'context' ->> 'strikes')::int as strikes from domain where name = 'a.example'`);
    return row;
  };

  test('a strike leaves the domain active, and what was struck has come to its end like any other', async () => {
    await arrive([[STRIKE], [], [STRIKE]]);
    await turn();
    expect(await domain()).toMatchObject({ state: 'active', strikes: 2, version: 1 });
    expect((await ended(desk.store)).map(({ status }) => status)).toEqual([
      'processed',
      'processed',
      'processed',
    ]);
  });

  test('a strike too many blocks it by the policy in force, and the mail behind it is that of a blocked domain', async () => {
    await arrive([[STRIKE], [STRIKE], [], [STRIKE]]);
    const [done] = await turn(2);
    expect([await domain(), done?.hasTransitions]).toMatchObject([{ state: 'blocked', strikes: 2 }, true]);
    expect((await ended(desk.store)).map(({ status }) => status)).toEqual([
      ...['processed', 'processed', 'rejected', 'rejected'],
    ]);
    const log = await desk.store.run<{ kind: string }>(
      sql`select kind, to_state as "to", event from event order by seq`,
    );
    expect(log.filter(({ kind }) => kind === 'transition')).toEqual([
      { kind: 'transition', to: 'blocked', event: 'filter.struck' },
    ]);
  });

  test('a limit lasts one window where nothing else is said, and the mail that waits is handled all the same', async () => {
    await arrive([[LIMIT, { ...LIMIT, forMs: 3 * HOUR_MS }], []]);
    await turn();
    expect(await domain()).toMatchObject({
      state: 'rate-limited',
      dueMs: START_MS + 3 * HOUR_MS,
      strikes: 0,
    });
    expect((await ended(desk.store)).map(({ status }) => status)).toEqual(['processed', 'processed']);
  });

  test('what came twice counts once', async () => {
    const mail = verified('a.example');
    await accepted(desk.store, [mail, { ...mail, inbox: `${mail.inbox}/other` }]);
    const verdict = JSON.stringify({ asked: ['f'], remarks: [], wishes: [STRIKE] });
    await desk.store.run(sql`update mail set verdict = ${verdict}`);
    await turn();
    expect(await domain()).toMatchObject({ strikes: 1 });
  });

  test('what somebody else has brought is no strike against its author, who never sent it here', async () => {
    const sender = { actor: 'https://evil.example/users/mallory', domain: 'evil.example' };
    const mail = verified('a.example', {}, { sender });
    await accepted(desk.store, [mail]);
    const verdict = JSON.stringify({ asked: ['f'], remarks: [], wishes: [STRIKE, LIMIT] });
    await desk.store.run(sql`update mail set verdict = ${verdict}`);
    await turn(1);
    expect(await domain()).toMatchObject({ state: 'active', strikes: 0 });
  });

  test('costs as many statements for thirty as for one, and one more than none', async () => {
    const statements = async (wishes: readonly (readonly DomainWish[])[]) => {
      await empty(desk);
      await arrive(wishes);
      desk.statements.length = 0;
      await turn();
      return desk.statements.length;
    };
    const none = await statements([[], []]);
    const one = await statements([[STRIKE], []]);
    const thirty = await statements(Array.from({ length: 30 }, () => [STRIKE]));
    expect([one - none, thirty - none]).toEqual([1, 1]);
  });
});
