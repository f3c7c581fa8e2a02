/** Every answer that a peer can get at an inbox, provoked for real over TCP, through both shells. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import { bytesOf, like, type RemoteActor, type Reply, rsaKey, signedHeaders } from '../fediverse/index.ts';
import {
  type Door,
  HOST,
  ORIGIN,
  PATIENCE,
  type Served,
  type Shell,
  serve,
  shells,
  type TestClock,
} from './served.ts';

const NOTE = `${ORIGIN}/notes/1`;

/** A refusal is a problem document with a stable type, the same status in head and body, and nothing of our inside. */
function expectProblem(reply: Reply, status: number, type: string): void {
  expect(reply.json()).toEqual({
    type: `urn:sallyport:problem:${type}`,
    title: expect.any(String),
    status,
  });
  expect(reply.status).toBe(status);
  expect(reply.headers['content-type']).toBe('application/problem+json');
}

let served: Served;
let ann: RemoteActor;
const slow = new Map<Shell, Promise<string>>();
beforeAll(async () => {
  served = await serve({ kind: pglite });
  ann = await (await served.remote()).actor('ann');
  for (const shell of shells) slow.set(shell, slowBody(served.through(shell), served.clock, ann));
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

describe.each(shells)('at the door (%s)', (shell) => {
  let door: Door;
  beforeAll(() => {
    door = served.through(shell);
  });

  test('a signed activity is answered 202 with nothing else, and is there', async () => {
    const activity = like(ann.id, NOTE);
    const reply = await door.post('/inbox', activity, ann);
    expect([reply.status, reply.body]).toEqual([202, '']);
    expect(await served.inbox.activities.get(activity.id)).toMatchObject({ activityId: activity.id });
  });

  test('400 for a signed body that is no activity', async () => {
    expectProblem(await door.post('/inbox', { hello: 'world' }, ann), 400, 'not-an-activity');
  });

  test('401 without a signature, with a stranger’s, and when the body was changed', async () => {
    const activity = like(ann.id, NOTE);
    const { privateKey } = await rsaKey();
    const headers = signedHeaders('POST', `${ORIGIN}/inbox`, bytesOf(activity), ann, {
      date: new Date(served.clock.now()),
    });
    const changed = await door.ask('POST', '/inbox', headers, bytesOf({ ...activity, type: 'Announce' }));
    for (const reply of [
      await door.post('/inbox', activity, null),
      await door.post('/inbox', activity, { keyId: ann.keyId, privateKey }),
      changed,
    ])
      expectProblem(reply, 401, 'not-authenticated');
  });

  test('401 when somebody signs for another actor, and for an id that is not on the actor’s origin', async () => {
    const bea = await (await served.remote()).actor('bea');
    expectProblem(await door.post('/inbox', like(bea.id, NOTE), ann), 401, 'not-authenticated');
    const elsewhere = { ...like(ann.id, NOTE), id: `${bea.id}#likes/1` };
    expectProblem(await door.post('/inbox', elsewhere, ann), 401, 'not-authenticated');
  });

  test('403 for a blocked domain', async () => {
    const { domain, actor } = await served.remote();
    await served.inbox.domains.block(domain, { reason: 'spam' });
    const bad = await actor('bad');
    await served.inbox.settled();
    expectProblem(await door.post('/inbox', like(bad.id, NOTE), bad), 403, 'blocked');
  });

  test('404 for an inbox that nobody has', async () => {
    expectProblem(await door.post('/users/nobody/inbox', like(ann.id, NOTE), ann), 404, 'no-such-inbox');
  });

  test('405 with Allow for every other method', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const reply = await door.ask(method, '/inbox');
      expectProblem(reply, 405, 'method-not-allowed');
      expect(reply.headers.allow).toBe('POST');
    }
    for (const method of ['GET', 'PUT']) {
      expect((await door.ask(method, '/inbox')).status).toBe(405);
      expect((await door.ask(method, '/users/alice/inbox')).status).toBe(method === 'GET' ? 401 : 405);
    }
  });

  test('413 for a body one byte too large, whether its length was announced or not', async () => {
    const body = Buffer.alloc(1_048_577, ' ');
    expectProblem(await door.post('/inbox', body, ann), 413, 'too-large');
    expect(await chunked(door, served.clock, ann, body)).toMatch(/^HTTP\/1\.1 413 /);
    const fits = Buffer.concat([bytesOf(like(ann.id, NOTE)), Buffer.alloc(900_000, ' ')]);
    expect((await door.post('/inbox', fits, ann)).status).toBe(202);
  });

  test('408 for a body in thousands of crumbs, each of which would cost more than a real body', async () => {
    const crumbs = (count: number): Promise<string> => {
      const whole = bytesOf(like(ann.id, NOTE));
      const body = Buffer.concat([whole, Buffer.alloc(count - whole.byteLength, ' ')]);
      const pieces = [...body].map((byte) => Buffer.from(`1\r\n${String.fromCharCode(byte)}\r\n`));
      const headers = { ...headersFor(served.clock, ann, body), 'transfer-encoding': 'chunked' };
      return byHand(door, headers, Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]));
    };
    expect(await crumbs(2_000)).toMatch(/^HTTP\/1\.1 202 /);
    expect(await crumbs(6_000)).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('415 for another type, none at all, and for a coded body', async () => {
    const activity = like(ann.id, NOTE);
    for (const type of ['text/plain', 'application/json', 'application/activity', '']) {
      const headers = { 'content-type': type };
      expectProblem(await door.post('/inbox', activity, ann, { headers }), 415, 'wrong-content-type');
    }
    const coded = { headers: { 'content-encoding': 'gzip' } };
    expectProblem(
      await door.post('/inbox', gzipSync(bytesOf(activity)), ann, coded),
      415,
      'wrong-content-type',
    );
  });

  test('both types of ActivityPub are taken, parameters included', async () => {
    for (const type of [
      'application/activity+json; charset=utf-8',
      'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
    ]) {
      const headers = { 'content-type': type };
      expect((await door.post('/inbox', like(ann.id, NOTE), ann, { headers })).status).toBe(202);
    }
  });

  test('421 for a request that was sent to somebody else', async () => {
    const headers = { host: 'other.example' };
    expectProblem(await door.post('/inbox', like(ann.id, NOTE), ann, { headers }), 421, 'wrong-host');
  });

  test('a signed request is good for one host only: a Host in capitals is ours, another port is not', async () => {
    const shout = { headers: { host: HOST.toUpperCase() } };
    expect((await door.post('/inbox', like(ann.id, NOTE), ann, shout)).status).toBe(202);
    const port = { headers: { host: `${HOST}:8443` } };
    expect((await door.post('/inbox', like(ann.id, NOTE), ann, port)).status).toBe(421);
  });

  test('429 with Retry-After for a domain that a moderator has limited', async () => {
    const { domain, actor } = await served.remote();
    const until = new Date(served.clock.now() + 90_000);
    await served.inbox.domains.limit(domain, { until });
    const busy = await actor('busy');
    await served.inbox.settled();
    const reply = await door.post('/inbox', like(busy.id, NOTE), busy);
    expectProblem(reply, 429, 'rate-limited');
    expect(reply.headers['retry-after']).toBe('90');
  });

  test('a signature is good for an hour behind our clock and five minutes ahead of it, to the second', async () => {
    const signedAt = async (offsetSeconds: number) => {
      const date = new Date(served.clock.now() + offsetSeconds * 1_000);
      return (await door.post('/inbox', like(ann.id, NOTE), ann, { date })).status;
    };
    const [hour, ahead] = [3_600, 300];
    expect([await signedAt(-hour), await signedAt(-hour - 1)]).toEqual([202, 401]);
    expect([await signedAt(ahead), await signedAt(ahead + 1)]).toEqual([202, 401]);
    // The same request grows old: it is our clock that counts.
    const activity = bytesOf(like(ann.id, NOTE));
    const headers = headersFor(served.clock, ann, activity);
    served.clock.advance(hour * 1_000);
    expect((await door.ask('POST', '/inbox', headers, activity)).status).toBe(202);
    served.clock.advance(1);
    expect((await door.ask('POST', '/inbox', headers, activity)).status).toBe(401);
    served.clock.advance(999);
  });

  test('408 for a body that does not come to its end', async () => {
    expect(await slow.get(shell)).toMatch(/^HTTP\/1\.1 408 /);
    expect(await slow.get(shell)).toContain('urn:sallyport:problem:too-slow');
  });

  test('no refusal was a fault of ours', () => expect(served.errors).toEqual([]));
});

