/** The admin API as a client sees it: who may come in, what is refused, and that it is what it says it is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '../../src/admin/routes.ts';
import { pglite } from '../databases.ts';
import { create, follow, type RemoteActor, type RemoteDomain, type Reply } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, type Served, serve } from '../inbox/served.ts';
import { faultsOf, type Schema } from './schema.ts';

let served: Served;
let home: RemoteDomain;
let ann: RemoteActor;
beforeAll(async () => {
  served = await serve({ kind: pglite });
  home = await served.remote();
  ann = await home.actor('ann');
  for (const name of ['alice', 'carol'])
    expect((await served.post('/inbox', follow(ann.id, `${ORIGIN}/users/${name}`), ann)).status).toBe(202);
  expect((await served.post('/inbox', create(ann.id), ann)).status).toBe(202);
  await served.inbox.settled();
  await served.inbox.domains.block('bad.example', {
    reason: 'spam',
    until: new Date(served.clock.now() + 9e6),
  });
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

function expectProblem(reply: Reply, status: number): void {
  expect(reply.status).toBe(status);
  expect(reply.headers['content-type']).toBe('application/problem+json');
  expect(reply.json()).toMatchObject({ type: expect.stringMatching(/^urn:sallyport:problem:/), status });
}

/** A path with values for its `:names`. */
const fill = (path: string): string =>
  path
    .replace(':domain', home.domain)
    .replace(':name', 'alice')
    .replace(':collection', 'followers')
    .replace(':machine', 'domain')
    .replace(':id', '1');

/** What the contract promises, whatever else there is. */
const CONTRACT = [
  ...['GET /domains', 'GET /domains/{domain}', 'POST /domains/bulk', 'POST /batches/{batch}/undo'],
  ...['block', 'unblock', 'limit', 'reset'].map((verb) => `POST /domains/{domain}/${verb}`),
  ...['GET /held', 'POST /held/{id}/approve', 'POST /held/{id}/reject'],
  ...['GET /follow-requests', 'POST /follow-requests/{id}/accept', 'POST /follow-requests/{id}/reject'],
  ...['POST /actors/{name}/follow', 'POST /actors/{name}/outbox', 'GET /activities', 'GET /activities/{id}'],
  ...['GET /reports', 'GET /deliveries', 'GET /dead', 'POST /dead/{id}/retry', 'POST /dead/{id}/discard'],
  ...['GET /actors/{name}/collections/{collection}', 'GET /objects', 'POST /metrics/reset'],
  ...['GET /transitions', 'GET /stream', 'GET /machines', 'GET /machines/{machine}', 'GET /openapi.json'],
];

describe('who may come in', () => {
  test('nobody without a token, or with a wrong one: 401 on every route, with the way to do it', async () => {
    for (const { method, path } of ROUTES) {
      const body = method === 'POST' ? {} : undefined;
      const none = await served.admin(fill(path), body, null);
      expectProblem(none, 401);
      expect(none.headers['www-authenticate']).toBe('Bearer realm="sallyport"');
      const wrong = await served.admin(fill(path), body, 'admin-tokeN');
      expectProblem(wrong, 401);
      expect(wrong.headers['www-authenticate']).toBe('Bearer realm="sallyport", error="invalid_token"');
    }
  });

  test('a token counts only as a bearer token in the Authorization header', async () => {
    for (const authorization of [
      ...[
        'admin-token',
        'Basic admin-token',
        'Bearer',
        'Bearer  ',
        'Bearer admin-token x',
        'Bearer admin-toke',
      ],
      ...['Token admin-token', 'Bearer "admin-token"', 'Bearer undefined', 'Bearer null'],
    ])
      expectProblem(await served.ask('GET', '/admin/api/domains', { authorization }), 401);
    expectProblem(await served.ask('GET', '/admin/api/domains?access_token=admin-token'), 401);
    const lower = await served.ask('GET', '/admin/api/domains', { authorization: 'bearer admin-token' });
    expect(lower.status).toBe(200);
  });

  test('what does not exist is told to nobody who may not come in', async () => {
    expectProblem(await served.admin('/nothing', undefined, null), 401);
    expectProblem(await served.admin('/nothing'), 404);
  });

  test('a viewer looks, a moderator acts, an admin does everything', async () => {
    expect((await served.admin('/domains', undefined, 'viewer-token')).status).toBe(200);
    const block = (token: string) => served.admin('/domains/x.example/block', { reason: 'x' }, token);
    expectProblem(await block('viewer-token'), 403);
    expect((await served.admin('/domains/x.example')).status).toBe(404);
    expect((await block('moderator-token')).json()).toMatchObject({ by: 'maria' });
    expectProblem(await served.admin('/metrics/reset', {}, 'moderator-token'), 403);
    expect((await served.admin('/metrics/reset', {}, 'admin-token')).status).toBe(200);
  });
});

