/** Rows S54 and S82: many domains at once, and lists of them in, out and in public, on both databases. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportPreview } from '../../src/api/lists.ts';
import { create, follow, type RemoteActor, type RemoteDomain } from '../fediverse/index.ts';
import { HOST, ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const HEAD = '#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate';
const PUBLIC = '/api/v1/instance/domain_blocks';

describe.each(places)('lists ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  beforeAll(async () => {
    served = await serve(place, { publicBlocklist: { comments: true } });
    home = await served.remote();
    ann = await home.actor('ann');
    await served.post('/inbox', follow(ann.id, `${ORIGIN}/users/alice`), ann);
    await served.inbox.settled();
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at, not trusted
  const json = async (path: string, body?: unknown): Promise<any> => {
    const reply = await served.admin(path, body);
    expect([path, reply.status, reply.status === 200 ? '' : reply.body]).toEqual([path, 200, '']);
    return reply.json();
  };
  const knock = async () => (await served.post('/inbox', create(ann.id), ann)).status;
  const said = async () => (await served.admin('/lists/export')).body;
  /** Waits for the end of a batch by its record, as a client does. */
  async function applied(batch: string) {
    for (;;) {
      const record = await json(`/batches/${batch}`);
      if (record.state !== 'applying') return record;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  async function bringIn(text: string, more: object = {}) {
    const { batch } = await json('/lists/import', { text, ...more });
    return batch === null ? null : applied(batch);
  }

  describe('S54: many domains at once', () => {
    test('three selected, three changed, undone as one', async () => {
      const domains = ['one.example', 'two.example', home.domain];
      const bulk = await json('/domains/bulk', { action: 'block', domains, reason: 'a wave of spam' });
      expect(bulk).toMatchObject({ changed: 3, batch: expect.any(String) });
      const found = await json('/domains?state=blocked');
      expect(found.items.map((one: { domain: string }) => one.domain)).toEqual(domains.toSorted());
      expect(await json('/domains?q=two')).toMatchObject({
        items: [{ domain: 'two.example', state: 'blocked' }],
      });
      expect(await knock()).toBe(403);

      const undone = await json(`/batches/${bulk.batch}/undo`, { reason: 'that was too much' });
      expect(undone).toMatchObject({ state: 'undone', total: 3, done: 3 });
      expect(await knock()).toBe(202);
      expect((await json('/domains?state=blocked')).items).toEqual([]);
      expect((await served.admin(`/batches/${bulk.batch}/undo`, {})).status).toBe(409);
    });
  });

  describe('S82: a blocklist for everybody, and lists in and out', () => {
    const list = () => `${HEAD}
loud.example,silence,false,false,noise,false
odd.example,noop,true,false,,false
spam.example,suspend,false,true,"=spam, and more",true
${home.domain},suspend,false,false,,false
`;

    test('a preview says what an import would do, follows first, and changes nothing', async () => {
      const text = `${list()},,,,,\nap.invalid,suspend,,,iftas:canary,\n${HOST},suspend,,,,\n`;
      const preview: ImportPreview = await json('/lists/import', { text, dryRun: true });
      expect(preview).toMatchObject({
        format: 'csv',
        dialect: 'mastodon',
        kind: 'block',
        mode: 'add',
        rows: 6,
      });
      expect(preview).toMatchObject({ add: 4, update: 0, remove: 0, same: 0, followed: 1, suspicion: null });
      expect(preview.items.map(({ domain, follows }) => [domain, follows])[0]).toEqual([home.domain, 1]);
      expect(preview.problems.map(({ row }) => row)).toEqual([0, 7]);
      expect(await knock()).toBe(202);
      expect(await said()).toBe(`${HEAD}\n`);
    });

    test('an import is one batch, is in force at once, comes out as it went in, and is undone as one', async () => {
      const record = await bringIn(list(), { reason: 'our friends block these' });
      expect(record).toMatchObject({ kind: 'import', state: 'applied', total: 4, done: 4, changed: 4 });
      expect(await knock()).toBe(403);
      expect((await said()).split('\n').toSorted()).toEqual(
        list().replace('"=spam', `"'=spam`).split('\n').toSorted(),
      );
      expect(await json('/lists/import', { text: await said(), dryRun: true })).toMatchObject({
        same: 4,
        add: 0,
      });
      expect(await bringIn(await said())).toBeNull();
      const [rule] = (await served.inbox.rules.of('spam.example')).rules;
      expect(rule).toMatchObject({ source: 'manual', by: 'admin', publicComment: '=spam, and more' });

      await json(`/batches/${record.id}/undo`, {});
      expect(await knock()).toBe(202);
      expect(await said()).toBe(`${HEAD}\n`);
    });

    test('an import in JSON, as names, for allowed domains and for what is taken back', async () => {
      await bringIn(JSON.stringify([{ domain: 'json.example', severity: 'silence' }]));
      await bringIn('plain.example\r\nother.example\r\n', { severityMax: 'silence' });
      await bringIn('#domain\nfriends.example\n');
      expect(await said()).toBe(
        `${HEAD}\n${['json', 'other', 'plain'].map((name) => `${name}.example,silence,false,false,,false\n`).join('')}`,
      );
      expect((await served.admin('/lists/export?kind=allow')).body).toBe('#domain\nfriends.example\n');
      expect((await served.admin('/lists/export?format=plain')).body).toBe('');
      const asJson = JSON.parse((await served.admin('/lists/export?format=json&source=manual')).body);
      expect(asJson).toMatchObject([{ domain: 'json.example', severity: 'silence' }, {}, {}]);
      const back = await bringIn('domain,comment\nother.example,Retracted\nnobody.example,Retracted\n');
      expect(back).toMatchObject({ total: 1 });
      expect(await said()).not.toContain('other.example');
    });

    test('an import updates what is there, or passes it over as Mastodon does', async () => {
      await served.inbox.domains.block('known.example', {
        reason: 'ours',
        by: 'maria',
        privateComment: 'for us alone',
      });
      const text = `${HEAD}\nsub.known.example,silence,,,,\nknown.example,silence,,,softer,\nnew.example,silence,,,,\n`;
      const kept = await json('/lists/import', { text, keepExisting: true, dryRun: true });
      expect(kept).toMatchObject({ add: 1, update: 0, kept: 2, items: [{ domain: 'new.example' }] });
      await bringIn(text, { keepExisting: true });
      expect((await served.inbox.rules.of('known.example')).effective.severity).toBe('block');
      expect(await bringIn(text)).toMatchObject({ total: 2 });
      const [rule] = (await served.inbox.rules.of('known.example')).rules;
      // What no file holds stays.
      expect(rule).toMatchObject({
        severity: 'silence',
        publicComment: 'softer',
        privateComment: 'for us alone',
      });
    });

    test('a list that would take back nearly everything needs force', async () => {
      const names = Array.from({ length: 20 }, (_, n) => `many${n}.example\n`);
      await bringIn(names.join(''));
      for (const text of [`${HEAD}\n`, 'many1.example\n', 'stranger.example\n'.repeat(3)]) {
        const refused = await served.admin('/lists/import', { text, mode: 'replace' });
        expect(refused.status).toBe(422);
        expect((await json('/lists/import', { text, mode: 'replace', dryRun: true })).suspicion).toEqual(
          expect.any(String),
        );
      }
      const half = await bringIn(names.slice(10).join(''), { mode: 'replace', format: 'plain' });
      expect(half).toMatchObject({ state: 'applied', total: 10 });
      expect((await bringIn(`${HEAD}\n`, { mode: 'replace', force: true })).changed).toBeGreaterThan(9);
      // What a list of blocks cannot say is not taken back because it does not say it.
      expect((await served.admin('/lists/export?kind=allow')).body).toContain('friends.example');
    });

    test('what is no list is refused in words, and a long one whole', async () => {
      const rows = Array.from({ length: 20_001 }, (_, n) => `d${n}.example\n`).join('');
      for (const text of [rows, '<html></html>', '{"error":"no"}']) {
        const refused = await served.admin('/lists/import', { text });
        expect([refused.status, refused.headers['content-type']]).toEqual([422, 'application/problem+json']);
        expect(refused.json()).toMatchObject({
          detail: expect.stringMatching(/20000 rows|web page|no list/),
        });
      }
    });

    test('everybody may read what is silenced and blocked, its names hidden where they should be', async () => {
      await bringIn(list());
      const put = [{ domain: 'listed.example', severity: 'block' as const, publicComment: 'by a list' }];
      const { settled } = await served.inbox.rules.apply(
        ...([
          { source: 'list:x', put, remove: [] },
          { by: 'list:x', kind: 'list' },
        ] as const),
      );
      await settled;
      const digest = (name: string) => createHash('sha256').update(name).digest('hex');
      for (const shell of ['node:http', 'fetch'] as const) {
        const reply = await served.through(shell).ask('GET', PUBLIC);
        expect(reply.status).toBe(200);
        expect(reply.headers['cache-control']).toBe(
          'public, max-age=300, stale-while-revalidate=30, stale-if-error=86400',
        );
        expect(reply.json()).toEqual([
          { domain: 'loud.example', digest: digest('loud.example'), severity: 'silence', comment: 'noise' },
          ...[home.domain, 'listed.example', 'spam.example'].map((name) => ({
            domain: name === 'spam.example' ? 'spam.****ple' : name,
            digest: digest(name),
            severity: 'suspend',
            comment: { 'listed.example': 'by a list', 'spam.example': '=spam, and more' }[name] ?? null,
          })),
        ]);
        const again = await served
          .through(shell)
          .ask('GET', PUBLIC, { 'if-none-match': String(reply.headers.etag) });
        expect([again.status, again.body]).toEqual([304, '']);
        expect((await served.through(shell).ask('POST', PUBLIC)).status).toBe(405);
      }
    });
  });
});
