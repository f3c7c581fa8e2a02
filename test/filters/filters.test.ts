/**
 * The filter stage alone, on a store and a clock by hand: leases, processes that die or run other code, and the order of
 * arrival. What users see of filters is in `test/capabilities/filters.test.ts`.
 */
import { hash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Filter } from '../../src/api.ts';
import { createFilterChain, createFilters, type Filters } from '../../src/filters.ts';
import { sql } from '../../src/store/statement.ts';
import { stillDirty, sweep } from '../../src/store/turns.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { drop, type FilterVerdict, hold, reject } from '../../src/verdict.ts';
import { databases } from '../databases.ts';
import { accepted, type Desk, empty, ended, openDesk, quiet, US, verified } from '../turn/mail.ts';

const HOUR_MS = 3_600_000;
/** Shown when a property fails, and chosen anew each time. */
const seed = Math.floor(Math.random() * 2 ** 31);

describe.each(databases)('the filter stage on $name', (kind) => {
  let desk: Desk;
  const open: Filters[] = [];
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(() => empty(desk));
  afterEach(async () => {
    for (const filters of open.splice(0)) await filters.close(20);
  });
  afterAll(() => desk[Symbol.asyncDispose]());

  /** A process with this filter; without one it has none. */
  function process(filter?: Filter, timeoutMs = 1_000) {
    const chain = createFilterChain();
    const ready: string[] = [];
    const filters = createFilters({
      ...{ store: desk.store, chain, settings: { logger: quiet, origin: US } },
      policyOf: async () => null,
      onReady: (domains) => void ready.push(...domains),
    });
    open.push(filters);
    const more = {
      name: 'it',
      type: null,
      timeoutMs,
      fallback: 'hold',
      isShadow: false,
      isHook: false,
    } as const;
    if (filter !== undefined) chain.add({ ...more, filter: filter as never });
    const turn = (names: string[]) => runTurns(desk.store, quiet, names, () => chain.isActive());
    return { filters, chain, ready, turn };
  }
  async function arrive(count: number, domain = 'a.example'): Promise<string[]> {
    const mail = Array.from({ length: count }, () => verified(domain));
    await accepted(desk.store, mail);
    return mail.map(({ facts }) => facts.id);
  }
  const statuses = async () => (await ended(desk.store)).map(({ key, status }) => [key, status]);
  const waiting = async () => (await desk.store.run(sql`select from mail`)).length;

  test('costs nothing where nothing is registered: no statement is about it, and mail is taken as it comes', async () => {
    const { turn, filters, chain } = process();
    await arrive(3);
    desk.statements.length = 0;
    await filters.sweep();
    expect([chain.isActive(), desk.statements]).toEqual([false, []]);
    await turn(['a.example']);
    expect(desk.statements.filter((text) => /lease_until|\bheld\b/.test(text))).toEqual([]);
    expect((await statuses()).map(([, status]) => status)).toEqual(['processed', 'processed', 'processed']);
  });

  test('a turn takes no mail without a verdict, says that there is none to take, and the sweep neither', async () => {
    const { turn, filters } = process(() => undefined);
    await arrive(2);
    const [done] = await turn(['a.example']);
    expect([done?.mails, await waiting()]).toEqual([0, 2]);
    const nowMs = desk.clock.now();
    expect(await stillDirty(desk.store, ['a.example'], nowMs, true)).toEqual([]);
    expect(await sweep(desk.store, nowMs + HOUR_MS, 1_000, 10, true)).toEqual([]);
    filters.mark(['a.example']);
    await filters.settled();
    expect(await stillDirty(desk.store, ['a.example'], nowMs, true)).toEqual(['a.example']);
    await turn(['a.example']);
    expect(await waiting()).toBe(0);
  });

  test('a process that dies while it filters loses nothing: when its lease is over another one takes the mail up', async () => {
    const asked: string[] = [];
    const dead = process(() => new Promise(() => undefined), HOUR_MS);
    const ids = await arrive(3);
    dead.filters.mark(['a.example']);
    const other = process(({ id }) => {
      asked.push(id);
      return undefined;
    });
    await expect
      .poll(async () => (await desk.store.run(sql`select from mail where lease_until is not null`)).length)
      .toBe(3);
    // As long as the lease runs, it is the dead one's.
    other.filters.mark(['a.example']);
    await other.filters.settled();
    expect(asked).toEqual([]);
    desk.clock.advance(2 * HOUR_MS);
    await other.filters.sweep();
    await other.filters.settled();
    expect([asked, other.ready]).toEqual([ids, ['a.example', 'a.example']]);
    await other.turn(['a.example']);
    expect((await statuses()).map(([id]) => id)).toEqual(ids);
  });

  test('a process that is closed while it filters gives the mail back at once, undecided', async () => {
    const closing = process(() => new Promise(() => undefined), HOUR_MS);
    const ids = await arrive(2);
    closing.filters.mark(['a.example']);
    await expect
      .poll(async () => (await desk.store.run(sql`select from mail where lease_until is not null`)).length)
      .toBe(2);
    await closing.filters.close(0);
    const other = process(() => drop('after all'));
    other.filters.mark(['a.example']);
    await other.filters.settled();
    await other.turn(['a.example']);
    expect(await statuses()).toEqual(ids.map((id) => [id, 'dropped']));
  });

  test('two processes ask about each mail once between them, and the first verdict stands', async () => {
    const asked: string[] = [];
    const both = Array.from({ length: 2 }, () =>
      process(async ({ id }) => {
        asked.push(id);
        return undefined;
      }),
    );
    const domains = Array.from({ length: 10 }, (_, n) => `d${n}.example`);
    const ids: string[] = [];
    for (const domain of domains) ids.push(...(await arrive(5, domain)));
    for (const { filters } of both) filters.mark(domains);
    await Promise.all(both.map(({ filters }) => filters.settled()));
    expect(asked.toSorted()).toEqual(ids.toSorted());
  });

  test('while processes run different code, a mail meets the filters of the one that takes it up', async () => {
    const strict = process(() => drop('strict'));
    const old = process();
    const ids = [...(await arrive(1)), ...(await arrive(1))];
    strict.filters.mark(['a.example']);
    await strict.filters.settled();
    ids.push(...(await arrive(1)));
    // A verdict stands, whoever runs the turn; what has none is taken by who needs none.
    await old.turn(['a.example']);
    expect(await statuses()).toEqual([
      [ids[0], 'dropped'],
      [ids[1], 'dropped'],
      [ids[2], 'processed'],
    ]);
  });

  test('the same activity is asked about once, and not again after it has acted', async () => {
    let calls = 0;
    const { filters, turn } = process(() => {
      calls++;
      return undefined;
    });
    const mail = verified('a.example');
    await accepted(desk.store, [mail, { ...mail, inbox: `${US}/users/alice/inbox` }]);
    const run = async () => {
      filters.mark(['a.example']);
      await filters.settled();
      await turn(['a.example']);
    };
    await run();
    await accepted(desk.store, [mail]);
    await run();
    expect([calls, await waiting()]).toEqual([1, 0]);
  });

  test('of two documents that came under one id in the same moment none passes for the other', async () => {
    const { filters, turn } = process(({ content }) => (content === 'spam' ? drop('spam') : undefined));
    const digestOf = (raw: string) => hash('sha256', raw, 'hex');
    const [spam, ham] = ['spam', 'ham'].map((content) => JSON.stringify({ type: 'Create', content })) as [
      string,
      string,
    ];
    const first = verified('a.example', { digest: digestOf(spam) }, { raw: Buffer.from(spam), normal: spam });
    const other = { ...first, raw: Buffer.from(ham), normal: ham };
    await accepted(desk.store, [{ ...other, facts: { ...first.facts, digest: digestOf(ham) } }]);
    await desk.store.run(sql`delete from mail`);
    // Its mail has the lower number, and the document of the other one stands.
    await accepted(desk.store, [first]);
    filters.mark(['a.example']);
    await filters.settled();
    await turn(['a.example']);
    const rows = await desk.store.run(sql`select status, reason from activity`);
    expect(rows).toEqual([{ status: 'held', reason: 'it: another document came under its id' }]);
  });

  test('what is held and comes to inbox after inbox does not grow without end', async () => {
    const { filters, turn } = process(() => hold('who is that?'));
    const addressees = Array.from({ length: 1_000 }, (_, at) => `https://b.example/${'x'.repeat(900)}/${at}`);
    const first = verified('a.example', { addressees });
    for (let n = 0; n < 10; n++) {
      await accepted(desk.store, [{ ...first, inbox: `${US}/users/reader-${n}/inbox` }]);
      filters.mark(['a.example']);
      await filters.settled();
      await turn(['a.example']);
    }
    const [held] = await desk.store.run<{ bytes: number }>(
      sql`select octet_length(mail::text) as bytes from held`,
    );
    expect(held?.bytes).toBeGreaterThan(1_000_000);
    expect(held?.bytes).toBeLessThan(6_000_000);
    expect(await waiting()).toBe(0);
  });

  test('whatever filters say and however long they take, each domain keeps its order and each mail its verdict', async () => {
    const verdict = fc.constantFrom('pass', 'drop', 'reject', 'hold', 'throw' as const);
    const letter = fc.record({
      domain: fc.constantFrom('a.example', 'b.example'),
      verdict,
      ticks: fc.nat(5),
    });
    const STATUS = { pass: 'processed', drop: 'dropped', reject: 'rejected', throw: 'held', hold: 'held' };
    const property = fc.asyncProperty(fc.array(letter, { minLength: 1, maxLength: 40 }), async (letters) => {
      await empty(desk);
      const plan = new Map<string, (typeof letters)[0]>();
      const answers: Record<string, () => FilterVerdict | undefined> = {
        ...{ pass: () => undefined, drop: () => drop('x'), reject: () => reject('x'), hold: () => hold('x') },
        throw() {
          throw new Error('x');
        },
      };
      const { filters, turn } = process(async ({ id }) => {
        const { ticks, verdict: what } = plan.get(id) as (typeof letters)[0];
        for (let n = 0; n < ticks; n++) await new Promise((resolve) => setImmediate(resolve));
        return answers[what]?.();
      });
      for (const one of letters) {
        const mail = verified(one.domain);
        plan.set(mail.facts.id, one);
        await accepted(desk.store, [mail]);
        filters.mark([one.domain]);
        if (one.ticks === 0) await turn(['a.example', 'b.example']);
      }
      await filters.settled();
      for (let left = await waiting(); left > 0; left = await waiting())
        await turn(['a.example', 'b.example']);
      const found = await desk.store.run<{ id: string; status: string }>(
        sql`select activity_id as id, status from activity order by id`,
      );
      const statusOf = new Map(found.map(({ id, status }) => [id, status]));
      for (const [id, one] of plan) expect([id, statusOf.get(id)]).toEqual([id, STATUS[one.verdict]]);
      for (const name of ['a.example', 'b.example']) {
        const order = (await ended(desk.store)).filter(({ domain }) => domain === name).map(({ key }) => key);
        const sent = [...plan].filter(([, one]) => one.domain === name && STATUS[one.verdict] !== 'held');
        expect(order).toEqual(sent.map(([id]) => id));
      }
      for (const one of open.splice(0)) await one.close(20);
    });
    await fc.assert(property, { numRuns: 15, seed });
  });
});
