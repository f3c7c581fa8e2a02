/** The built-in filter that holds what strangers send: row S68 of the checklist, on both databases and in two processes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActivityRecord, HeldRecord, InboxOptions } from '../../src/index.ts';
import type { DatabaseKind, TestDatabase } from '../databases.ts';
import { create, type RemoteActor, type RemoteDomain, remoteDomain, type Sent } from '../fediverse/index.ts';
import { PATIENCE, places, type Served, serve } from '../inbox/served.ts';

async function deliver(served: Served, activity: Sent, actor: RemoteActor): Promise<ActivityRecord> {
  expect((await served.post('/inbox', activity, actor)).status).toBe(202);
  await served.inbox.settled();
  return served.inbox.activities.get(activity.id);
}

describe.each(places)('S68 the first contact ($name)', ({ kind, shell }) => {
  let database: TestDatabase;
  let home: RemoteDomain;
  let ann: RemoteActor;
  let friend: RemoteActor;
  let served: Served;
  const isShared = kind.name === 'PostgreSQL';
  const again: DatabaseKind = {
    name: kind.name,
    open: async () => ({ ...database, drop: async () => undefined }),
  };
  const filters: InboxOptions['filters'] = [
    { use: 'keywords', words: ['spam'], verdict: 'drop' },
    { use: 'first-contact' },
  ];
  const open = () => serve({ kind: again, shell }, { filters });

  beforeAll(async () => {
    database = await kind.open();
    home = await remoteDomain();
    ann = await home.actor('ann');
    friend = await home.actor('friend');
    served = await open();
  }, PATIENCE);
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    await home?.close();
    await database?.drop();
  }, PATIENCE);

  const send = (activity: Sent, actor: RemoteActor) => deliver(served, activity, actor);
  const heldOf = async ({ id }: RemoteActor): Promise<HeldRecord[]> =>
    (await served.inbox.held.list()).items.filter(({ actor }) => actor === id);

  test('of an actor is held, and so is its second one, until a moderator approves one; later ones are not', async () => {
    const stranger = await home.actor('stranger');
    const [first, second] = [create(stranger.id), create(stranger.id)];
    for (const activity of [first, second])
      expect(await send(activity, stranger)).toMatchObject({
        status: 'held',
        reason: 'first-contact#1: the first contact of its actor',
      });
    const [late, early] = (await heldOf(stranger)) as [HeldRecord, HeldRecord];
    expect((await served.admin(`/held/${early.id}/approve`, { reason: 'seems nice' })).status).toBe(200);
    await served.inbox.settled();
    expect((await served.inbox.activities.get(first.id)).status).toBe('processed');
    expect((await send(create(stranger.id), stranger)).status).toBe('processed');
    // What was held before waits for its own decision.
    expect(await heldOf(stranger)).toEqual([late]);
  });

  test('is over with an approval, also where the activity is then not allowed', async () => {
    const clumsy = await home.actor('clumsy');
    const notes = { type: 'Note', id: ann.id, attributedTo: ann.id, content: 'not mine' };
    const forged = { ...create(clumsy.id), type: 'Update', object: notes };
    expect((await send(forged, clumsy)).status).toBe('held');
    await served.inbox.held.approve(forged.id);
    await served.inbox.settled();
    expect((await served.inbox.activities.get(forged.id)).status).toBe('rejected');
    expect((await send(create(clumsy.id), clumsy)).status).toBe('processed');
  });

  test('is not over with what was rejected or dropped', async () => {
    const rude = await home.actor('rude');
    expect((await send(create(rude.id, { content: 'spam' }), rude)).status).toBe('dropped');
    const first = create(rude.id);
    expect((await send(first, rude)).status).toBe('held');
    await served.inbox.held.reject(first.id);
    expect((await send(create(rude.id), rude)).status).toBe('held');
  });

  test('was made by whom ours have asked to follow', async () => {
    await served.inbox.actors.follow('alice', friend.id);
    const { activity } = await home.delivery(({ activity: { type } }) => type === 'Follow');
    const yes = { ...create(friend.id), type: 'Accept', object: activity };
    expect((await send(yes, friend)).status).toBe('processed');
    expect((await served.inbox.actors.collection('alice', 'following')).items).toEqual([friend.id]);
    expect((await send({ ...yes, id: `${yes.id}/no`, type: 'Reject' }, friend)).status).toBe('processed');
    expect((await served.inbox.actors.collection('alice', 'following')).items).toEqual([]);
  });

  if (isShared) {
    test(
      'counts for every process at once',
      async () => {
        await using other = await open();
        const guest = await home.actor('guest');
        const first = create(guest.id);
        expect((await deliver(other, first, guest)).status).toBe('held');
        expect((await send(create(guest.id), guest)).status).toBe('held');
        await served.inbox.held.approve(first.id);
        await served.inbox.settled();
        for (const one of [served, other])
          expect((await deliver(one, create(guest.id), guest)).status).toBe('processed');
        // Nobody has approved anything of a friend's, and nobody follows it any more; but it was here.
        expect((await deliver(other, create(friend.id), friend)).status).toBe('processed');
      },
      PATIENCE,
    );
  }

  test('and nothing went wrong', () => {
    expect(served.errors).toEqual([]);
  });
});
