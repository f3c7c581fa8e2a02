/**
 * Rows of the service committed with a handler's progress: exactly once, whatever dies when. A process that dies is a
 * reader whose call never comes back and whose lease nobody renews; the clock is moved past its end.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Activity, Handler } from '../../src/api.ts';
import { createHandlers, type Handlers } from '../../src/handlers.ts';
import { sql } from '../../src/store/statement.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { databases } from '../databases.ts';
import { accepted, counted, type Desk, empty, openDesk, quiet, US, verified } from '../turn/mail.ts';

const LEASE_MS = 10_000;

describe.each(databases)('a transaction of a handler on $name', (kind) => {
  let desk: Desk;
  const open: Handlers[] = [];
  beforeAll(async () => {
    desk = await openDesk(kind);
    await desk.store.run(sql`create table liked (id text not null)`);
  });
  beforeEach(async () => {
    await empty(desk);
    await desk.store.run(sql`delete from liked`);
  });
  afterEach(async () => {
    for (const handlers of open.splice(0)) await handlers.close(50);
  });
  afterAll(() => desk[Symbol.asyncDispose]());

  async function reader(handler: Handler<Activity>, callMs?: number): Promise<Handlers> {
    const followRequest = () => ({ accept: async () => undefined, reject: async () => undefined });
    const handlers = createHandlers({
      settings: { logger: quiet, origin: US },
      store: desk.store,
      desk: { followRequest, send: async () => undefined },
      ...(callMs === undefined ? {} : { callMs }),
    });
    handlers.add({ name: 'one', type: null, handler: handler as never });
    await handlers.start();
    open.push(handlers);
    return handlers;
  }
  async function happen(count: number, domain = 'a.example'): Promise<string[]> {
    const mail = Array.from({ length: count }, () => verified(domain));
    await accepted(desk.store, mail);
    await runTurns(desk.store, quiet, [domain]);
    return mail.map(({ facts }) => facts.id);
  }
  const rows = async () =>
    (await desk.store.run<{ id: string }>(sql`select id from liked order by id`)).map(({ id }) => id);
  const insert: Handler<Activity> = ({ id }, { transaction }) =>
    transaction((tx) => tx.execute('insert into liked (id) values ($1)', [id]));

  test('commits its rows, and its marks are gone when the position has passed them', async () => {
    const handlers = await reader(insert);
    const ids = await happen(5);
    await handlers.settled();
    expect(await rows()).toEqual(ids.toSorted());
    await handlers.settled();
    expect(await counted(desk.store, 'handler_call')).toBe(0);
  });

  test('that a process commits and dies after is not done again by the next one', async () => {
    const committed = Promise.withResolvers<void>();
    const calls: string[] = [];
    // It commits, and then the process is gone: nothing after the COMMIT ever happens.
    const dead = await reader(async (activity, context) => {
      await insert(activity, context);
      committed.resolve();
      await new Promise(() => undefined);
    });
    const ids = await happen(3);
    dead.poke();
    await committed.promise;
    expect(await rows()).toEqual([ids[0]]);
    desk.clock.advance(LEASE_MS);
    const next = await reader((activity, context) => {
      calls.push(activity.id);
      return insert(activity, context);
    });
    await expect
      .poll(
        async () => {
          desk.clock.advance(LEASE_MS);
          await next.settled();
          return rows();
        },
        { timeout: 20_000 },
      )
      .toEqual(ids.toSorted());
    // The first one was not even called for again.
    expect(calls).toEqual(ids.slice(1));
  });

  test('that fails is rolled back whole, and tried again with its call', async () => {
    const attempts: number[] = [];
    const handlers = await reader(async ({ id }, { transaction, attempt }) => {
      attempts.push(attempt);
      await transaction(async (tx) => {
        await tx.execute('insert into liked (id) values ($1)', [id]);
        if (attempt === 1) throw new Error('in the middle');
        if (attempt === 2) await tx.execute('select nothing from nowhere').catch(() => undefined);
      });
    });
    const ids = await happen(1);
    for (let n = 0; n < 3; n++) {
      await handlers.settled();
      desk.clock.advance(10_000);
    }
    expect([attempts, await rows()]).toEqual([[1, 2, 3], ids]);
  });

  test('that is committed stands, whatever its handler throws afterwards', async () => {
    let calls = 0;
    const handlers = await reader(async (activity, context) => {
      calls++;
      await insert(activity, context);
      throw new Error('too late');
    });
    const ids = await happen(1);
    for (let n = 0; n < 3; n++) {
      await handlers.settled();
      desk.clock.advance(10_000);
    }
    expect([calls, await rows()]).toEqual([1, ids]);
  });

  test('ends after two seconds, with nothing of it kept', async () => {
    const handlers = await reader(async (activity, context) => {
      await context.transaction(async (tx) => {
        await tx.execute('insert into liked (id) values ($1)', [activity.id]);
        await new Promise(() => undefined);
      });
    });
    await happen(1);
    const startedMs = performance.now();
    await handlers.settled();
    expect(performance.now() - startedMs).toBeGreaterThan(1_900);
    expect(await rows()).toEqual([]);
  });

  test('cannot be ended from inside, nor be used after its end, and there is one for each call', async () => {
    const problems: unknown[] = [];
    const note = (error: { code?: string }) => void problems.push(error.code);
    const handlers = await reader(async (_, { transaction }) => {
      await transaction((tx) => tx.execute('  commit')).catch(note);
      let kept: Parameters<Parameters<typeof transaction>[0]>[0] | undefined;
      await transaction(async (tx) => {
        kept = tx;
      });
      await kept?.execute('select 1').catch(note);
      await transaction((tx) => tx.execute('select 1')).catch(note);
    });
    await happen(1);
    await handlers.settled();
    expect(problems).toEqual(['ERR_INVALID', 'ERR_INVALID', 'ERR_INVALID']);
  });

  test('of many domains side by side does not wait for itself', async () => {
    const handlers = await reader(insert);
    const ids: string[] = [];
    for (let n = 0; n < 12; n++) ids.push(...(await happen(2, `d${n}.example`)));
    await handlers.settled();
    expect(await rows()).toEqual(ids.toSorted());
  });
});
