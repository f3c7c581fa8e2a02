/**
 * The life of follows as a service and its peers see it: the rows S25 to S27 and S29 of the capabilities, and the faults A2, A3,
 * A4 and A16 of the original. Everything goes through HTTP or the public API.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseKind } from '../databases.ts';
import {
  accept,
  follow,
  like,
  type RemoteActor,
  type RemoteDomain,
  reject,
  remoteDomain,
  undo,
} from '../fediverse/index.ts';
import { PATIENCE, places, type Served, serve } from '../inbox/served.ts';
import { answersTo, askedOf, idOf, twinOf } from './follows-place.ts';

const DAY_MS = 86_400_000;

describe.each(places)('on $name', ({ kind, shell }) => {
  let served: Served;
  let home: RemoteDomain;
  let away: RemoteDomain;
  let ann: RemoteActor;
  let drop: () => Promise<void>;
  let again: () => Promise<Served>;
  let ask: ReturnType<typeof askedOf>;

  beforeAll(async () => {
    home = await remoteDomain();
    away = await remoteDomain();
    ann = await home.actor('ann');
    const place = await kind.open();
    drop = place.drop;
    // The database outlives the inbox on it, so that there is a restart.
    const lasting: DatabaseKind = { ...kind, open: async () => ({ ...place, drop: async () => undefined }) };
    again = () =>
      serve(
        { kind: lasting, shell },
        {
          followExpiry: '30 days',
          // Whoever knows a name is that one: the login is the service's business.
          signedIn: ({ headers }) => headers.get('authorization'),
          actors: {
            ...{ alice: {}, carol: { locked: true }, dora: { followPolicy: 'reject' } },
            gwen: { followPolicy: 'hold' },
            erin: {
              followPolicy: [
                { from: { actors: [`${away.origin}/users/pat`] }, answer: 'accept' },
                { from: { domains: [away.domain] }, answer: 'reject' },
                { from: 'mutuals', answer: 'accept' },
                { from: 'everybody', answer: 'ask' },
              ],
            },
          },
        },
      );
    served = await again();
    ask = askedOf(served);
  }, PATIENCE);
  afterAll(async () => {
    await served[Symbol.asyncDispose]();
    await Promise.all([home.close(), away.close(), drop()]);
  }, PATIENCE);

  describe('S25 a Follow makes a follow request', () => {
    test('which is pending, between the right two, and in the log', async () => {
      const asked = follow(ann.id, idOf('carol'));
      expect(await ask.end(asked, ann)).toMatchObject({ status: 'processed', reason: null });
      const { items } = (
        await served.admin(`/follow-requests?actor=${encodeURIComponent(ann.id)}`)
      ).json() as {
        items: object[];
      };
      expect(items).toMatchObject([
        {
          ...{ activityId: asked.id, direction: 'incoming', state: 'pending' },
          ...{ follower: ann.id, following: idOf('carol') },
        },
      ]);
      expect(await ask.lifeOf(asked.id)).toEqual(['null follow.received pending']);
    });
  });

  describe('S26 and S27 an accepted request makes a follower', () => {
    test('once, with exactly one Accept, however often somebody accepts', async () => {
      const ben = twinOf(ann, home, 'ben');
      const asked = follow(ben.id, idOf('carol'));
      await ask.end(asked, ben);
      const { items } = await served.inbox.followRequests.list({ state: 'pending', actor: ben.id });
      const url = `/follow-requests/${items[0]?.id}/accept`;
      const reason = 'an old friend';
      expect((await served.admin(url, { reason })).status).toBe(200);
      expect((await served.admin(url, { reason })).status).toBe(409);
      const { items: log } = (await served.admin('/transitions?to=accepted')).json() as {
        items: { key: string; reason: string }[];
      };
      expect(log.find(({ key }) => key === asked.id)?.reason).toBe(reason);
      await served.inbox.settled();
      expect(await ask.members('carol', 'followers')).toEqual([ben.id]);
      const answers = answersTo(home, asked.id);
      expect(answers.map(({ activity }) => activity)).toMatchObject([
        { type: 'Accept', actor: idOf('carol'), to: [ben.id], object: { id: asked.id, type: 'Follow' } },
      ]);
    });
  });

  describe('S29 each actor’s policy answers a Follow', () => {
    test('open to everybody: accepted at once', async () => {
      const gil = twinOf(ann, home, 'gil');
      const asked = follow(gil.id, idOf('alice'));
      await ask.end(asked, gil);
      expect(await ask.stateOf(asked.id)).toBe('accepted');
      expect(await ask.members('alice', 'followers')).toEqual([gil.id]);
    });

    test('closed to everybody: rejected in the same step, with one Reject, and told to no handler', async () => {
      const hal = twinOf(ann, home, 'hal');
      const asked = follow(hal.id, idOf('dora'));
      expect(await ask.end(asked, hal)).toMatchObject({
        status: 'rejected',
        reason: 'closed to everybody',
      });
      expect(await ask.lifeOf(asked.id)).toEqual([
        'null follow.received pending',
        'pending follow.rejected rejected: closed to everybody',
      ]);
      expect(answersTo(home, asked.id).map(({ activity }) => activity.type)).toEqual(['Reject']);
      expect(await ask.members('dora', 'followers')).toEqual([]);
      expect((await served.ask('GET', '/users/dora')).json()).toMatchObject({
        manuallyApprovesFollowers: true,
      });
    });

    test('by rules, the first that fits: a named actor, a domain, mutuals, and everybody else', async () => {
      const [pat, quin] = [await away.actor('pat'), await away.actor('quin')];
      const [ida, joe] = [twinOf(ann, home, 'ida'), twinOf(ann, home, 'joe')];
      const accepted = await ask.followed('erin', joe, home);
      await ask.end(accept(joe.id, accepted), joe);
      // Whom our actor has only asked is no mutual yet.
      await ask.followed('erin', ida, home);
      const asked = new Map<RemoteActor, string>();
      for (const actor of [pat, quin, ida, joe]) {
        const one = follow(actor.id, idOf('erin'));
        await ask.end(one, actor);
        asked.set(actor, one.id);
      }
      const stateFor = (actor: RemoteActor) => ask.stateOf(asked.get(actor) as string);
      expect(await Promise.all([pat, quin, joe, ida].map(stateFor))).toEqual([
        'accepted',
        'rejected',
        'accepted',
        'pending',
      ]);
      expect(await ask.members('erin', 'followers')).toEqual([joe.id, pat.id]);
      expect(await ask.lifeOf(asked.get(joe) as string)).toContain(
        'pending follow.accepted accepted: the follow policy: accept mutuals',
      );
    });

    test('held for a moderator: nothing begins until it is approved, and then its actor is asked', async () => {
      const [rae, sid] = [twinOf(ann, home, 'rae'), twinOf(ann, home, 'sid')];
      const [one, two] = [follow(rae.id, idOf('gwen')), follow(sid.id, idOf('gwen'))];
      expect(await ask.end(one, rae)).toMatchObject({
        status: 'held',
        reason: 'followPolicy: held for a moderator',
      });
      await ask.end(two, sid);
      expect([await ask.stateOf(one.id), await ask.members('gwen', 'pendingFollowers')]).toEqual([
        undefined,
        [],
      ]);
      const { items } = await served.inbox.held.list();
      expect(items.map(({ activityId }) => activityId)).toEqual([two.id, one.id]);
      await served.inbox.held.approve(items[1]?.id as string);
      await served.inbox.held.reject(items[0]?.id as string);
      await served.inbox.settled();
      expect([await ask.stateOf(one.id), await ask.stateOf(two.id)]).toEqual(['pending', undefined]);
      expect(await ask.members('gwen', 'pendingFollowers')).toEqual([one.id]);
      expect((await served.inbox.activities.get(one.id)).status).toBe('processed');
      expect(answersTo(home, two.id).map(({ activity }) => activity.type)).toEqual(['Reject']);
    });

    test('a follow between two remote actors is not ours to decide', async () => {
      const between = follow(ann.id, `${away.origin}/users/pat`);
      expect(await ask.end(between, ann)).toMatchObject({
        status: 'processed',
        reason: 'the followed actor is not here',
      });
      expect(await ask.stateOf(between.id)).toBeUndefined();
    });
  });

  describe('A2 only who may answer or take back does', () => {
    test('a stranger’s Accept and Undo are rejected with a reason and change nothing', async () => {
      const [kim, mal] = [twinOf(ann, home, 'kim'), await away.actor('mal')];
      const ours = await ask.followed('alice', kim, home);
      expect(await ask.end(accept(mal.id, ours), mal)).toMatchObject({
        status: 'rejected',
        reason: 'only the followed actor may answer a follow',
      });
      expect(await ask.stateOf(ours.id)).toBe('pending');
      const liked = like(kim.id, `${idOf('alice')}/notes/1`);
      await ask.end(liked, kim);
      expect((await ask.end(undo(mal.id, liked), mal)).status).toBe('rejected');
      expect((await served.inbox.objects.get(`${idOf('alice')}/notes/1`)).likes.total).toBe(1);
      const theirs = follow(kim.id, idOf('alice'));
      await ask.end(theirs, kim);
      expect((await ask.end(undo(mal.id, theirs), mal)).status).toBe('rejected');
      expect(await ask.stateOf(theirs.id)).toBe('accepted');
    });
  });

  describe('A3 and A16 a Reject works', () => {
    test('before an Accept and after it, when the follow is over; and asking twice leaves one request', async () => {
      const [lea, max] = [twinOf(ann, home, 'lea'), twinOf(ann, home, 'max')];
      const first = await ask.followed('alice', lea, home);
      await ask.end(reject(lea.id, first), lea);
      expect(await ask.stateOf(first.id)).toBe('rejected');

      const second = await ask.followed('alice', max, home);
      await ask.end(accept(max.id, second), max);
      expect(await ask.members('alice', 'following')).toContain(max.id);
      await ask.end(reject(max.id, second.id), max);
      expect(await ask.stateOf(second.id)).toBe('rejected');
      expect(await ask.members('alice', 'following')).not.toContain(max.id);

      const theirs = follow(max.id, idOf('alice'));
      await ask.end(theirs, max);
      await served.inbox.followRequests.reject(theirs.id, { reason: 'no more' });
      expect(await ask.members('alice', 'followers')).not.toContain(max.id);

      const [one, two] = [follow(max.id, idOf('carol')), follow(max.id, idOf('carol'))];
      await ask.end(one, max);
      await ask.end(two, max);
      const { items } = await served.inbox.followRequests.list({ state: 'pending', actor: max.id });
      expect(items.map(({ activityId }) => activityId)).toEqual([two.id]);
    });
  });

  describe('A4 what was accepted stays accepted', () => {
    test('on the stored row, through the same Follow again, and there is one event of its end', async () => {
      const nia = twinOf(ann, home, 'nia');
      const asked = follow(nia.id, idOf('alice'));
      for (let time = 0; time < 3; time++) await ask.end(asked, nia);
      expect(await ask.stateOf(asked.id)).toBe('accepted');
      expect(await ask.lifeOf(asked.id)).toEqual([
        'null follow.received pending',
        'pending follow.accepted accepted: open to everybody',
      ]);
      expect(answersTo(home, asked.id)).toHaveLength(1);
    });
  });

  describe('a request that nobody answers', () => {
    test('waits over a restart, is seen by its actor alone, and is rejected as expired in the end', async () => {
      const [oda, pia] = [twinOf(ann, home, 'oda'), twinOf(ann, home, 'pia')];
      const early = follow(oda.id, idOf('carol'));
      await ask.end(early, oda);
      served.clock.advance(DAY_MS);
      const late = follow(pia.id, idOf('carol'));
      await ask.end(late, pia);
      const mine = await ask.followed('carol', ann, home);
      const nowMs = served.clock.now();
      await served[Symbol.asyncDispose]();
      served = await again();
      ask = askedOf(served);
      served.clock.advance(nowMs - served.clock.now());

      expect((await ask.members('carol', 'pendingFollowers')).slice(0, 2)).toEqual([late.id, early.id]);
      expect(await ask.members('carol', 'pendingFollowing')).toEqual([mine.id]);
      const asked = await served.admin('/actors/carol/collections/pendingFollowers?limit=1');
      expect(asked.json()).toMatchObject({ items: [late.id], next: expect.any(String) });
      const document = (await served.ask('GET', '/users/carol')).json() as Record<string, string>;
      expect(document.pendingFollowers).toBe(`${idOf('carol')}/pendingFollowers`);
      for (const name of ['pendingFollowers', 'pendingFollowing'])
        expect((await served.ask('GET', new URL(document[name] as string).pathname)).status).toBe(401);
      const read = async (as: string, page = '') =>
        served.ask('GET', `/users/carol/pendingFollowers${page}`, { authorization: as });
      expect((await read('alice')).status).toBe(403);
      expect((await read('carol')).json()).toMatchObject({
        ...{ type: 'OrderedCollection', id: `${idOf('carol')}/pendingFollowers` },
        totalItems: (await ask.members('carol', 'pendingFollowers')).length,
      });
      const { orderedItems } = (await read('carol', '?page=first')).json() as { orderedItems: object[] };
      expect(orderedItems[0]).toEqual({ id: late.id, type: 'Follow', actor: pia.id, object: idOf('carol') });
      expect((await read('carol', '?page=x')).status).toBe(400);

      const sweep = async (ms: number) => {
        served.clock.advance(ms);
        // The sweep comes by itself, once a second.
        await expect.poll(() => ask.stateOf(early.id), { timeout: 15_000 }).not.toBe('pending');
        await served.inbox.settled();
      };
      await sweep(29 * DAY_MS);
      expect([await ask.stateOf(early.id), await ask.stateOf(late.id)]).toEqual(['rejected', 'pending']);
      expect(await ask.lifeOf(early.id)).toEqual([
        'null follow.received pending',
        'pending due rejected: expired',
      ]);
      expect(answersTo(home, early.id).map(({ activity }) => activity.type)).toEqual(['Reject']);
      expect(await ask.members('carol', 'pendingFollowers')).toEqual([late.id]);
      // What was accepted in time, and what waits for others, does not expire.
      expect(await ask.stateOf(mine.id)).toBe('pending');
      expect((await ask.members('carol', 'followers')).length).toBeGreaterThan(0);
      await expect(served.inbox.followRequests.accept(early.id)).rejects.toMatchObject({
        code: 'ERR_NOT_ALLOWED_IN_STATE',
      });
    });
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});
