/** Real processes, really killed: a row that a handler commits with its progress is there exactly once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Activity, Handler } from '../../src/api.ts';
import { createHandlers } from '../../src/handlers.ts';
import { insertConsumer } from '../../src/store/consumers.ts';
import { sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { postgresql } from '../databases.ts';
import { accepted, handClock, quiet, US, verified } from '../turn/mail.ts';

const PATIENCE = 180_000;

test(
  'killed inside of a transaction it did nothing, killed right after COMMIT it is not done again',
  async () => {
    const place = await postgresql.open();
    const { database = '' } = place;
    // Its clock is years ahead: what the dead have leased is over for it.
    const store = await openStore(
      { database, dataDirectory: '', origin: US, logger: quiet },
      { clock: handClock() },
    );
    const rows = async () =>
      (await store.run<{ id: string }>(sql`select id from liked order by id`)).map(({ id }) => id);
    await store.run(sql`create table liked (id text not null)`);
    await insertConsumer(store, 'one');
    const mail = [1, 2, 3].map(() => verified('a.example'));
    const ids = mail.map(({ facts }) => facts.id);
    await accepted(store, mail);
    await runTurns(store, quiet, ['a.example']);

    async function kill(when: 'inside' | 'after'): Promise<void> {
      const script = new URL('killed-process.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, [script, database, US, when], { stdio: 'inherit' });
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
      await store.run(sql`update consumer set lease_until = null, lease_owner = null`);
    }
    await kill('inside');
    // The server ends the transaction as soon as it sees that nobody is there.
    expect(await rows()).toEqual([]);
    await kill('after');
    await expect.poll(rows, { timeout: 20_000 }).toEqual([ids[0]]);

    const called: string[] = [];
    const insert: Handler<Activity> = ({ id }, { transaction }) => {
      called.push(id);
      return transaction((tx) => tx.execute('insert into liked (id) values ($1)', [id]));
    };
    const handlers = createHandlers({
      ...{ settings: { logger: quiet, origin: US }, store },
      desk: {
        followRequest: () => ({ accept: async () => undefined, reject: async () => undefined }),
        send: async () => undefined,
      },
    });
    handlers.add({ name: 'one', type: null, handler: insert as never });
    await handlers.start();
    await handlers.settled();
    expect([called, await rows()]).toEqual([ids.slice(1), ids.toSorted()]);
    await handlers.close(1_000);
    await store.close();
    await place.drop();
  },
  PATIENCE,
);
