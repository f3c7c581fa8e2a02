/**
 * Appeals: row S83 of the checklist. A blocked domain's own actor signs one over HTTP, or its administrators use a link;
 * nobody else is heard.
 */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AppealRecord, AuditRecord } from '../../src/api.ts';
import {
  CONTEXT,
  like,
  type RemoteActor,
  type RemoteDomain,
  type Sendable,
  type Signer,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const DAY_MS = 86_400_000;
const APPLICATION = 'https://www.w3.org/ns/activitystreams#Application';

const json = (document: unknown) => (_: unknown, response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'application/jrd+json' }).end(JSON.stringify(document));

describe.each(places)('appeals ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  beforeAll(async () => {
    served = await serve(place);
    home = await served.remote();
    ann = await home.actor('ann');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  const decisions = async (query: string): Promise<AuditRecord[]> =>
    ((await served.admin(`/audit?${query}`)).json() as { items: AuditRecord[] }).items;

  describe('S83 a blocked domain appeals', () => {
    /** A blocked domain whose own actor stands at `place`. */
    async function blocked(actorPath = '/actor', type = 'Application') {
      const remote = await served.remote();
      const actor = await remote.actor('it');
      const id = remote.origin + actorPath;
      const keyId = `${id}#main-key`;
      const document = {
        ...actor.document,
        id,
        type,
        publicKey: { id: keyId, owner: id, publicKeyPem: actor.publicKeyPem },
      };
      remote.serve(actorPath, (_, response) => {
        response
          .writeHead(200, { 'content-type': 'application/activity+json' })
          .end(JSON.stringify(document));
      });
      await served.inbox.domains.block(remote.domain, { reason: 'spam' });
      await served.inbox.settled();
      return { remote, domain: remote.domain, signer: { ...actor, id, keyId } };
    }
    const named = (remote: RemoteDomain, id: string): void =>
      remote.serve('/.well-known/webfinger', json({ links: [{ rel: 'self', href: id }] }));
    const appeal = (by: Signer | null, body: Sendable = { reason: 'We have closed registration' }) =>
      served.post('/moderation/appeals', body, by, { headers: { 'content-type': 'application/json' } });

    test('in the name of its own actor: the machine hears it, it stands in the log, and a moderator decides', async () => {
      const { remote, domain, signer } = await blocked();
      named(remote, signer.id);
      const reply = await appeal(signer, { reason: 'We have closed registration', contact: 'root@it' });
      expect([reply.status, reply.json()]).toMatchObject([201, { domain, state: 'open' }]);
      expect(await served.inbox.domains.get(domain)).toMatchObject({
        ...{ state: 'blocked', appealedAt: new Date(served.clock.now()).toISOString() },
      });
      const { items } = await served.inbox.transitionsPage({ machine: 'domain', limit: 200 });
      expect(items.findLast(({ key }) => key === domain)).toMatchObject({
        ...{ event: 'domain.appealed', from: 'blocked', to: 'blocked', by: signer.id },
        reason: 'We have closed registration',
      });
      const [entry] = ((await served.admin(`/appeals?domain=${domain}`)).json() as { items: AppealRecord[] })
        .items;
      expect(entry).toMatchObject({ actor: signer.id, contact: 'root@it', state: 'open' });
      // Its mail is refused as before.
      expect((await served.post('/inbox', like(signer.id, `${ORIGIN}/notes/1`), signer)).status).toBe(403);

      const { id } = entry as AppealRecord;
      expect((await served.admin(`/appeals/${id}/overturn`, {})).status).toBe(422);
      const decided = await served.admin(
        `/appeals/${id}/overturn`,
        { reason: 'they did' },
        'moderator-token',
      );
      expect(decided.json()).toMatchObject({ state: 'overturned', decision: 'they did', decidedBy: 'maria' });
      expect(await served.inbox.domains.get(domain)).toMatchObject({ state: 'active' });
      expect((await served.admin(`/appeals/${id}/uphold`, { reason: 'no' })).status).toBe(409);
      await served.inbox.settled();
      expect((await served.post('/inbox', like(signer.id, `${ORIGIN}/notes/1`), signer)).status).toBe(202);
      const history = await decisions(`domain=${domain}`);
      const about = history.filter(({ subject: { kind } }) => kind === 'appeal' || kind === 'domain');
      expect(about.map(({ verb: done, subject: { kind }, by, reason }) => [done, kind, by, reason])).toEqual([
        ['overturn', 'appeal', 'maria', 'they did'],
        ['unblock', 'domain', 'maria', 'they did'],
        ['appeal', 'appeal', signer.id, 'We have closed registration'],
        ['appeal', 'domain', signer.id, 'We have closed registration'],
        ['block', 'domain', 'admin', 'spam'],
      ]);
    });

    test('once in a period, whatever was decided; the same request again is too early as well', async () => {
      const { remote, domain, signer } = await blocked();
      named(remote, signer.id);
      expect((await appeal(signer)).status).toBe(201);
      const [{ id } = { id: '' }] = (await served.inbox.appeals.list({ domain })).items;
      await served.inbox.appeals.uphold(id, { reason: 'no' });
      const replayed = await appeal(signer);
      expect([replayed.status, Number(replayed.headers['retry-after'])]).toEqual([429, 30 * 86_400]);
      // Nor by another way.
      const byMail = await served.inbox.appeals.enter({ domain, reason: 'Please' });
      expect(byMail).toMatchObject({ type: 'too-early' });
      served.clock.advance(30 * DAY_MS);
      expect((await appeal(signer)).status).toBe(201);
      expect((await served.inbox.appeals.list({ domain })).items.map(({ state }) => state)).toEqual([
        'open',
        'upheld',
      ]);
    });

    test.each([
      ['NodeInfo names it (FEP-2677)', '/app', 'Application', '/.well-known/nodeinfo', APPLICATION],
      ['WebFinger names it (Mastodon, GoToSocial)', '/actor', 'Service', '/.well-known/webfinger', 'self'],
      ['it is the root of the domain (Lemmy)', '/', 'Application', '', ''],
    ])('its own actor is known by its domain: %s', async (_, path, type, well, rel) => {
      const { remote, signer } = await blocked(path, type);
      if (well !== '') remote.serve(well, json({ links: [{ rel, href: signer.id }] }));
      expect((await appeal(signer)).status).toBe(201);
    });

    test('nobody else may: a stranger, a user, a bot, an actor that its domain does not name', async () => {
      const { remote, domain, signer } = await blocked();
      const user = await remote.actor('user');
      const bot = await remote.actor('bot');
      bot.document = { ...bot.document, type: 'Service' };
      named(remote, `${remote.origin}/users/somebody-else`);
      expect((await appeal(user)).status).toBe(403);
      expect((await appeal(bot)).status).toBe(403);
      expect((await appeal(signer)).status).toBe(403);
      // The own actor of another server, with a key that lies on this one.
      const away = await served.remote();
      const other = await away.actor('other');
      const keyId = `${remote.origin}/uploads/key`;
      const publicKey = { id: keyId, owner: other.id, publicKeyPem: other.publicKeyPem };
      other.document = { ...other.document, type: 'Application', publicKey };
      for (const server of [away, remote])
        server.serve('/.well-known/nodeinfo', json({ links: [{ rel: APPLICATION, href: other.id }] }));
      remote.serve('/uploads/key', (_, response) => {
        const document = { '@context': CONTEXT, type: 'Key', ...publicKey };
        response
          .writeHead(200, { 'content-type': 'application/activity+json' })
          .end(JSON.stringify(document));
      });
      const foreign = await appeal({ ...other, keyId });
      expect([foreign.status, foreign.body]).toEqual([403, expect.stringContaining('elsewhere')]);
      // A key of another server, under the name of this one; and nobody's.
      expect((await appeal({ ...signer, privateKey: ann.privateKey })).status).toBe(401);
      expect((await appeal(null)).status).toBe(401);
      // Whoever is not blocked has nothing to appeal against, and is not looked at.
      const fetches = home.fetches();
      expect((await appeal(await home.actor('nobody'))).status).toBe(409);
      expect(home.fetches()).toBe(fetches);
      expect((await served.inbox.appeals.list({ domain })).items).toEqual([]);
      expect((await served.inbox.domains.get(domain)).appealedAt).toBeNull();
    });

    test('what is no appeal is refused: another body than was signed, too much, nothing', async () => {
      const { remote, signer } = await blocked();
      named(remote, signer.id);
      for (const [body, status] of [
        ['not json', 400],
        [{}, 400],
        [{ reason: ' ' }, 400],
        [{ reason: 'x'.repeat(5_001) }, 400],
        [{ reason: 'x'.repeat(40_000) }, 413],
      ] as const)
        expect((await appeal(signer, body)).status).toBe(status);
      const headers = { 'content-type': 'application/json', digest: 'SHA-256=AAAA' };
      const forged = await served.post('/moderation/appeals', { reason: 'x' }, signer, { headers });
      expect(forged.status).toBe(401);
      expect((await served.ask('GET', '/moderation/appeals')).status).toBe(405);
    });

    test('a flood of them asks the domain for its actor a few times, and no more', async () => {
      const { remote, signer } = await blocked();
      named(remote, 'https://elsewhere.example/actor');
      const replies = await Promise.all(Array.from({ length: 12 }, () => appeal(signer)));
      const statuses = replies.map(({ status }) => status).sort();
      expect(statuses).toEqual([...Array(4).fill(403), ...Array(8).fill(429)]);
      expect(remote.fetches('/.well-known/nodeinfo')).toBe(4);
    });

    test('by a link that a moderator made: a plain form, good for one appeal', async () => {
      const { domain } = await blocked();
      const made = await served.admin(`/domains/${domain}/appeal-link`, {}, 'moderator-token');
      const { url } = made.json() as { url: string };
      const path = url.slice(ORIGIN.length);
      const form = await served.ask('GET', path);
      expect(form.status).toBe(200);
      expect(form.headers).toMatchObject({
        'content-security-policy':
          "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
      expect(form.body).toContain(domain);
      expect(form.body).not.toMatch(/<script|https?:\/\/|style=/);
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      const send = (fields: Record<string, string>, to = path) =>
        served.ask('POST', to, type, Buffer.from(new URLSearchParams(fields).toString()));
      expect((await send({ reason: ' ' })).status).toBe(422);
      const words = '<script>alert(1)</script>"\'&';
      // Both at once: one of them is taken.
      const both = await Promise.all([send({ reason: words, contact: words }), send({ reason: words })]);
      expect(both.map(({ status }) => status).sort()).toEqual([200, 404]);
      expect((await served.inbox.appeals.list({ domain })).items).toMatchObject([
        { actor: null, reason: words },
      ]);
      const after = await served.ask('GET', path);
      expect(after.body).toContain('Nobody has decided yet');
      for (const { body } of [...both, after]) expect(body).not.toContain('<script');
      // Guessed, foreign, cut off: all the same.
      for (const other of ['x'.repeat(43), 'short', 'a%2Fb', `${path.split('/').at(-1)}x`])
        expect((await send({ reason: 'x' }, `/moderation/appeals/${other}`)).status).toBe(404);
    });

    test('a link ends by itself, and with the block', async () => {
      const { domain } = await blocked();
      const [late, moot] = [await served.inbox.appeals.link(domain), await served.inbox.appeals.link(domain)];
      const tokenOf = ({ url }: { url: string }): string => url.split('/').at(-1) as string;
      await served.inbox.domains.unblock(domain);
      expect(await served.inbox.appeals.enterByLink(tokenOf(moot), { reason: 'x' })).toEqual({
        type: 'not-blocked',
      });
      await expect(served.inbox.appeals.link(domain)).rejects.toMatchObject({
        code: 'ERR_NOT_ALLOWED_IN_STATE',
      });
      served.clock.advance(14 * DAY_MS);
      expect(await served.inbox.appeals.linkState(tokenOf(late))).toEqual({ type: 'none' });
    });
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});

test('S83 where only allowed domains may come in, one that nobody has blocked has nothing to appeal, and is not asked', async () => {
  await using served = await serve(places[0] as (typeof places)[number], { federation: 'allowlist' });
  const remote = await served.remote();
  const ann = await remote.actor('ann');
  const body = { reason: 'Let us in' };
  const headers = { 'content-type': 'application/json' };
  expect((await served.post('/moderation/appeals', body, ann, { headers })).status).toBe(409);
  expect(remote.fetches()).toBe(0);
});
