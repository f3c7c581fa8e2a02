/**
 * S73 and S74: one of our actors wants to hear nothing from an actor or a domain. Nothing of theirs reaches it, and
 * everybody else has it. Through HTTP and the public API; at the end by two processes on one database.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInbox } from '../../src/embed.ts';
import { postgresql } from '../databases.ts';
import {
  accept,
  create,
  deleteSelf,
  follow,
  like,
  PUBLIC,
  type RemoteActor,
  type RemoteDomain,
  remoteDomain,
  undo,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';
import { answersTo, askedOf, idOf, twinOf } from './follows-place.ts';

const [BOB, CAROL] = [idOf('bob'), idOf('carol')];
const HOUR_MS = 3_600_000;

describe.each(places)('on $name', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let al: RemoteActor;
  let ask: ReturnType<typeof askedOf>;
  const heard: string[] = [];
  beforeAll(async () => {
    served = await serve(place, { actors: { alice: {}, bob: {}, carol: {} } }, (inbox) => {
      inbox.on('*', ({ id }, { recipient }) => void heard.push(`${id} ${recipient}`));
    });
    home = await served.remote();
    al = await home.actor('al');
    ask = askedOf(served);
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);
  const hasIn = async (handle: string, activityId: string): Promise<boolean> =>
    (await ask.members(handle, 'inbox')).includes(activityId);

  describe('S73 a block of an actor or of a domain', () => {
    test('is made twice without an error, is listed newest first, and is taken away', async () => {
      const { inbox } = served;
      const first = await inbox.actors.block('alice', { actor: al.id });
      served.clock.advance(HOUR_MS);
      expect(await inbox.actors.block('alice', { actor: al.id })).toEqual(first);
      expect(first).toMatchObject({ actor: al.id, domain: null, since: expect.any(String) });
      const reply = await served.admin('/actors/alice/block', { domain: ' Spam.Example. ' });
      expect([reply.status, reply.json()]).toMatchObject([200, { actor: null, domain: 'spam.example' }]);
      const page = await inbox.actors.blocks('alice', { limit: 1 });
      expect(page.items).toMatchObject([{ domain: 'spam.example' }]);
      const rest = await served.admin(`/actors/alice/blocks?cursor=${page.next}`);
      expect(rest.json()).toMatchObject({ items: [{ actor: al.id }], next: null });
      expect(await inbox.actors.unblock('alice', { actor: al.id })).toBe(true);
      expect(await inbox.actors.unblock('alice', { actor: al.id })).toBe(false);
      const gone = await served.admin('/actors/alice/unblock', { domain: 'spam.example' });
      expect(gone.json()).toMatchObject({ done: 'unblocked' });
      expect((await inbox.actors.blocks('alice')).items).toEqual([]);
    });

    test('is of somebody, about one of the two, and about others', async () => {
      const { actors } = served.inbox;
      await expect(actors.block('nobody', { actor: al.id })).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
      for (const target of [
        {},
        { actor: al.id, domain: 'a.example' },
        { actor: 'al' },
        { domain: 'a/b' },
        { actor: BOB },
      ])
        await expect(actors.block('bob', target as never), JSON.stringify(target)).rejects.toMatchObject({
          code: 'ERR_INVALID',
        });
      expect((await served.admin('/actors/bob/block', {})).status).toBe(422);
      expect((await served.admin('/actors/bob/block', { actor: al.id }, 'viewer-token')).status).toBe(403);
    });
  });

  describe('S74 what is blocked does not reach that actor', () => {
    test('and everybody else has it; a follow is rejected', async () => {
      await served.inbox.actors.block('bob', { actor: al.id });
      const note = create(al.id, { to: [BOB, CAROL], cc: [] });
      expect((await ask.end(note, al)).status).toBe('processed');
      expect([await hasIn('bob', note.id), await hasIn('carol', note.id)]).toEqual([false, true]);
      // Another actor of the same domain is another one.
      const ann = twinOf(al, home, 'ann');
      const hers = create(ann.id, { to: [BOB], cc: [] });
      await ask.end(hers, ann);
      expect(await hasIn('bob', hers.id)).toBe(true);

      const asked = follow(al.id, BOB);
      expect(await ask.end(asked, al)).toMatchObject({
        status: 'rejected',
        reason: 'blocked by the followed actor',
      });
      expect(await ask.stateOf(asked.id)).toBe('rejected');
      expect(answersTo(home, asked.id).map(({ activity }) => activity.type)).toEqual(['Reject']);
      expect(await ask.members('bob', 'followers')).toEqual([]);
      await expect(served.inbox.actors.follow('bob', al.id)).rejects.toMatchObject({ code: 'ERR_INVALID' });
    });

    test('when nobody else would have it, it is dropped: no effect, and no handler hears of it', async () => {
      const note = create(al.id, { to: [BOB], cc: [] });
      expect(await ask.end(note, al)).toMatchObject({
        status: 'dropped',
        reason: 'all that it would reach block its actor',
      });
      const { id } = note.object as { id: string };
      expect((await served.inbox.objects.get(id)).type).toBeNull();
      expect(heard.some((line) => line.startsWith(note.id))).toBe(false);
      // In its own inbox, addressed to nobody: it is the only one that it concerns.
      const liked = like(al.id, `${ORIGIN}/notes/1`);
      expect((await ask.end(liked, al, '/users/bob/inbox')).status).toBe('dropped');
      expect((await served.inbox.objects.get(`${ORIGIN}/notes/1`)).likes.total).toBe(0);
    });

    test('a Like that names nobody is for the owner of what is liked: in its inbox, or dropped', async () => {
      const { object } = await served.inbox.actors.send('bob', { type: 'Note', content: 'Hi', to: PUBLIC });
      const hers = like(twinOf(al, home, 'amy').id, object as string);
      expect((await ask.end(hers, twinOf(al, home, 'amy'))).status).toBe('processed');
      expect([await hasIn('bob', hers.id), await hasIn('carol', hers.id)]).toEqual([true, false]);
      expect((await ask.end(like(al.id, object as string), al)).status).toBe('dropped');
      expect((await served.inbox.objects.get(object as string)).likes.total).toBe(1);
    });

    test('and what was dropped for one inbox reaches another one that it comes to', async () => {
      const quiet = create(al.id, { to: [], cc: [] });
      expect((await ask.end(quiet, al, '/users/bob/inbox')).status).toBe('dropped');
      expect((await ask.end(quiet, al, '/users/carol/inbox')).status).toBe('processed');
      expect([await hasIn('bob', quiet.id), await hasIn('carol', quiet.id)]).toEqual([false, true]);
      expect(heard.filter((line) => line.startsWith(quiet.id))).toEqual([`${quiet.id} ${CAROL}`]);
      // Whichever inbox it came to first.
      const both = create(al.id, { to: [CAROL], cc: [] });
      expect((await ask.end(both, al, '/users/bob/inbox')).status).toBe('processed');
      expect(heard.filter((line) => line.startsWith(both.id))).not.toContain(`${both.id} ${BOB}`);
    });

    test('but what takes something back counts, wherever it came to', async () => {
      const note = create(al.id, { to: [CAROL], cc: [] });
      await ask.end(note, al);
      const { id } = note.object as { id: string };
      const gone = { ...deleteSelf(al.id), id: `${id}#delete`, object: id };
      expect((await ask.end(gone, al, '/users/bob/inbox')).status).toBe('processed');
      expect((await served.inbox.objects.get(id)).deleted).toBe(true);
      const liked = like(al.id, `${ORIGIN}/notes/2`);
      await ask.end(liked, al);
      expect((await ask.end(undo(al.id, liked), al, '/users/bob/inbox')).status).toBe('processed');
      expect((await served.inbox.objects.get(`${ORIGIN}/notes/2`)).likes.total).toBe(0);
      const flag = { ...like(al.id, BOB), id: `${al.id}#flag`, type: 'Flag', object: [BOB, CAROL] };
      expect((await ask.end(flag, al)).status).toBe('processed');
      expect((await served.inbox.reports.list()).items).toMatchObject([
        { actor: al.id, objects: [BOB, CAROL] },
      ]);
      // Whom it is about does not learn who made it.
      expect([await hasIn('bob', flag.id), await hasIn('carol', flag.id)]).toEqual([false, false]);
    });

    test('follows in both directions end, as a Block from there would end them', async () => {
      const gus = twinOf(al, home, 'gus');
      const theirs = follow(gus.id, BOB);
      await ask.end(theirs, gus);
      const ours = await ask.followed('bob', gus, home);
      await ask.end(accept(gus.id, ours), gus);
      expect(await ask.members('bob', 'followers')).toEqual([gus.id]);
      await served.inbox.actors.block('bob', { actor: gus.id });
      await served.inbox.settled();
      expect([await ask.stateOf(theirs.id), await ask.stateOf(ours.id)]).toEqual(['rejected', 'withdrawn']);
      expect([await ask.members('bob', 'followers'), await ask.members('bob', 'following')]).toEqual([
        [],
        [],
      ]);
      expect(answersTo(home, theirs.id, 'Reject')).toHaveLength(1);
      expect(answersTo(home, ours.id, 'Undo')).toHaveLength(1);
      // What it sends to its followers reaches bob no more, and after the block is gone a new follow begins anew.
      const post = create(gus.id, { to: [PUBLIC], cc: [`${gus.id}/followers`] });
      await ask.end(post, gus);
      expect(await hasIn('bob', post.id)).toBe(false);
      await served.inbox.actors.unblock('bob', { actor: gus.id });
      const again = follow(gus.id, BOB);
      await ask.end(again, gus);
      expect(await ask.stateOf(again.id)).toBe('accepted');
    });

    test('of a domain is of everybody there', async () => {
      const far = await served.remote();
      const [fay, fin] = [await far.actor('fay'), await far.actor('fin')];
      const before = follow(fay.id, CAROL);
      await ask.end(before, fay);
      await served.inbox.actors.block('carol', { domain: far.domain });
      await served.inbox.settled();
      expect(await ask.stateOf(before.id)).toBe('rejected');
      expect(answersTo(far, before.id, 'Reject')).toHaveLength(1);
      const asked = follow(fin.id, CAROL);
      expect((await ask.end(asked, fin)).status).toBe('rejected');
      const note = create(fin.id, { to: [CAROL, BOB], cc: [] });
      await ask.end(note, fin);
      expect([await hasIn('bob', note.id), await hasIn('carol', note.id)]).toEqual([true, false]);
    });
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});

test(
  'a block that was made in one process counts in the other at once',
  async () => {
    const home = await remoteDomain();
    const al = await home.actor('al');
    await using served = await serve({ kind: postgresql }, { actors: { alice: {}, bob: {} } });
    const other = createInbox({
      ...{ origin: ORIGIN, database: served.database, workers: 1, allowPrivateAddress: true },
      actors: { alice: {}, bob: {} },
    });
    try {
      await other.start();
      /** Either process may have the domain's turn. */
      const statusOf = async (): Promise<string> => {
        const note = create(al.id, { to: [BOB], cc: [] });
        expect((await served.post('/inbox', note, al)).status).toBe(202);
        const status = async () => (await served.inbox.activities.get(note.id)).status;
        await expect.poll(status, { timeout: 20_000 }).not.toBe('accepted');
        return status();
      };
      expect(await statusOf()).toBe('processed');
      await other.actors.block('bob', { actor: al.id });
      expect(await statusOf()).toBe('dropped');
      await other.actors.unblock('bob', { actor: al.id });
      expect(await statusOf()).toBe('processed');
    } finally {
      await other.close({ drain: '2 seconds' });
      await home.close();
    }
  },
  PATIENCE,
);
