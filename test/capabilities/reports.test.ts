/**
 * Reports and the record of decisions: row S79 of the checklist, and what moderators do with reports. Everything comes in
 * over HTTP from servers that sign for real, and goes out to them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord, ReportRecord } from '../../src/api.ts';
import { addProofKey, ldSigned, proven } from '../conformance/document-signature.ts';
import {
  CONTEXT,
  create,
  PUBLIC,
  type RemoteActor,
  type RemoteDomain,
  type Signer,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const BOB = `${ORIGIN}/users/bob`;
const INSTANCE = `${ORIGIN}/users/_instance`;
const DAY_MS = 86_400_000;

describe.each(places)('reports ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  let number = 0;
  beforeAll(async () => {
    served = await serve(place);
    home = await served.remote();
    ann = await home.actor('ann');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  const flag = (actor: RemoteActor, object: unknown, more: object = {}) => {
    const id = `${actor.id}/flags/${++number}`;
    return { '@context': CONTEXT, id, type: 'Flag', actor: actor.id, object, ...more };
  };
  async function take(activity: { readonly id: string } & Record<string, unknown>, by: Signer = ann) {
    expect((await served.post('/inbox', activity, by)).status).toBe(202);
    await served.inbox.settled();
    return served.inbox.activities.get(activity.id);
  }
  const reports = async (query = ''): Promise<ReportRecord[]> =>
    ((await served.admin(`/reports${query}`)).json() as { items: ReportRecord[] }).items;
  const newest = async (): Promise<ReportRecord> => (await reports())[0] as ReportRecord;
  const verb = async (id: string, name: string, body: object = {}, token = 'moderator-token') =>
    served.admin(`/reports/${id}/${name}`, body, token);
  const decisions = async (query: string): Promise<AuditRecord[]> =>
    ((await served.admin(`/audit?${query}`)).json() as { items: AuditRecord[] }).items;

  describe('what is reported', () => {
    test('Flags of one reporter about one target come to one report, until the window is over', async () => {
      const al = await home.actor('al');
      await take(flag(al, [ALICE, `${ORIGIN}/notes/a`], { content: 'Rude.' }), al);
      await take(flag(al, [`${ORIGIN}/notes/b`, ALICE], { content: 'Again!' }), al);
      const [report] = await reports(`?target=${encodeURIComponent(ALICE)}&state=open`);
      expect(report).toMatchObject({
        actor: al.id,
        target: ALICE,
        count: 2,
        content: 'Rude.',
        state: 'open',
      });
      expect(report?.objects).toEqual([ALICE, `${ORIGIN}/notes/a`, `${ORIGIN}/notes/b`]);
      const detail = await served.inbox.reports.get(report?.id as string);
      expect(detail.flags.map(({ content }) => content)).toEqual(['Rude.', 'Again!']);

      // Another target, another reporter, another day: other reports.
      await take(flag(al, BOB), al);
      await take(flag(ann, ALICE));
      served.clock.advance(DAY_MS);
      await take(flag(al, ALICE), al);
      const mine = (await reports('?limit=200')).filter(({ actor }) => actor === al.id);
      expect(mine.map(({ target, count }) => [target, count])).toEqual([
        [ALICE, 1],
        [BOB, 1],
        [ALICE, 2],
      ]);
    });

    test('a report that was resolved stays so: the next Flag opens another one', async () => {
      const eve = await home.actor('eve');
      await take(flag(eve, ALICE), eve);
      const first = await newest();
      await verb(first.id, 'resolve', { reason: 'talked to alice' });
      await take(flag(eve, ALICE), eve);
      expect((await newest()).id).not.toBe(first.id);
      expect(await served.inbox.reports.get(first.id)).toMatchObject({ state: 'resolved', count: 1 });
    });

    test('as Misskey writes it: one object, no `to`, and the post named in the text alone', async () => {
      const { object } = await served.inbox.send('bob', { type: 'Note', content: 'Hi', to: PUBLIC });
      const mi = await home.actor('mi');
      const content = `Note: ${object}\n-----\nLook at this, see https://elsewhere.example/x.`;
      await take(flag(mi, BOB, { content }), mi);
      const report = await newest();
      expect(report).toMatchObject({ objects: [BOB, object], target: BOB, content });
      const { reported } = await served.inbox.reports.get(report.id);
      expect(reported).toMatchObject([
        { uri: BOB, isLocal: true, kind: 'actor' },
        { uri: object, kind: 'object', type: 'Note', owner: BOB, normal: { content: 'Hi' } },
      ]);
    });

    test('somebody elsewhere only where the posts answer ours; the rest is not ours to judge', async () => {
      const count = (await reports('?limit=200')).length;
      const troll = await home.actor('troll');
      const elsewhere = create(troll.id, { content: 'Bah', inReplyTo: 'https://elsewhere.example/1' });
      await take(elsewhere, troll);
      const about = (activity: typeof elsewhere): string => (activity.object as { id: string }).id;
      const ignored = await take(flag(ann, [troll.id, about(elsewhere)]));
      expect(ignored).toMatchObject({ status: 'processed', reason: 'the report is about nobody here' });
      expect(await reports('?limit=200')).toHaveLength(count);

      const answer = create(troll.id, { content: 'Bah', inReplyTo: `${ORIGIN}/notes/a` });
      await take(answer, troll);
      await take(flag(ann, [troll.id, about(answer)]));
      expect(await newest()).toMatchObject({ target: troll.id, objects: [troll.id, about(answer)] });
    });

    test('long texts are cut at 5 000 characters, and never within one', async () => {
      const la = await home.actor('la');
      await take(flag(la, ALICE, { content: `${'x'.repeat(4_999)}🎉 and more` }), la);
      const { content } = await newest();
      expect(content).toBe('x'.repeat(4_999));
    });
  });

  describe('what moderators do', () => {
    test('one takes care of it, says what was done, and all of it stands in the history', async () => {
      const flo = await home.actor('flo');
      await take(flag(flo, ALICE), flo);
      const { id } = await newest();
      expect((await verb(id, 'claim')).json()).toMatchObject({ assignee: 'maria', state: 'open' });
      // Two moderators never work on the same one, also when they reach for it at once.
      const once = (await served.inbox.reports.send({ objects: [ALICE] })).id;
      const both = await Promise.all([verb(once, 'claim'), verb(once, 'claim', {}, 'admin-token')]);
      expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
      await served.inbox.reports.release(once);
      expect((await verb(once, 'claim', { assignee: 'joe' })).json()).toMatchObject({ assignee: 'joe' });
      expect((await verb(id, 'claim', {}, 'admin-token')).status).toBe(409);
      expect((await reports('?assignee=maria')).map((report) => report.id)).toEqual([id]);
      expect((await verb(id, 'resolve')).status).toBe(422);
      expect((await verb(id, 'resolve', { reason: 'post deleted' })).json()).toMatchObject({
        ...{ state: 'resolved', resolution: 'post deleted', resolvedBy: 'maria' },
      });
      expect((await verb(id, 'resolve', { reason: 'twice' })).status).toBe(409);
      expect((await verb(id, 'note', { reason: 'alice apologised' })).status).toBe(200);
      expect((await verb(id, 'reopen', { reason: 'she did it again' })).json()).toMatchObject({
        ...{ state: 'open', resolution: null },
      });
      expect((await verb('999999', 'claim')).status).toBe(404);
      expect((await verb(id, 'claim', {}, 'viewer-token')).status).toBe(403);
      const { history } = await served.inbox.reports.get(id);
      expect(history.map(({ by, verb: done, from, to }) => [by, done, from, to])).toEqual([
        ['maria', 'reopen', 'resolved', 'open'],
        ['maria', 'note', 'resolved', 'resolved'],
        ['maria', 'resolve', 'open', 'resolved'],
        ['maria', 'claim', 'open', 'open'],
        [null, 'report.opened', null, 'open'],
      ]);
    });

    test('a Flag with a proof of its own goes to the other server byte for byte', async () => {
      const away = await served.remote();
      const troll = await away.actor('troll');
      const bad = create(troll.id, { content: 'Bah', inReplyTo: `${ORIGIN}/notes/a` });
      await take(bad, troll);
      const objects = [troll.id, (bad.object as { id: string }).id];
      const nowMs = served.clock.now();
      const [pam, lou] = [await home.actor('pam'), await home.actor('lou')];
      const sent = [
        proven(flag(pam, objects, { content: 'By 8b32' }), addProofKey(pam), nowMs),
        await ldSigned(flag(lou, objects, { content: 'By LD' }), lou, nowMs),
      ];
      for (const [at, actor] of [pam, lou].entries()) {
        const one = sent[at] as { readonly id: string } & Record<string, unknown>;
        await take(one, actor);
        const { id } = await newest();
        expect((await verb(id, 'forward')).json()).toMatchObject({ deliveries: 1, isOriginal: true });
        const got = await away.delivery(({ activity }) => activity.id === one.id);
        expect(got.body).toBe(JSON.stringify(one));
        expect(got.path).toBe('/inbox');
        expect(JSON.stringify(got.headers)).toContain(`${INSTANCE}#main-key`);
        // Nothing has come since.
        expect((await verb(id, 'forward')).status).toBe(409);
      }
    });

    test('two who send it on at once send it once', async () => {
      const away = await served.remote();
      const troll = await away.actor('troll');
      const bad = create(troll.id, { content: 'Bah', inReplyTo: `${ORIGIN}/notes/a` });
      await take(bad, troll);
      await take(flag(ann, [troll.id, (bad.object as { id: string }).id], { content: 'Once' }));
      const { id } = await newest();
      const answers = await Promise.all([verb(id, 'forward'), verb(id, 'forward')]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    });

    test('one without is said again by the instance, and who reported stays here', async () => {
      const away = await served.remote();
      const troll = await away.actor('troll');
      const bad = create(troll.id, { content: 'Bah', inReplyTo: `${ORIGIN}/notes/a` });
      await take(bad, troll);
      const post = (bad.object as { id: string }).id;
      await take(flag(ann, [ALICE, post], { content: 'Both of them' }));
      // About alice first of all: that is nobody else's affair.
      expect((await verb((await newest()).id, 'forward')).status).toBe(422);
      await take(flag(ann, [post], { content: 'The troll' }));
      expect((await verb((await newest()).id, 'forward')).json()).toMatchObject({ isOriginal: false });
      const { activity, body } = await away.delivery(({ activity: { type } }) => type === 'Flag');
      expect(activity).toMatchObject({ actor: INSTANCE, object: [troll.id, post], content: 'The troll' });
      expect(body).not.toContain(ann.id);
    });

    test('our own people report, too, and other servers are told when they want it', async () => {
      const away = await served.remote();
      const troll = await away.actor('troll');
      const body = { objects: [troll.id], content: 'Scam', actor: 'alice' };
      const here = await served.admin('/reports', body, 'moderator-token');
      expect(here.json()).toMatchObject({ actor: ALICE, target: troll.id, forwardedAt: null });
      await served.inbox.settled();
      expect(away.received).toEqual([]);
      const there = await served.admin('/reports', { ...body, forward: true }, 'moderator-token');
      expect((there.json() as ReportRecord).forwardedAt).not.toBeNull();
      const { activity } = await away.delivery();
      expect(activity).toMatchObject({ type: 'Flag', actor: INSTANCE, object: [troll.id], content: 'Scam' });
      expect(JSON.stringify(activity)).not.toContain('alice');
      const nowhere = { objects: ['http://127.0.0.1:9/users/x'], forward: true };
      await expect(served.inbox.reports.send(nowhere)).rejects.toMatchObject({ code: 'ERR_REMOTE' });
    });
  });

  describe('S79 decisions have their reasons', () => {
    test('a block without a reason is refused, and nothing is entered', async () => {
      const { domain } = await served.remote();
      expect((await served.admin(`/domains/${domain}/block`, {})).status).toBe(422);
      await expect(served.inbox.domains.block(domain, { reason: ' ' })).rejects.toMatchObject({
        code: 'ERR_INVALID',
      });
      expect(await decisions(`subject=domain:${domain}`)).toEqual([]);
    });

    test('who did what to what, why, from which state to which, under which settings', async () => {
      const { domain } = await served.remote();
      await served.admin(`/domains/${domain}/block`, { reason: 'spam' }, 'moderator-token');
      await served.admin(`/domains/${domain}/unblock`, { reason: 'mended' });
      const found = await decisions(`subject=domain:${domain}`);
      expect(found).toMatchObject([
        { by: 'admin', verb: 'unblock', from: 'blocked', to: 'active', reason: 'mended', domain },
        { by: 'maria', verb: 'block', from: 'active', to: 'blocked', reason: 'spam', domain },
      ]);
      const [{ policy }, { seq }] = found as [AuditRecord, AuditRecord];
      expect(policy).toMatch(/^[0-9a-f]{12}$/);
      const { items } = await served.inbox.transitionsPage({ since: 0, machine: 'domain', limit: 200 });
      expect(items.filter(({ key }) => key === domain).map((one) => one.policy)).toEqual([policy, policy]);
      // Filters, and the file of it all.
      expect(await decisions(`domain=${domain}&by=maria`)).toMatchObject([{ seq }]);
      expect(await decisions(`domain=${domain}&since=${seq}`)).toMatchObject([{ verb: 'unblock' }]);
      expect(await decisions(`domain=${domain}&until=2001-01-01T00:00:00Z`)).toEqual([]);
      const file = await served.admin(`/audit/export?domain=${domain}`);
      expect(
        file.body
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual(found.toReversed());
      const csv = (await served.admin(`/audit/export?domain=${domain}&format=csv`)).body.split('\r\n');
      expect(csv).toHaveLength(4);
      expect(csv[1]).toContain(`"maria","block","domain","${domain}"`);
    });

    test('what a stranger wrote is no formula in a spreadsheet', async () => {
      const { domain } = await served.remote();
      await served.admin(`/domains/${domain}/block`, { reason: '=cmd|"/c calc"!A0' });
      const { body } = await served.admin(`/audit/export?domain=${domain}&format=csv`);
      expect(body).toContain(`"'=cmd|""/c calc""!A0"`);
    });
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});
