/** `sallyport start` from outside: what it says, whom it lets in, and how it ends. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesOf, create, get, remoteDomain, signedHeaders } from '../fediverse/index.ts';
import { begin, ORIGIN, preparedDirectory, refused, type Server, serve, settings } from './command.ts';

/** Opening takes a second, on a machine that many tests share a minute, in milliseconds. */
const SLOW = 240_000;

describe('a server that runs', () => {
  let place: Awaited<ReturnType<typeof preparedDirectory>>;
  let server: Server;
  beforeAll(async () => {
    place = await preparedDirectory();
    server = await serve(place.directory, {
      SALLYPORT_ACTORS: 'alice,carol:locked',
      SALLYPORT_MODERATORS: 'maria:moderator:marias-word,otto:viewer:ottos-word',
    });
  }, SLOW);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    place?.[Symbol.dispose]();
  });

  test('says on stdout that it listens, and nothing else', () => {
    expect(server.stdout()).toBe(`sallyport listening on ${server.url}\n`);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('says its new token on stderr, first of all', () => {
    expect(server.stderr()).toMatch(/^sallyport admin token: \S{20,}\n/);
    expect(server.stderr()).toContain(`token: ${server.token}\n`);
  });

  test('leaves a run.json that only its owner can read', () => {
    const mode = statSync(join(server.directory, 'run.json')).mode & 0o777;
    expect(mode.toString(8)).toBe('600');
  });

  test('serves its actors under its origin, and is healthy under any name', async () => {
    const actor = await get(`${server.url}/users/alice`, { host: new URL(ORIGIN).host });
    expect(actor.status).toBe(200);
    expect(actor.json()).toMatchObject({ id: `${ORIGIN}/users/alice`, inbox: `${ORIGIN}/users/alice/inbox` });
    expect((await get(`${server.url}/healthz`)).status).toBe(200);
    expect((await get(`${server.url}/readyz`)).status).toBe(200);
    expect((await get(`${server.url}/metrics`)).body).toContain('sallyport_requests_total');
    expect((await get(`${server.url}/nothing`)).status).toBe(404);
  });

  test('lets people in by their own tokens, each as far as their role goes, and writes down who it was', async () => {
    expect((await server.admin('GET', '/domains', undefined, 'wrong')).status).toBe(401);
    expect((await server.admin('GET', '/domains', undefined, 'ottos-word')).status).toBe(200);
    const note = { reason: 'spam' };
    expect((await server.admin('POST', '/domains/bad.example/block', note, 'ottos-word')).status).toBe(403);
    const blocked = await server.admin('POST', '/domains/bad.example/block', note, 'marias-word');
    expect(blocked).toMatchObject({ status: 200, json: { state: 'blocked', by: 'maria' } });
    const freed = await server.admin('POST', '/domains/bad.example/unblock', {});
    expect(freed.json).toMatchObject({ state: 'active', by: 'admin' });
  });

  test('answers malformed requests to the admin API with a 4xx', async () => {
    for (const body of ['[]', 'null', '"x"', '1', '{"id":5}', '{', '']) {
      const answer = await fetch(`${server.url}/admin/api/domains/bad.example/block`, {
        ...{ method: 'POST', body, headers: { authorization: `Bearer ${server.token}` } },
      });
      expect([400, 422]).toContain(answer.status);
    }
  });

  test('refuses a head that is too large', async () => {
    const answer = await get(`${server.url}/healthz`, { 'x-long': 'x'.repeat(20_000) });
    expect(answer.status).toBe(431);
  });

  test(
    'keeps a second process out of its data directory',
    async () => {
      await using second = begin(['start'], settings(server.directory), server.directory);
      const { code, stdout, stderr } = await second.finished();
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`in use by process ${server.pid}`);
      expect(existsSync(join(server.directory, 'run.json'))).toBe(true);
    },
    SLOW,
  );
});

test(
  'a configuration file says what no variable says, and the environment wins',
  async () => {
    using place = await preparedDirectory();
    const config = "export default { actors: { zoe: {} }, actorPath: '/@:name' as string };";
    writeFileSync(join(place.directory, 'sallyport.config.ts'), config);
    await using server = await serve(place.directory, { SALLYPORT_ACTORS: 'alice' });
    const headers = { host: new URL(ORIGIN).host };
    expect((await get(`${server.url}/@alice`, headers)).json()).toMatchObject({ id: `${ORIGIN}/@alice` });
    expect((await get(`${server.url}/@zoe`, headers)).status).toBe(404);
  },
  SLOW,
);