/** Sends a head by hand, then what `write` writes; gives back everything that is answered. */
function byHand(
  { address }: Door,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): Promise<string> {
  const [host, port] = address.split(':');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    let answer = '';
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => {
      answer += chunk;
      if (/\r\n\r\n./.test(answer)) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
    socket.write(`POST /inbox HTTP/1.1\r\n${lines.join('')}\r\n`);
    socket.write(body);
  });
}

function headersFor(clock: TestClock, signer: RemoteActor, body: Uint8Array): Record<string, string> {
  return signedHeaders('POST', `${ORIGIN}/inbox`, body, signer, { date: new Date(clock.now()) });
}

/** A body without an announced length. */
function chunked(door: Door, clock: TestClock, signer: RemoteActor, body: Buffer): Promise<string> {
  const chunk = [Buffer.from(`${body.byteLength.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')];
  const headers = { ...headersFor(clock, signer, body), 'transfer-encoding': 'chunked' };
  return byHand(door, headers, Buffer.concat(chunk));
}

/** The first half of a body, and then nothing. Waits for the real ten seconds, beside the other tests. */
function slowBody(door: Door, clock: TestClock, signer: RemoteActor): Promise<string> {
  const body = bytesOf(like(signer.id, NOTE));
  const headers = { ...headersFor(clock, signer, body), 'content-length': String(body.byteLength) };
  return byHand(door, headers, Buffer.from(body.subarray(0, 40)));
}
