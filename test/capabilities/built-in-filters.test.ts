/**
 * The filters that a configuration names: rows S15, S23, S60, S61, S69 and S85 of the checklist. Everything goes
 * through HTTP and the public API, signed for real; the external service is a server of the test's.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActivityRecord, InboxOptions } from '../../src/index.ts';
import {
  announce,
  create,
  PUBLIC,
  type RemoteActor,
  type RemoteDomain,
  type Sent,
} from '../fediverse/index.ts';
import { PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const JSON_TYPE = { 'content-type': 'application/json' };

interface Question {
  readonly activity: { readonly id: string; readonly type: string };
  readonly text: string;
  readonly actor: Readonly<Record<string, unknown>>;
  readonly domain: { readonly domain: string };
}

describe('built-in filters', () => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  /** The operator's service; each test says how it answers. */
  let answer: (response: ServerResponse, question: Question) => void;
  const asked: Question[] = [];
  const handled: string[] = [];
  const say = (verdict: unknown) => (response: ServerResponse) =>
    void response.writeHead(200, JSON_TYPE).end(JSON.stringify(verdict));
  const service = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const question = JSON.parse(Buffer.concat(chunks).toString()) as Question;
    asked.push(question);
    answer(response, question);
  });

  beforeAll(async () => {
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/check`;
    const filters: InboxOptions['filters'] = [
      { use: 'keywords', words: ['buy now', 'Straße', 'spam'] },
      { use: 'keywords', name: 'whole', words: ['cialis'], wholeWords: true, verdict: 'drop', strike: false },
      { use: 'account-age', olderThan: '1 day', unknown: 'accept', verdict: 'reject' },
      { use: 'account-age', name: 'strict', olderThan: '1 day', verdict: 'shadow' },
      { use: 'mentions', max: 3, verdict: 'drop' },
      { use: 'external', url, timeout: '3 seconds', fallback: 'accept' },
    ];
    served = await serve(places[0] as (typeof places)[0], { filters }, (inbox) => {
      inbox.on('*', ({ id }) => void handled.push(id));
    });
    home = await served.remote();
    ann = await home.actor('ann');
  }, PATIENCE);
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    service.closeAllConnections();
    service.close();
  }, PATIENCE);

  const send = async (activity: Sent, actor = ann): Promise<ActivityRecord> => {
    const [record] = await sendAll([activity], actor);
    return record as ActivityRecord;
  };
  const sendAll = async (activities: readonly Sent[], actor = ann): Promise<ActivityRecord[]> => {
    answer ??= say({ verdict: 'accept' });
    for (const activity of activities)
      expect((await served.post('/inbox', activity, actor)).status).toBe(202);
    await served.inbox.settled();
    return Promise.all(activities.map(({ id }) => served.inbox.activities.get(id)));
  };
  const note = (properties: object): Sent => {
    const sent = create(ann.id);
    const { content: _, contentMap: __, ...rest } = sent.object as Record<string, unknown>;
    return { ...sent, object: { ...rest, ...properties } };
  };

  describe('S60 keywords', () => {
    test('are found however they are hidden', async () => {
      const places: readonly (readonly [string, object])[] = [
        ['in upper case', { content: '<p>BUY NOW!</p>' }],
        ['with a blank that does not break', { content: 'buy&nbsp;now' }],
        ['with tags between the letters', { content: 'b<b>uy</b> now' }],
        ['with what nobody sees between the letters', { content: 'b&shy;u\u200by&zwj; now' }],
        ['in wide letters', { content: 'ｂｕｙ　ｎｏｗ' }],
        ['in another language of the content', { contentMap: { en: 'hello', de: 'Jetzt: buy now' } }],
        ['in the summary', { summary: 'Buy now', content: 'x' }],
        ['in the name', { name: 'Buy Now', content: 'x' }],
        ['in a spelling of the same letters', { content: 'STRASSE' }],
        ['inside of a word', { content: 'a spammer' }],
      ];
      const activities = places.map(([, properties]) => note(properties));
      const records = await sendAll(activities);
      const seen = records.map(({ status, reason }, at) => [places[at]?.[0], status, reason]);
      expect(seen).toEqual(
        places.map(([place]) => [place, 'held', expect.stringMatching(/^keywords#1: says “.+”$/)]),
      );
      const held = (await served.inbox.held.list()).items.filter(({ filter }) => filter === 'keywords#1');
      expect(held.map(({ activityId }) => activityId).toReversed()).toEqual(activities.map(({ id }) => id));
    });

    test('are not found where only parts of them stand, nor inside of words where whole ones are meant', async () => {
      const expected: Record<string, readonly string[]> = {
        processed: [
          ...['buy it nowhere', 'now buy', '<p>buy</p><p>later</p>', 'spa m'],
          ...['a specialist', 'cialis2', '𝒳cialis', 'cialis𐐀'],
        ],
        dropped: ['Cialis!', 'x cialis', '(cialis)'],
      };
      for (const [status, contents] of Object.entries(expected)) {
        const records = await sendAll(contents.map((content) => note({ content })));
        expect(records.map((record, at) => [contents[at], record.status])).toEqual(
          contents.map((content) => [content, status]),
        );
      }
    });

    test('S61 are no fault of the domain: one hit, and it is still active', async () => {
      expect((await send(note({ content: 'buy now' }))).status).toBe('held');
      expect(await served.inbox.domains.get(home.domain)).toMatchObject({ state: 'active', strikes: 0 });
    });
  });

  test('S23 the same words are found in every spelling of a document', async () => {
    const context = { '@context': ['https://www.w3.org/ns/activitystreams', { x: 'https://x.example/' }] };
    const spellings = [
      { content: 'buy now' },
      { 'as:content': 'buy now' },
      { contentMap: { en: 'buy now' } },
      { 'https://www.w3.org/ns/activitystreams#content': 'buy now' },
    ];
    const records = await sendAll(spellings.map((properties) => ({ ...note(properties), ...context })));
    expect(records.map(({ reason }) => reason)).toEqual(spellings.map(() => 'keywords#1: says “buy now”'));
  });

  describe('S69 the age of an account', () => {
    const born = async (name: string, published: string | undefined): Promise<RemoteActor> => {
      const actor = await home.actor(name);
      if (published !== undefined) actor.document.published = published;
      return actor;
    };
    const at = (ms: number) => new Date(served.clock.now() + ms).toISOString();

    test('counts by our clock: at 23:59 too young, at 24:00 old enough', async () => {
      const baby = await born('baby', at(0));
      served.clock.advance(DAY_MS - MINUTE_MS);
      expect(await send(create(baby.id), baby)).toMatchObject({
        status: 'rejected',
        reason: 'account-age#1: the account is 23 hours old',
      });
      served.clock.advance(MINUTE_MS);
      const record = await send(create(baby.id), baby);
      expect([record.status, record.history.some(({ what }) => what === 'shadow')]).toEqual([
        'processed',
        false,
      ]);
    });

    test('is unknown where none is given, where it is none, and where it is yet to come: then as is said for that', async () => {
      const REASONS = {
        missing: 'nobody says how old the account is',
        nonsense: 'nobody says how old the account is',
        tomorrow: 'the account is dated in the future',
      };
      for (const [name, published] of [
        ['missing', undefined],
        ['nonsense', 'last week'],
        ['tomorrow', at(DAY_MS)],
      ] as const) {
        const actor = await born(name, published);
        const record = await send(create(actor.id), actor);
        expect(record.status).toBe('processed');
        // Nothing is said for the other filter: whose age nobody knows is young.
        expect(record.history).toContainEqual(
          expect.objectContaining({ what: 'shadow', filter: 'strict', reason: REASONS[name] }),
        );
      }
    });
  });

  test('mentions and addressees are counted once each, and neither the sender nor collections', async () => {
    const people = (count: number) => Array.from({ length: count }, (_, n) => `https://x.example/users/${n}`);
    const three = create(ann.id, {
      mentions: people(3),
      to: [PUBLIC, ann.id, 'https://x.example/g/followers'],
    });
    expect((await send(three)).status).toBe('processed');
    const four = create(ann.id, { mentions: people(3), to: [PUBLIC, 'https://x.example/users/4'] });
    expect(await send(four)).toMatchObject({
      status: 'dropped',
      reason: 'mentions#1: 4 actors are mentioned',
    });
    const tagged = create(ann.id, { mentions: people(5), cc: [] });
    expect((await send(tagged)).status).toBe('dropped');
    const shared = { ...announce(ann.id, 'https://x.example/notes/1'), cc: people(9) };
    expect((await send(shared)).status).toBe('dropped');
  });

  describe('S85 an external service', () => {
    test('is told what the activity is, what it says and who says it, and its verdict counts', async () => {
      answer = say({ verdict: 'hold', score: 0.93, reason: 'looks like spam' });
      const activity = create(ann.id, { content: '<p>A <b>good</b> offer</p>' });
      const held = await send(activity);
      expect(held).toMatchObject({ status: 'held', reason: 'external#1: looks like spam' });
      expect(held.history.at(-1)).toMatchObject({ filter: 'external#1', saw: 'score 0.93' });
      const { text, actor, domain, activity: shown } = asked.at(-1) as Question;
      expect([shown.id, shown.type, text]).toEqual([activity.id, 'Create', 'A good offer']);
      expect(actor).toMatchObject({ uri: ann.id, domain: home.domain, preferredUsername: 'ann' });
      expect(domain).toEqual({ domain: home.domain, state: 'active', strikes: 0 });
      for (const [verdict, status] of [
        ['drop', 'dropped'],
        ['reject', 'rejected'],
        ['shadow', 'processed'],
      ]) {
        answer = say({ verdict, reason: 'so' });
        expect([verdict, (await send(create(ann.id))).status]).toEqual([verdict, status]);
      }
      answer = say({ verdict: 'accept' });
      expect((await send(create(ann.id))).status).toBe('processed');
    });

    test('S15 that answers anything else is at fault, and the fallback counts', async () => {
      const text =
        (status: number, body: string | Buffer, headers = {}) =>
        (response: ServerResponse) =>
          void response.writeHead(status, { ...JSON_TYPE, ...headers }).end(body);
      const faults: [(response: ServerResponse) => void, RegExp][] = [
        [text(500, '{"verdict":"drop","reason":"x"}'), /answered 500/],
        [text(307, '', { location: '/check' }), /answered 307/],
        [text(200, 'drop'), /SyntaxError/],
        [text(200, 'null'), /no verdict/],
        [say({ verdict: 'block', reason: 'x' }), /no verdict/],
        [say({ verdict: 'drop' }), /without a reason/],
        [say({ verdict: 'drop', score: 'high', reason: 'x' }), /no number/],
        [say({ verdict: 'drop', reason: 'x'.repeat(100_000) }), /over 65536 bytes/],
        [text(200, Buffer.from([0xff])), /TypeError/],
      ];
      for (const [how, reason] of faults) {
        answer = how;
        const before = asked.length;
        const record = await send(create(ann.id));
        expect(record.status).toBe('processed');
        expect(record.history).toContainEqual(
          expect.objectContaining({
            what: 'fault',
            filter: 'external#1',
            reason: expect.stringMatching(reason),
          }),
        );
        expect(asked.length - before).toBe(1);
      }
      answer = (response) => void response.socket?.destroy();
      const { status, history } = await send(create(ann.id));
      const fault = history.find(({ what }) => what === 'fault');
      expect([status, fault?.reason]).toEqual(['processed', expect.stringContaining('cannot be asked')]);
    });

    test('that never answers holds up only the domain that it is asked about, and not for long', async () => {
      answer = (response, { domain }) => {
        if (domain.domain !== home.domain) say({ verdict: 'accept' })(response);
      };
      const carl = await (await served.remote()).actor('carl');
      const [slow, quick] = [create(ann.id), create(carl.id)];
      await served.post('/inbox', slow, ann);
      await served.post('/inbox', quick, carl);
      await served.inbox.settled();
      expect(handled.slice(-2)).toEqual([quick.id, slow.id]);
      const { status, history } = await served.inbox.activities.get(slow.id);
      expect([status, history.filter(({ what }) => what === 'fault').length]).toEqual(['processed', 1]);
    });
  });

  test('nothing else went wrong', () => {
    expect(served.errors.filter((error) => !JSON.stringify(error).includes('"filter":"external#1"'))).toEqual(
      [],
    );
  });
});
