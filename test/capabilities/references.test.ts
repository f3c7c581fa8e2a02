/**
 * References and data: rows S16 to S24 of the checklist, and S88. What an activity points to is read through a handler's
 * activity and the public API; the remote server counts what it is asked for.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import type { Activity, ActorView, ObjectView, Ref } from '../../src/index.ts';
import { drop } from '../../src/index.ts';
import { fixtures } from '../../src/testing/fixtures/index.ts';
import {
  announce,
  CONTEXT,
  create,
  like,
  PUBLIC,
  type RemoteActor,
  type RemoteDomain,
  type Sent,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;

describe.each(places)('references ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  const handled = new Map<string, Activity>();
  beforeAll(async () => {
    served = await serve(place, {}, (inbox) => {
      inbox.on('*', (activity) => void handled.set(activity.id, activity));
    });
    home = await served.remote();
    ann = await home.actor('ann');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  /** Sends it, and gives back what a handler got. */
  async function take(activity: Sent, by = ann): Promise<Activity> {
    expect((await served.post('/inbox', activity, by)).status).toBe(202);
    await served.inbox.settled();
    return handled.get(activity.id) as Activity;
  }
  const objectIdOf = (activity: Sent): string => (activity.object as { id: string }).id;
  /** Serves an object at a path of the remote server. */
  function serveObject(name: string, more: object = {}): string {
    const id = `${home.origin}/objects/${name}`;
    const note = { '@context': CONTEXT, id, type: 'Note', attributedTo: ann.id, to: [PUBLIC], ...more };
    home.serve(`/objects/${name}`, (_, response) =>
      response.writeHead(200, { 'content-type': 'application/activity+json' }).end(JSON.stringify(note)),
    );
    return id;
  }

  describe('S16 an activity points to references, not to data', () => {
    test('a reference is read without network, and leads to data only where that is stored', async () => {
      const unknown = serveObject('s16');
      const liked = await take(like(ann.id, unknown));
      const before = home.fetches();
      const { object, actor } = liked;
      expect(object).toMatchObject({ uri: unknown, domain: home.domain, isRemote: true, isResolved: false });
      expect(await object?.get()).toBeUndefined();
      expect(await object?.get('object')).toBeUndefined();
      expect(actor).toMatchObject({ uri: ann.id, isResolved: true });
      expect(await actor.get('actor')).toMatchObject({
        kind: 'actor',
        preferredUsername: 'ann',
        type: 'Person',
      });
      expect(await actor.get('object')).toBeUndefined();
      expect(home.fetches()).toBe(before);
    });
  });

  describe('S17 what is stored is looked up by kind, typed, and undefined when absent', () => {
    test('an actor, an object and an activity', async () => {
      const post = create(ann.id, { content: '<p>Seventeen</p>' });
      await take(post);
      const { inbox } = served;
      const object = await inbox.lookup('object', objectIdOf(post));
      expectTypeOf(object).toEqualTypeOf<ObjectView | undefined>();
      expect(object).toMatchObject({ type: 'Note', content: '<p>Seventeen</p>', isPublic: true });
      expect(object?.owner).toMatchObject({ uri: ann.id, isResolved: true });
      const actor = await inbox.lookup('actor', ann.id);
      expectTypeOf(actor).toEqualTypeOf<ActorView | undefined>();
      expect(actor).toMatchObject({ inbox: ann.inbox, domain: home.domain, isLocked: false });
      const activity = await inbox.lookup('activity', post.id);
      expectTypeOf(activity).toEqualTypeOf<Activity | undefined>();
      expect(activity).toMatchObject({ kind: 'activity', type: 'Create', status: 'processed' });
      expect(await activity?.object?.get('object')).toMatchObject({ uri: objectIdOf(post) });
      for (const kind of ['object', 'actor', 'activity'] as const)
        expect(await inbox.lookup(kind, `${home.origin}/nothing`)).toBeUndefined();
      // @ts-expect-error there is no such kind
      await expect(inbox.lookup('note', ann.id)).rejects.toThrow();
    });

    test('what our own actors have said is there, too', async () => {
      const { object, activityId } = await served.inbox.send('alice', {
        type: 'Note',
        content: 'Ours',
        to: PUBLIC,
      });
      expect(await served.inbox.lookup('object', object as string)).toMatchObject({ content: 'Ours' });
      expect(await served.inbox.lookup('activity', activityId)).toMatchObject({ type: 'Create' });
      expect(await served.inbox.lookup('actor', ALICE)).toMatchObject({
        isLocal: true,
        preferredUsername: 'alice',
      });
    });
  });

  describe('S18 a reference is made of a URI, and resolved once', () => {
    test('fifty at once cause one fetch, signed by the instance actor, and make one row', async () => {
      const uri = serveObject('s18', { content: 'Eighteen', inReplyTo: ALICE });
      const before = home.fetches('/objects/s18');
      const refs = await Promise.all(Array.from({ length: 50 }, () => served.inbox.resolve(uri)));
      expect(new Set(refs.map((ref) => `${ref.uri} ${ref.isResolved}`))).toEqual(new Set([`${uri} true`]));
      expect(home.fetches('/objects/s18') - before).toBe(1);
      expect(await refs[0]?.get('object')).toMatchObject({ content: 'Eighteen', owner: { uri: ann.id } });
      // From then on nobody is asked any more, and activities that name it lead there.
      await served.inbox.resolve(uri);
      expect((await take(announce(ann.id, uri))).object).toMatchObject({ isResolved: true });
      expect(home.fetches('/objects/s18') - before).toBe(1);
      expect(await served.inbox.ref('https://elsewhere.example/1')).toMatchObject({
        ...{ domain: 'elsewhere.example', isRemote: true, isResolved: false },
      });
    });

    test('again, when it is asked for: what its server says now counts, if it is newer', async () => {
      const uri = serveObject('again', { content: 'Old', updated: '2026-01-01T00:00:00Z' });
      await served.inbox.resolve(uri);
      serveObject('again', { content: 'New', updated: '2026-01-02T00:00:00Z' });
      expect(await (await served.inbox.resolve(uri)).get('object')).toMatchObject({ content: 'Old' });
      const again = await served.inbox.resolve(uri, { again: true });
      expect(await again.get('object')).toMatchObject({ content: 'New' });
      serveObject('again', { content: 'Older', updated: '2025-01-01T00:00:00Z' });
      await served.inbox.resolve(uri, { again: true });
      expect(await again.get('object')).toMatchObject({ content: 'New' });
    });

    test('a server speaks for what is on its own origin, and for nobody else', async () => {
      const away = await served.remote();
      const bea = await away.actor('bea');
      const refused = {
        foreign: { id: `${away.origin}/objects/1` },
        attributed: { attributedTo: bea.id },
        nobodys: { attributedTo: undefined },
        ours: { id: `${ORIGIN}/notes/1` },
        gone: { type: 'Tombstone' },
        act: { type: 'Create', actor: ann.id, object: ALICE },
      };
      for (const [name, more] of Object.entries(refused)) {
        const uri = serveObject(name, more);
        await expect(served.inbox.resolve(uri), name).rejects.toMatchObject({ code: 'ERR_REMOTE' });
        expect(await served.inbox.ref(uri), name).toMatchObject({ isResolved: false });
      }
      await expect(served.inbox.resolve('not a URL')).rejects.toMatchObject({ code: 'ERR_INVALID' });
      await served.inbox.domains.block(away.domain, { reason: 'enough' });
      await served.inbox.settled();
      const before = away.fetches();
      await expect(served.inbox.resolve(bea.id)).rejects.toThrow('its domain is blocked');
      expect(away.fetches()).toBe(before);
      await served.inbox.domains.unblock(away.domain);
      await served.inbox.settled();
      expect(await (await served.inbox.resolve(bea.id)).get('actor')).toMatchObject({
        preferredUsername: 'bea',
      });
    });

    test('what its owner has deleted stays deleted, whatever its server shows later', async () => {
      const post = create(ann.id);
      await take(post);
      const id = objectIdOf(post);
      expect(await served.inbox.ref(id)).toMatchObject({ isResolved: true });
      await take({ ...post, id: `${post.id}/delete`, type: 'Delete', object: id });
      expect(await served.inbox.ref(id)).toMatchObject({ isResolved: false });
      home.serve(new URL(id).pathname, (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/activity+json' })
          .end(JSON.stringify({ ...(post.object as object), '@context': CONTEXT })),
      );
      expect(await served.inbox.resolve(id)).toMatchObject({ isResolved: false });
    });
  });

  describe('S19 a reference says whether it is remote and whether it is resolved', () => {
    test('local and remote, resolved and unresolved', async () => {
      const { object } = await served.inbox.send('alice', { type: 'Note', content: 'Here', to: PUBLIC });
      const table: Record<string, readonly [isRemote: boolean, isResolved: boolean]> = {
        [object as string]: [false, true],
        [ALICE]: [false, true],
        [`${ORIGIN}/notes/never-made`]: [false, false],
        [`${ORIGIN}/users/nobody`]: [false, false],
        [ann.id]: [true, true],
        [`${home.origin}/users/nobody`]: [true, false],
      };
      for (const [uri, [isRemote, isResolved]] of Object.entries(table)) {
        const ref: Ref = await served.inbox.ref(uri);
        expect([uri, ref.isRemote, ref.isLocal, ref.isResolved]).toEqual([
          uri,
          isRemote,
          !isRemote,
          isResolved,
        ]);
      }
      expect((await take(like(ann.id, object as string))).object).toMatchObject({
        isLocal: true,
        isResolved: true,
      });
    });
  });

  describe('S20 our own domain is the configured origin', () => {
    test('and what is made here lies below it', async () => {
      expect(served.inbox.origin).toBe(ORIGIN);
      expect(await served.inbox.ref(served.inbox.ids.object())).toMatchObject({ isLocal: true });
      expect((await served.inbox.ref(ALICE)).domain).toBe(new URL(ORIGIN).hostname);
    });
  });

  describe('S21 ids of ours are sortable and unguessable', () => {
    test('ten thousand in the same millisecond are different, and in order', () => {
      for (const make of [() => served.inbox.ids.object(), () => served.inbox.ids.activity(ALICE)]) {
        const ids = Array.from({ length: 10_000 }, make);
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.toSorted()).toEqual(ids);
        expect(ids[0]).toMatch(/\/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        // Nobody who has seen one can name the next: they lie far apart, and never equally far.
        const numbers = ids.map((id) => BigInt(`0x${id.slice(-36).replaceAll('-', '')}`));
        const steps = numbers.slice(1).map((number, at) => number - (numbers[at] as bigint));
        expect(new Set(steps).size).toBe(steps.length);
      }
    });
  });

  describe('S23 content is the same in whatever form it was sent', () => {
    test('as content, as a compact IRI, and in languages', async () => {
      const said = '<p>One and the same</p>';
      const forms = {
        plain: { type: 'Note', content: said },
        compact: { type: 'as:Note', 'as:content': said },
        languages: { type: 'Note', contentMap: { en: said } },
      };
      for (const [name, form] of Object.entries(forms)) {
        const post = create(ann.id);
        const { content: _, contentMap: __, type: ___, ...rest } = post.object as Record<string, unknown>;
        const activity = await take({ ...post, object: { ...rest, ...form } });
        const object = await activity.object?.get('object');
        expect([name, object?.type, object?.content]).toEqual([name, 'Note', said]);
      }
    });
  });

  describe('S24 an embedded object is seen; of one that is only named there is only its name', () => {
    test('a filter by content lets a Create pass that only names its object, until that is resolved', async () => {
      using _ = served.inbox.filter('no spam', (activity) =>
        JSON.stringify(activity.normal).includes('buy now') ? drop('spam') : undefined,
      );
      const statusOf = async (id: string) => (await served.inbox.activities.get(id)).status;
      const embedded = create(ann.id, { content: 'buy now' });
      await take(embedded);
      expect(await statusOf(embedded.id)).toBe('dropped');
      const uri = serveObject('s24', { content: 'buy now' });
      const named = { ...create(ann.id), object: uri };
      const activity = await take(named);
      expect(await statusOf(named.id)).toBe('processed');
      expect(activity.object).toMatchObject({ uri, isResolved: false });
      expect(await activity.object?.get()).toBeUndefined();
      // Whoever wants to know asks for it: outside of every transaction a filter may do that, too.
      using __ = served.inbox.filter('look first', async (one) => {
        const about = one.type === 'Create' && one.object !== null ? one.object.uri : null;
        const object = about === null ? undefined : await (await served.inbox.resolve(about)).get('object');
        return object?.content?.includes('buy now') ? drop('spam, on looking') : undefined;
      });
      const again = { ...create(ann.id), object: uri };
      await take(again);
      expect(await statusOf(again.id)).toBe('dropped');
    });
  });
});

