/**
 * Activities that somebody else than their actor brings: forwarded or relayed. They are taken when something speaks
 * for them, and then they are their author's: what a relay says of anybody is worth nothing.
 */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activity } from '../../src/api.ts';
import { addProofKey, ldSigned, proven } from '../conformance/document-signature.ts';
import {
  create,
  deleteSelf,
  like,
  type RemoteActor,
  type RemoteDomain,
  type Sent,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from './served.ts';

const NOTE = `${ORIGIN}/notes/1`;
const HOUR_MS = 3_600_000;

const json = (document: unknown) => (_: unknown, response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'application/activity+json' }).end(JSON.stringify(document));
const status = (code: number) => (_: unknown, response: ServerResponse) => response.writeHead(code).end();

/** A Like whose id is a page of its own, as some servers have them. */
const likeOf = (actor: RemoteActor, n: number): Sent => ({
  ...like(actor.id, NOTE),
  id: `${new URL(actor.id).origin}/likes/${n}`,
});

describe.each(places)('an activity from somebody else than its actor ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let away: RemoteDomain;
  let ann: RemoteActor;
  let relay: RemoteActor;
  let number = 0;
  const handled = new Map<string, Activity>();
  beforeAll(async () => {
    served = await serve(place, {}, (inbox) => void inbox.on('*', (it) => void handled.set(it.id, it)));
    home = await served.remote();
    away = await served.remote();
    ann = await home.actor('ann');
    relay = await away.actor('relay');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  async function recordOf(activityId: string) {
    await served.inbox.settled();
    return (await served.inbox.activities.list({ activityId })).items[0];
  }

  /** Sent by the relay: the answer, and what became of it. */
  async function relayed(activity: Sent, signer = relay) {
    const reply = await served.post('/inbox', activity, signer);
    return { status: reply.status, record: await recordOf(activity.id) };
  }

  describe('with an object integrity proof', () => {
    test('by a key that its actor lists is taken as it was sent, and is its author’s', async () => {
      const key = addProofKey(ann, 'proof');
      const before = home.fetches();
      const { status, record } = await relayed(proven(likeOf(ann, ++number), key, served.clock.now()));
      expect(status).toBe(202);
      expect(record).toMatchObject({ status: 'processed', actor: ann.id, domain: home.domain });
      // The key was fetched, the activity was not: nobody serves it.
      expect(home.fetches() - before).toBe(1);
      const again = await relayed(proven(likeOf(ann, ++number), key, served.clock.now()));
      expect([again.status, home.fetches() - before]).toEqual([202, 1]);
    });

    test('by a key of somebody else, altered, expired or long past is not', async () => {
      const bob = await away.actor('bob');
      const hers = addProofKey(ann, 'hers');
      const his = addProofKey(bob, 'his');
      // A host is no owner: somebody next door on hers is nobody to speak for her.
      const neighbour = await home.actor('neighbour');
      const nextDoor = addProofKey(neighbour, 'next-door');
      const now = served.clock.now();
      const good = (): Sent => proven(likeOf(ann, ++number), hers, now);
      for (const activity of [
        proven(likeOf(ann, ++number), his, now),
        proven(likeOf(ann, ++number), nextDoor, now),
        proven(likeOf(ann, ++number), { ...his, id: hers.id }, now),
        { ...good(), object: `${ORIGIN}/notes/2` },
        { ...good(), '@context': [good()['@context'], { extra: 'https://extra.example/' }] },
        proven(likeOf(ann, ++number), hers, now, { expires: new Date(now - 1).toISOString() }),
        proven(likeOf(ann, ++number), hers, now - 31 * 24 * HOUR_MS),
        proven(likeOf(ann, ++number), hers, now + HOUR_MS),
      ]) {
        expect(await relayed(activity)).toEqual({ status: 401, record: undefined });
      }
    });
  });

  describe('with a linked-data signature', () => {
    test('by its actor’s key is taken as it was sent', async () => {
      const signed = await ldSigned(create(ann.id), ann, served.clock.now());
      expect(await relayed(signed)).toMatchObject({
        status: 202,
        record: { status: 'processed', actor: ann.id },
      });
    });

    test('altered, or by another key, is not', async () => {
      const signed = await ldSigned(create(ann.id), ann, served.clock.now());
      const object = { ...(signed.object as object), content: 'Altered.' };
      for (const activity of [
        { ...signed, object },
        await ldSigned(create(ann.id), relay, served.clock.now()),
        await ldSigned(create(ann.id), await home.actor('next-door'), served.clock.now()),
        await ldSigned(create(ann.id), { ...relay, keyId: ann.keyId }, served.clock.now()),
      ]) {
        expect(await relayed(activity)).toEqual({ status: 401, record: undefined });
      }
    });
  });

  describe('with nothing', () => {
    test('is asked for at its origin, and what is there is taken, not what was sent', async () => {
      const genuine = { ...create(ann.id, { content: 'Genuine.' }), id: `${home.origin}/a/${++number}` };
      home.serve(`/a/${number}`, json(genuine));
      const altered = { ...genuine, object: { ...(genuine.object as object), content: 'Altered.' } };
      const { status, record } = await relayed(altered);
      expect(status).toBe(202);
      expect(record).toMatchObject({ status: 'processed', actor: ann.id });
      const { normal, raw } = handled.get(genuine.id) as Activity;
      for (const view of [normal, raw]) expect(view).toMatchObject({ object: { content: 'Genuine.' } });
    });

    test('is refused when its origin has nothing there, or something else', async () => {
      const bea = await home.actor('bea');
      const path = (): string => `/a/${++number}`;
      const at = (where: string): Sent => ({ ...like(ann.id, NOTE), id: home.origin + where });
      const [none, other, hers, wrong, plain, elsewhere] = Array.from({ length: 6 }, path) as string[];
      home.serve(other as string, json(at('/a/another')));
      home.serve(hers as string, json({ ...at(hers as string), actor: bea.id }));
      home.serve(wrong as string, json({ ...at(wrong as string), actor: relay.id }));
      home.serve(plain as string, (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify(at(plain as string))),
      );
      home.serve(elsewhere as string, (_, response) =>
        response.writeHead(302, { location: away.origin + elsewhere }).end(),
      );
      away.serve(elsewhere as string, json(at(elsewhere as string)));
      for (const where of [none, other, hers, wrong, plain, elsewhere]) {
        expect(await relayed(at(where as string)), where).toEqual({ status: 401, record: undefined });
      }
    });

    test('is not asked for when its id cannot be: on another origin, behind a #, or missing', async () => {
      const before = [home.fetches(), away.fetches()];
      for (const activity of [
        like(ann.id, NOTE),
        { ...like(ann.id, NOTE), id: `${away.origin}/likes/1` },
        { ...like(ann.id, NOTE), id: undefined },
      ]) {
        expect((await served.post('/inbox', activity, relay)).status).toBe(401);
      }
      expect([home.fetches(), away.fetches()]).toEqual(before);
    });

    test('in the name of one of ours is refused, and nobody is asked', async () => {
      const alice = `${ORIGIN}/users/alice`;
      const before = [home.fetches(), away.fetches()];
      const forged = { ...like(alice, NOTE), id: `${alice}/likes/1` };
      expect(await relayed(forged)).toEqual({ status: 401, record: undefined });
      expect([home.fetches(), away.fetches()]).toEqual(before);
    });

    test('costs its origin one request, however often it is brought within a minute', async () => {
      const activity = likeOf(ann, ++number);
      const path = new URL(activity.id).pathname;
      for (let n = 0; n < 5; n++) expect((await served.post('/inbox', activity, relay)).status).toBe(401);
      expect(home.fetches(path)).toBe(1);
      served.clock.advance(60_000);
      await served.post('/inbox', activity, relay);
      expect(home.fetches(path)).toBe(2);
    });
  });

  describe('that deletes', () => {
    const remove = (actor: RemoteActor, object: unknown): Sent => ({
      ...deleteSelf(actor.id),
      id: `${actor.id}#delete/${++number}`,
      object,
    });
    async function deletesOf(object: string): Promise<Activity[]> {
      await served.inbox.settled();
      return [...handled.values()].filter((it) => it.type === 'Delete' && it.object?.uri === object);
    }

    test.each([
      ['is gone (410)', status(410)],
      ['is a Tombstone', null],
    ] as const)('is believed when the object %s, and for nothing else that it says', async (_, answer) => {
      const path = `/notes/${++number}`;
      const object = home.origin + path;
      home.serve(path, answer ?? json({ id: object, type: 'Tombstone' }));
      const sent = {
        ...remove(ann, { id: object, type: 'Tombstone' }),
        summary: 'Made up.',
        to: [`${ORIGIN}/users/bob`],
      };
      expect((await served.post('/inbox', sent, relay)).status).toBe(202);
      expect((await served.post('/inbox', { ...sent, id: `${ann.id}#again` }, relay)).status).toBe(202);
      const [found, ...more] = await deletesOf(object);
      expect(found).toMatchObject({ status: 'processed', actor: { uri: ann.id } });
      expect(JSON.stringify(found)).not.toContain('Made up.');
      expect(more).toEqual([]);
      // The id that was sent is free for whatever the author may still say under it.
      expect(await recordOf(sent.id)).toBeUndefined();
    });

    test('is not believed when the object is there, missing (404), or somebody else’s to delete', async () => {
      const path = `/notes/${++number}`;
      home.serve(path, json({ id: home.origin + path, type: 'Note' }));
      away.serve('/notes/gone', status(410));
      for (const object of [
        home.origin + path,
        `${home.origin}/notes/nothing`,
        `${away.origin}/notes/gone`,
      ]) {
        expect((await served.post('/inbox', remove(ann, object), relay)).status).toBe(401);
        expect(await deletesOf(object)).toEqual([]);
      }
    });

    test('an actor whom nobody here has met costs no request, and one whom we know is asked for', async () => {
      const stranger = await home.actor('stranger');
      expect((await served.post('/inbox', deleteSelf(stranger.id), relay)).status).toBe(202);
      expect(home.fetches('/users/stranger')).toBe(0);
      const friend = await home.actor('friend');
      expect((await served.post('/inbox', like(friend.id, NOTE), friend)).status).toBe(202);
      expect((await served.post('/inbox', deleteSelf(friend.id), relay)).status).toBe(401);
      served.clock.advance(60_000);
      home.serve('/users/friend', status(410));
      expect((await served.post('/inbox', deleteSelf(friend.id), relay)).status).toBe(202);
      expect(await deletesOf(friend.id)).toHaveLength(1);
    });
  });
});

describe.each(places)('who answers for a forwarded activity ($name)', (place) => {
  test(
    'its author’s domain and its sender’s, when either is blocked; nobody is asked then',
    async () => {
      await using served = await serve(place);
      const home = await served.remote();
      const away = await served.remote();
      const ann = await home.actor('ann');
      const relay = await away.actor('relay');
      const key = addProofKey(ann);
      expect((await served.post('/inbox', like(relay.id, NOTE), relay)).status).toBe(202);
      await served.inbox.domains.block(home.domain, { reason: 'spam' });
      await served.inbox.settled();
      const activity = proven(likeOf(ann, 1), key, served.clock.now());
      expect((await served.post('/inbox', activity, relay)).status).toBe(403);
      expect(home.fetches()).toBe(0);
      await served.inbox.domains.unblock(home.domain, { reason: 'better' });
      await served.inbox.domains.block(away.domain, { reason: 'spam' });
      await served.inbox.settled();
      expect((await served.post('/inbox', activity, relay)).status).toBe(403);
      expect(home.fetches()).toBe(0);
    },
    PATIENCE,
  );

  test(
    'the sender’s domain, where a limit is concerned',
    async () => {
      await using served = await serve(place, { rateLimit: { limit: 3, window: '1 hour' } });
      const home = await served.remote();
      const ann = await home.actor('ann');
      const relay = await (await served.remote()).actor('relay');
      const key = addProofKey(ann);
      const forward = async (n: number) =>
        (await served.post('/inbox', proven(likeOf(ann, n), key, served.clock.now()), relay)).status;
      expect([await forward(1), await forward(2), await forward(3), await forward(4)]).toEqual([
        202, 202, 202, 429,
      ]);
      await served.inbox.settled();
      const limited = await served.inbox.domains.list({ state: 'rate-limited' });
      expect(limited.items.map(({ domain }) => domain)).toEqual([new URL(relay.id).hostname]);
      expect((await served.post('/inbox', likeOf(ann, 5), ann)).status).toBe(202);
    },
    PATIENCE,
  );

  test(
    'the sender, where a limit of each actor is concerned',
    async () => {
      await using served = await serve(place, { actorRateLimit: { limit: 2, window: '1 hour' } });
      const ann = await (await served.remote()).actor('ann');
      const relay = await (await served.remote()).actor('relay');
      const key = addProofKey(ann);
      const activity = proven(likeOf(ann, 1), key, served.clock.now());
      const answers: number[] = [];
      // Nobody uses up what an actor may send by bringing one thing of hers again and again.
      for (const signer of [relay, relay, relay, ann, ann, ann])
        answers.push((await served.post('/inbox', activity, signer)).status);
      expect(answers).toEqual([202, 202, 429, 202, 202, 429]);
    },
    PATIENCE,
  );

  test(
    'the sender’s budget, where requests to third parties are concerned',
    async () => {
      await using served = await serve(place);
      const home = await served.remote();
      const ann = await home.actor('ann');
      const relay = await (await served.remote()).actor('relay');
      const answers: number[] = [];
      for (let n = 0; n < 70; n++) answers.push((await served.post('/inbox', likeOf(ann, n), relay)).status);
      expect(answers.filter((status) => status === 401)).toHaveLength(60);
      expect(answers.slice(60)).toEqual(Array(10).fill(429));
      expect(home.fetches()).toBe(60);
      const other = await (await served.remote()).actor('other');
      expect((await served.post('/inbox', likeOf(ann, 100), other)).status).toBe(401);
    },
    PATIENCE,
  );
});
