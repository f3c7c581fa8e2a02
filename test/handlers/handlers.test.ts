/** User code after COMMIT: in order for each domain, at least once, and one bad handler harms nobody else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Activity, Handler } from '../../src/api.ts';
import { createHandlers, type Handlers } from '../../src/handlers.ts';
import { sql } from '../../src/store/statement.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { databases } from '../databases.ts';
import { accepted, type Desk, empty, openDesk, quiet, US, verified } from '../turn/mail.ts';

const HOUR_MS = 3_600_000;

describe.each(databases)('handlers on $name', (kind) => {
  let desk: Desk;
  const open: Handlers[] = [];
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(() => empty(desk));
  afterAll(() => desk[Symbol.asyncDispose]());

  /** A process that reads for these handlers, from now on. */
  async function reader(by: Record<string, Handler<Activity>>, callMs?: number): Promise<Handlers> {
    const followRequest = () => ({ accept: async () => undefined, reject: async () => undefined });
    const handlers = createHandlers({
      settings: { logger: quiet, origin: US },
      store: desk.store,
      desk: { followRequest, send: async () => undefined },
      ...(callMs === undefined ? {} : { callMs }),
    });
    for (const [name, handler] of Object.entries(by))
      handlers.add({ name, type: null, handler: handler as never });
    await handlers.start();
    open.push(handlers);
    return handlers;
  }
  const end = async (): Promise<void> => {
    for (const handlers of open.splice(0)) await handlers.close(1_000);
  };

  /** Activities that came to their end: `count` of each of these domains, one after the other. */
  async function happen(domains: string[], count: number): Promise<string[]> {
    const mail = Array.from({ length: count }, () => domains.map((domain) => verified(domain))).flat();
    await accepted(desk.store, mail);
    await runTurns(desk.store, quiet, domains);
    return mail.map(({ facts }) => facts.id);
  }
  const letters = () =>
    desk.store.run<{ data: { handler: string } }>(sql`select data, attempts from dead_letter`);

  test('sees what was committed, typed and whole, in the order of each domain', async () => {
    const seen: Activity[] = [];
    const handlers = await reader({ one: (activity) => void seen.push(activity) });
    const ids = await happen(['a.example', 'b.example'], 5);
    await handlers.settled();
    for (const name of ['a.example', 'b.example']) {
      const order = seen.filter(({ actor }) => actor.domain === name).map(({ id }) => id);
      expect(order).toEqual(ids.filter((id) => id.includes(name)));
    }
    expect(seen[0]).toMatchObject({
      type: 'Like',
      actor: { uri: 'https://a.example/users/al', domain: 'a.example', isRemote: true },
      object: { uri: `${US}/notes/1`, isLocal: true },
      status: 'processed',
    });
    await end();
  });

  test('goes on where the last process stopped, and calls nobody twice who had returned', async () => {
    const seen: string[] = [];
    const one = { one: (activity: Activity) => void seen.push(activity.id) };
    const first = await reader(one);
    const before = await happen(['a.example'], 3);
    await first.settled();
    await end();
    const meanwhile = await happen(['a.example'], 3);
    const second = await reader(one);
    await second.settled();
    expect(seen).toEqual([...before, ...meanwhile]);
    await end();
  });

  test('a handler that throws holds back only that domain for that handler, for its tries', async () => {
    const good: string[] = [];
    const moody: string[] = [];
    let isBroken = true;
    const handlers = await reader({
      good: ({ id }) => void good.push(id),
      moody({ id, actor }) {
        if (isBroken && actor.domain === 'a.example') throw new Error('not today');
        moody.push(id);
      },
    });
    const ids = await happen(['a.example', 'b.example'], 2);
    await handlers.settled();
    expect(good.toSorted()).toEqual(ids.toSorted());
    expect(moody).toEqual(ids.filter((id) => id.includes('b.example')));
    // It recovers, and gets what it missed, in order, before what came later.
    isBroken = false;
    const later = await happen(['a.example'], 1);
    await handlers.settled();
    expect(moody.some((id) => id.includes('a.example'))).toBe(false);
    desk.clock.advance(1_000);
    for (let n = 0; n < 4; n++) await handlers.settled();
    expect(moody.filter((id) => id.includes('a.example'))).toEqual([
      ...ids.filter((id) => id.includes('a.example')),
      ...later,
    ]);
    await end();
  });

  test('ten failed tries within an hour or so make a dead letter, and the domain goes on', async () => {
    const tries: number[] = [];
    const after: string[] = [];
    let poisoned = '';
    const handlers = await reader({
      picky({ id }, { attempt }) {
        if (id !== poisoned) return void after.push(id);
        tries.push(attempt);
        throw new Error('never');
      },
    });
    const mail = [verified('a.example'), verified('a.example')];
    poisoned = mail[0]?.facts.id as string;
    await accepted(desk.store, mail);
    await runTurns(desk.store, quiet, ['a.example']);
    const startedMs = desk.clock.now();
    for (let n = 0; n < 200 && (await letters()).length === 0; n++) {
      await handlers.settled();
      desk.clock.advance(30_000);
    }
    expect(tries).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(desk.clock.now() - startedMs).toBeLessThan(1.5 * HOUR_MS);
    expect(await letters()).toMatchObject([{ data: { handler: 'picky' }, attempts: 10 }]);
    await handlers.settled();
    expect(after).toEqual([mail[1]?.facts.id]);
    await end();
  });

  test('a handler that never returns runs out of time, and is told so', async () => {
    const aborted: boolean[] = [];
    const done: string[] = [];
    const handlers = await reader(
      {
        stuck: (_, { signal, attempt }) =>
          attempt > 1
            ? undefined
            : new Promise(() => signal.addEventListener('abort', () => aborted.push(signal.aborted))),
        quick: ({ id }) => void done.push(id),
      },
      50,
    );
    const ids = await happen(['a.example'], 1);
    await handlers.settled();
    expect([aborted, done]).toEqual([[true], ids]);
    await end();
  });

  test('two processes share the work: each activity reaches each handler once', async () => {
    const seen: string[] = [];
    const one = { one: async ({ id }: Activity) => void seen.push(id) };
    const both = [await reader(one), await reader(one)];
    const ids = await happen(['a.example', 'b.example', 'c.example'], 8);
    for (const handlers of both) handlers.poke();
    await Promise.all(both.map((handlers) => handlers.settled()));
    expect(seen.toSorted()).toEqual(ids.toSorted());
    await end();
  });
});