describe('S22 activities for tests are made by a builder', () => {
  test('with an id and a context of their own, and the documented example uses it', () => {
    const given = { type: 'Like', object: `${ORIGIN}/notes/1` } as const;
    const [one, other] = [fixtures.activity(given), fixtures.activity(given)];
    expect(one).toMatchObject({ ...given, '@context': CONTEXT, actor: expect.stringMatching(/^https:/) });
    expect(one.id).not.toBe(other.id);
    expect(new URL(one.id).origin).toBe(new URL(one.actor).origin);
    // `test/testing/page.test.ts` is this example, run.
    const readme = readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');
    expect(readme).toContain('fixtures.activity({');
  });
});

describe('S88 a page of ours says how references and documents hang together', () => {
  const root = path.resolve(import.meta.dirname, '../..');
  const page = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('References and documents')) ?? '';

  test('it is there, and each of its links leads to something', () => {
    expect(section.length).toBeGreaterThan(800);
    const links = [...section.matchAll(/\]\(([^)#\s]*)(#[^)\s]*)?\)/g)];
    expect(links.length).toBeGreaterThan(4);
    for (const [, file = '', anchor] of links) {
      const target = path.join(root, file === '' ? 'ARCHITECTURE.md' : file);
      expect([file, existsSync(target)]).toEqual([file, true]);
      if (anchor === undefined) continue;
      const titles = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map(
        ([, title = '']) =>
          `#${title
            .toLowerCase()
            .replaceAll(/[^\w\s-]/g, '')
            .replaceAll(' ', '-')}`,
      );
      expect(titles).toContain(anchor);
    }
    expect(readFileSync(path.join(root, 'README.md'), 'utf8')).toContain('#references-and-documents');
  });
});
