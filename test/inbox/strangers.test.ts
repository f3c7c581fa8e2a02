/**
 * What somebody with a domain of their own tries: to have more than was approved, to be heard twice, to be seen where he
 * is blocked, to reach whom he does not address. Through HTTP, by real signatures.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hold } from '../../src/index.ts';
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
import { ORIGIN, PATIENCE, places, type Served, serve } from './served.ts';

const [ALICE, BOB] = ['alice', 'bob'].map((name) => `${ORIGIN}/users/${name}`) as [string, string];

describe.each(places)('a stranger ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let eve: RemoteActor;
  const heard: string[] = [];
  beforeAll(async () => {
    served = await serve(place, {}, (inbox) => {
      inbox.on('*', ({ id }) => void heard.push(id));
    });
    home = await served.remote();
    eve = await home.actor('eve');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  async function accepted(activity: Sent, path = '/inbox'): Promise<void> {
    expect((await served.post(path, activity, eve)).status).toBe(202);
  }
  async function send(activity: Sent, path = '/inbox') {
    await accepted(activity, path);
    await served.inbox.settled();
    return served.inbox.activities.get(activity.id);
  }
  const inboxOf = async (name: string) => (await served.inbox.actors.collection(name, 'inbox')).items;
  const noteOfAlice = async () =>
    (await served.inbox.actors.send('alice', { type: 'Note', content: 'hi', to: PUBLIC })).object as string;

  test('has approved what the moderator saw, not what he sent under its id meanwhile', async () => {
    const uri = await noteOfAlice();
    const opened = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    using _ = served.inbox.filter('offers', async (activity, { text }) => {
      if (activity.type === 'Like') return hold('no likes of eve');
      if (/offer/.test(text)) return hold('an offer');
      if (!/slow/.test(text)) return undefined;
      asked.resolve();
      await opened.promise;
      return undefined;
    });
    const offer = create(eve.id, { content: 'an offer', to: [PUBLIC], cc: [] });
    expect((await send(offer)).status).toBe('held');
    // What waits for a filter holds up what he sends next; and while it waits, a moderator decides.
    await accepted(create(eve.id, { content: 'slow' }));
    await asked.promise;
    await accepted({ ...like(eve.id, uri), id: offer.id });
    await accepted(offer, '/users/bob/inbox');
    await served.inbox.held.approve(offer.id);
    opened.resolve();
    await served.inbox.settled();
    expect((await served.inbox.objects.get(uri)).likes.total).toBe(0);
    const record = await served.inbox.activities.get(offer.id);
    expect(record.status).toBe('processed');
    expect((await served.inbox.objects.get((offer.object as { id: string }).id)).type).toBe('Note');
    expect(await inboxOf('bob')).toContain(offer.id);
    expect(heard.filter((id) => id === offer.id)).toEqual([offer.id]);
  });

  test('is heard once of what reaches somebody who blocks him before it reaches others', async () => {
    await served.inbox.actors.block('alice', { actor: eve.id });
    const opened = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const note = create(eve.id, { content: 'to each', to: [], cc: [] });
    {
      using _ = served.inbox.filter('slow', async () => {
        asked.resolve();
        await opened.promise;
        return undefined;
      });
      await accepted(note, '/users/alice/inbox');
      await accepted(note, '/users/bob/inbox');
      await asked.promise;
      opened.resolve();
      await served.inbox.settled();
    }
    expect((await served.inbox.activities.get(note.id)).status).toBe('processed');
    expect([await inboxOf('alice'), await inboxOf('bob')].map((items) => items.includes(note.id))).toEqual([
      ...[false, true],
    ]);
    expect(heard.filter((id) => id === note.id)).toEqual([note.id]);
    await served.inbox.actors.unblock('alice', { actor: eve.id });
  });

  test('leaves no mark on the posts of somebody who blocks him, whomever else he addresses', async () => {
    const uri = await noteOfAlice();
    await served.inbox.actors.block('alice', { actor: eve.id });
    const liking = { ...like(eve.id, uri), to: [PUBLIC, BOB] };
    await send(liking);
    await send(announce(eve.id, uri));
    const reply = create(eve.id, { inReplyTo: uri, to: [PUBLIC, BOB], cc: [] });
    expect((await send(reply)).status).toBe('processed');
    const { likes, shares, replies } = await served.inbox.objects.get(uri);
    expect([likes.total, shares.total, replies.total]).toEqual([0, 0, 0]);
    // Others have what he sends them.
    for (const { id } of [liking, reply]) expect(await inboxOf('bob')).toContain(id);
    await served.inbox.actors.unblock('alice', { actor: eve.id });
  });

  test('reaches whom he addresses, and nobody whom he only mentions as a target', async () => {
    const note = { ...create(eve.id, { to: [ALICE], cc: [] }), target: BOB };
    expect((await send(note)).status).toBe('processed');
    expect([await inboxOf('alice'), await inboxOf('bob')].map((items) => items.includes(note.id))).toEqual([
      ...[true, false],
    ]);
  });

  test('is answered here also when somebody has looked at his answer before it came', async () => {
    const uri = await noteOfAlice();
    const reply = create(eve.id, { inReplyTo: uri, to: [PUBLIC], cc: [] });
    const { id } = reply.object as { id: string };
    home.serve(new URL(id).pathname, (_, response) => {
      response.setHeader('content-type', 'application/activity+json');
      response.end(JSON.stringify({ '@context': reply['@context'], ...(reply.object as object) }));
    });
    await served.inbox.resolve(id);
    await send(reply);
    expect((await served.inbox.objects.get(uri)).replies.total).toBe(1);
  });
});

describe('a stranger who names a thousand', () => {
  test(
    'has the service asked about two hundred of them at a time, by whomever looks',
    async () => {
      let questions = 0;
      const actors = async () => {
        questions++;
        return null;
      };
      const looked = Promise.withResolvers<number>();
      await using served = await serve(places[0] as (typeof places)[0], { actors }, (inbox) => {
        inbox.on('Flag', ({ objects }) => looked.resolve(objects.length));
      });
      const eve = await (await served.remote()).actor('eve');
      const object = Array.from({ length: 1_000 }, (_, at) => `${ORIGIN}/users/nobody-${at}`);
      const flag = { '@context': CONTEXT, id: `${eve.id}/flag`, type: 'Flag', actor: eve.id, object };
      expect((await served.post('/inbox', flag, eve)).status).toBe(202);
      expect(await looked.promise).toBe(object.length);
      // At the door, and for the handler.
      expect(questions).toBeLessThanOrEqual(402);
    },
    PATIENCE,
  );
});
