/** S50 to S53, S59, S65 and S66: what moderators, handlers and other processes do to a domain, and what its servers see of it. */
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestInbox, fixtures, type TestInbox } from '../../src/testing.ts';
import { run } from '../cli/command.ts';
import { pglite, postgresql } from '../databases.ts';
import { ORIGIN, PATIENCE, serve } from '../inbox/served.ts';

const NOTE = 'https://social.example/notes/1';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const likeOf = (domain: string) => ({ type: 'Like', actor: `https://${domain}/users/al`, object: NOTE });

describe('in one process', () => {
  let box: TestInbox;
  beforeAll(async () => {
    box = await createTestInbox({
      ...{ actors: { alice: {} }, rateLimit: { limit: 3, window: '1 hour' }, logger: quiet },
    });
  }, PATIENCE);
  afterAll(() => box[Symbol.asyncDispose](), PATIENCE);
  const knock = async (domain: string) => (await box.receive(likeOf(domain))).answer.status;

  test('S50 a domain is a row with its state, its reason, its times and its strikes', async () => {
    const since = box.clock.now().toISOString();
    expect(await knock('met.example')).toBe(202);
    const nothing = { reason: null, until: null, reviewAt: null, publicComment: null, privateComment: null };
    expect(await box.domains.get('met.example')).toEqual({
      ...{ domain: 'met.example', state: 'active', since, firstSeen: since, strikes: 0, ...nothing },
      ...{ by: null, origin: null, onProbation: false, appealedAt: null, policy: null },
    });
    await box.clock.advance('1 minute');
    const until = new Date(box.clock.now().getTime() + 86_400_000);
    const said = { reason: 'spam', publicComment: 'Spam.', privateComment: 'See report 7.' };
    expect(await box.domains.block('met.example', { ...said, until, reviewAt: until, by: 'maria' })).toEqual({
      ...{ domain: 'met.example', state: 'blocked', since: box.clock.now().toISOString(), firstSeen: since },
      ...{ ...said, strikes: 0, by: 'maria', origin: 'moderator', onProbation: false, appealedAt: null },
      ...{ until: until.toISOString(), reviewAt: until.toISOString() },
      policy: { source: 'manual', severity: 'block', rejectMedia: false, rejectReports: false },
    });
  });

  test('S52 a domain that nobody has met is blocked: its first request ever is refused, and nothing is fetched', async () => {
    await box.domains.block('never.example', { reason: 'on a list' });
    await box.settled();
    expect(await knock('never.example')).toBe(403);
    expect(await knock('sub.never.example')).toBe(403);
    expect(box.remote('never.example').fetched).toEqual([]);
    expect((await box.activities.list({ domain: 'never.example' })).items).toEqual([]);
    await expect(box.domains.get('sub.never.example')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  });

  test('S53 a domain that is unblocked begins anew: active, counters and strikes cleared', async () => {
    const sent: number[] = [];
    for (let n = 0; n < 4; n++) sent.push(await knock('back.example'));
    expect(sent).toEqual([202, 202, 202, 429]);
    expect(await box.domains.block('back.example', { reason: 'too much' })).toMatchObject({ strikes: 1 });
    expect(await box.domains.unblock('back.example')).toMatchObject({ state: 'active', strikes: 0 });
    await box.settled();
    const again: number[] = [];
    for (let n = 0; n < 3; n++) again.push(await knock('back.example'));
    expect(again).toEqual([202, 202, 202]);
  });

  test('S59 an activity without an actor is refused before any machine', async () => {
    const before = await box.domains.list({ limit: 200 });
    for (const actor of [undefined, null, '', []])
      expect(
        (await box.receive({ type: 'Like', id: 'https://x.example/1', actor, object: NOTE })).answer.status,
      ).toBe(400);
    expect(await box.domains.list({ limit: 200 })).toEqual(before);
  });

  test('S66 a handler that sees a pattern blocks the domain, and its next POST is refused', async () => {
    using _ = box.on('Create', async ({ actor }) => {
      await box.domains.block(actor.domain, { reason: 'bought a watch', by: 'pattern' });
    });
    const create = fixtures.mastodon.create({
      actor: 'https://pattern.example/users/al',
      content: 'watches',
    });
    expect((await box.receive(create)).status).toBe('processed');
    await box.settled();
    expect(await knock('pattern.example')).toBe(403);
    expect(await box.domains.get('pattern.example')).toMatchObject({
      by: 'pattern',
      reason: 'bought a watch',
    });
  });
});

/** A request that claims an actor: refused at the gate it is before anybody looks at its signature. */
const claiming = (domain: string) => ({
  ...{ method: 'POST', target: '/inbox', address: null, body: async () => new Uint8Array() },
  rawHeaders: [
    ...[
      'host',
      new URL(ORIGIN).host,
      'content-type',
      'application/activity+json',
      'date',
      new Date().toUTCString(),
      'signature',
    ],
    `keyId="https://${domain}/users/al#main-key",algorithm="rsa-sha256",headers="date",signature="AAAA"`,
  ],
});

describe('with two processes on one database', () => {
  let one: TestInbox;
  let other: TestInbox;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const place = await postgresql.open();
    drop = place.drop;
    const options = { origin: ORIGIN, database: place.database, logger: quiet };
    const limited = { ...options, rateLimit: { limit: 100, window: '1 hour' } as const };
    [one, other] = [await createTestInbox(limited), await createTestInbox(limited)];
  }, PATIENCE);
  afterAll(async () => {
    await Promise.all([one?.[Symbol.asyncDispose](), other?.[Symbol.asyncDispose]()]);
    await drop();
  }, PATIENCE);

  test('S51 what is blocked in one, by a person or by a list, is refused in the other within a second', async () => {
    const status = async (domain: string) => (await other.handle(claiming(domain)))?.status;
    /** How long it takes until the other one answers like this, in milliseconds. */
    const until = async (domain: string, wanted: number) => {
      const startMs = performance.now();
      await expect.poll(() => status(domain), { timeout: 10_000, interval: 10 }).toBe(wanted);
      return performance.now() - startMs;
    };
    const took: number[] = [];
    await one.domains.block('bad.example', { reason: 'spam' });
    took.push(await until('bad.example', 403));
    const rule = { source: 'list:tier-0', remove: [] };
    const note = { by: 'tier-0', kind: 'list' };
    await (await one.rules.apply({ ...rule, put: [{ domain: 'listed.example' }] }, note)).settled;
    took.push(await until('sub.listed.example', 403));
    await one.rules.apply(
      { source: 'manual', put: [{ domain: 'sub.listed.example', severity: 'none' }], remove: [] },
      { by: 'maria', kind: 'rules' },
    );
    took.push(await until('sub.listed.example', 401));
    console.log(`in force in the other process after ${took.map(Math.round).join(', ')} ms`);
    expect(await status('listed.example')).toBe(403);
    // The log is read every half a second; the rest is what a busy machine takes.
    expect(Math.min(...took)).toBeLessThan(1_000);
  });

  test('S57 the counter is one for all processes: of 60 in each, a hundred are accepted', async () => {
    const send = async (box: TestInbox) =>
      Promise.all(Array.from({ length: 60 }, () => box.receive(likeOf('busy.example'))));
    const replies = (await Promise.all([send(one), send(other)])).flat().map(({ answer }) => answer.status);
    expect([202, 429].map((status) => replies.filter((it) => it === status).length)).toEqual([100, 20]);
  });
});

