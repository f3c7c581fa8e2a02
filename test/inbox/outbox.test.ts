/** What our actors say: made here, sent to everybody that it names, and seen by all who may see it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { follow, type RemoteActor, type RemoteDomain } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from './served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public';

describe.each(places)('what our actor sends ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  let bea: RemoteActor;
  beforeAll(async () => {
    served = await serve(place);
    home = await served.remote();
    ann = await home.actor('ann');
    bea = await home.actor('bea');
    for (const actor of [ann, bea]) await served.post('/inbox', follow(actor.id, ALICE), actor);
    await served.inbox.settled();
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  const say = (activity: object) => served.inbox.actors.send('alice', activity as Record<string, unknown>);
  const read = async (url: string): Promise<Record<string, unknown>> => {
    const reply = await served.ask('GET', new URL(url).pathname + new URL(url).search);
    const body = reply.status === 404 ? {} : (reply.json() as Record<string, unknown>);
    return { ...body, status: reply.status };
  };
  /** What everybody sees of it. */
  const outbox = async () => (await read(`${ALICE}/outbox?page=first`)).orderedItems;

  test('to its followers goes once to an inbox that several of them share, with ids of our making', async () => {
    const before = home.received.length;
    const sent = await say({
      type: 'Note',
      id: 'https://elsewhere.example/1',
      attributedTo: ann.id,
      content: 'Good morning',
      to: [PUBLIC],
      cc: [`${ALICE}/followers`],
      bcc: [bea.id],
    });
    await served.inbox.settled();
    expect(sent.deliveries).toBe(1);
    expect(home.received).toHaveLength(before + 1);
    const { activity } = home.received.at(-1) as (typeof home.received)[0];
    expect(activity).toMatchObject({
      ...{ id: sent.activityId, type: 'Create', actor: ALICE, to: [PUBLIC], cc: [`${ALICE}/followers`] },
      object: { id: sent.object, type: 'Note', attributedTo: ALICE, content: 'Good morning', to: [PUBLIC] },
    });
    expect(JSON.stringify(activity)).not.toContain('"bcc"');
    expect(sent.object).toMatch(new RegExp(`^${ORIGIN}/notes/[0-9a-f-]{36}$`));
    expect(await read(sent.object as string)).toMatchObject({
      status: 200,
      id: sent.object,
      content: 'Good morning',
    });
    expect(await outbox()).toEqual([sent.activityId]);
  });

  test('can be liked, shared and answered, and says how often it was', async () => {
    const { object } = await say({ type: 'Note', content: 'Count me', to: [PUBLIC] });
    const by = (type: string, more: object = {}) => {
      return {
        '@context': 'https://www.w3.org/ns/activitystreams',
        id: `${ann.id}#${type}`,
        type,
        actor: ann.id,
        object,
        ...more,
      };
    };
    const reply = { id: `${home.origin}/notes/1`, type: 'Note', attributedTo: ann.id, inReplyTo: object };
    for (const activity of [by('Like'), by('Announce'), by('Create', { object: reply, to: [ALICE, PUBLIC] })])
      expect((await served.post('/inbox', activity as never, ann)).status).toBe(202);
    await served.inbox.settled();
    const uri = object as string;
    expect(await served.inbox.objects.get(uri)).toMatchObject({
      ...{ type: 'Note', owner: ALICE, deleted: false },
      ...{ likes: { total: 1 }, shares: { total: 1 }, replies: { total: 1 } },
    });
    expect(await read(`${uri}/likes?page=first`)).toMatchObject({ totalItems: 1, orderedItems: [ann.id] });
    expect(await read(`${uri}/replies`)).toMatchObject({ type: 'OrderedCollection', totalItems: 1 });
  });

  test('can be changed and deleted by itself alone; then a Tombstone is left', async () => {
    const { object } = await say({ type: 'Note', content: 'First', to: [ann.id, PUBLIC] });
    await say({
      type: 'Update',
      to: [ann.id, PUBLIC],
      object: { id: object, type: 'Note', content: 'Second' },
    });
    expect(await read(object as string)).toMatchObject({ content: 'Second' });
    await expect(served.inbox.actors.send('carol', { type: 'Delete', object })).rejects.toMatchObject({
      code: 'ERR_INVALID',
    });
    await say({ type: 'Delete', object, to: [ann.id] });
    await served.inbox.settled();
    expect(await read(object as string)).toMatchObject({ status: 410, type: 'Tombstone' });
    expect(home.received.at(-1)?.activity).toMatchObject({ type: 'Delete', object: { id: object } });
  });

  test('to one actor alone is shown to nobody else', async () => {
    const before = await outbox();
    const { object, activityId, deliveries } = await say({
      ...{ type: 'Note', content: 'Only you', to: [ann.id] },
    });
    expect(deliveries).toBe(1);
    expect((await read(object as string)).status).toBe(404);
    expect((await read(activityId)).status).toBe(404);
    expect(await outbox()).toEqual(before);
    expect((await served.inbox.actors.collection('alice', 'outbox')).items).toContain(activityId);
  });

  test('to everybody is shown in its activity, too, until it is deleted', async () => {
    const { object, activityId } = await say({ type: 'Note', content: 'I should not have', to: [PUBLIC] });
    expect(await read(activityId)).toMatchObject({ status: 200, id: activityId, type: 'Create' });
    const deleted = await say({ type: 'Delete', object, to: [PUBLIC] });
    expect(await read(activityId)).toEqual({
      ...{ status: 410, '@context': expect.anything(), id: activityId, type: 'Tombstone' },
    });
    expect(await read(deleted.activityId)).toMatchObject({ status: 200, type: 'Delete' });
  });

  test('to answer a Follow is shown to servers that want to see it at its origin', async () => {
    const accept = home.received.find(({ activity }) => activity.type === 'Accept')?.activity;
    expect(await read(accept?.id as string)).toMatchObject({ ...accept, status: 200 });
  });

  test('a Like and its Undo go to the owner of the liked object, and count here', async () => {
    const uri = `${home.origin}/notes/9`;
    const note = { id: uri, type: 'Note', attributedTo: ann.id };
    const create = { id: `${uri}/create`, type: 'Create', actor: ann.id, object: note, to: [ALICE] };
    await served.post('/inbox', create as never, ann);
    await served.inbox.settled();
    const like = await say({ type: 'Like', object: uri });
    await served.inbox.settled();
    expect(home.received.at(-1)?.activity).toMatchObject({ id: like.activityId, type: 'Like', to: [ann.id] });
    expect((await served.inbox.actors.collection('alice', 'liked')).items).toEqual([uri]);
    expect(await served.inbox.objects.get(uri)).toMatchObject({ likes: { total: 1 } });
    await say({ type: 'Undo', object: like.activityId });
    await served.inbox.settled();
    expect(home.received.at(-1)?.activity).toMatchObject({
      type: 'Undo',
      object: like.activityId,
      to: [ann.id],
    });
    expect((await served.inbox.actors.collection('alice', 'liked')).items).toEqual([]);
    expect(await served.inbox.objects.get(uri)).toMatchObject({ likes: { total: 0 } });
  });

  test('is refused when it is a matter of machines, or no activity of its own', async () => {
    for (const activity of [
      { type: 'Follow', object: ann.id },
      { type: 'Accept', object: 'https://x.example/1' },
      { type: 'Undo', object: 'https://x.example/1' },
      { type: 'Create', object: 'https://x.example/1' },
      { type: 'Like' },
      { content: 'Of no type' },
      { type: 'Invite', object: 'https://x.example/1' },
    ])
      await expect(say(activity), JSON.stringify(activity)).rejects.toMatchObject({ code: 'ERR_INVALID' });
    await expect(served.inbox.actors.send('nobody', { type: 'Note' })).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
    });
  });
});

describe.each(places)('a remote actor that says it has moved its inbox ($name)', (place) => {
  test(
    'is looked at again, and gets what our actors send where it is now',
    async () => {
      await using served = await serve(place);
      const home = await served.remote();
      const ann = await home.actor('ann');
      await served.post('/inbox', follow(ann.id, ALICE), ann);
      await served.inbox.settled();
      const moved = { ...ann.document, inbox: `${home.origin}/new-inbox`, endpoints: undefined };
      home.serve(new URL(ann.id).pathname, (_, response) => {
        response.writeHead(200, { 'content-type': 'application/activity+json' }).end(JSON.stringify(moved));
      });
      const update = { id: `${ann.id}#updated`, type: 'Update', actor: ann.id, object: moved };
      expect((await served.post('/inbox', update as never, ann)).status).toBe(202);
      await served.inbox.settled();
      await served.inbox.actors.send('alice', { type: 'Note', content: 'Still there?', to: [ann.id] });
      await served.inbox.settled();
      expect(home.received.at(-1)).toMatchObject({ path: '/new-inbox', activity: { type: 'Create' } });
    },
    PATIENCE,
  );
});
