/**
 * Faults that were measured in the original, where they are about receiving: rows A1, A6, A7, A9, A10, A12 and A15 of
 * the checklist. Each test sends what broke there.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresql } from '../databases.ts';
import {
  accept,
  announce,
  CONTEXT,
  create,
  deleteSelf,
  like,
  type RemoteActor,
  type RemoteDomain,
  rsaKey,
  type Sendable,
  type SendOptions,
  type Sent,
  undo,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const BOB = `${ORIGIN}/users/bob`;
const NOTE = `${ORIGIN}/notes/1`;
const FINAL = ['processed', 'rejected', 'dropped', 'failed'];

let served: Served;
let home: RemoteDomain;
let ann: RemoteActor;
beforeAll(async () => {
  served = await serve({ kind: postgresql });
  home = await served.remote();
  ann = await home.actor('ann');
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

async function send(activity: Sendable, by = ann, options: SendOptions = {}): Promise<number> {
  const { status } = await served.post('/inbox', activity, by, options);
  await served.inbox.settled();
  return status;
}
const kept = async (activityId: string) => (await served.inbox.activities.list({ activityId })).items;

describe('A1 what is not signed as it should be is answered 401, and leaves nothing behind', () => {
  const table: [string, (activity: Sent) => Promise<number>][] = [
    ['unsigned', async (activity) => (await served.post('/inbox', activity, null)).status],
    ['forged', async (activity) => send(activity, { ...ann, ...(await rsaKey()) })],
    ['signed with another owner’s valid key', async (activity) => send(activity, await home.actor('eve'))],
    ['with a Date of 2001', (activity) => send(activity, ann, { date: 'Mon, 10 Sep 2001 12:00:00 GMT' })],
    ['with only its Date signed', (activity) => send(activity, ann, { signed: ['date'] })],
    [
      'with a digest that is not signed',
      (activity) => send(activity, ann, { signed: ['(request-target)', 'host', 'date'] }),
    ],
  ];
  test.each(table)('%s', async (_, post) => {
    const activity = like(ann.id, NOTE);
    expect(await post(activity)).toBe(401);
    expect(await kept(activity.id)).toEqual([]);
  });
});

describe('A6 what is unknown, missing, in a list or of several types never crashes', () => {
  const table: [string, () => Record<string, unknown>][] = [
    ['a Like of an unknown object', () => like(ann.id, `${ORIGIN}/notes/${randomUUID()}`)],
    ['an Announce of an unknown object', () => announce(ann.id, 'https://nowhere.example/notes/1')],
    ['an Accept of an unknown activity', () => accept(ann.id, `${ORIGIN}/activities/${randomUUID()}`)],
    ['an Undo of an unknown activity', () => undo(ann.id, like(ann.id, NOTE))],
    ['a Follow without object', () => ({ ...like(ann.id, NOTE), type: 'Follow', object: undefined })],
    ['a Follow of null', () => ({ ...like(ann.id, NOTE), type: 'Follow', object: null })],
    ['several objects', () => ({ ...like(ann.id, NOTE), object: [NOTE, `${ORIGIN}/notes/2`] })],
    ['a list of one actor', () => ({ ...like(ann.id, NOTE), actor: [ann.id] })],
    ['several types', () => ({ ...like(ann.id, NOTE), type: ['Like', 'https://x.example/ns#Clap'] })],
  ];
  test.each(table)('%s: one final status', async (_, activityOf) => {
    const activity = activityOf();
    expect(await send(activity)).toBe(202);
    const items = await kept(activity.id as string);
    expect(items.map(({ status }) => FINAL.includes(status))).toEqual([true]);
    expect(items[0]?.status).not.toBe('failed');
  });

  test('several actors: refused, because one of them would be picked', async () => {
    expect(await send({ ...like(ann.id, NOTE), actor: [ann.id, `${home.origin}/users/eve`] })).toBe(400);
  });

  test('a Like of several types counts as a Like', async () => {
    const note = create(ann.id);
    const { id } = note.object as { id: string };
    expect(await send(note)).toBe(202);
    expect(await send({ ...like(ann.id, id), type: ['https://x.example/ns#Clap', 'Like'] })).toBe(202);
    expect(await served.inbox.objects.get(id)).toMatchObject({ likes: { total: 1 } });
  });
});

describe('A7 bodies and signatures that are none are answered 4xx, never 5xx', () => {
  test.each(['[]', 'null', '{"id":5}', '"x"', '5', '', '{', '[{}]'])('the body %s: 400', async (body) => {
    expect(await send(body)).toBe(400);
  });

  test.each([
    'garbage',
    'keyId=',
    'keyId="x"',
    ',,,',
    '"',
    `keyId="${'x'.repeat(5_000)}"`,
  ])('Signature: %.30s: 401', async (header) => {
    expect(await send(like(ann.id, NOTE), ann, { tamper: () => header })).toBe(401);
  });

  test.each(['ed25519', 'none', 'hmac-sha256', 'RSA-SHA1', 'x'])('algorithm="%s": 401', async (algorithm) => {
    expect(await send(like(ann.id, NOTE), ann, { algorithm })).toBe(401);
  });
});

test('A9 an unknown @context is never fetched, from whomever it came', async () => {
  const remote = await served.remote();
  const context = `${remote.origin}/context.jsonld`;
  const withContext = { ...like(ann.id, NOTE), '@context': [CONTEXT, context] };
  expect(await send(withContext)).toBe(202);
  expect((await kept(withContext.id)).map(({ status }) => status)).toEqual(['processed']);
  const mal = await remote.actor('mal');
  await served.inbox.domains.block(remote.domain, { reason: 'spam' });
  await served.inbox.settled();
  expect(await send({ ...like(mal.id, NOTE), '@context': context }, mal)).toBe(403);
  expect(remote.fetches()).toBe(0);
});

test('A10 many activities of one actor cost one fetch of its key', async () => {
  const remote = await served.remote();
  const bea = await remote.actor('bea');
  for (let n = 0; n < 10; n++)
    expect((await served.post('/inbox', like(bea.id, NOTE), bea)).status).toBe(202);
  await served.inbox.settled();
  expect(remote.fetches()).toBe(1);
});

test('A12 an activity that is POSTed to two inboxes reaches both', async () => {
  const activity = create(ann.id);
  for (const name of ['alice', 'bob'])
    expect((await served.post(`/users/${name}/inbox`, activity, ann)).status).toBe(202);
  await served.inbox.settled();
  for (const name of ['alice', 'bob'])
    expect((await served.inbox.actors.collection(name, 'inbox')).items).toContain(activity.id);
  expect((await kept(activity.id))[0]?.inboxes.toSorted()).toEqual([`${ALICE}/inbox`, `${BOB}/inbox`]);
});

describe('A15 a known actor may change its profile, and delete itself', () => {
  test('an Update of its own profile is processed, and its document is looked at again', async () => {
    const remote = await served.remote();
    const bea = await remote.actor('bea');
    expect(await send(like(bea.id, NOTE), bea)).toBe(202);
    const before = remote.fetches(new URL(bea.id).pathname);
    bea.document = { ...bea.document, name: 'Beatrix' };
    const update = { ...like(bea.id, NOTE), type: 'Update', object: bea.document };
    expect(await send(update, bea)).toBe(202);
    expect((await kept(update.id)).map(({ status }) => status)).toEqual(['processed']);
    expect(remote.fetches(new URL(bea.id).pathname)).toBe(before + 1);
  });

  test('its Delete of itself is processed, and it follows nobody any more', async () => {
    const remote = await served.remote();
    const bea = await remote.actor('bea');
    const follow = { ...like(bea.id, ALICE), type: 'Follow' };
    expect(await send(follow, bea)).toBe(202);
    const followers = async () => (await served.inbox.actors.collection('alice', 'followers')).items;
    expect(await followers()).toContain(bea.id);
    remote.serve(new URL(bea.id).pathname, (_, response) => void response.writeHead(410).end());
    const farewell = deleteSelf(bea.id);
    expect(await send(farewell, bea)).toBe(202);
    expect((await kept(farewell.id)).map(({ status }) => status)).toEqual(['processed']);
    expect(await followers()).not.toContain(bea.id);
  });
});

test('none of it was a fault of ours', () => expect(served.errors).toEqual([]));
