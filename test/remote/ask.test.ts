/** Questions to a service that the operator has configured, which may be where no stranger's URL may lead. */
import { afterEach, describe, expect, test } from 'vitest';
import { createRemote, type Remote, type RemoteAnswer, type RemoteParts } from '../../src/remote.ts';
import { answerOf, rawServer } from './raw-server.ts';

const opened: Remote[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((remote) => remote.close()));
});

function remoteWith(parts: RemoteParts = {}, origin = 'https://us.example'): Remote {
  const remote = createRemote({ origin, allowPrivateAddress: false }, parts);
  opened.push(remote);
  return remote;
}
const options = () => ({ signal: AbortSignal.timeout(10_000), bytesMax: 1_000 });
const faultOf = (answer: RemoteAnswer): string => (answer.ok ? `answered ${answer.status}` : answer.fault);

describe('a question to the operator’s own service', () => {
  test('reaches a private address over plain http, also on our own origin, and brings back the answer', async () => {
    const requests: string[] = [];
    await using near = await rawServer((socket, request) => {
      requests.push(request);
      socket.write(answerOf(200, {}, '{"verdict":"accept"}'));
    });
    const remote = remoteWith({}, near.origin);
    const answer = await remote.ask(`${near.origin}/check`, { text: 'ü' }, options());
    expect(answer.ok && Buffer.from(answer.body).toString()).toBe('{"verdict":"accept"}');
    expect(requests[0]).toMatch(/^POST \/check HTTP\/1\.1\r\n/);
    expect(Buffer.from(requests[0]?.split('\r\n\r\n')[1] ?? '', 'latin1').toString()).toBe('{"text":"ü"}');
    expect(faultOf(await remote.get(`${near.origin}/check`))).not.toBe('answered 200');
  });

  test('follows no redirect, takes no more than it was told to, and ends with its signal', async () => {
    await using near = await rawServer((socket, request) => {
      if (request.startsWith('POST /moved')) socket.write(answerOf(302, { location: '/there' }, ''));
      if (request.startsWith('POST /long')) socket.write(answerOf(200, {}, 'x'.repeat(1_001)));
    });
    const remote = remoteWith();
    const ask = (path: string, more = options()) => remote.ask(near.origin + path, {}, more);
    expect(faultOf(await ask('/moved'))).toBe('answered 302');
    expect(faultOf(await ask('/long'))).toBe('too-large');
    const controller = new AbortController();
    const hanging = ask('/never', { ...options(), signal: controller.signal });
    controller.abort();
    expect(faultOf(await hanging)).toBe('network');
  });

  test('may be a GET, with headers of its own', async () => {
    const requests: string[] = [];
    await using near = await rawServer((socket, request) => {
      requests.push(request);
      if (request.startsWith('GET /moved')) socket.write(answerOf(302, { location: '/there' }, ''));
      else socket.write(answerOf(200, { etag: '"1"' }, 'x'.repeat(request.includes('/long') ? 1_001 : 3)));
    });
    const remote = remoteWith({}, near.origin);
    const answer = await remote.read(`${near.origin}/list`, { authorization: 'Bearer secret' }, options());
    expect(answer).toMatchObject({ ok: true, status: 200, headers: { etag: '"1"' } });
    expect(answer.ok && Buffer.from(answer.body).toString()).toBe('xxx');
    expect(requests[0]).toMatch(/^GET \/list HTTP\/1\.1\r\n/);
    expect(requests[0]).toMatch(/authorization: Bearer secret\r\n/i);
    expect(faultOf(await remote.read(`${near.origin}/moved`, {}, options()))).toBe('answered 302');
    expect(faultOf(await remote.read(`${near.origin}/long`, {}, options()))).toBe('too-large');
  });

  test('leaves no connection behind on which a stranger’s URL would come to the same place', async () => {
    await using near = await rawServer((socket) => socket.write(answerOf(200, {}, '{}')));
    // A name of the public DNS that leads to a private address: where the operator may ask, nobody else may.
    const policy = { isAnyPortAllowed: true, isAnyNameAllowed: true, isAddressAllowed: () => false };
    const remote = remoteWith({ policy });
    const url = `http://classifier.localhost:${near.port}/`;
    expect(faultOf(await remote.ask(url, {}, options()))).toBe('answered 200');
    expect(faultOf(await remote.get(url))).toBe('address');
    expect(near.connections).toBe(1);
  });
});
