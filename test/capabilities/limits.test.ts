/**
 * S55, S56, S77 and S81, by a clock that stands until it is moved: who sends too much is limited and heals by itself,
 * who never learns is blocked for a time, and who sends steadily is never touched.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKeyPair } from '../../src/testing/keys.ts';
import { createTestInbox, fixtures, type TestInbox } from '../../src/testing.ts';
import { signRequest } from '../../src/verify/signature.ts';

const ORIGIN = 'https://social.example';
const NOTE = `${ORIGIN}/notes/1`;
const PATIENCE = 120_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const likeOf = (domain: string) => ({ type: 'Like', actor: `https://${domain}/users/al`, object: NOTE });

describe('with a hundred in an hour, and the third strike blocking for two days', () => {
  let box: TestInbox;
  beforeAll(async () => {
    box = await createTestInbox({
      ...{ rateLimit: { limit: 100, window: '1 hour' }, logger: quiet },
      ...{ blockAfterStrikes: 3, strikeBlock: '2 days', strikeDecay: '10 days' },
    });
  }, PATIENCE);
  afterAll(() => box[Symbol.asyncDispose](), PATIENCE);

  /** So many at once, and how many of them came in. */
  async function send(domain: string, count: number, more: object = {}): Promise<number> {
    const sent = Array.from({ length: count }, () => box.receive({ ...likeOf(domain), ...more }));
    const statuses = (await Promise.all(sent)).map(({ answer }) => answer.status);
    expect(statuses.every((status) => status === 202 || status === 429 || status === 403)).toBe(true);
    return statuses.filter((status) => status === 202).length;
  }
  const knock = async (domain: string) => (await box.receive(likeOf(domain))).answer;
  const stateOf = async (domain: string) => {
    const { state, strikes } = await box.domains.get(domain);
    return `${state}, ${strikes}`;
  };

  test('S55 the 101st in an hour trips, by when it arrives, whatever it says of when it was made', async () => {
    expect(await send('undated.example', 100)).toBe(100);
    expect(await stateOf('undated.example')).toBe('active, 0');
    const { status, headers } = await knock('undated.example');
    expect([status, headers['retry-after']]).toEqual([429, '3600']);
    expect(await stateOf('undated.example')).toBe('rate-limited, 1');
    expect(await send('dated.example', 101, { published: '2001-01-01T00:00:00Z' })).toBe(100);
    expect(await stateOf('dated.example')).toBe('rate-limited, 1');
    await box.clock.advance('1 hour');
    expect([await stateOf('undated.example'), await stateOf('dated.example')]).toEqual([
      ...['active, 1', 'active, 1'],
    ]);
  });

  test('S56 and S81 it is limited, limited again, blocked for two days, and let in again at its date', async () => {
    const domain = 'chatty.example';
    expect(await send(domain, 101)).toBe(100);
    expect(await stateOf(domain)).toBe('rate-limited, 1');
    await box.clock.advance('1 hour');
    expect((await knock(domain)).status).toBe(202);
    expect(await send(domain, 100)).toBe(99);
    expect(await stateOf(domain)).toBe('rate-limited, 2');
    await box.clock.advance('1 hour');
    expect(await send(domain, 101)).toBe(100);
    const until = new Date(box.clock.now().getTime() + 2 * 86_400_000).toISOString();
    expect(await box.domains.get(domain)).toMatchObject({
      ...{ state: 'blocked', strikes: 3, until, reviewAt: until, by: null, origin: 'runtime' },
    });
    expect((await knock(domain)).status).toBe(403);
    await box.clock.advance('47 hours');
    expect((await knock(domain)).status).toBe(403);
    await box.clock.advance('1 hour');
    expect((await knock(domain)).status).toBe(202);
    expect(
      box.transitioned.filter(({ key }) => key === domain).map(({ event, to }) => `${event} ${to}`),
    ).toEqual([
      ...['limit.exceeded rate-limited', 'due active', 'limit.exceeded rate-limited', 'due active'],
      ...['limit.exceeded blocked', 'due active'],
    ]);
    // Ten days in good standing, and what was is forgotten.
    await box.clock.advance('10 days');
    expect(await stateOf(domain)).toBe('active, 0');
  });

  test(
    'S56 one in half an hour is never limited, for three days',
    async () => {
      for (let halves = 0; halves < 144; halves++) {
        expect((await knock('steady.example')).status).toBe(202);
        await box.clock.advance('30 minutes');
      }
      expect(await stateOf('steady.example')).toBe('active, 0');
      expect(box.transitioned.filter(({ key }) => key === 'steady.example')).toEqual([]);
    },
    PATIENCE,
  );

  test('S55 whoever forges a name counts against nobody', async () => {
    expect((await knock('honest.example')).status).toBe(202);
    const keys = await makeKeyPair();
    const { actor } = likeOf('honest.example');
    const forged = async (number: number) => {
      const id = `${actor}#likes/${number}`;
      const document = {
        '@context': 'https://www.w3.org/ns/activitystreams',
        ...likeOf('honest.example'),
        id,
      };
      const body = Buffer.from(JSON.stringify(document));
      const headers = { 'content-type': 'application/activity+json' };
      const request = { method: 'POST', url: `${ORIGIN}/inbox`, headers, body } as const;
      const signer = { id: `${actor}#main-key`, ...keys };
      const signed = signRequest(request, signer, box.clock.now().getTime(), 'draft-cavage');
      const answer = await box.handle({
        ...{ method: 'POST', target: '/inbox', body: async () => body, address: null },
        rawHeaders: Object.entries({ ...signed, 'content-length': String(body.byteLength) }).flat(),
      });
      return answer?.status;
    };
    const statuses = await Promise.all(Array.from({ length: 150 }, (_, number) => forged(number)));
    expect([...new Set(statuses)]).toEqual([401]);
    expect(await stateOf('honest.example')).toBe('active, 0');
    expect(await send('honest.example', 99)).toBe(99);
  });
});