describe('what is asked wrongly', () => {
  test('is answered 405 with Allow for a wrong method, and HEAD like GET', async () => {
    const authorization = { authorization: 'Bearer admin-token' };
    const get = await served.ask('DELETE', '/admin/api/domains', authorization);
    expectProblem(get, 405);
    expect(get.headers.allow).toBe('GET, HEAD');
    expect((await served.admin('/domains/bad.example/block')).headers.allow).toBe('POST');
    const head = await served.ask('HEAD', '/admin/api/domains', authorization);
    expect([head.status, head.body]).toEqual([200, '']);
  });

  test('is never answered 5xx: bodies that are none, of wrong types, too large, of bytes that are no text', async () => {
    const headers = { authorization: 'Bearer admin-token', 'content-type': 'application/json' };
    const bodies = [
      ...[
        '[]',
        'null',
        '"x"',
        '1',
        '{"id":5}',
        '{',
        '{"a":',
        '',
        ' ',
        'x',
        '{"reason":5}',
        '{"reason":null}',
      ],
      ...['{"reason":{}}', '{"reason":["x"]}', '{"reason":"\\u0000"}', '{"reason":"\\ud800"}', '{"until":1}'],
      ...['{"action":"x","domains":5}', '{"action":"block","domains":[5],"reason":"x"}', '{"object":5}'],
      ...['{"object":"x"}', '{"object":"http://"}', '{"action":"block","domains":["a b"],"reason":"x"}'],
      ...['{"__proto__":{"reason":"x"}}', '{"constructor":1}', `{"reason":"${'x'.repeat(3_000)}"}`],
      ...['['.repeat(100_000), `{"reason":"${'x'.repeat(2_200_000)}"}`],
    ];
    const bytes = [...bodies.map((it) => Buffer.from(it)), Buffer.from([0xff, 0xfe, 0x00])];
    for (const { method, path } of ROUTES) {
      if (method !== 'POST') continue;
      const target = `/admin/api${fill(path).replace(home.domain, 'never-met.example')}`;
      for (const body of bytes) {
        const reply = await served.ask('POST', target, headers, body);
        expect([target, body.subarray(0, 60).toString(), reply.status < 500]).toEqual([
          ...[target, body.subarray(0, 60).toString(), true],
        ]);
        if (reply.status >= 400) expect(reply.headers['content-type']).toBe('application/problem+json');
      }
    }
    expect(served.errors).toEqual([]);
  }, 120_000);

  test('is never answered 5xx: queries and paths of every kind', async () => {
    const odd = [
      '',
      ' ',
      '%00',
      '%ff',
      '%',
      'x'.repeat(3_000),
      '-1',
      '1e9',
      '99999999999999999999',
      "'",
      '%2e%2e',
    ];
    for (const { method, path, query } of ROUTES) {
      if (method !== 'GET' || path === '/stream') continue;
      for (const value of odd) {
        for (const name of Object.keys(query)) {
          const { status } = await served.admin(`${fill(path)}?${name}=${value}`);
          expect([path, name, value.slice(0, 30), status < 500]).toEqual([
            path,
            name,
            value.slice(0, 30),
            true,
          ]);
        }
      }
      if (!path.includes(':')) continue;
      for (const value of odd) {
        const { status } = await served.admin(path.replace(/:\w+/g, value));
        expect([path, value.slice(0, 30), status < 500]).toEqual([path, value.slice(0, 30), true]);
      }
    }
    expect(served.errors).toEqual([]);
  }, 120_000);

  test('is told all its faults at once, in its own words', async () => {
    const reply = await served.admin('/domains/x.example/block', { until: 'soon', publicComment: 5 });
    expectProblem(reply, 422);
    expect((reply.json() as { faults: { field: string }[] }).faults.map(({ field }) => field)).toEqual([
      ...['reason', 'until', 'publicComment'],
    ]);
    expectProblem(await served.admin('/domains?state=asleep&limit=0'), 400);
    expectProblem(await served.admin('/activities?cursor=x'), 400);
  });

  test('names nothing of our inside', async () => {
    for (const path of ['/domains/a b', '/activities/nothing', '/dead/9/retry', '/machines/x', '/nothing'])
      expect((await served.admin(path)).body).not.toMatch(/node_modules|at \w+ \(|\.ts|select |postgres/i);
  });
});

describe('openapi.json', () => {
  test('has every route of the table, and the table every one of the contract', async () => {
    const { paths, openapi } = (await served.admin('/openapi.json')).json() as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
    };
    expect(openapi).toMatch(/^3\.1/);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = ROUTES.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    expect(described.toSorted()).toEqual(routes.toSorted());
    expect(CONTRACT.filter((route) => !described.includes(route))).toEqual([]);
  });

  test('describes what is really answered', async () => {
    const description = (await served.admin('/openapi.json')).json() as {
      paths: Record<
        string,
        Record<string, { responses: Record<string, { content: Record<string, { schema: Schema }> }> }>
      >;
      components: { schemas: Record<string, Schema> };
    };
    const { items: requests } = await served.inbox.followRequests.list({ state: 'pending' });
    const { items: activities } = await served.inbox.activities.list({ type: 'Create' });
    await served.inbox.domains.limit('limited.example');
    const calls: [string, string, string, object?][] = [
      ['get', '/domains', '/domains'],
      ['get', '/domains/{domain}', '/domains/bad.example'],
      ['get', '/domains/{domain}/history', '/domains/bad.example/history'],
      ['get', '/domains', '/domains?review=due&olderThanDays=0'],
      ['get', '/analytics', '/analytics?by=type'],
      ['get', '/overview', '/overview'],
      ['get', '/alerts', '/alerts'],
      ['post', '/prune', '/prune', { dryRun: true }],
      ['post', '/prune/forget', '/prune/forget', { handlers: [] }],
      ['post', '/domains/bulk', '/domains/bulk', { action: 'block', domains: ['b.example'], reason: 'x' }],
      ['post', '/domains/{domain}/reset', '/domains/limited.example/reset', {}],
      ['post', '/actors/{name}/block', '/actors/alice/block', { domain: 'b.example' }],
      ['get', '/actors/{name}/blocks', '/actors/alice/blocks'],
      ['post', '/actors/{name}/unblock', '/actors/alice/unblock', { domain: 'b.example' }],
      ['get', '/objects', '/objects?uri=https://a.example/notes/1'],
      ['post', '/reports', '/reports', { objects: [ann.id] }],
      ['get', '/reports', '/reports'],
      ['get', '/reports/{id}', '/reports/1'],
      ['post', '/domains/{domain}/appeal-link', '/domains/b.example/appeal-link', {}],
      ['post', '/domains/{domain}/appeal', '/domains/b.example/appeal', { reason: 'x' }],
      ['get', '/appeals', '/appeals'],
      ['get', '/appeals/{id}', '/appeals/1'],
      ['get', '/audit', '/audit'],
      ['post', '/actors/{name}/outbox', '/actors/alice/outbox', { activity: { type: 'Note', content: 'x' } }],
      ['get', '/follow-requests', '/follow-requests'],
      ['post', '/follow-requests/{id}/accept', `/follow-requests/${requests[0]?.id}/accept`, {}],
      ['post', '/actors/{name}/follow', '/actors/alice/follow', { object: ann.id }],
      ['get', '/actors/{name}/collections/{collection}', '/actors/alice/collections/followers'],
      ['get', '/activities', '/activities'],
      ['get', '/activities/{id}', `/activities/${activities[0]?.id}`],
      ['get', '/deliveries', '/deliveries'],
      ['get', '/held', '/held'],
      ['get', '/dead', '/dead'],
      ['get', '/transitions', '/transitions'],
      ['get', '/machines', '/machines'],
      ['get', '/machines/{machine}', '/machines/follow-request'],
      ['post', '/metrics/reset', '/metrics/reset', {}],
    ];
    for (const [method, path, target, body] of calls) {
      const reply = await served.admin(target, body);
      expect([target, reply.status]).toEqual([target, 200]);
      const { schema } =
        description.paths[path]?.[method]?.responses['200']?.content['application/json'] ?? {};
      expect([target, faultsOf(schema as Schema, reply.json(), description.components.schemas)]).toEqual([
        target,
        [],
      ]);
    }
    const problem = (await served.admin('/nothing')).json();
    expect(
      faultsOf({ $ref: '#/components/schemas/Problem' }, problem, description.components.schemas),
    ).toEqual([]);
  });

  test('machines are data: states, transitions and how many are in which', async () => {
    const { items } = (await served.admin('/machines')).json() as { items: { id: string }[] };
    expect(items.map(({ id }) => id)).toEqual(['domain', 'follow-request']);
    expect((await served.admin('/machines/domain')).json()).toMatchObject({
      ...{ id: 'domain', initial: 'active', counts: { blocked: expect.any(Number) } },
    });
    expectProblem(await served.admin('/machines/nothing'), 404);
  });
});
