/** Follows in both directions, over HTTP: who may ask, answer, and take back; and the signed answers that arrive. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accept,
  block,
  type Delivered,
  follow,
  type RemoteActor,
  type RemoteDomain,
  readDelivery,
  reject,
  type Sent,
  undo,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from './served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const BOB = `${ORIGIN}/users/bob`;
const CAROL = `${ORIGIN}/users/carol`;

describe.each(places)('a follow ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let away: RemoteDomain;
  let ann: RemoteActor;
  beforeAll(async () => {
    served = await serve(place);
    home = await served.remote();
    away = await served.remote();
    ann = await home.actor('ann');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  /** Sends an activity, waits until everything has come to rest, and gives back how it ended. */
  async function end(
    activity: Sent,
    signer: RemoteActor,
  ): Promise<{ status: string; reason: string | null }> {
    expect((await served.post('/inbox', activity, signer)).status).toBe(202);
    await served.inbox.settled();
    return served.inbox.activities.get(activity.id);
  }
  const stateOf = async (activityId: string) => {
    const { items } = await served.inbox.followRequests.list({ limit: 200 });
    return items.find((request) => request.activityId === activityId)?.state;
  };
  const members = async (name: string, of: 'followers' | 'following') =>
    (await served.inbox.actors.collection(name, of)).items;
  const about = (type: string, followId: string) => (it: Delivered) =>
    it.activity.type === type && (it.activity.object as { id?: string }).id === followId;
  const answers = (followId: string) =>
    home.received.filter((it) => (it.activity.object as { id?: string }).id === followId).length;

  /** Is this delivery signed with the key that the actor's document publishes? Checked as a peer would. */
  async function expectSignedBy(delivered: Delivered, actor: string): Promise<void> {
    const { publicKey } = (await served.ask('GET', new URL(actor).pathname)).json() as {
      publicKey: { id: string; owner: string; publicKeyPem: string };
    };
    const read = readDelivery(delivered, home.origin, publicKey.publicKeyPem);
    expect(read).toMatchObject({ scheme: 'rfc9421', keyId: publicKey.id, isRight: true });
    expect(read.names).toEqual(expect.arrayContaining(['@method', '@target-uri', 'content-digest']));
    expect(publicKey.owner).toBe(actor);
  }

  test('of an open actor is accepted, and the signed Accept arrives at the follower’s inbox', async () => {
    const ask = follow(ann.id, ALICE);
    expect(await end(ask, ann)).toMatchObject({ status: 'processed' });
    const delivered = await home.delivery(about('Accept', ask.id));
    expect(delivered.activity).toMatchObject({ type: 'Accept', actor: ALICE, to: [ann.id] });
    expect(delivered.path).toBe(new URL(ann.inbox).pathname);
    await expectSignedBy(delivered, ALICE);
    expect(await stateOf(ask.id)).toBe('accepted');
    expect(await members('alice', 'followers')).toEqual([ann.id]);
    // What our actors said can be looked up by its id.
    const said = await served.ask('GET', new URL(delivered.activity.id as string).pathname);
    expect(said.body).toBe(delivered.body);
  });

  test('of a locked actor waits, and the admin API accepts it', async () => {
    const ask = follow(ann.id, CAROL);
    await end(ask, ann);
    const { items } = (await served.admin('/follow-requests?state=pending')).json() as {
      items: { id: string; activityId: string }[];
    };
    const waiting = items.find(({ activityId }) => activityId === ask.id);
    expect(waiting).toMatchObject({ direction: 'incoming', follower: ann.id, following: CAROL });
    expect(await members('carol', 'followers')).toEqual([]);
    expect(answers(ask.id)).toBe(0);

    const reply = await served.admin(`/follow-requests/${waiting?.id}/accept`, {});
    expect(reply.status).toBe(200);
    expect(reply.json()).toMatchObject({ state: 'accepted' });
    await expectSignedBy(await home.delivery(about('Accept', ask.id)), CAROL);
    expect(await members('carol', 'followers')).toEqual([ann.id]);

    expect((await served.admin(`/follow-requests/${waiting?.id}/accept`, {})).status).toBe(409);
    expect((await served.admin(`/follow-requests/${waiting?.id}/reject`, { reason: 'no' })).status).toBe(200);
    await expectSignedBy(await home.delivery(about('Reject', ask.id)), CAROL);
    expect(await members('carol', 'followers')).toEqual([]);
    expect((await served.admin(`/follow-requests/${waiting?.id}/reject`, {})).status).toBe(409);
  });

  test('of a locked actor is rejected from code, and the follower hears of it', async () => {
    const bea = await home.actor('bea');
    const ask = follow(bea.id, CAROL);
    await end(ask, bea);
    expect(await served.inbox.followRequests.reject(ask.id, { by: 'maria' })).toMatchObject({
      state: 'rejected',
    });
    await home.delivery(about('Reject', ask.id));
    const { items } = await served.inbox.transitionsPage({ machine: 'follow-request', to: 'rejected' });
    expect(items.at(-1)).toMatchObject({
      key: ask.id,
      from: 'pending',
      event: 'follow.rejected',
      by: 'maria',
    });
  });

  test('is taken back by its own actor and by nobody else', async () => {
    const cid = await home.actor('cid');
    const ask = follow(cid.id, BOB);
    await end(ask, cid);
    const eve = await home.actor('eve');
    const mal = await away.actor('mal');
    for (const other of [eve, mal]) {
      expect((await end(undo(other.id, ask), other)).status).toBe('rejected');
      const named = { ...undo(other.id, ask), object: ask.id };
      expect((await end(named, other)).status).toBe('rejected');
      const lying = undo(other.id, { ...ask, actor: other.id });
      expect((await end(lying, other)).status).toBe('rejected');
    }
    expect(await members('bob', 'followers')).toEqual([cid.id]);
    expect((await end(undo(cid.id, ask), cid)).status).toBe('processed');
    expect(await stateOf(ask.id)).toBe('withdrawn');
    expect(await members('bob', 'followers')).toEqual([]);
    expect((await end(undo(cid.id, ask), cid)).status).toBe('processed');
  });

  test('that is asked again under a new id takes over: still a follower, one Accept for the new id', async () => {
    const dan = await home.actor('dan');
    const [first, second] = [follow(dan.id, BOB), follow(dan.id, BOB)];
    await end(first, dan);
    await end(second, dan);
    expect([await stateOf(first.id), await stateOf(second.id)]).toEqual(['withdrawn', 'accepted']);
    expect(await members('bob', 'followers')).toContain(dan.id);
    await home.delivery(about('Accept', second.id));
    expect([answers(first.id), answers(second.id)]).toEqual([1, 1]);
    const { items } = await served.inbox.transitionsPage({ machine: 'follow-request', to: 'withdrawn' });
    expect(items.at(-1)).toMatchObject({ key: first.id, reason: 'replaced' });

    const [third, fourth] = [follow(dan.id, CAROL), follow(dan.id, CAROL)];
    await end(third, dan);
    await end(fourth, dan);
    expect([await stateOf(third.id), await stateOf(fourth.id)]).toEqual(['withdrawn', 'pending']);
    expect(answers(fourth.id)).toBe(0);
  });

  test('that our actor asks for is answered by the followed actor and by nobody else', async () => {
    const [fay, eve] = [await home.actor('fay'), await home.actor('eve2')];
    const mal = await away.actor('mal2');
    const reply = await served.admin('/actors/alice/follow', { object: fay.id });
    expect(reply.status).toBe(200);
    const { activityId } = reply.json() as { activityId: string };
    const asked = await home.delivery((it) => it.activity.id === activityId);
    expect(asked.activity).toMatchObject({ type: 'Follow', actor: ALICE, object: fay.id });
    await expectSignedBy(asked, ALICE);

    const ask = asked.activity as unknown as Sent;
    for (const other of [eve, mal]) {
      expect((await end(accept(other.id, ask), other)).status).toBe('rejected');
      expect((await end(reject(other.id, activityId), other)).status).toBe('rejected');
    }
    expect(await stateOf(activityId)).toBe('pending');
    expect((await served.admin(`/follow-requests/${encodeURIComponent(activityId)}/accept`, {})).status).toBe(
      409,
    );

    await end(accept(fay.id, ask), fay);
    expect(await stateOf(activityId)).toBe('accepted');
    expect(await members('alice', 'following')).toEqual([fay.id]);
    await end(reject(fay.id, activityId), fay);
    expect(await stateOf(activityId)).toBe('rejected');
    expect(await members('alice', 'following')).toEqual([]);
  });

  test('of another actor of ours is not asked for, and says so: no other server is to blame', async () => {
    const reply = await served.admin('/actors/alice/follow', { object: BOB });
    expect(reply.json()).toMatchObject({ status: 422, detail: 'the actor is one of ours', object: BOB });
  });

  test('that our actor never asked for cannot be accepted', async () => {
    const invented = follow(BOB, ann.id);
    expect((await end(accept(ann.id, invented), ann)).status).toBe('processed');
    expect(await members('bob', 'following')).toEqual([]);
  });

  test('ends in both directions when the other side blocks us, and nothing is sent', async () => {
    const gil = await home.actor('gil');
    const theirs = follow(gil.id, ALICE);
    await end(theirs, gil);
    const { activityId } = await served.inbox.actors.follow('alice', gil.id);
    const asked = await home.delivery((it) => it.activity.id === activityId);
    await end(accept(gil.id, asked.activity as unknown as Sent), gil);
    expect(await members('alice', 'followers')).toContain(gil.id);
    expect(await members('alice', 'following')).toContain(gil.id);
    await served.inbox.settled();
    const before = home.received.length;

    expect((await end(block(gil.id, ALICE), gil)).status).toBe('processed');
    expect([await stateOf(theirs.id), await stateOf(activityId)]).toEqual(['withdrawn', 'rejected']);
    expect(await members('alice', 'followers')).not.toContain(gil.id);
    expect(await members('alice', 'following')).not.toContain(gil.id);
    expect(home.received.length).toBe(before);
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});
