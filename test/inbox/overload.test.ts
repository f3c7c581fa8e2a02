/** 503 with Retry-After when there is no room or no database, and everything as before when there is again. */
import pg from 'pg';
import { expect, test } from 'vitest';
import { type DatabaseKind, postgresql } from '../databases.ts';
import { like, type Reply } from '../fediverse/index.ts';
import { type Line, layLine } from '../setup/line.ts';
import { ORIGIN, PATIENCE, serve, shells } from './served.ts';

const NOTE = `${ORIGIN}/notes/1`;

function expectOverloaded(reply: Reply): void {
  expect(reply.status).toBe(503);
  expect(reply.headers['content-type']).toBe('application/problem+json');
  expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
  expect(reply.json()).toEqual({
    ...{ type: 'urn:sallyport:problem:overloaded', title: 'Overloaded', status: 503 },
  });
}

test(
  'while the database is away activities are answered 503, and none that was answered 202 is lost',
  async () => {
    let line: Line | undefined;
    const kind: DatabaseKind = {
      name: 'PostgreSQL',
      async open() {
        const { database, drop, ...place } = await postgresql.open();
        line = await layLine(database as string);
        return {
          ...{ ...place, database: line.url },
          async drop() {
            await line?.close();
            await drop();
          },
        };
      },
    };
    await using served = await serve({ kind });
    const ann = await (await served.remote()).actor('ann');
    const before = like(ann.id, NOTE);
    expect((await served.post('/inbox', before, ann)).status).toBe(202);

    await line?.refuse();
    for (const shell of shells) {
      const door = served.through(shell);
      expectOverloaded(await door.post('/inbox', like(ann.id, NOTE), ann, { timeoutMs: 60_000 }));
      expect((await door.ask('GET', '/readyz')).status).toBe(503);
      expect((await door.ask('GET', '/healthz')).status).toBe(200);
    }
    const listed = await served.admin('/domains');
    expect([listed.status, listed.headers['content-type']]).toEqual([503, 'application/problem+json']);

    await line?.restore();
    const after = like(ann.id, NOTE);
    expect((await served.post('/inbox', after, ann)).status).toBe(202);
    await served.inbox.settled();
    for (const { id } of [before, after])
      expect((await served.inbox.activities.get(id)).status).toBe('processed');
    expect((await served.ask('GET', '/readyz')).status).toBe(200);
  },
  PATIENCE,
);

test(
  'when more mail waits than may, activities are answered 503 until some of it is handled',
  async () => {
    await using served = await serve({ kind: postgresql }, { mailboxDepthMax: 2 });
    const remote = await served.remote();
    const ann = await remote.actor('ann');
    expect((await served.post('/inbox', like(ann.id, NOTE), ann)).status).toBe(202);
    await served.inbox.settled();
    // Somebody holds the domain's row: its mail cannot be handled.
    const holder = new pg.Client(served.database);
    await holder.connect();
    await holder.query('begin');
    await holder.query('select 1 from domain where name = $1 for update', [remote.domain]);
    const deadline = performance.now() + 60_000;
    let reply = await served.post('/inbox', like(ann.id, NOTE), ann);
    while (reply.status === 202 && performance.now() < deadline)
      reply = await served.post('/inbox', like(ann.id, NOTE), ann);
    expectOverloaded(reply);
    await holder.query('rollback');
    await holder.end();
    served.clock.advance(2_000);
    do reply = await served.post('/inbox', like(ann.id, NOTE), ann);
    while (reply.status === 503 && performance.now() < deadline);
    expect(reply.status).toBe(202);
  },
  PATIENCE,
);

test(
  'an inbox that has closed answers 503 to what still comes',
  async () => {
    await using served = await serve({ kind: postgresql });
    const ann = await (await served.remote()).actor('ann');
    await served.inbox.close();
    for (const shell of shells)
      expectOverloaded(await served.through(shell).post('/inbox', like(ann.id, NOTE), ann));
    expect((await served.admin('/domains')).status).toBe(503);
  },
  PATIENCE,
);
