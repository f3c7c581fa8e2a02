/** When a POST that failed is tried again, and when it is given up: the table of ruling 20, by a clock set by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outcomeOf, readRetryAfter, restMs } from '../../src/deliveries/outcome.ts';
import type { RemoteAnswer } from '../../src/remote.ts';
import { databases } from '../databases.ts';
import { type RemoteDomain, remoteDomain } from '../fediverse/index.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, placeOn, SECOND_MS } from './place.ts';

/** An inbox that counts, and answers as it is told. */
function counting(domain: RemoteDomain, status: number, headers: Record<string, string> = {}) {
  const inbox = { posts: 0, status, headers };
  domain.serve('/inbox', (request, response) => {
    request.resume();
    inbox.posts++;
    response.writeHead(inbox.status, inbox.headers).end('no');
  });
  return inbox;
}

describe.each(databases)('a delivery that fails, on $name', (kind) => {
  const place = placeOn(kind);

  test('is tried after 15 s, 1, 5, 30 min, 2, 6, 12 h, then daily to day 7, and then a dead letter', async () => {
    await using far = await remoteDomain();
    const inbox = counting(far, 202);
    const deliveries = place.deliveries();
    // At first contact a fault would be knocked at twice; this one has taken something before.
    await place.send(far);
    await deliveries.settled();
    Object.assign(inbox, { status: 503, posts: 0 });
    place.results.length = 0;
    const [first] = await place.send(far);
    await deliveries.settled();
    const latest = async () => (await place.rows(far.domain)).at(-1);
    const rests = [
      15 * SECOND_MS,
      MINUTE_MS,
      5 * MINUTE_MS,
      30 * MINUTE_MS,
      2 * HOUR_MS,
      6 * HOUR_MS,
      12 * HOUR_MS,
    ];
    const daily = Array(6).fill(DAY_MS);
    let tries = 1;
    for (const rest of [...rests, ...daily]) {
      expect(inbox.posts).toBe(tries);
      expect(await latest()).toMatchObject({ state: 'waiting', attempts: tries, error: 'answered 503' });
      expect(await place.mailbox(far.domain)).toEqual({
        ...{ dueMs: place.store.clock.now() + rest, isLeased: false, failures: tries },
      });
      place.pass(rest - 1);
      await deliveries.settled();
      expect(inbox.posts).toBe(tries);
      place.pass(1);
      await deliveries.settled();
      tries++;
    }
    expect(inbox.posts).toBe(14);
    expect(await latest()).toMatchObject({ state: 'dead', attempts: 14 });
    expect(await place.dead(far.domain)).toEqual([
      { activityId: first, error: 'answered 503', attempts: 14 },
    ]);
    expect(await place.mailbox(far.domain)).toMatchObject({ dueMs: null, isLeased: false });
    expect(place.results).toEqual([...Array(13).fill('retried'), 'dead']);
    place.pass(30 * DAY_MS);
    await deliveries.settled();
    expect(inbox.posts).toBe(14);
  });

  test('holds those behind it back, and the whole mailbox goes out in order when the domain is there again', async () => {
    await using far = await remoteDomain();
    far.answer(500);
    const ids = await place.send(far, 3);
    const deliveries = place.deliveries();
    await deliveries.settled();
    expect((await place.rows(far.domain)).map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
    ids.push(...(await place.send(far)));
    far.answer(202);
    await deliveries.settled();
    expect(far.received).toEqual([]);
    place.pass(15 * SECOND_MS);
    await deliveries.settled();
    expect(far.received.map(({ activity }) => activity.id)).toEqual(ids);
    // It starts from the beginning the next time.
    far.answer(500);
    await place.send(far);
    await deliveries.settled();
    expect(await place.mailbox(far.domain)).toMatchObject({ failures: 1 });
  });

  test('is given up seven days after it was made, also behind others; the younger ones are tried on', async () => {
    await using far = await remoteDomain();
    const inbox = counting(far, 500);
    const old = await place.send(far, 2);
    const deliveries = place.deliveries();
    await deliveries.settled();
    place.pass(3 * DAY_MS);
    const [young] = await place.send(far);
    for (let day = 0; day < 5; day++) {
      await deliveries.settled();
      place.pass(DAY_MS);
    }
    const rows = await place.rows(far.domain);
    expect(rows.map(({ state }) => state)).toEqual(['dead', 'dead', 'waiting']);
    expect((await place.dead(far.domain)).map(({ activityId }) => activityId)).toEqual(old);
    inbox.status = 202;
    await deliveries.settled();
    expect((await place.rows(far.domain)).at(-1)).toMatchObject({ activityId: young, state: 'delivered' });
  });

  test('is tried no earlier than the other side asks for, at most a day later', async () => {
    await using far = await remoteDomain();
    const inbox = counting(far, 429, { 'retry-after': '120' });
    await place.send(far);
    const deliveries = place.deliveries();
    await deliveries.settled();
    const restOf = async () => ((await place.mailbox(far.domain))?.dueMs as number) - place.store.clock.now();
    expect(await restOf()).toBe(2 * MINUTE_MS);
    const next = async (status: number, retryAfter: string) => {
      Object.assign(inbox, { status, headers: { 'retry-after': retryAfter } });
      place.pass(await restOf());
      await deliveries.settled();
      return restOf();
    };
    expect(await next(503, new Date(place.store.clock.now() + HOUR_MS).toUTCString())).toBe(
      HOUR_MS - 2 * MINUTE_MS,
    );
    expect(await next(429, '10')).toBe(5 * MINUTE_MS);
    expect(await next(429, '99999999999')).toBe(DAY_MS);
    expect(await next(429, 'soon')).toBe(2 * HOUR_MS);
  });

  test('for good, with 410, 404 or what no repetition mends, is a dead letter at once, and the next one goes', async () => {
    await using far = await remoteDomain();
    const ids = await place.send(far, 5);
    // What may be about the signature is said twice, once to each way of signing.
    const answers = [410, 404, 400, 400, 413, 413, 202];
    let posts = 0;
    far.serve('/inbox', (request, response) => {
      request.resume();
      response.writeHead(answers[posts++] as number).end();
    });
    await place.deliveries().settled();
    expect(posts).toBe(7);
    expect(await place.rows(far.domain)).toMatchObject([
      { state: 'dead', attempts: 1, error: 'answered 410' },
      { state: 'dead', attempts: 1, error: 'answered 404' },
      { state: 'dead', attempts: 1, error: 'answered 400' },
      { state: 'dead', attempts: 1, error: 'answered 413' },
      { state: 'delivered', attempts: 1, error: null },
    ]);
    expect((await place.dead(far.domain)).map(({ activityId }) => activityId)).toEqual(ids.slice(0, 4));
    expect(place.results).toEqual(['dead', 'dead', 'dead', 'dead', 'delivered']);
  });

  test('because we are not known yet, or nobody is there, is tried again', async () => {
    await using far = await remoteDomain();
    const inbox = counting(far, 401);
    await place.send(far);
    const deliveries = place.deliveries();
    for (const status of [401, 403, 308]) {
      inbox.status = status;
      await deliveries.settled();
      expect(await place.rows(far.domain)).toMatchObject([{ state: 'waiting', error: `answered ${status}` }]);
      place.pass(5 * MINUTE_MS);
    }
    const nobody = await remoteDomain();
    await place.send(nobody);
    await nobody.close();
    inbox.status = 202;
    await deliveries.settled();
    expect(await place.rows(far.domain)).toMatchObject([{ state: 'delivered', attempts: 4 }]);
    expect((await place.rows(nobody.domain))[0]?.error).toContain('network: ');
    expect(place.logged.join()).toContain('a mailbox rests');
  });
});

describe('what an answer means', () => {
  const answer = (status: number, headers: Record<string, string> = {}): RemoteAnswer => ({
    ...{ ok: true, status, headers, body: new Uint8Array(), finalUrl: 'https://far.example/inbox' },
  });

  test('is decided by its status', () => {
    const of = (type: string) =>
      Array.from({ length: 500 }, (_, n) => 100 + n).filter(
        (status) => outcomeOf(answer(status), 0).type === type,
      );
    expect(of('delivered')).toEqual(Array.from({ length: 100 }, (_, n) => 200 + n));
    const retried = of('retry').filter((status) => status >= 400 && status <= 499);
    expect(retried).toEqual([401, 403, 408, 421, 425, 429]);
    expect(of('permanent').every((status) => status >= 400 && status <= 499)).toBe(true);
  });

  test('without an answer is a try that failed, unless it would have gone to ourselves', () => {
    for (const fault of [
      'address',
      'timeout',
      'too-large',
      'network',
      'redirect',
      'budget',
      'own-origin',
    ] as const) {
      const { type } = outcomeOf({ ok: false, fault, message: 'x' }, 0);
      expect(type).toBe(fault === 'own-origin' ? 'permanent' : 'retry');
    }
  });

  test('property: a rest is never shorter than planned, nor longer than a day, whatever Retry-After says', () => {
    const value = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.bigInt().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 100 }), (text, failures) => {
        const asked = readRetryAfter(text, Date.UTC(2026, 10, 25));
        expect(asked).toBeGreaterThanOrEqual(0);
        const rest = restMs(failures, asked);
        expect(rest).toBeGreaterThanOrEqual(restMs(failures, 0));
        expect(rest).toBeLessThanOrEqual(DAY_MS);
      }),
    );
    expect([undefined, '60', ' 60 ', '-60', '1e9'].map((text) => readRetryAfter(text, 0))).toEqual([
      0, 60_000, 60_000, 0, 0,
    ]);
  });
});
