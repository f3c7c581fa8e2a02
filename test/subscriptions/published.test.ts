/** Our own list as a FIRES dataset, followed by another inbox of ours; and subscriptions as moderators meet them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuleChanges } from '../../src/api/rules.ts';
import type { Parts } from '../../src/house.ts';
import { uuidAfter } from '../../src/subscriptions/publishing.ts';
import { faultsOf, type Schema } from '../admin/schema.ts';
import { run } from '../cli/command.ts';
import { pglite, postgresql } from '../databases.ts';
import { ORIGIN, PATIENCE, type Served, serve } from '../inbox/served.ts';
import { DAY_MS } from './place.ts';

type Json = Readonly<Record<string, unknown>>;

describe('our own list', () => {
  let publisher: Served;
  let follower: Served;
  /** The last answers that the follower got, by path and status. */
  const asked: string[] = [];
  beforeAll(async () => {
    const exchange: Parts['exchange'] = async ({ url, method, headers }) => {
      const reply = await publisher.ask(method, url.pathname + url.search, {
        ...headers,
        'accept-encoding': 'identity',
      });
      asked.push(`${reply.status} ${url.pathname}${url.search}`);
      const got = Object.fromEntries(
        Object.entries(reply.headers).map(([name, value]) => [name, String(value)]),
      );
      return { status: reply.status, headers: got, body: Buffer.from(reply.body) };
    };
    follower = await serve({ kind: pglite }, {}, undefined, { exchange });
    publisher = await serve({ kind: postgresql }, { publicBlocklist: true });
  }, PATIENCE);
  afterAll(async () => {
    await publisher?.[Symbol.asyncDispose]();
    await follower?.[Symbol.asyncDispose]();
  }, PATIENCE);

  const decide = async (changes: Pick<RuleChanges, 'put' | 'remove'>): Promise<void> => {
    const note = { by: 'maria', reason: 'spam', kind: 'rule' };
    await (await publisher.inbox.rules.apply({ source: 'manual', ...changes }, note)).settled;
    publisher.clock.advance(60_000);
    await publisher.inbox.settled();
  };
  const read = async (path: string): Promise<Json> => {
    const reply = await publisher.ask('GET', path);
    expect([path, reply.status]).toEqual([path, 200]);
    return reply.json() as Json;
  };
  const said = async (): Promise<string[]> => {
    const { items } = await follower.inbox.rules.list({ limit: 200 });
    return items.map(({ domain, severity, rejectMedia, labels }) =>
      [domain, severity, ...(rejectMedia ? ['no-media'] : []), ...labels].join(' '),
    );
  };

  test('does not exist where it is switched off', async () => {
    for (const path of ['/moderation/datasets', '/moderation/labels'])
      expect((await follower.ask('GET', path)).status).toBe(404);
    expect((await follower.ask('GET', '/nodeinfo/2.1')).json()).toMatchObject({
      ...{ protocols: ['activitypub'], metadata: {} },
    });
  });

  test('is found by NodeInfo, and followed from what is in force through change and retraction', {
    timeout: PATIENCE,
  }, async () => {
    await decide({
      put: [
        { domain: 'spam.example', labels: ['https://labels.example/1', 'iftas:hate-speech'] },
        { domain: 'loud.example', severity: 'silence', rejectMedia: true },
        { domain: 'hidden.example', obfuscate: true },
        { domain: 'friend.example', severity: 'allow' },
        { domain: 'plain.example', severity: 'none' },
      ],
      remove: [],
    });
    const added = (
      await follower.admin('/subscriptions', { url: ORIGIN, kind: 'fires', mode: 'auto' })
    ).json() as Json;
    await follower.inbox.settled();
    expect(await said()).toEqual([
      'loud.example silence no-media',
      `spam.example block https://labels.example/1 ${ORIGIN}/moderation/labels#iftas%3Ahate-speech`,
    ]);
    const entries = (await follower.admin(`/subscriptions/${added.id}/entries`)).json() as { items: Json[] };
    expect(entries.items[1]).toMatchObject({ key: 'spam.example', labelNames: [null, 'iftas:hate-speech'] });

    await decide({
      put: [
        { domain: 'loud.example' },
        ...Array.from({ length: 210 }, (_, at) => ({ domain: `d${at}.example` })),
      ],
      remove: ['spam.example'],
    });
    follower.clock.advance(1.2 * DAY_MS);
    asked.length = 0;
    await follower.inbox.settled();
    const found = await follower.inbox.rules.list({ limit: 200 });
    expect(found.next).not.toBeNull();
    expect(await follower.inbox.subscriptions.get(added.id as string)).toMatchObject({
      entries: 211,
      pending: 0,
      state: 'ok',
    });
    expect((await follower.inbox.rules.of('loud.example')).effective.severity).toBe('block');
    expect((await follower.inbox.rules.of('spam.example')).rules).toEqual([]);
    expect(asked.filter((path) => path.includes('/changes'))).toHaveLength(4);
    // A day on which nobody decides anything costs one question.
    follower.clock.advance(1.2 * DAY_MS);
    asked.length = 0;
    await follower.inbox.settled();
    expect(asked).toEqual([expect.stringMatching(/^304 .*\/changes\?since=/)]);
  });

  test('has pages without end or gap, a snapshot that is its last word, and changes that never change', async () => {
    const { metadata, protocols } = (await read('/nodeinfo/2.1')) as {
      metadata: { fires: Json };
      protocols: string[];
    };
    expect(protocols).toEqual(['activitypub', 'fires']);
    const listed = (await read(new URL(metadata.fires.datasets as string).pathname)) as { items: Json[] };
    const { id, endpoints } = listed.items[0] as {
      id: string;
      endpoints: { changes: string; snapshot: string };
    };
    expect(await read(new URL(id).pathname)).toMatchObject({ id, type: 'Dataset', endpoints });
    const pathOf = (url: string): string => url.slice(ORIGIN.length);
    const head = await read(pathOf(endpoints.changes));
    expect(head).toMatchObject({ type: 'OrderedCollection', totalItems: 214 });
    const seen: Json[] = [];
    let next = head.first as string | undefined;
    while (next !== undefined) {
      const page = await read(pathOf(next));
      const items = page.orderedItems as Json[];
      expect(items.length).toBeLessThanOrEqual(100);
      seen.push(...items);
      next = page.next as string | undefined;
      expect(next === undefined).toBe(items.length === 0);
    }
    const ids = seen.map((item) => item.id as string);
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(seen).toHaveLength(214);
    expect(seen.filter(({ entityKey }) => entityKey === 'spam.example').map(({ type }) => type)).toEqual([
      'Recommendation',
      'Retraction',
    ]);
    expect(JSON.stringify(seen)).not.toMatch(/hidden|friend|plain/);
    const last = seen.at(-1) as Json;
    expect(await read(pathOf(last.id as string))).toMatchObject(last);
    const snapshot = await read(pathOf(endpoints.snapshot));
    const latest = new Map(seen.map((item) => [item.entityKey, item]));
    expect(snapshot.orderedItems).toEqual(
      [...latest.values()].sort((a, b) => ((a.id as string) < (b.id as string) ? 1 : -1)),
    );
    expect(snapshot.changes).toBe(`${endpoints.changes}?since=${ids.at(-1)?.split('/').at(-1)}`);
    for (const path of [`${pathOf(endpoints.changes)}?since=1`, `${pathOf(endpoints.changes)}?since=`])
      expect((await publisher.ask('GET', path)).status).toBe(400);
    expect((await publisher.ask('GET', `${pathOf(id)}/else`)).status).toBe(404);
    expect((await publisher.ask('POST', pathOf(id))).status).toBe(405);
  });

  test('has ids that sort as they were made, whatever the clock does', () => {
    let last: string | null = null;
    const ids = Array.from({ length: 10_000 }, (_, at) => {
      last = uuidAfter(last, 1_800_000_000_000 - (at % 7));
      return last;
    });
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(
      ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
    ).toBe(true);
    const later = 1_900_000_000_000;
    expect(uuidAfter(ids.at(-1) ?? null, later).replace('-', '')).toMatch(
      new RegExp(`^${later.toString(16).padStart(12, '0')}`),
    );
  });

  test('every answer about subscriptions is what openapi.json says, and each role may do what it may', async () => {
    const { components } = (await follower.admin('/openapi.json')).json() as {
      components: { schemas: Record<string, Schema> };
    };
    const known = components.schemas;
    const check = async (name: string, path: string, body?: object): Promise<Json> => {
      const reply = await follower.admin(path, body);
      expect([path, reply.status, reply.status === 200 ? '' : reply.body]).toEqual([path, 200, '']);
      const value = reply.json() as Json;
      const items = Array.isArray(value.items) && name !== 'SubscriptionPreview' ? value.items : [value];
      for (const item of items) expect(faultsOf({ $ref: `#/${name}` }, item, known)).toEqual([]);
      return value;
    };
    const list = (await check('Subscription', '/subscriptions')) as { items: Json[] };
    const path = `/subscriptions/${list.items[0]?.id}`;
    await check('SubscriptionEntry', `${path}/entries?limit=3`);
    await check('SubscriptionPreview', `${path}/preview`);
    await check('SubscriptionPreview', `${path}/probe`, {});
    await check('Subscription', path, {
      every: '6 hours',
      followedMax: 'silence',
      token: 'secret',
      reason: 'more often',
    });
    await follower.inbox.settled();
    expect(await check('Subscription', path, { withoutLogin: true })).toMatchObject({
      everySeconds: 21_600,
      hasLogin: false,
    });
    await follower.inbox.settled();
    await check('Subscription', `${path}/pause`, {});
    expect((await follower.admin(path, { every: '1 minute' })).status).toBe(422);
    expect((await follower.admin('/subscriptions/9', {}, 'viewer-token')).status).toBe(403);
    expect((await follower.admin('/subscriptions/9')).status).toBe(404);
    // Who names a URL decides where requests go: private addresses too.
    const wish = { url: ORIGIN, kind: 'fires' };
    for (const way of ['', '/probe'])
      expect((await follower.admin(`/subscriptions${way}`, wish, 'moderator-token')).status).toBe(403);
    const audit = await follower.inbox.audit.list({ subject: 'subscription' });
    expect(audit.items.map(({ verb }) => verb)).toEqual(['pause', 'update', 'update', 'subscribe']);
  });

  test('the command lists subscriptions and what they say, tries one out, and removes one', {
    timeout: PATIENCE,
  }, async () => {
    const env = { SALLYPORT_URL: `http://${follower.address}`, SALLYPORT_ADMIN_TOKEN: 'admin-token' };
    const sallyport = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(['subscriptions', ...args], env, process.cwd());
      expect([args, code, stderr]).toEqual([args, 0, '']);
      return stdout;
    };
    const id = (await follower.inbox.subscriptions.list()).items[0]?.id ?? '';
    expect(await sallyport('ls')).toMatch(
      /^ID +NAME +KIND +STATE[^\n]*\n\d+ +us\.example +fires +paused +auto +211 /,
    );
    expect(await sallyport('show', id, '--entries', '--limit', '1')).toMatch(/domain +d0\.example +block/);
    const url = `${ORIGIN}/moderation/datasets`;
    expect(await sallyport('add', 'fires', url, '--severity-max', 'silence', '--dry-run')).toMatch(
      /^211 to add, 0 to change, 0 to take back\.\nDOMAIN +CHANGE +NOW +THEN/,
    );
    expect(await sallyport('remove', id)).toBe('Removed; rules taken back: 211.\n');
    expect(await said()).toEqual([]);
  });
});
