/** Calls to other servers, and what those may do to them: send slowly, too much, elsewhere, or nothing. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { createRemote, type Remote, type RemoteAnswer, type RemoteLimits } from '../src/remote.ts';
import { remoteDomain } from './fediverse/index.ts';
import { answerOf, rawServer } from './remote/raw-server.ts';

const opened: Remote[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((remote) => remote.close()));
});

function remoteWith(limits: Partial<RemoteLimits> = {}, origin = 'http://localhost:1'): Remote {
  const remote = createRemote({ origin, allowPrivateAddress: true }, { limits });
  opened.push(remote);
  return remote;
}

const faultOf = (answer: RemoteAnswer): string => (answer.ok ? `answered ${answer.status}` : answer.fault);
const bodyOf = (answer: RemoteAnswer): string =>
  answer.ok ? Buffer.from(answer.body).toString() : answer.fault;
const nothing = new Uint8Array();

describe('a fetch', () => {
  test('asks for ActivityStreams, says who asks, and brings back the document and where it was', async () => {
    await using far = await rawServer((socket) =>
      socket.write(answerOf(200, { 'content-type': 'application/activity+json' }, '{"a":1}')),
    );
    const requests: string[] = [];
    await using near = await rawServer((socket, request) => {
      requests.push(request.toLowerCase());
      socket.write(answerOf(302, { location: `${far.origin}/there#part` }, 'moved'));
    });
    const answer = await remoteWith().get(`${near.origin}/here?x=1#key`);
    expect(answer).toMatchObject({ ok: true, status: 200, finalUrl: `${far.origin}/there` });
    expect(bodyOf(answer)).toBe('{"a":1}');
    expect(requests[0]).toContain('get /here?x=1 http/1.1');
    expect(requests[0]).toContain('accept: application/activity+json, application/ld+json');
    expect(requests[0]).toContain('user-agent: sallyport (+http://localhost:1)');
  });

  test('is an answer whatever the status, and a fault when nobody is there', async () => {
    await using far = await rawServer((socket) => socket.write(answerOf(410, {}, 'gone')));
    expect(await remoteWith().get(`${far.origin}/`)).toMatchObject({ ok: true, status: 410 });
    const nobody = await rawServer(() => undefined);
    await nobody[Symbol.asyncDispose]();
    expect(faultOf(await remoteWith().get(`${nobody.origin}/`))).toBe('network');
  });

  test('that is answered with another protocol, or with no HTTP at all, is over at once', async () => {
    const says = (text: string) => rawServer((socket) => void socket.write(text));
    await using switching = await says(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    );
    await using noise = await says('SSH-2.0-OpenSSH_9.7\r\n');
    await using endless = await says(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`);
    for (const { origin } of [switching, noise, endless]) {
      expect(faultOf(await remoteWith().get(`${origin}/`))).toBe('network');
    }
  });

  test('signs each hop anew, so no host sees the signature made for another', async () => {
    const seen: string[] = [];
    const signatureIn = (request: string): string => /signature: (.*)\r/i.exec(request)?.[1] ?? 'none';
    await using second = await rawServer((socket, request) => {
      seen.push(signatureIn(request));
      socket.write(answerOf(200, {}, '{}'));
    });
    await using first = await rawServer((socket, request) => {
      seen.push(signatureIn(request));
      socket.write(answerOf(307, { location: `${second.origin}/` }));
    });
    const signWith = (url: string, headers: Record<string, string>) => ({
      ...headers,
      signature: `for ${url}`,
    });
    await remoteWith().get(`${first.origin}/`, { signWith: [signWith] });
    expect(seen).toEqual([`for ${first.origin}/`, `for ${second.origin}/`]);
  });
});

describe('redirects', () => {
  test('are followed three times, and a fourth one is too many', async () => {
    await using far = await remoteDomain();
    for (let hop = 0; hop < 10; hop++) {
      far.serve(`/${hop}`, (_, response) => response.writeHead(302, { location: `/${hop + 1}` }).end());
    }
    far.serve('/3', (_, response) => response.end('{}'));
    expect(await remoteWith().get(`${far.origin}/0`)).toMatchObject({
      ok: true,
      finalUrl: `${far.origin}/3`,
    });
    const before = far.fetches();
    expect(faultOf(await remoteWith().get(`${far.origin}/4`))).toBe('redirect');
    expect(far.fetches() - before).toBe(4);
  });

  test('that go in a circle, or nowhere, end the fetch', async () => {
    await using far = await remoteDomain();
    const to = (path: string, headers: Record<string, string>) =>
      far.serve(path, (_, response) => response.writeHead(301, headers).end());
    to('/self', { location: '/self#again' });
    to('/a', { location: '/b' });
    to('/b', { location: '/a' });
    to('/lost', {});
    to('/broken', { location: 'http://[' });
    for (const path of ['/self', '/a', '/lost', '/broken']) {
      expect(faultOf(await remoteWith().get(`${far.origin}${path}`))).toBe('redirect');
    }
    expect(far.fetches('/self')).toBe(1);
    expect(far.fetches('/a')).toBe(1);
  });

  test('are not followed by a POST', async () => {
    await using far = await remoteDomain();
    far.serve('/inbox', (_, response) => response.writeHead(308, { location: '/elsewhere' }).end());
    const answer = await remoteWith().post(`${far.origin}/inbox`, {}, Buffer.from('{}'));
    expect(answer).toMatchObject({ ok: true, status: 308 });
    expect(far.received).toEqual([]);
  });
});

describe('the deadline', () => {
  const limits = { deadlineMs: 250 };

  test('ends a fetch however the other side stretches it', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\n';
    // A byte every 20 ms keeps every idle timer quiet; the timer dies with the connection.
    const drip = (start: string) =>
      rawServer((socket) => {
        socket.write(start);
        const timer = setInterval(() => socket.write('a'), 20);
        socket.once('close', () => clearInterval(timer));
      });
    await using headers = await drip(`${head}x-slow: `);
    await using body = await drip(`${head}content-length: 1000000\r\n\r\n`);
    await using silent = await rawServer(() => undefined);
    const startedMs = performance.now();
    const fetches = [headers, body, silent].map(({ origin }) => remoteWith(limits).get(`${origin}/`));
    // A server that takes the connection and never speaks TLS.
    fetches.push(remoteWith(limits).get(`https://127.0.0.1:${silent.port}/`));
    expect((await Promise.all(fetches)).map(faultOf)).toEqual(['timeout', 'timeout', 'timeout', 'timeout']);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    await Promise.all([headers.empty(), body.empty(), silent.empty()]);
  });

  test('is one for all redirects together, and for a name server that does not answer', async () => {
    let asked = 0;
    await using far = await rawServer((socket) => {
      asked++;
      const timer = setTimeout(() => socket.write(answerOf(302, { location: `/${asked}` })), 120);
      socket.once('close', () => clearTimeout(timer));
    });
    expect(faultOf(await remoteWith(limits).get(`${far.origin}/`))).toBe('timeout');
    expect(asked).toBeLessThan(4);

    const policy = { resolve: () => new Promise<never>(() => undefined) };
    const settings = { origin: 'http://localhost:1', allowPrivateAddress: true };
    const stuck = createRemote(settings, { policy, limits });
    opened.push(stuck);
    expect(faultOf(await stuck.get('http://slow.example/'))).toBe('timeout');
  });

  test('also reaches calls that still wait for one of the 32 connections to their host', async () => {
    let heard = 0;
    const full = Promise.withResolvers<void>();
    await using far = await rawServer(() => {
      if (++heard === 32) full.resolve();
    });
    const remote = remoteWith();
    const post = (signal?: AbortSignal) =>
      remote.post(`${far.origin}/`, {}, nothing, signal === undefined ? {} : { signal });
    const ahead = Array.from({ length: 32 }, () => post());
    await full.promise;
    const controller = new AbortController();
    const behind = post(controller.signal);
    controller.abort();
    expect(faultOf(await behind)).toBe('network');
    await remote.close();
    expect(new Set((await Promise.all(ahead)).map(faultOf))).toEqual(new Set(['network']));
    expect(heard).toBe(32);
  });

  test('does not turn a POST that was answered into one that was not', async () => {
    await using far = await rawServer((socket) =>
      socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\nand then nothing'),
    );
    const answer = await remoteWith({ deadlineMs: 8_000 }).post(`${far.origin}/`, {}, nothing);
    expect(answer).toMatchObject({ ok: true, status: 202 });
  });
});

describe('a body', () => {
  const limits = { bytesMax: 10_000 };
  const served = async (
    headers: Record<string, string>,
    body: Uint8Array | string,
  ): Promise<RemoteAnswer> => {
    await using far = await rawServer((socket) => socket.write(answerOf(200, headers, body)));
    return await remoteWith(limits).get(`${far.origin}/`);
  };

  test('may be as long as the limit, and not one byte longer, said or unsaid', async () => {
    expect(bodyOf(await served({}, 'a'.repeat(10_000)))).toHaveLength(10_000);
    expect(faultOf(await served({}, 'a'.repeat(10_001)))).toBe('too-large');
    await using far = await remoteDomain();
    let sent = 0;
    far.serve('/endless', (_, response) => {
      const more = (): void => {
        for (; !response.destroyed && response.write('a'.repeat(1_000)); sent += 1_000);
      };
      response.on('drain', more);
      more();
    });
    expect(faultOf(await remoteWith(limits).get(`${far.origin}/endless`))).toBe('too-large');
    expect(sent).toBeLessThan(10_000_000);
  });

  test('is inflated, and counted as it is after that', async () => {
    const gzip = { 'content-encoding': 'gzip' };
    const brotli = { 'content-encoding': 'br' };
    expect(bodyOf(await served(gzip, gzipSync('{"a":1}')))).toBe('{"a":1}');
    expect(bodyOf(await served(brotli, brotliCompressSync('{"a":1}')))).toBe('{"a":1}');
    const bomb = Buffer.alloc(5_000_000);
    expect(gzipSync(bomb).length).toBeLessThan(10_000);
    expect(faultOf(await served(gzip, gzipSync(bomb)))).toBe('too-large');
    expect(faultOf(await served(brotli, brotliCompressSync(bomb)))).toBe('too-large');
    // Many small members make one long body.
    const members = Buffer.concat(Array(200).fill(gzipSync('a'.repeat(100))));
    expect(faultOf(await served(gzip, members.subarray(0, 9_000)))).toBe('too-large');
  });

  test('that cannot be inflated is a fault, and a bomb inside a bomb is not even tried', async () => {
    const twice = gzipSync(gzipSync(Buffer.alloc(5_000_000)));
    expect(faultOf(await served({ 'content-encoding': 'gzip, gzip' }, twice))).toBe('network');
    expect(faultOf(await served({ 'content-encoding': 'zstd' }, 'abc'))).toBe('network');
    expect(faultOf(await served({ 'content-encoding': 'constructor' }, 'abc'))).toBe('network');
    expect(faultOf(await served({ 'content-encoding': 'gzip' }, 'no gzip'))).toBe('network');
    expect(faultOf(await served({ 'content-encoding': 'gzip' }, ''))).toBe('answered 200');
  });

  test('of an error is not wanted: long, broken or endless, the status counts', async () => {
    const asked = async (status: number, headers: Record<string, string>, body: string | Uint8Array) => {
      await using far = await rawServer((socket) => socket.write(answerOf(status, headers, body)));
      return faultOf(await remoteWith(limits).get(`${far.origin}/`));
    };
    expect(await asked(410, {}, 'a'.repeat(200_000))).toBe('answered 410');
    expect(await asked(410, { 'content-encoding': 'gzip' }, 'no gzip')).toBe('answered 410');
    expect(await asked(503, { 'content-length': '100' }, 'never whole')).toBe('answered 503');
  });
});

describe('the budget', () => {
  test('lets so many fetches run at one host, and so many in all, and gives places back', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const hosts = await Promise.all([remoteDomain(), remoteDomain(), remoteDomain()]);
    for (const host of hosts) host.serve('/', (_, response) => void gate.then(() => response.end('{}')));
    const [one, two, three] = hosts.map(({ origin }) => `${origin}/`) as [string, string, string];
    const remote = remoteWith({ fetchesMax: 3, fetchesPerHostMax: 2 });

    const running = [remote.get(one), remote.get(one)];
    expect(await remote.get(one)).toMatchObject({ ok: false, fault: 'budget' });
    running.push(remote.get(two));
    expect(faultOf(await remote.get(three))).toBe('budget');
    release();
    expect((await Promise.all(running)).map(faultOf)).toEqual(Array(3).fill('answered 200'));
    expect(faultOf(await remote.get(three))).toBe('answered 200');
    expect(faultOf(await remote.get(one))).toBe('answered 200');
    for (const host of hosts) await host.close();
  });

  test('gets its place back from a fetch that failed', async () => {
    await using far = await rawServer((socket) => void socket.destroy());
    const remote = remoteWith({ fetchesMax: 1 });
    for (let n = 0; n < 5; n++) expect(faultOf(await remote.get(`${far.origin}/`))).toBe('network');
  });
});

describe('our own origin', () => {
  test('is never asked, however it is spelled', async () => {
    await using us = await rawServer((socket) => socket.write(answerOf(200, {}, '{}')));
    const remote = remoteWith({}, `http://localhost:${us.port}`);
    const names = [
      'localhost',
      'LOCALHOST.',
      'us.localhost',
      '127.0.0.1',
      '2130706433',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ];
    for (const name of [...names, '0.0.0.0']) {
      const url = `http://${name}:${us.port}/users/alice`;
      expect.soft(faultOf(await remote.get(url)), url).toBe('own-origin');
      expect.soft(faultOf(await remote.post(url, {}, nothing)), url).toBe('own-origin');
      expect.soft(remote.isAllowed(url), url).toBe(false);
    }
    await using far = await remoteDomain();
    far.serve('/', (_, response) =>
      response.writeHead(302, { location: `http://localhost:${us.port}/` }).end(),
    );
    expect(faultOf(await remote.get(`${far.origin}/`))).toBe('own-origin');
    expect(us.connections).toBe(0);
  });

  test('is not a neighbour on another port, or on another loopback address', () => {
    const remote = remoteWith({}, 'http://127.0.0.1:4680');
    expect(remote.isAllowed('http://127.0.0.1:4681/')).toBe(true);
    expect(remote.isAllowed('http://127.0.0.2:4680/')).toBe(true);
    const named = createRemote({ origin: 'https://us.example', allowPrivateAddress: false });
    opened.push(named);
    expect(named.isAllowed('https://us.example./x')).toBe(false);
    expect(named.isAllowed('https://other.us.example/x')).toBe(true);
  });
});

describe('a kept connection', () => {
  test('is used again', async () => {
    await using far = await rawServer((socket) => socket.write(answerOf(200, {}, '{}')));
    const remote = remoteWith();
    for (let n = 0; n < 3; n++) await remote.get(`${far.origin}/${n}`);
    await remote.post(`${far.origin}/`, {}, Buffer.from('{}'));
    expect(far.connections).toBe(1);
  });

  test('that the other side drops in that moment costs nothing, also when all kept ones are dead', async () => {
    const answered = new Map<number, number>();
    let posted = 0;
    await using far = await rawServer((socket, request, connection) => {
      const before = answered.get(connection) ?? 0;
      answered.set(connection, before + 1);
      // Every connection is good for one request, and resets at the second.
      if (before > 0) return void socket.resetAndDestroy();
      if (request.startsWith('POST')) posted++;
      socket.write(answerOf(200, {}, '{}'));
    });
    const remote = remoteWith();
    await Promise.all([1, 2, 3].map((n) => remote.get(`${far.origin}/${n}`)));
    expect(far.connections).toBe(3);
    expect(faultOf(await remote.get(`${far.origin}/again`))).toBe('answered 200');
    expect(faultOf(await remote.post(`${far.origin}/again`, {}, Buffer.from('{}')))).toBe('answered 200');
    expect(posted).toBe(1);
  });

  test('is not tried twice when a new connection is reset: that is the answer', async () => {
    await using far = await rawServer((socket) => void socket.resetAndDestroy());
    expect(faultOf(await remoteWith().get(`${far.origin}/`))).toBe('network');
    expect(far.connections).toBe(1);
  });
});

describe('close', () => {
  test('ends every call under way, drops every connection, and refuses what comes after', async () => {
    const asked = Promise.withResolvers<void>();
    let count = 0;
    await using far = await rawServer(() => {
      if (++count === 3) asked.resolve();
    });
    await using kept = await rawServer((socket) => socket.write(answerOf(200, {}, '{}')));
    const remote = remoteWith();
    await remote.get(`${kept.origin}/`);
    const calls = [
      remote.get(`${far.origin}/1`),
      remote.get(`${far.origin}/2`),
      remote.post(`${far.origin}/3`, {}, nothing),
    ];
    await asked.promise;
    await remote.close();
    expect((await Promise.all(calls)).map(faultOf)).toEqual(['network', 'network', 'network']);
    await Promise.all([far.empty(), kept.empty()]);
    expect(faultOf(await remote.get(`${far.origin}/`))).toBe('network');
    expect(count).toBe(3);
  });

  test('by the caller’s own signal ends that call only', async () => {
    const asked = Promise.withResolvers<void>();
    await using far = await rawServer(() => asked.resolve());
    const remote = remoteWith();
    const controller = new AbortController();
    const call = remote.post(`${far.origin}/`, {}, nothing, { signal: controller.signal });
    await asked.promise;
    controller.abort();
    expect(faultOf(await call)).toBe('network');
    expect(faultOf(await remote.get(`${far.origin}/`, { signal: controller.signal }))).toBe('network');
    expect(far.connections).toBe(1);
  });
});
