/**
 * What filters hold for a moderator: rows S67, S70 to S72 of the checklist. Everything goes through HTTP and the public
 * API of one inbox, to which each test adds the filters that it is about.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Activity, ActivityRecord, Filter, HeldRecord } from '../../src/index.ts';
import { drop, hold, reject } from '../../src/index.ts';
import { create, follow, like, type RemoteActor, type RemoteDomain, type Sent } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const DAY_MS = 86_400_000;

describe.each(places)('what is held ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  let bea: RemoteActor;
  const open: Disposable[] = [];
  const handled: string[] = [];
  beforeAll(async () => {
    const dan = { followPolicy: 'hold' as const };
    served = await serve(place, { actors: { alice: {}, bob: {}, dan } }, (inbox) => {
      inbox.on('*', ({ id }) => void handled.push(id));
    });
    home = await served.remote();
    ann = await home.actor('ann');
    bea = await home.actor('bea');
  }, PATIENCE);
  afterEach(async () => {
    for (const one of open.splice(0)) one[Symbol.dispose]();
    // What a test leaves behind is nobody's business.
    await served.inbox.held.bulk({ action: 'reject', domain: home.domain });
    await served.inbox.settled();
  });
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  /** A filter for this test, and how often it was asked. */
  function during(name: string, filter: Filter): { readonly asked: string[] } {
    const asked: string[] = [];
    const counted: Filter = (activity, context) => {
      asked.push(activity.id);
      return filter(activity, context);
    };
    open.push(served.inbox.filter(name, counted));
    return { asked };
  }
  const is = (type: string) => (activity: Activity) => activity.type === type;
  async function send(activity: Sent, actor = ann, path = '/inbox'): Promise<ActivityRecord> {
    const { status } = await served.post(path, activity, actor);
    expect(status).toBe(202);
    await served.inbox.settled();
    return served.inbox.activities.get(activity.id);
  }
  const note = async () =>
    (await served.inbox.actors.send('alice', { type: 'Note', content: 'hi', to: `${ALICE}/followers` }))
      .object as string;
  const likesOf = async (uri: string) => (await served.inbox.objects.get(uri)).likes.total;
  async function ask<Answer>(path: string, body?: unknown, status = 200): Promise<Answer> {
    const reply = await served.admin(path, body, 'moderator-token');
    expect([path, reply.status]).toEqual([path, status]);
    await served.inbox.settled();
    return reply.json() as Answer;
  }
  const heldNow = async (query = '') =>
    (await ask<{ items: HeldRecord[]; next: string | null }>(`/held${query}`)).items;
  const heldOf = async ({ id }: Sent) =>
    (await heldNow()).find(({ activityId }) => activityId === id) as HeldRecord;
  const statusOf = async ({ id }: Sent) => (await served.inbox.activities.get(id)).status;

  describe('S67 a held activity', () => {
    test('is one record, however often it comes again, and says who decided and when', async () => {
      during('strangers', (activity) => (is('Like')(activity) ? hold('who is that?') : undefined));
      const liking = like(ann.id, await note());
      for (const path of ['/inbox', '/inbox', '/users/alice/inbox', '/users/bob/inbox'])
        expect((await send(liking, ann, path)).status).toBe('held');
      expect((await heldNow()).map(({ activityId }) => activityId)).toEqual([liking.id]);
      const { id } = await heldOf(liking);
      await ask(`/held/${id}/approve`, { reason: 'a friend' });
      const { history, status } = await served.inbox.activities.get(liking.id);
      expect(status).toBe('processed');
      expect(history.find(({ what }) => what === 'approved')).toEqual({
        ...{ at: new Date(served.clock.now()).toISOString(), what: 'approved' },
        ...{ by: 'maria', reason: 'a friend' },
      });
      expect((await send(liking)).status).toBe('processed');
      expect(await heldNow()).toEqual([]);
    });
  });

  describe('S70 a sender', () => {
    test('has its 202, and the activity is held: it is neither dropped nor processed', async () => {
      during('all', () => hold('looked at later'));
      const greeting = create(ann.id);
      expect((await served.post('/inbox', greeting, ann)).status).toBe(202);
      await served.inbox.settled();
      expect(await statusOf(greeting)).toBe('held');
      expect(handled).not.toContain(greeting.id);
    });
  });

  describe('S71 an approval', () => {
    test('replays the activity past the filters that were asked, and the later ones have their say', async () => {
      const uri = await note();
      const first = during('first', () => undefined);
      const holds = during('holds', () => hold('who is that?'));
      const after = during('after', () => undefined);
      const liking = like(ann.id, uri);
      await send(liking);
      expect([first.asked.length, holds.asked.length, after.asked.length]).toEqual([1, 1, 0]);
      const { id } = await heldOf(liking);
      await ask(`/held/${id}/approve`, {});
      expect([first.asked.length, holds.asked.length, after.asked.length]).toEqual([1, 1, 1]);
      expect([await statusOf(liking), await likesOf(uri)]).toEqual(['processed', 1]);
      expect(await ask(`/held/${id}/approve`, {}, 409)).toMatchObject({ state: 'processed' });
      expect(await likesOf(uri)).toBe(1);
      const { history } = await served.inbox.activities.get(liking.id);
      expect(history.map(({ what, asked }) => [what, asked])).toEqual([
        ...[
          ['received', undefined],
          ['filtered', ['first', 'holds']],
          ['held', undefined],
        ],
        ...[
          ['approved', undefined],
          ['filtered', ['after']],
          ['processed', undefined],
        ],
      ]);
    });

    test('overrides only filters that were asked: a later one holds it again, and then another drops it', async () => {
      const uri = await note();
      during('one', () => hold('1'));
      during('two', () => hold('2'));
      const liking = like(ann.id, uri);
      await send(liking);
      await ask(`/held/${(await heldOf(liking)).id}/approve`, {});
      expect(await heldOf(liking)).toMatchObject({ filter: 'two', reason: '2' });
      expect(await likesOf(uri)).toBe(0);
      // A filter that is new was never overridden, wherever it stands.
      during('three', () => drop('3'));
      await ask(`/held/${(await heldOf(liking)).id}/approve`, {});
      expect(await served.inbox.activities.get(liking.id)).toMatchObject({
        ...{ status: 'dropped', reason: 'three: 3' },
      });
      expect(await likesOf(uri)).toBe(0);
      expect(handled.filter((id) => id === liking.id)).toEqual([]);
    });

    test('of a Follow leaves the followed actor its own policy, which may hold it too', async () => {
      const dan = `${ORIGIN}/users/dan`;
      during('new here', ({ type }) => (type === 'Follow' ? hold('new here') : undefined));
      const asking = follow(bea.id, dan);
      await send(asking, bea);
      expect(await heldOf(asking)).toMatchObject({ filter: 'new here' });
      await ask(`/held/${(await heldOf(asking)).id}/approve`, {});
      expect(await heldOf(asking)).toMatchObject({ filter: 'followPolicy' });
      await ask(`/held/${(await heldOf(asking)).id}/approve`, {});
      expect(await statusOf(asking)).toBe('processed');
      const [request] = (await served.inbox.followRequests.list({ actor: bea.id })).items;
      expect(request).toMatchObject({ activityId: asking.id, state: 'pending' });
    });

    test('does not get past a block that was made meanwhile', async () => {
      const other = await served.remote();
      const carl = await other.actor('carl');
      const uri = await note();
      during('likes', () => hold('later'));
      const liking = like(carl.id, uri);
      await send(liking, carl);
      const { id } = await heldOf(liking);
      await served.inbox.domains.block(other.domain, { reason: 'spam' });
      await ask(`/held/${id}/approve`, {});
      expect([await statusOf(liking), await likesOf(uri)]).toEqual(['rejected', 0]);
    });

    test('of many at once is one call, which says how many; the rest stays', async () => {
      const uri = await note();
      during('likes', ({ type }) => (type === 'Like' ? hold('a like') : undefined));
      during('posts', ({ type }) => (type === 'Create' ? hold('a post') : undefined));
      const likes = [like(ann.id, uri), like(bea.id, uri)];
      const posts = [create(ann.id), create(ann.id)];
      await send(likes[0] as Sent);
      await send(likes[1] as Sent, bea);
      for (const post of posts) await send(post);
      expect(await ask('/held/bulk', { action: 'approve' }, 422)).toMatchObject({ type: /bad-input/ });
      const dry = { action: 'reject', actor: ann.id, dryRun: true };
      expect(await ask('/held/bulk', dry)).toEqual({ matched: 3, changed: 0 });
      expect(await ask('/held/bulk', { action: 'approve', filter: 'likes' })).toEqual({
        ...{ matched: 2, changed: 2 },
      });
      expect(await likesOf(uri)).toBe(2);
      const ids = (await heldNow()).map(({ id }) => id);
      expect(await ask('/held/bulk', { action: 'reject', ids, reason: 'noise' })).toEqual({
        ...{ matched: 2, changed: 2 },
      });
      for (const post of posts)
        expect(await served.inbox.activities.get(post.id)).toMatchObject({
          ...{ status: 'rejected', reason: 'noise' },
        });
    });

    test('that trusts the actor keeps filters from holding it again, and from nothing else', async () => {
      const uri = await note();
      let isStrict = false;
      during('likes', () => (isStrict ? reject('no more') : hold('a like')));
      const [first, second, third, fourth, others] = [
        ...[like(ann.id, uri), like(ann.id, uri), like(ann.id, uri), like(ann.id, uri)],
        like(bea.id, uri),
      ] as [Sent, Sent, Sent, Sent, Sent];
      await send(first);
      await ask(`/held/${(await heldOf(first)).id}/approve`, { trust: 'actor', reason: 'known for years' });
      const passed = await send(second);
      expect(passed.status).toBe('processed');
      expect(passed.history).toContainEqual(
        expect.objectContaining({ what: 'trusted', filter: 'likes', reason: 'a like' }),
      );
      expect((await send(others, bea)).status).toBe('held');
      isStrict = true;
      expect((await send(third)).status).toBe('rejected');
      isStrict = false;
      const [record] = (await ask<{ items: { id: string }[] }>('/trusted')).items;
      expect(record).toMatchObject({ actor: ann.id, domain: null, by: 'maria', reason: 'known for years' });
      await ask(`/trusted/${record?.id}/revoke`, {});
      expect((await send(fourth)).status).toBe('held');
      expect((await ask<{ items: object[] }>('/trusted')).items).toEqual([]);
      await ask(`/trusted/${record?.id}/revoke`, {}, 404);
    });

    test('may trust the whole domain, and a filter that fails holds what it sends all the same', async () => {
      const uri = await note();
      let isBroken = false;
      during('likes', () => {
        if (isBroken) throw new Error('no database');
        return hold('a like');
      });
      await ask('/trusted', { domain: home.domain });
      expect((await send(like(bea.id, uri), bea)).status).toBe('processed');
      isBroken = true;
      expect((await send(like(bea.id, uri), bea)).status).toBe('held');
      await ask(`/trusted/${home.domain}/revoke`, {});
    });
  });

  describe('S72 the list of what is held', () => {
    test('comes in pages, in the order that is asked for, and by what one looks for', async () => {
      const spam = create(bea.id, { content: '<p>Cheap ROLEX</p>' });
      const all = [create(ann.id), create(ann.id), spam, like(ann.id, ALICE)];
      during('posts', ({ type }) => (type === 'Create' ? hold('a post') : undefined));
      during('likes', ({ type }) => (type === 'Like' ? hold('a like') : undefined));
      for (const [at, one] of all.entries()) {
        await send(one, at === 2 ? bea : ann);
        served.clock.advance(1_000);
      }
      const ids = async (query: string) => (await heldNow(query)).map(({ activityId }) => activityId);
      const sent = all.map(({ id }) => id);
      expect(await ids('')).toEqual(sent.toReversed());
      expect(await ids('?order=oldest')).toEqual(sent);
      expect(await ids('?filter=likes')).toEqual(sent.slice(3));
      expect(await ids(`?actor=${encodeURIComponent(bea.id)}&type=Create`)).toEqual([spam.id]);
      expect(await ids(`?domain=${home.domain}&q=rolex`)).toEqual([spam.id]);
      expect(await ids('?q=nowhere')).toEqual([]);

      // Kept longer, the first one is no longer the first to go.
      const until = new Date(served.clock.now() + 40 * DAY_MS).toISOString();
      const first = await heldOf(all[0] as Sent);
      expect(await ask(`/held/${first.id}/extend`, { until })).toMatchObject({ expiresAt: until });
      await ask(`/held/${first.id}/extend`, { until: new Date(0).toISOString() }, 422);
      for (const order of ['newest', 'oldest', 'expiring']) {
        const found: string[] = [];
        for (let next: string | null = ''; next !== null; ) {
          const page: { items: HeldRecord[]; next: string | null } = await ask(
            `/held?order=${order}&limit=3&cursor=${next}`,
          );
          found.push(...page.items.map(({ activityId }) => activityId));
          next = page.next;
        }
        expect(found).toEqual(await ids(`?order=${order}`));
        expect(found).toHaveLength(4);
      }
      expect(await ids('?order=expiring')).toEqual([...sent.slice(1), sent[0]]);
      await ask('/held?order=expiring&cursor=x', undefined, 400);
    });

    test('shows one with its document, what the filters said, and what is known of who sent it', async () => {
      during('calm', () => undefined);
      during('posts', () => hold('a post'));
      const post = create(ann.id, { content: '<p>hello</p>' });
      await send(post);
      const { id } = await heldOf(post);
      const detail = await ask<Record<string, unknown>>(`/held/${id}`);
      expect(JSON.parse(detail.document as string)).toMatchObject({ id: post.id });
      expect(detail).toMatchObject({
        ...{ activityId: post.id, asked: ['calm', 'posts'], heldOfActor: 1, heldOfDomain: 1 },
        inboxes: [`${ORIGIN}/inbox`],
        actorRecord: { preferredUsername: 'ann' },
        domainRecord: { domain: home.domain, state: 'active' },
        chain: [
          { what: 'filtered', asked: ['calm', 'posts'] },
          { what: 'held', filter: 'posts', reason: 'a post' },
        ],
      });
      expect(await ask(`/held/${encodeURIComponent(post.id)}`)).toEqual(detail);
      await ask('/held/999999', undefined, 404);
    });

    test('loses what nobody decides about when its time is over, and keeps what has more of it', async () => {
      during('posts', () => hold('a post'));
      const posts = [create(ann.id), create(ann.id)] as const;
      for (const post of posts) await send(post);
      const until = new Date(served.clock.now() + 31 * DAY_MS).toISOString();
      await ask(`/held/${(await heldOf(posts[1])).id}/extend`, { until, reason: 'on holiday' });
      served.clock.advance(30 * DAY_MS);
      await served.inbox.settled();
      expect(await Promise.all(posts.map(statusOf))).toEqual(['dropped', 'held']);
      expect((await served.inbox.activities.get(posts[1].id)).history.at(-1)).toMatchObject({
        ...{ what: 'extended', by: 'maria', reason: 'on holiday' },
      });
      served.clock.advance(DAY_MS);
      await served.inbox.settled();
      expect(await Promise.all(posts.map(statusOf))).toEqual(['dropped', 'dropped']);
    });
  });

  test('nothing went wrong that nobody looked for', () => {
    expect(served.errors.filter((error) => !/a filter failed/.test(String(error)))).toEqual([]);
  });
});
