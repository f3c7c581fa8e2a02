/** What a turn promises: one transaction for many domains, in order, with as many statements for 200 mails as for one. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/store/statement.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { databases } from '../databases.ts';
import {
  ALICE,
  accepted,
  CAROL,
  counted,
  type Desk,
  empty,
  ended,
  followOf,
  openDesk,
  quiet,
  US,
  verified,
} from './mail.ts';

describe.each(databases)('a turn on $name', (kind) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(() => empty(desk));
  afterAll(() => desk[Symbol.asyncDispose]());

  test('issues as many statements for 200 mails as for one', async () => {
    const { store, statements } = desk;
    const statementsOf = async (domains: string[], each: number): Promise<number> => {
      const mail = domains.flatMap((domain) =>
        Array.from({ length: each }, (_, n) => followOf(domain, n % 2 === 0 ? ALICE : CAROL, `al${n}`)),
      );
      await accepted(store, mail);
      statements.length = 0;
      const done = await runTurns(store, quiet, domains);
      expect(done.map(({ mails }) => mails)).toEqual([mail.length]);
      return statements.length;
    };
    const one = await statementsOf(['one.example'], 1);
    const many = await statementsOf(
      Array.from({ length: 20 }, (_, n) => `many${n}.example`),
      10,
    );
    expect(many).toBe(one);
    expect(await counted(store, 'follow_request')).toBe(201);
  });

  test('handles the mail of a domain in the order of its arrival, and a prefix of it at most', async () => {
    const mail = Array.from({ length: 70 }, (_, n) => verified(n % 7 === 0 ? 'b.example' : 'a.example'));
    await accepted(desk.store, mail);
    for (const rest of [60 - 32, 0, 0]) {
      await runTurns(desk.store, quiet, ['a.example', 'b.example']);
      const left = await desk.store.run(sql`select from mail where domain = 'a.example'`);
      expect(left).toHaveLength(rest);
    }
    const order = await ended(desk.store);
    for (const name of ['a.example', 'b.example']) {
      const arrived = mail.filter(({ domain }) => domain === name).map(({ facts }) => facts.id);
      expect(order.filter(({ domain }) => domain === name).map(({ key }) => key)).toEqual(arrived);
    }
  });

  test('lets an activity act once, however often it comes, and reach each inbox that it came to', async () => {
    const { store } = desk;
    const follow = followOf('a.example', CAROL);
    const again = { ...follow, inbox: `${CAROL.id}/inbox` };
    await accepted(store, [follow, follow, again]);
    await runTurns(store, quiet, ['a.example']);
    await accepted(store, [again]);
    await runTurns(store, quiet, ['a.example']);
    const [row] = await store.run<{ inboxes: string[]; history: { what: string }[] }>(
      sql`select inboxes, history from activity`,
    );
    expect(row?.inboxes).toEqual([`${US}/inbox`, `${CAROL.id}/inbox`]);
    expect(row?.history.map(({ what }) => what)).toEqual([
      'received',
      'processed',
      'redelivered',
      'redelivered',
      'redelivered',
    ]);
    expect([await counted(store, 'activity'), await counted(store, 'follow_request')]).toEqual([1, 1]);
    expect((await ended(store)).length).toBe(1);
  });

  test('ends what waits as rejected when its domain, or a parent of it, was blocked meanwhile', async () => {
    const { store } = desk;
    await accepted(store, [
      followOf('a.example', ALICE),
      followOf('deep.sub.bad.example', ALICE),
      followOf('bad.example', ALICE),
    ]);
    await store.run(sql`update domain set state = 'blocked' where name = 'bad.example'`);
    await runTurns(store, quiet, ['a.example', 'bad.example', 'deep.sub.bad.example']);
    expect((await ended(store)).map(({ domain, status, reason }) => [domain, status, reason])).toEqual([
      ['a.example', 'processed', null],
      ['bad.example', 'rejected', 'the domain is blocked'],
      ['deep.sub.bad.example', 'rejected', 'the domain is blocked'],
    ]);
    expect(await counted(store, 'follow_request')).toBe(1);
  });

  test('leaves everything as it was when it fails in the middle, also what it had already written', async () => {
    const { store } = desk;
    await accepted(store, [followOf('a.example', ALICE)]);
    // The log refuses: the last write of a turn fails, after all the others.
    await store.run(sql`alter table event add constraint no_more check (seq < 0)`);
    await runTurns(store, quiet, ['a.example']).catch(() => undefined);
    expect([
      await counted(store, 'activity'),
      await counted(store, 'follow_request'),
      await counted(store, 'member'),
    ]).toEqual([0, 0, 0]);
    expect(await counted(store, 'mail')).toBe(1);
    await store.run(sql`alter table event drop constraint no_more`);
    desk.clock.advance(60_000);
    await runTurns(store, quiet, ['a.example']);
    expect((await ended(store)).map(({ status }) => status)).toEqual(['processed']);
  });

  test('brings what comes again after its document may be gone to nobody, and keeps no other in its place', async () => {
    const { store, clock } = desk;
    const first = verified(
      'a.example',
      {},
      { receivedAt: clock.now(), locals: [ALICE], inbox: `${ALICE.id}/inbox` },
    );
    await accepted(store, [first]);
    await runTurns(store, quiet, ['a.example']);
    const early = await counted(store, 'member');
    const other = (atMs: number, inbox: string) => ({
      ...first,
      ...{ raw: Buffer.from('{"content":"what no filter saw"}'), receivedAt: atMs, inbox, locals: [CAROL] },
    });
    const documents = () => store.run<{ raw: string }>(sql`select raw from document`);
    // As long as the document is there it stands, and further inboxes get the activity.
    await accepted(store, [other(clock.now() + 86_400_000, `${CAROL.id}/inbox`)]);
    await runTurns(store, quiet, ['a.example']);
    const members = await counted(store, 'member');
    expect(members).toBeGreaterThan(early);
    expect((await documents())[0]?.raw).toContain('"Like"');

    await store.run(sql`delete from document`);
    const lateMs = clock.now() + 31 * 86_400_000;
    await accepted(store, [other(lateMs, `${US}/users/bob/inbox`)]);
    await runTurns(store, quiet, ['a.example']);
    expect(await documents()).toEqual([]);
    expect(await counted(store, 'member')).toBe(members);
  });
});