describe('S65 a domain is blocked by the API, by the command and from code', () => {
  test(
    'with the same result by each',
    async () => {
      await using served = await serve({ kind: pglite });
      const url = `http://${served.address}`;
      const said = { reason: 'spam', publicComment: 'Spam.' };
      const [api, command, code] = ['api.example', 'command.example', 'code.example'];
      await served.inbox.domains.block(code, said);
      expect((await served.admin(`/domains/${api}/block`, said)).status).toBe(200);
      const args = ['domains', 'block', command, '--reason', 'spam', '--public-comment', 'Spam.'];
      const done = await run([...args, '--url', url, '--token', 'admin-token'], {}, tmpdir());
      expect(done).toMatchObject({ code: 0, stderr: '' });
      const found = await Promise.all([api, command, code].map((name) => served.inbox.domains.get(name)));
      const [first, ...others] = found.map(({ domain: _domain, ...rest }) => rest);
      expect(first).toMatchObject({ state: 'blocked', ...said, by: 'admin' });
      expect(others).toEqual([first, first]);
      const { items } = await served.inbox.transitionsPage({ machine: 'domain' });
      expect(items.map(({ key, to, by }) => `${key} ${to} ${by}`)).toEqual(
        [code, api, command].map((name) => `${name} blocked admin`),
      );
    },
    PATIENCE,
  );
});
