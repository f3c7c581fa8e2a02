/** A real peer: a Fedify server in its own process, over TCP. It finds us, follows us, and believes our signatures. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Activity, createInbox, type Inbox, type InboxOptions } from '../../src/index.ts';
import { toNodeHandler } from '../../src/web/node.ts';
import { databases } from '../databases.ts';
import { accept, follow, get, PUBLIC, post, rsaKey } from '../fediverse/index.ts';
import type { Fedify } from './fedify.ts';
import { NEIGHBOURHOOD_MS, type Neighbourhood, openNeighbourhood } from './neighbourhood.ts';

const actors: InboxOptions['actors'] = { alice: { name: 'Alice' }, carol: { locked: true } };

describe.each(databases)('on $name', (kind) => {
  let neighbourhood: Neighbourhood;
  let fedify: Fedify;
  let inbox: Inbox;
  let alice: string;
  let carol: string;
  const heard: Activity[] = [];

  beforeAll(async () => {
    neighbourhood = await openNeighbourhood(kind);
    fedify = neighbourhood.fedify;
    inbox = createInbox({ ...neighbourhood.options, actors });
    inbox.on('*', (activity) => void heard.push(activity));
    await inbox.start();
    neighbourhood.door.serve(toNodeHandler(inbox));
    alice = `${inbox.origin}/users/alice`;
    carol = `${inbox.origin}/users/carol`;
  }, NEIGHBOURHOOD_MS);
  afterAll(async () => {
    await inbox?.close();
    await neighbourhood?.[Symbol.asyncDispose]();
  });

  const followers = async (name: string): Promise<string[]> =>
    (await inbox.actors.collection(name, 'followers')).items;
  /** Activities that were POSTed to Fedify's inboxes and are about this one, with Fedify's answers. */
  const answersAbout = async (id: string) =>
    (await fedify.ask('posted')).filter(({ body }) => body.includes(id));
  const requestOf = async (activityId: string) => {
    const { items } = await inbox.followRequests.list();
    return items.find((request) => request.activityId === activityId);
  };

  test('Fedify finds our actor by its URL and by its name', async () => {
    const found = {
      id: alice,
      type: 'Person',
      handle: 'alice',
      name: 'Alice',
      inbox: `${alice}/inbox`,
      sharedInbox: `${inbox.origin}/inbox`,
      keyIds: [`${alice}#main-key`],
      isLocked: false,
    };
    const { host } = new URL(inbox.origin);
    expect(await fedify.ask('look', alice)).toEqual(found);
    expect(await fedify.ask('look', `@alice@${host}`)).toEqual(found);
    expect(await fedify.ask('look', carol)).toMatchObject({ handle: 'carol', isLocked: true });
    expect(await fedify.ask('webFinger', `acct:alice@${host}`)).toMatchObject({
      subject: `acct:alice@${host}`,
      links: expect.arrayContaining([{ rel: 'self', type: 'application/activity+json', href: alice }]),
    });
    expect(await fedify.ask('webFinger', alice)).toMatchObject({ subject: `acct:alice@${host}` });
    expect(await fedify.ask('webFinger', `acct:nobody@${host}`)).toBeNull();
    await expect(fedify.ask('look', `${inbox.origin}/users/nobody`)).rejects.toThrow('there is no actor');
  });

  test('Fedify follows us, gets exactly one Accept, and verifies it', async () => {
    const dora = fedify.actor('dora');
    const followId = await fedify.ask('follow', { as: 'dora', whom: alice });
    const accepted = await fedify.arrival(({ object }) => object === followId);
    expect(accepted).toMatchObject({ type: 'Accept', actor: alice, recipient: 'dora' });
    expect(accepted.id).toMatch(`${alice}/activities/`);
    await inbox.settled();
    expect(await answersAbout(followId)).toMatchObject([{ path: '/users/dora/inbox', status: 202 }]);
    expect(await followers('alice')).toEqual([dora]);
    expect(await fedify.ask('followers', alice)).toEqual([dora]);
    // Our answer stands at its own id.
    expect(await fedify.ask('read', accepted.id)).toBe('Accept');
  });

  test('Fedify would not have believed an Accept that somebody else made', async () => {
    const dora = fedify.actor('dora');
    const forged = accept(alice, follow(dora, alice));
    const { privateKey } = await rsaKey();
    const stranger = { keyId: `${alice}#main-key`, privateKey };
    for (const signer of [null, stranger]) {
      expect((await post(`${dora}/inbox`, forged, signer)).status).toBe(401);
    }
    expect(fedify.arrivals.map(({ id }) => id)).not.toContain(forged.id);
  });

  test('a locked actor lets the follow wait, and says yes through the API', async () => {
    const followId = await fedify.ask('follow', { as: 'emil', whom: carol });
    await inbox.settled();
    expect(await requestOf(followId)).toMatchObject({
      state: 'pending',
      direction: 'incoming',
      follower: fedify.actor('emil'),
      following: carol,
    });
    expect(await answersAbout(followId)).toEqual([]);
    expect(await followers('carol')).toEqual([]);

    await inbox.followRequests.accept(followId, { by: 'maria' });
    const accepted = await fedify.arrival(({ object }) => object === followId);
    expect(accepted).toMatchObject({ type: 'Accept', actor: carol });
    await inbox.settled();
    expect(await answersAbout(followId)).toHaveLength(1);
    expect(await followers('carol')).toEqual([fedify.actor('emil')]);
  });

  test('a locked actor says no through the API, and Fedify hears of it', async () => {
    const followId = await fedify.ask('follow', { as: 'frida', whom: carol });
    await inbox.settled();
    await inbox.followRequests.reject(followId);
    const rejected = await fedify.arrival(({ object }) => object === followId);
    expect(rejected).toMatchObject({ type: 'Reject', actor: carol });
    expect(await requestOf(followId)).toMatchObject({ state: 'rejected' });
    expect(await followers('carol')).not.toContain(fedify.actor('frida'));
  });

  test('a Like from Fedify reaches our handler, with its actor and its object', async () => {
    const what = `${inbox.origin}/notes/1`;
    const id = await fedify.ask('like', { as: 'dora', whose: alice, what });
    await inbox.settled();
    const like = heard.find((activity) => activity.id === id);
    expect(like).toMatchObject({ type: 'Like', status: 'processed' });
    expect(like?.actor).toMatchObject({ uri: fedify.actor('dora'), domain: fedify.domain, isRemote: true });
    expect(like?.object).toMatchObject({ uri: what, isLocal: true });
    expect(await inbox.activities.get(id)).toMatchObject({
      status: 'processed',
      inboxes: [`${alice}/inbox`],
    });
  });

  test('Undo ends the follow, and the follower leaves the collection', async () => {
    const followId = await fedify.ask('follow', { as: 'gerd', whom: alice });
    await fedify.arrival(({ object }) => object === followId);
    expect(await followers('alice')).toContain(fedify.actor('gerd'));
    const undo = await fedify.ask('undo', { as: 'gerd', whose: alice, what: followId });
    await inbox.settled();
    expect(await followers('alice')).not.toContain(fedify.actor('gerd'));
    expect(await requestOf(followId)).toMatchObject({ state: 'withdrawn' });
    expect(await inbox.activities.get(undo)).toMatchObject({ type: 'Undo', status: 'processed' });
    expect(await fedify.ask('followers', alice)).not.toContain(fedify.actor('gerd'));
  });

  test('our actor follows one on Fedify, and is accepted', async () => {
    const hanna = fedify.actor('hanna');
    const { activityId } = await inbox.actors.follow('alice', hanna);
    const arrived = await fedify.arrival(({ id }) => id === activityId);
    expect(arrived).toMatchObject({ type: 'Follow', actor: alice, object: hanna });
    // Fedify sends its Accept before it answers our Follow.
    await inbox.settled();
    expect(await requestOf(activityId)).toMatchObject({ state: 'accepted', direction: 'outgoing' });
    expect((await inbox.actors.collection('alice', 'following')).items).toEqual([hanna]);
  });

  test('our follow of one on Fedify waits for its answer, and ends when Fedify rejects it', async () => {
    const ida = fedify.actor('ida');
    await fedify.ask('answerFollows', false);
    const { activityId } = await inbox.actors.follow('alice', ida);
    await fedify.arrival(({ id }) => id === activityId);
    await inbox.settled();
    expect(await requestOf(activityId)).toMatchObject({ state: 'pending' });
    await fedify.ask('reject', { as: 'ida', whom: alice, what: activityId });
    await inbox.settled();
    expect(await requestOf(activityId)).toMatchObject({ state: 'rejected' });
    expect((await inbox.actors.collection('alice', 'following')).items).not.toContain(ida);
    await fedify.ask('answerFollows', true);
  });

  test('Fedify verifies what our actor says, and reads it at its own URL', async () => {
    const hanna = fedify.actor('hanna');
    const note = { type: 'Note', content: 'Good morning, Fedify', to: PUBLIC };
    const { activityId, object } = await inbox.send('alice', note, { to: [hanna] });
    const arrived = await fedify.arrival(({ id }) => id === activityId);
    expect(arrived).toMatchObject({ type: 'Create', actor: alice, object, content: 'Good morning, Fedify' });
    expect(await fedify.ask('read', object as string)).toBe('Note');
    const update = {
      type: 'Update',
      object: { id: object, type: 'Note', content: 'Good evening' },
      to: PUBLIC,
    };
    const changed = await inbox.send('alice', update, { to: [hanna] });
    expect(await fedify.arrival(({ id }) => id === changed.activityId)).toMatchObject({
      content: 'Good evening',
    });
    const liked = await fedify.ask('like', { as: 'hanna', whose: alice, what: object as string });
    const { activityId: id } = await inbox.send(
      'alice',
      { type: 'Delete', object, to: PUBLIC },
      { to: [hanna] },
    );
    expect(await fedify.arrival((arrival) => arrival.id === id)).toMatchObject({ type: 'Delete', object });
    await inbox.settled();
    expect(await inbox.activities.get(liked)).toMatchObject({ status: 'processed' });
    expect(await inbox.objects.get(object as string)).toMatchObject({ deleted: true, likes: { total: 0 } });
  });

  test('what Fedify says is known here, as it changes it and until it takes it back', async () => {
    const say = { as: 'hanna', whom: alice };
    const what = await fedify.ask('say', { ...say, content: 'First' });
    await inbox.settled();
    const known = () => inbox.lookup('object', what);
    expect(await known()).toMatchObject({ type: 'Note', content: 'First', isPublic: true });
    expect((await known())?.owner).toMatchObject({ uri: fedify.actor('hanna'), isResolved: true });
    await fedify.ask('change', { ...say, what, content: 'Second' });
    await inbox.settled();
    expect(await known()).toMatchObject({ content: 'Second' });
    await fedify.ask('remove', { ...say, what });
    await inbox.settled();
    expect(await known()).toBeUndefined();
    expect(await inbox.objects.get(what)).toMatchObject({ deleted: true, type: 'Tombstone' });
    await expect(inbox.resolve(what)).rejects.toMatchObject({ code: 'ERR_REMOTE' });
  });

  test('we can read the key of an actor that shows itself to nobody without a signature', async () => {
    await fedify.ask('secureMode', true);
    expect((await get(fedify.actor('jana'))).status).toBe(401);
    const followId = await fedify.ask('follow', { as: 'jana', whom: alice });
    expect(await fedify.arrival(({ object }) => object === followId)).toMatchObject({ type: 'Accept' });
    await fedify.ask('secureMode', false);
  });
});