test(
  'the admin API and the metrics have a door of their own when they are given one',
  async () => {
    using place = await preparedDirectory();
    await using server = await serve(place.directory, {
      SALLYPORT_ADMIN_LISTEN: '127.0.0.1:0',
      SALLYPORT_ADMIN_TOKEN: 'open-sesame',
    });
    expect((await server.admin('GET', '/domains', undefined, 'open-sesame')).status).toBe(200);
    expect(server.stderr()).not.toContain('token');
    const { url } = JSON.parse(readFileSync(join(server.directory, 'run.json'), 'utf8')) as { url: string };
    expect(url).not.toBe(server.url);
    const headers = { authorization: 'Bearer open-sesame', host: new URL(ORIGIN).host };
    expect((await get(`${server.url}/admin/api/domains`, headers)).status).toBe(404);
    expect((await get(`${server.url}/metrics`, headers)).status).toBe(404);
    expect((await get(`${url}/metrics`)).status).toBe(200);
    expect((await get(`${url}/nodeinfo/2.1`, headers)).status).toBe(404);
    expect((await get(`${server.url}/nodeinfo/2.1`, headers)).status).toBe(200);
  },
  SLOW,
);

test(
  'data of another origin is a configuration fault that names both',
  async () => {
    using place = await preparedDirectory();
    const env = { ...settings(place.directory), SALLYPORT_ORIGIN: 'https://other.example' };
    await using other = begin(['start'], env, place.directory);
    const { code, stdout, stderr } = await other.finished();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('https://other.example');
    expect(stderr).toContain(ORIGIN);
  },
  SLOW,
);

/** Sends the head and half of the body of a signed activity, and hands over the rest. */
async function halfSent(server: Server, remote: Awaited<ReturnType<typeof remoteDomain>>) {
  const actor = await remote.actor('al');
  const body = bytesOf(create(actor.id, { to: [`${ORIGIN}/users/alice`] }));
  const headers = signedHeaders('POST', `${ORIGIN}/users/alice/inbox`, body, actor);
  const { hostname, port } = new URL(server.url);
  const outgoing = request({
    ...{ method: 'POST', hostname, port, path: '/users/alice/inbox', agent: false },
    headers: { ...headers, 'content-length': body.byteLength, expect: '100-continue' },
  });
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.once('response', (response) => resolve(response.resume().statusCode ?? 0));
    outgoing.once('error', reject);
  });
  answered.catch(() => undefined);
  // The server has the head and waits for the body.
  await new Promise<void>((resolve) => {
    outgoing.once('continue', resolve);
    outgoing.flushHeaders();
  });
  outgoing.write(body.subarray(0, 20));
  return { answered, sendRest: () => outgoing.end(body.subarray(20)) };
}

const LENIENT = { SALLYPORT_ACTORS: 'alice', SALLYPORT_ALLOW_PRIVATE_ADDRESS: '1' };

test(
  'SIGTERM lets a request that has begun come to its 202, refuses new ones, and ends with code 0',
  async () => {
    using place = await preparedDirectory();
    await using remote = await remoteDomain();
    await using server = await serve(place.directory, LENIENT);
    expect(server.stderr()).toMatch(/!!! SALLYPORT_ALLOW_PRIVATE_ADDRESS is on/);
    const { answered, sendRest } = await halfSent(server, remote);
    const beginMs = performance.now();
    server.child.kill('SIGTERM');
    await refused(server.url);
    sendRest();
    expect(await answered).toBe(202);
    const { code } = await server.finished();
    expect(code).toBe(0);
    expect(performance.now() - beginMs).toBeLessThan(20_000);
    expect(existsSync(join(place.directory, 'run.json'))).toBe(false);
    expect(existsSync(join(place.directory, 'sallyport.lock'))).toBe(false);

    // What was acknowledged is there.
    await using again = await serve(place.directory, LENIENT);
    const { json } = await again.admin('GET', '/activities');
    expect(json.items).toMatchObject([{ type: 'Create', domain: remote.domain }]);
  },
  SLOW,
);

test(
  'a second signal ends it at once, whatever is under way',
  async () => {
    using place = await preparedDirectory();
    await using remote = await remoteDomain();
    await using server = await serve(place.directory, LENIENT);
    await halfSent(server, remote);
    server.child.kill('SIGINT');
    await refused(server.url);
    expect(server.child.exitCode).toBeNull();
    server.child.kill('SIGINT');
    expect((await server.finished()).code).toBe(1);
    expect(existsSync(join(place.directory, 'run.json'))).toBe(false);
  },
  SLOW,
);

test(
  'an event stream that stands open does not hold it up',
  async () => {
    using place = await preparedDirectory();
    await using server = await serve(place.directory);
    const stream = await fetch(`${server.url}/admin/api/stream`, {
      headers: { authorization: `Bearer ${server.token}` },
    });
    server.child.kill('SIGTERM');
    await stream.text();
    expect((await server.finished()).code).toBe(0);
  },
  SLOW,
);
