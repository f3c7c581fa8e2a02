/**
 * Collections: rows S30 to S36 of the checklist. What others did goes in over HTTP; it is read through the API, the admin
 * API and ActivityPub, by everybody and by the owner.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  announce,
  CONTEXT,
  create,
  follow,
  like,
  PUBLIC,
  type RemoteActor,
  type RemoteDomain,
  type Sent,
  type Signer,
  undo,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const LITEPUB = [CONTEXT, { litepub: 'http://litepub.social/ns#', EmojiReact: 'litepub:EmojiReact' }];
interface Page {
  readonly totalItems: number;
  readonly orderedItems: string[];
  readonly first: string;
  readonly last: string;
  readonly next?: string;
  readonly prev?: string;
}

describe.each(places)('collections ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  let mal: RemoteActor;
  let note: string;
  beforeAll(async () => {
    served = await serve(place, {
      signedIn: ({ headers }) => headers.get('authorization')?.replace('Session ', '') ?? null,
    });
    home = await served.remote();
    ann = await home.actor('ann');
    mal = await home.actor('mal');
    note = (await served.inbox.send('alice', { type: 'Note', content: 'Hello', to: PUBLIC }))
      .object as string;
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  async function take(activity: Sent, by: Signer = ann): Promise<string> {
    expect((await served.post('/inbox', activity, by)).status).toBe(202);
    await served.inbox.settled();
    return (await served.inbox.activities.get(activity.id)).status;
  }
  const act = (type: string, object: unknown, more: object = {}, actor = ann): Sent => {
    return {
      '@context': CONTEXT,
      id: `${actor.id}#${type}-${Math.random()}`,
      type,
      actor: actor.id,
      object,
      ...more,
    };
  };
  /** What ActivityPub shows at a URL, to everybody or to somebody who is signed in. */
  async function shown(url: string, as?: string) {
    const { pathname, search } = new URL(url);
    const reply = await served.ask(
      'GET',
      pathname + search,
      as === undefined ? {} : { authorization: `Session ${as}` },
    );
    return { status: reply.status, page: (reply.status === 200 ? reply.json() : {}) as Page };
  }
  /** The same collection, counted and listed in the three ways. */
  async function three(uri: string): Promise<{ total: number; items: string[] }> {
    const { total, items } = await served.inbox.collection(uri);
    const admin = (await served.admin(`/collections?uri=${encodeURIComponent(uri)}`)).json();
    expect(admin).toMatchObject({ total, items });
    const { page } = await shown(`${uri}?page=first`);
    expect(page).toMatchObject({ totalItems: total, orderedItems: items });
    return { total, items };
  }

  describe('S30 a Like counts with its object, and with its actor', () => {
    test('once, however often it is delivered', async () => {
      const liking = like(ann.id, note);
      for (let n = 0; n < 3; n++) expect(await take(liking)).toBe('processed');
      expect(await three(`${note}/likes`)).toEqual({ total: 1, items: [ann.id] });
      // And once, however many Likes an actor sends.
      await take(like(ann.id, note));
      expect(await three(`${note}/likes`)).toEqual({ total: 1, items: [ann.id] });
      expect(await served.inbox.objects.get(note)).toMatchObject({ likes: { total: 1 } });
    });

    test('what our actor likes is in its `liked`, until it takes that back', async () => {
      const { activityId } = await served.inbox.send('alice', { type: 'Like', object: note });
      expect(await three(`${ALICE}/liked`)).toEqual({ total: 1, items: [note] });
      await served.inbox.send('alice', { type: 'Undo', object: activityId });
      expect(await three(`${ALICE}/liked`)).toEqual({ total: 0, items: [] });
    });

    test('a Dislike and an EmojiReact count in collections of their own, once for each actor', async () => {
      const reactions = {
        dislikes: () => act('Dislike', note),
        emojiReactions: () => act('EmojiReact', note, { '@context': LITEPUB, content: '🎉' }),
      };
      for (const [name, make] of Object.entries(reactions)) {
        const [first, second] = [make(), make()];
        for (const one of [first, first, second]) expect(await take(one)).toBe('processed');
        expect(await three(`${note}/${name}`)).toEqual({ total: 1, items: [ann.id] });
        expect((await served.inbox.activities.get(first.id)).type).toBe(first.type);
        for (const one of [first, second]) await take(undo(ann.id, one));
        expect(await three(`${note}/${name}`)).toEqual({ total: 0, items: [] });
      }
      expect(await served.inbox.objects.get(note)).toMatchObject({
        dislikes: { total: 0 },
        emojiReactions: { total: 0 },
      });
    });
  });

  describe('S31 an Announce counts as a share of its object', () => {
    test('once, however often it is delivered', async () => {
      const sharing = announce(ann.id, note);
      for (let n = 0; n < 3; n++) expect(await take(sharing)).toBe('processed');
      expect(await three(`${note}/shares`)).toEqual({ total: 1, items: [ann.id] });
    });

    test('what a group passes on is no share, and has no effect of its own', async () => {
      const passed = { type: 'Like', id: `${home.origin}/likes/9`, actor: mal.id, object: note };
      expect(await take(act('Announce', passed))).toBe('processed');
      expect(await three(`${note}/shares`)).toMatchObject({ total: 1 });
      expect(await served.inbox.collection(`${passed.id}/shares`)).toMatchObject({ total: 0 });
      expect((await served.inbox.collection(`${note}/likes`)).items).toEqual([ann.id]);
    });
  });

  describe('S32 a collection is changed by its owner alone', () => {
    test('what a remote actor pins is in its collection, until it unpins it', async () => {
      const featured = `${ann.id}/collections/featured`;
      const post = `${home.origin}/notes/pinned`;
      expect(await take(act('Add', post, { target: featured }))).toBe('processed');
      expect(await take(act('Add', post, { target: featured }))).toBe('processed');
      expect(await served.inbox.collection(featured)).toMatchObject({ total: 1, items: [post] });
      for (const type of ['Add', 'Remove'])
        expect(await take(act(type, `${post}/x`, { target: featured }, mal), mal)).toBe('rejected');
      expect(await served.inbox.collection(featured)).toMatchObject({ items: [post] });
      expect(await take(act('Remove', post, { target: featured }))).toBe('processed');
      expect(await served.inbox.collection(featured)).toMatchObject({ total: 0, items: [] });
    });

    test('also where only its document says that the collection is its own', async () => {
      const away = await served.remote();
      const una = await away.actor('una');
      una.document.featured = `${away.origin}/featured?of=una`;
      const add = act('Add', `${away.origin}/1`, { target: una.document.featured }, una);
      expect(await take(add, una)).toBe('processed');
      expect(await served.inbox.collection(una.document.featured as string)).toMatchObject({ total: 1 });
      const other = act('Add', `${away.origin}/1`, { target: `${away.origin}/featured?of=other` }, una);
      expect(await take(other, una)).toBe('rejected');
    });

    test('without a target nothing happens, and a stranger changes none of ours', async () => {
      expect(await take(act('Add', note))).toBe('processed');
      for (const name of ['featured', 'followers', 'liked'])
        expect(await take(act('Add', ann.id, { target: `${ALICE}/${name}` }))).toBe('rejected');
      expect((await three(`${ALICE}/followers`)).items).not.toContain(ann.id);
      // Nor does anybody count himself up.
      expect(await take(act('Add', mal.id, { target: `${ann.id}/1/likes` }))).toBe('rejected');
    });

    test('our actor pins and unpins, and takes a follower out, who hears of it', async () => {
      await served.inbox.send('alice', { type: 'Add', object: note, target: `${ALICE}/featured` });
      expect(await three(`${ALICE}/featured`)).toEqual({ total: 1, items: [note] });
      await served.inbox.send('alice', { type: 'Remove', object: note, target: `${ALICE}/featured` });
      expect(await three(`${ALICE}/featured`)).toEqual({ total: 0, items: [] });
      for (const name of ['followers', 'inbox'])
        await expect(
          served.inbox.send('alice', { type: 'Add', object: mal.id, target: `${ALICE}/${name}` }),
        ).rejects.toMatchObject({ code: 'ERR_INVALID' });
      await take(follow(mal.id, ALICE), mal);
      expect((await three(`${ALICE}/followers`)).items).toContain(mal.id);
      await served.inbox.send('alice', { type: 'Remove', object: mal.id, target: `${ALICE}/followers` });
      await served.inbox.settled();
      expect((await three(`${ALICE}/followers`)).items).not.toContain(mal.id);
      const { activity } = await home.delivery(({ activity: { type } }) => type === 'Reject');
      expect(activity).toMatchObject({ actor: ALICE, object: { actor: mal.id } });
    });
  });

  describe('S33 an Undo reverses a follow, a like and a share, by their own actor', () => {
    test('a stranger’s Undo is rejected, its own takes effect, and one of nothing harms nobody', async () => {
      const { object } = await served.inbox.send('alice', { type: 'Note', content: 'Undo me', to: PUBLIC });
      const done = [
        follow(ann.id, ALICE),
        like(ann.id, object as string),
        announce(ann.id, object as string),
      ];
      const counts = async () => [
        (await served.inbox.collection(`${ALICE}/followers`)).items.includes(ann.id),
        (await served.inbox.collection(`${object}/likes`)).total,
        (await served.inbox.collection(`${object}/shares`)).total,
      ];
      for (const one of done) await take(one);
      expect(await counts()).toEqual([true, 1, 1]);
      for (const { id } of done) expect(await take(act('Undo', id, {}, mal), mal)).toBe('rejected');
      expect(await counts()).toEqual([true, 1, 1]);
      for (const one of done) expect(await take(undo(ann.id, one))).toBe('processed');
      expect(await counts()).toEqual([false, 0, 0]);
      expect(await take(act('Undo', `${home.origin}/never-sent`))).toBe('processed');
      // No likes, no shares, no liked: nothing to take anything from.
      expect(await take(undo(ann.id, like(ann.id, `${ORIGIN}/notes/none`)))).toBe('processed');
    });
  });

  describe('S34 a Flag reaches the moderators with all that it names', () => {
    test('three objects, known and unknown, and what the reporter says', async () => {
      const objects = [ALICE, note, `${ORIGIN}/notes/never-made`];
      expect(await take(act('Flag', objects, { content: 'Rude' }))).toBe('processed');
      const { items } = (await served.admin('/reports')).json() as { items: object[] };
      expect(items[0]).toMatchObject({
        actor: ann.id,
        domain: home.domain,
        objects,
        content: 'Rude',
        state: 'open',
      });
      expect((await served.inbox.reports.list()).items[0]).toMatchObject({ objects });
    });
  });

  describe('S35 collections are counted and paged, and show what is for whoever asks', () => {
    test('page links reach every item, newest first, both ways, and none leads nowhere', async () => {
      const { object } = await served.inbox.send('alice', { type: 'Note', content: 'Discuss', to: PUBLIC });
      const replies: string[] = [];
      for (let n = 0; n < 123; n++) {
        const reply = create(ann.id, { inReplyTo: object });
        replies.unshift((reply.object as { id: string }).id);
        expect((await served.post('/inbox', reply, ann)).status).toBe(202);
      }
      await served.inbox.settled();
      const { page: collection } = await shown(`${object}/replies`);
      expect(collection).toMatchObject({ type: 'OrderedCollection', totalItems: 123 });
      const walk = async (from: string, way: 'next' | 'prev') => {
        const pages: string[][] = [];
        for (let url: string | undefined = from; url !== undefined; ) {
          const { status, page }: { status: number; page: Page } = await shown(url);
          expect([url, status]).toEqual([url, 200]);
          expect(page.orderedItems.length).toBeGreaterThan(0);
          pages.push(page.orderedItems);
          url = page[way];
        }
        return pages;
      };
      expect((await walk(collection.first, 'next')).flat()).toEqual(replies);
      expect((await walk(collection.last, 'prev')).toReversed().flat()).toEqual(replies);
      // A page stays where it is when something new comes: no item is missed, none is read twice.
      const { page: first } = await shown(collection.first);
      await take(create(ann.id, { inReplyTo: object }));
      const rest = await walk(first.next as string, 'next');
      expect([...first.orderedItems, ...rest.flat()]).toEqual(replies);
      expect((await shown(`${object}/replies?page=what`)).status).toBe(400);
      // The API walks the same way.
      const found: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await served.inbox.collection(`${object}/replies`, { limit: 50, cursor });
        found.push(...page.items);
        if (page.next === null) break;
        cursor = page.next;
      }
      expect(found.slice(1)).toEqual(replies);
    });

    test('a reply that is not for everybody is shown to the owner of what it answers, and to nobody else', async () => {
      const { object } = await served.inbox.send('alice', { type: 'Note', content: 'Ask me', to: PUBLIC });
      const whisper = create(ann.id, { inReplyTo: object, to: [ALICE], cc: [] });
      const aloud = create(ann.id, { inReplyTo: object });
      for (const reply of [whisper, aloud]) await take(reply);
      const [quiet, loud] = [whisper, aloud].map((reply) => (reply.object as { id: string }).id);
      const first = `${object}/replies?page=first`;
      expect((await shown(first)).page).toMatchObject({ totalItems: 1, orderedItems: [loud] });
      expect((await shown(first, 'bob')).page).toMatchObject({ totalItems: 1, orderedItems: [loud] });
      expect((await shown(first, 'alice')).page).toMatchObject({
        totalItems: 2,
        orderedItems: [loud, quiet],
      });
      expect(await served.inbox.collection(`${object}/replies`)).toMatchObject({ total: 2 });
    });

    test('an inbox is read by its owner alone, and of an outbox everybody sees what is for everybody', async () => {
      const sent = create(ann.id, { to: [ALICE], cc: [] });
      await take(sent);
      expect((await shown(`${ALICE}/inbox`)).status).toBe(401);
      expect((await shown(`${ALICE}/inbox`, 'bob')).status).toBe(403);
      const { page } = await shown(`${ALICE}/inbox?page=first`, 'alice');
      expect(page.orderedItems[0]).toBe(sent.id);
      expect((await served.inbox.actors.collection('alice', 'inbox')).items[0]).toBe(sent.id);

      const secret = await served.inbox.send('alice', { type: 'Note', content: 'Psst', to: ann.id });
      const before = (await shown(`${ALICE}/outbox`)).page.totalItems;
      const own = await shown(`${ALICE}/outbox?page=first`, 'alice');
      expect(own.page.orderedItems[0]).toBe(secret.activityId);
      expect(own.page.totalItems).toBeGreaterThan(before);
      expect((await shown(`${ALICE}/outbox?page=first`)).page.orderedItems).not.toContain(secret.activityId);
      for (const url of [secret.object, secret.activityId] as string[])
        expect([
          (await shown(url)).status,
          (await shown(url, 'bob')).status,
          (await shown(url, 'alice')).status,
        ]).toEqual([404, 404, 200]);
    });

    test('a login that fails names nobody', async () => {
      const reply = await served.ask('GET', '/users/alice/inbox', { authorization: 'Session nobody-here' });
      expect(reply.status).toBe(401);
    });
  });

  describe('S36 what a service need not do is on one list', () => {
    test('each line of it names the test that shows it', () => {
      const root = path.resolve(import.meta.dirname, '../..');
      const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
      const section = readme.split(/^## /m).find((part) => part.startsWith('What you need not do')) ?? '';
      const lines = section.split('\n').filter((line) => line.startsWith('- '));
      expect(lines).toHaveLength(7);
      for (const line of lines) {
        const [, file = '', title = ''] = /\]\((test\/[^)]+\.test\.ts)\) `([^`]+)`/.exec(line) ?? [];
        expect([line, readFileSync(path.join(root, file), 'utf8').includes(title)]).toEqual([line, true]);
      }
    });
  });
});
