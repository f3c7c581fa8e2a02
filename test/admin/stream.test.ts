/** The log of transitions as Server-Sent Events: live, resumed without gap, bounded, and given back. */
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import { HOST, PATIENCE, type Served, serve } from '../inbox/served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve({ kind: pglite });
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

interface Heard {
  readonly id: number;
  readonly event: string;
  readonly data: { readonly seq: number; readonly key: string; readonly to: string };
}
interface Listening extends Disposable {
  readonly status: number;
  readonly contentType: string | undefined;
  /** The next event; rejects after a deadline. */
  next(): Promise<Heard>;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
}

/** Opens the stream as a browser does. */
async function listen(query = '', headers: Readonly<Record<string, string>> = {}): Promise<Listening> {
  const [hostname, port] = served.address.split(':');
  const options = {
    ...{ hostname, port, path: `/admin/api/stream${query}`, agent: false as const },
    headers: { host: HOST, authorization: 'Bearer viewer-token', ...headers },
  };
  const outgoing = request(options);
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.on('response', resolve).on('error', reject).end(),
  );
  const heard: Heard[] = [];
  let wake: () => void = () => undefined;
  let rest = '';
  response.on('data', (chunk: Buffer) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() as string;
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      const data = fields.get('data');
      if (data === undefined) continue;
      heard.push({ id: Number(fields.get('id')), event: fields.get('event') ?? '', data: JSON.parse(data) });
      wake();
    }
  });
  const ended = new Promise<void>((resolve) => response.on('close', () => resolve()));
  return {
    ...{ status: response.statusCode ?? 0, contentType: response.headers['content-type'], ended },
    async next() {
      const signal = AbortSignal.timeout(20_000);
      while (heard.length === 0) {
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          signal.addEventListener('abort', () => reject(new Error('no event came')), { once: true });
        });
      }
      return heard.shift() as Heard;
    },
    [Symbol.dispose]: () => void outgoing.destroy(),
  };
}

const block = (domain: string) => served.inbox.domains.block(domain, { reason: 'x' });

test('a transition is heard as it happens, with its number as the id', async () => {
  using stream = await listen();
  expect([stream.status, stream.contentType]).toEqual([200, 'text/event-stream']);
  await block('a.example');
  const { id, event, data } = await stream.next();
  expect([event, data.key, data.to, data.seq]).toEqual(['transition', 'a.example', 'blocked', id]);
});

test('a client that comes back with Last-Event-ID hears all that it missed, once, and then what follows', async () => {
  let last: number;
  {
    using stream = await listen();
    await block('b.example');
    last = (await stream.next()).id;
  }
  for (const name of ['c.example', 'd.example', 'e.example']) await block(name);
  using again = await listen('', { 'last-event-id': String(last) });
  const keys = [await again.next(), await again.next(), await again.next()].map(({ data }) => data.key);
  expect(keys).toEqual(['c.example', 'd.example', 'e.example']);
  await block('f.example');
  expect((await again.next()).data.key).toBe('f.example');
  // The header counts for more than the query, which a browser repeats as it was.
  using both = await listen('?since=0', { 'last-event-id': String(last) });
  expect((await both.next()).data.key).toBe('c.example');
  using fromStart = await listen('?since=0');
  expect((await fromStart.next()).data.key).toBe('a.example');
});

test('a client hears only the machine and the state that it asked for', async () => {
  using stream = await listen('?machine=domain&to=active');
  using other = await listen('?machine=follow-request');
  await block('g.example');
  await served.inbox.domains.unblock('g.example');
  expect((await stream.next()).data).toMatchObject({ key: 'g.example', to: 'active' });
  await served.inbox.domains.block('g.example', { reason: 'again' });
  await served.inbox.domains.reset('g.example');
  expect((await stream.next()).data).toMatchObject({ key: 'g.example', to: 'active' });
  expect(other.status).toBe(200);
});

test('what cannot be resumed from is refused', async () => {
  for (const id of ['x', '-1', '1.5', '99999999999999999999']) {
    using stream = await listen('', { 'last-event-id': id });
    expect([id, stream.status, stream.contentType]).toEqual([id, 400, 'application/problem+json']);
  }
  for (const query of ['?since=x', '?machine=nothing', '?to=asleep']) {
    using stream = await listen(query);
    expect([query, stream.status]).toEqual([query, 400]);
  }
  using stranger = await listen('', { authorization: 'Bearer nobody' });
  expect(stranger.status).toBe(401);
});

test('64 clients listen at once; one more is asked to come again, and finds a place when one has left', async () => {
  const clients: Listening[] = [];
  try {
    for (let n = 0; n < 64; n++) clients.push(await listen());
    expect(clients.map(({ status }) => status)).toEqual(Array(64).fill(200));
    using late = await listen();
    expect([late.status, late.contentType]).toEqual([503, 'application/problem+json']);
    clients.shift()?.[Symbol.dispose]();
    // The server hears of it a moment later.
    const deadline = performance.now() + 10_000;
    for (let status = 503; status !== 200; ) {
      using stream = await listen();
      status = stream.status;
      expect(performance.now()).toBeLessThan(deadline);
    }
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

test(
  'the stream ends when the inbox closes',
  async () => {
    using stream = await listen();
    await served.inbox.close();
    await stream.ended;
    expect(served.errors).toEqual([]);
  },
  PATIENCE,
);
