/** An app that reads bodies itself: the signature covers the raw bytes, and a body can be read only once. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createInbox, type Inbox, SallyportError } from '../../src/index.ts';
import { toNodeHandler } from '../../src/web/node.ts';
import { pglite } from '../databases.ts';
import {
  like,
  post,
  type RemoteActor,
  type RemoteDomain,
  type Reply,
  remoteDomain,
} from '../fediverse/index.ts';
import { databaseOf } from '../peers/door.ts';
import { NEIGHBOURHOOD_MS } from '../peers/neighbourhood.ts';

const activityJson = ['application/json', 'application/activity+json'];

describe('a body parser before the inbox', () => {
  let inbox: Inbox;
  let remote: RemoteDomain;
  let sender: RemoteActor;
  let app: RequestListener;
  const closing = new AsyncDisposableStack();
  const faults: unknown[] = [];
  const collect: ErrorRequestHandler = (error, _, response, _next) => {
    faults.push(error);
    response.status(500).end();
  };

  beforeAll(async () => {
    const server = createServer((request, response) => app(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.defer(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const place = await databaseOf(pglite, origin);
    closing.defer(() => place.drop());
    remote = closing.use(await remoteDomain());
    sender = await remote.actor('rosa');
    const { database, dataDirectory } = place;
    inbox = closing.use(
      createInbox({
        ...{ origin, database, dataDirectory, allowPrivateAddress: true, workers: 1 },
        ...{ actorPath: '/ap/actors/:id', actors: { alice: {} } },
      }),
    );
    await inbox.start();
  }, NEIGHBOURHOOD_MS);
  afterAll(() => closing.disposeAsync());
  beforeEach(() => {
    faults.length = 0;
  });

  /** A signed Like for alice; the deadline of `post` makes a hanging answer a failure. */
  const send = (): Promise<Reply> => {
    const alice = `${inbox.origin}/ap/actors/alice`;
    return post(`${alice}/inbox`, like(sender.id, `${inbox.origin}/notes/1`), sender, { timeoutMs: 8_000 });
  };
  const onExpress = (build: (app: Express) => void): void => {
    const built = express();
    build(built);
    built.use(collect);
    app = built;
  };
  const expectConsumed = (hint: RegExp): void => {
    expect(faults).toHaveLength(1);
    expect(faults[0]).toBeInstanceOf(SallyportError);
    expect(faults[0]).toMatchObject({ code: 'ERR_BODY_CONSUMED', hint: expect.stringMatching(hint) });
  };

  test('in Express, the app hears at once what is wrong and what to do', async () => {
    onExpress((built) => built.use(express.json({ type: activityJson }), toNodeHandler(inbox)));
    expect((await send()).status).toBe(500);
    expectConsumed(/before the body parser.*rawBody/);
  });

  test('in Express, it works when the parser keeps the bytes', async () => {
    onExpress((built) => {
      built.use(
        express.json({
          type: activityJson,
          verify: (request, _, bytes) => Object.assign(request, { rawBody: bytes }),
        }),
        toNodeHandler(inbox),
      );
    });
    expect((await send()).status).toBe(202);
    expect(faults).toEqual([]);
  });

  test('in Express, a parser for other types does not disturb', async () => {
    onExpress((built) => built.use(express.json(), toNodeHandler(inbox)));
    expect((await send()).status).toBe(202);
  });

  test('a parser that sets an empty body without reading one does not disturb, as in Express 4', async () => {
    onExpress((built) => {
      built.use((request, _, next) => {
        request.body = {};
        next();
      });
      built.use(toNodeHandler(inbox));
    });
    expect((await send()).status).toBe(202);
  });

  test('in Express, a mounted handler signs and matches the whole path', async () => {
    onExpress((built) => {
      built.use('/ap', toNodeHandler(inbox));
      built.get('/ap/page', (_, response) => void response.send('a page of the app'));
    });
    expect((await send()).status).toBe(202);
    const page = await fetch(`${inbox.origin}/ap/page`);
    expect([page.status, await page.text()]).toEqual([200, 'a page of the app']);
  });

  test('on plain node:http, the answer is a 500 and a warning names the code', async () => {
    const warned = once(process, 'warning');
    const handler = toNodeHandler(inbox);
    app = (request, response) => void request.resume().once('end', () => handler(request, response));
    expect((await send()).status).toBe(500);
    expect((await warned)[0]).toMatchObject({ code: 'ERR_BODY_CONSUMED' });
  });

  const onHono = (read: (request: Request) => Promise<unknown>): void => {
    const built = new Hono();
    built.use(async (c, next) => {
      await read(c.req.raw);
      await next();
    });
    built.all('*', (c) => inbox.fetch(c.req.raw));
    built.onError((error, c) => {
      faults.push(error);
      return c.body(null, 500);
    });
    app = getRequestListener(built.fetch, { overrideGlobalObjects: false });
  };

  test('in Hono, the app hears at once what is wrong and what to do', async () => {
    onHono((request) => request.json());
    expect((await send()).status).toBe(500);
    expectConsumed(/untouched Request, or a clone/);
  });

  test('in Hono, it works when a clone was read', async () => {
    onHono((request) => request.clone().json());
    expect((await send()).status).toBe(202);
    expect(faults).toEqual([]);
  });
});
