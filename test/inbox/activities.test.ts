/** What becomes of an activity that was accepted: it acts once, reaches every inbox that it came to, and is told. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  announce,
  create,
  follow,
  like,
  type RemoteActor,
  type RemoteDomain,
  type Sent,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve, shells } from './served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const BOB = `${ORIGIN}/users/bob`;

describe.each(places)('an accepted activity ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  const told: { type: string; id: string; recipient: string | null }[] = [];
  beforeAll(async () => {
    told.length = 0;
    served = await serve(place, {}, (inbox) => {
      inbox.on('*', ({ type, id }, { recipient }) => void told.push({ type, id, recipient }));
    });
    home = await served.remote();
    ann = await home.actor('ann');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  const send = async (activity: Sent | Record<string, unknown>, path = '/inbox'): Promise<number> =>
    (await served.post(path, activity, ann)).status;
  const record = (id: string) => served.inbox.activities.get(id);
  const inboxOf = async (name: string) => (await served.inbox.actors.collection(name, 'inbox')).items;
  const timesTold = (id: string) => told.filter((one) => one.id === id).length;

  test('is processed, kept as it was sent, and told to a handler with the inbox that it came to', async () => {
    const activity = create(ann.id, { mentions: [ALICE] });
    expect(await send(activity, '/users/alice/inbox')).toBe(202);
    await served.inbox.settled();
    expect(await record(activity.id)).toMatchObject({
      ...{ activityId: activity.id, type: 'Create', actor: ann.id, domain: home.domain },
      ...{ status: 'processed', reason: null, inboxes: [`${ALICE}/inbox`] },
      history: [{ what: 'received', inbox: `${ALICE}/inbox` }, { what: 'processed' }],
    });
    expect(told).toContainEqual({ type: 'Create', id: activity.id, recipient: ALICE });
    expect(await inboxOf('alice')).toContain(activity.id);
  });

  test('that comes again is answered 202, acts once, and is entered in the history', async () => {
    const activity = follow(ann.id, BOB);
    for (let n = 0; n < 3; n++) {
      expect(await send(activity)).toBe(202);
      await served.inbox.settled();
    }
    const { history, inboxes } = await record(activity.id);
    expect(history.map(({ what }) => what)).toEqual(['received', 'processed', 'redelivered', 'redelivered']);
    expect(inboxes).toEqual([`${ORIGIN}/inbox`]);
    expect(timesTold(activity.id)).toBe(1);
    const accepts = home.received.filter((it) => JSON.stringify(it.activity).includes(activity.id));
    expect(accepts).toHaveLength(1);
  });

  test('that comes twelve times at once, through both shells, acts once', async () => {
    const activity = announce(ann.id, `${ORIGIN}/notes/1`);
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        served.through(shells[n % 2] as (typeof shells)[number]).post('/inbox', activity, ann),
      ),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    await served.inbox.settled();
    const { items } = await served.inbox.activities.list({ activityId: activity.id });
    expect(items).toHaveLength(1);
    expect(items[0]?.history.filter(({ what }) => what === 'redelivered')).toHaveLength(11);
    expect(timesTold(activity.id)).toBe(1);
  });

  test('that comes to two inboxes reaches both, and both are listed', async () => {
    const activity = create(ann.id);
    expect(await send(activity, '/users/alice/inbox')).toBe(202);
    await served.inbox.settled();
    expect(await send(activity, '/users/bob/inbox')).toBe(202);
    await served.inbox.settled();
    expect((await record(activity.id)).inboxes.toSorted()).toEqual([`${ALICE}/inbox`, `${BOB}/inbox`]);
    expect(await inboxOf('alice')).toContain(activity.id);
    expect(await inboxOf('bob')).toContain(activity.id);
    expect(timesTold(activity.id)).toBe(1);
  });

  test('that comes to two inboxes in the same moment reaches both, too', async () => {
    const activity = create(ann.id);
    const paths = ['/users/alice/inbox', '/users/bob/inbox'];
    expect(await Promise.all(paths.map((path) => send(activity, path)))).toEqual([202, 202]);
    await served.inbox.settled();
    expect((await record(activity.id)).inboxes.toSorted()).toEqual([`${ALICE}/inbox`, `${BOB}/inbox`]);
    expect(await inboxOf('alice')).toContain(activity.id);
    expect(await inboxOf('bob')).toContain(activity.id);
  });

  test('to the shared inbox reaches the actors that it names', async () => {
    const activity = create(ann.id, { mentions: [BOB] });
    expect(await send(activity)).toBe(202);
    await served.inbox.settled();
    expect(await inboxOf('bob')).toContain(activity.id);
    expect(await inboxOf('alice')).not.toContain(activity.id);
    expect(told).toContainEqual({ type: 'Create', id: activity.id, recipient: null });
  });

  test('of a type that nobody knows is stored, and told to those who hear everything', async () => {
    for (const type of ['Travel', 'EmojiReact', 'https://example.org/ns#Wave']) {
      const activity = { ...like(ann.id, `${ORIGIN}/notes/1`), type };
      expect(await send(activity)).toBe(202);
      await served.inbox.settled();
      expect((await record(activity.id)).status).toBe('processed');
      expect(timesTold(activity.id)).toBe(1);
    }
  });

  test('without an id gets one from its actor and its bytes: the same bytes are the same activity', async () => {
    const { id: _, ...anonymous } = like(ann.id, `${ORIGIN}/notes/${place.shell}`);
    expect([await send(anonymous), await send(anonymous)]).toEqual([202, 202]);
    expect(await send({ ...anonymous, object: `${ORIGIN}/notes/other` })).toBe(202);
    await served.inbox.settled();
    const { items } = await served.inbox.activities.list({ type: 'Like' });
    const made = items.filter(({ activityId }) => activityId.startsWith(`${ann.id}#`));
    const ours = made.filter(({ activityId }) => activityId.includes('sha-256='));
    expect(ours.map(({ history }) => history.length).toSorted()).toEqual([2, 3]);
  });

  test('about something that is not here is processed, and changes nothing', async () => {
    const nowhere = [
      like(ann.id, `${ORIGIN}/notes/never`),
      follow(ann.id, `${ORIGIN}/users/nobody`),
      follow(ann.id, 'https://elsewhere.example/users/x'),
    ];
    for (const activity of nowhere) expect(await send(activity)).toBe(202);
    await served.inbox.settled();
    for (const { id } of nowhere) expect((await record(id)).status).toBe('processed');
    const { items } = await served.inbox.followRequests.list({ actor: ann.id });
    expect(items.map(({ following }) => following)).toEqual([BOB]);
  });

  test('of one domain acts in the order in which it came', async () => {
    const bea = await home.actor('bea');
    const sent: string[] = [];
    for (let n = 0; n < 6; n++) {
      const activity = like((n % 2 ? ann : bea).id, `${ORIGIN}/notes/${n}`);
      sent.push(activity.id);
      expect((await served.post('/inbox', activity, n % 2 ? ann : bea)).status).toBe(202);
    }
    await served.inbox.settled();
    expect(told.map(({ id }) => id).filter((id) => sent.includes(id))).toEqual(sent);
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});