describe('with the policy that nobody has touched', () => {
  test('S77 nothing is blocked at a first offence, nor at the fourth: limits and drops, and strikes that are kept', async () => {
    await using box = await createTestInbox({
      ...{ rateLimit: { limit: 3, window: '1 hour' }, logger: quiet },
      filters: [{ use: 'keywords', words: ['buy now'] }],
    });
    const spam = fixtures.mastodon.create({
      actor: 'https://spam.example/users/al',
      content: '<b>Buy</b> now',
    });
    expect((await box.receive(spam)).status).not.toBe('processed');
    expect((await box.domains.get('spam.example')).state).toBe('active');
    for (let round = 1; round <= 4; round++) {
      const sent = await Promise.all(Array.from({ length: 5 }, () => box.receive(likeOf('loud.example'))));
      expect(sent.filter(({ answer }) => answer.status === 202)).toHaveLength(3);
      expect(await box.domains.get('loud.example')).toMatchObject({ state: 'rate-limited', strikes: round });
      await box.clock.advance('1 hour');
    }
    expect(box.transitioned.filter(({ to }) => to === 'blocked')).toEqual([]);
    // Thirty days later nobody remembers.
    await box.clock.advance('30 days');
    expect(await box.domains.get('loud.example')).toMatchObject({ state: 'active', strikes: 0 });
  });

  test('S81 who is new may send less at first, and is established after a day without a strike; a limit grows', async () => {
    await using box = await createTestInbox({
      ...{ rateLimit: { limit: 20, window: '1 hour' }, limitGrowth: 2, logger: quiet },
      probation: { for: '1 day', limit: 5 },
    });
    const send = async (domain: string, count: number) => {
      const sent = await Promise.all(Array.from({ length: count }, () => box.receive(likeOf(domain))));
      return sent.filter(({ answer }) => answer.status === 202).length;
    };
    const at = async (domain: string) => {
      const { state, onProbation, until } = await box.domains.get(domain);
      const left = until === null ? 0 : (Date.parse(until) - box.clock.now().getTime()) / 3_600_000;
      return `${state}${onProbation ? ' on probation' : ''}, ${left} h`;
    };
    expect(await send('new.example', 5)).toBe(5);
    expect(await send('eager.example', 6)).toBe(5);
    expect([await at('new.example'), await at('eager.example')]).toEqual([
      ...['active on probation, 0 h', 'rate-limited on probation, 1 h'],
    ]);
    await box.clock.advance('1 day');
    // Who was limited begins his probation anew when that is over.
    expect([await at('new.example'), await at('eager.example')]).toEqual([
      ...['active, 0 h', 'active on probation, 0 h'],
    ]);
    expect([await send('new.example', 21), await send('eager.example', 6)]).toEqual([20, 5]);
    expect([await at('new.example'), await at('eager.example')]).toEqual([
      ...['rate-limited, 1 h', 'rate-limited on probation, 2 h'],
    ]);
    await box.clock.advance('26 hours');
    expect(await at('eager.example')).toBe('active, 0 h');
    expect(await send('eager.example', 20)).toBe(20);
  });
});
