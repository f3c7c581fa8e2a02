/**
 * A policy tried on what was recorded, through the admin API: what would have come out differently, and that nothing did.
 * That it predicts what the policy then does is in `prediction.test.ts`.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulationRecord, SimulationResult } from '../../src/api/simulations.ts';
import { hold } from '../../src/index.ts';
import { create, like, type RemoteActor, type RemoteDomain, type Sent } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const HOUR_MS = 3_600_000;

describe.each(places)('a simulation ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let other: RemoteDomain;
  let ann: RemoteActor;
  let cat: RemoteActor;
  let spam: Sent;
  let beganMs: number;
  let rows: string;
  beforeAll(async () => {
    served = await serve(place, { actors: { alice: {}, bob: {} } }, (inbox) => {
      inbox.filter('code', ({ type }) => (type === 'Offer' ? hold('an offer') : undefined));
    });
    [home, other] = [await served.remote(), await served.remote()];
    [ann, cat] = [await home.actor('ann'), await other.actor('cat')];
    beganMs = served.clock.now();
    spam = create(ann.id, { content: '<p>Buy now: cheap Rolex</p>' });
    const offer = { ...create(ann.id), id: `${ann.id}/offer`, type: 'Offer', object: ALICE };
    const mail: [RemoteActor, Sent][] = [
      [ann, create(ann.id, { content: '<p>hello</p>' })],
      [ann, spam],
      [cat, create(cat.id, { content: '<p>buy NOW</p>' })],
      [cat, like(cat.id, `${ORIGIN}/notes/1`)],
      [ann, offer],
    ];
    for (const [actor, activity] of mail) {
      expect((await served.post('/inbox', activity, actor)).status).toBe(202);
      await served.inbox.settled();
      served.clock.advance(HOUR_MS);
    }
    rows = await standing();
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  /** Every activity with all that is known of it: what a simulation must leave as it is. */
  const standing = async () => JSON.stringify((await served.inbox.activities.list()).items);
  const begin = async (policy: unknown, more: object = {}, status = 200, by = 'moderator') => {
    const wish = { policy, since: new Date(beganMs).toISOString(), ...more };
    const reply = await served.admin('/simulations', wish, `${by}-token`);
    expect(reply.status).toBe(status);
    return reply.json() as SimulationRecord;
  };
  const look = async ({ id }: SimulationRecord) =>
    (await served.admin(`/simulations/${id}`)).json() as SimulationRecord;
  async function simulate(policy: unknown, more: object = {}, by?: string): Promise<SimulationResult> {
    const begun = await begin(policy, more, 200, by);
    await expect.poll(async () => (await look(begun)).state, { timeout: 60_000 }).not.toBe('running');
    const over = await look(begun);
    expect(over).toMatchObject({ state: 'done', error: null, done: over.total });
    return over.result as SimulationResult;
  }
  const BUY = { use: 'keywords', words: ['buy now'], verdict: 'drop', name: 'shops' };

  test('says what would come out differently, by outcome, filter and domain, with examples', async () => {
    const result = await simulate({ filters: [BUY] });
    expect(result).toMatchObject({ activities: 5, changed: 2, unreadable: 0 });
    expect(result.outcomes).toEqual([
      { from: 'processed', to: 'processed', count: 2 },
      { from: 'processed', to: 'dropped', count: 2 },
      { from: 'held', to: 'held', count: 1 },
    ]);
    expect(result.filters).toMatchObject([{ filter: 'shops', to: 'dropped', count: 2, changed: 2 }]);
    expect(result.filters[0]?.samples[0]).toMatchObject({
      ...{ activityId: spam.id, actor: ann.id, domain: home.domain, type: 'Create' },
      ...{ from: 'processed', to: 'dropped', reason: expect.stringContaining('buy now') },
    });
    expect(result.domains.map(({ domain, changed, dropped }) => [domain, changed, dropped])).toEqual(
      expect.arrayContaining([
        [home.domain, 1, 1],
        [other.domain, 1, 1],
      ]),
    );
    expect(result.notes.join()).toContain(
      'Filters in code are not asked; what they stopped stays stopped: code.',
    );
  });

  test('has no effect: every activity stands as it stood, and no filter of it is asked about what comes', async () => {
    expect(await standing()).toBe(rows);
    expect((await served.inbox.held.list()).items).toHaveLength(1);
    expect((await served.inbox.filters.list()).map(({ name }) => name)).toEqual(['code']);
  });

  test('adds up points, enters what is only tried, and leaves services alone unless it is told to ask', async () => {
    const score = { use: 'keywords', words: ['buy now'], verdict: 'score', points: 3, name: 'points' };
    const away = { use: 'external', url: 'http://127.0.0.1:1/', name: 'service' };
    const policy = { filters: [score, { ...BUY, verdict: 'shadow' }, away], scoreThresholds: { hold: 3 } };
    const result = await simulate(policy);
    expect(result.outcomes).toContainEqual({ from: 'processed', to: 'held', count: 2 });
    expect(result.filters).toMatchObject([{ filter: 'scores', to: 'held', changed: 2 }]);
    expect(result.remarks).toEqual([
      { filter: 'points', type: 'score', count: 2 },
      { filter: 'shops', type: 'shadow', count: 2 },
    ]);
    expect(result.notes.join()).toContain('service');
    const told = await simulate({ filters: [away] }, { external: true }, 'admin');
    await begin({ filters: [away] }, { external: true }, 403);
    expect(told.filters).toMatchObject([{ filter: 'service', to: 'held', count: 5, changed: 4 }]);
  });

  test('knows at each moment what was known then: an actor is a stranger until something of it acts', async () => {
    const stranger = { use: 'first-contact', verdict: 'hold' };
    expect(await simulate({ filters: [stranger] })).toMatchObject({ changed: 4 });
    // Who was known before the window is none, however shortly before.
    const later = (ms: number) => ({ since: new Date(beganMs + ms).toISOString() });
    expect(await simulate({ filters: [stranger] }, later(1))).toMatchObject({ activities: 4, changed: 2 });
    expect(await simulate({ filters: [stranger] }, later(2.5 * HOUR_MS))).toMatchObject({
      ...{ activities: 2, changed: 0 },
    });
  });

  test('looks only at the time and the domain that it is asked about', async () => {
    const until = new Date(beganMs + 1.5 * HOUR_MS).toISOString();
    expect(await simulate({ filters: [BUY] }, { until })).toMatchObject({ activities: 2, changed: 1 });
    const result = await simulate({ filters: [BUY] }, { domain: other.domain, samples: 0 });
    expect(result).toMatchObject({ activities: 2, changed: 1, filters: [{ samples: [] }] });
  });

  test('is refused with what is wrong in it', async () => {
    const wrong = await begin({ filters: [{ use: 'keywords', wrods: [] }] }, {}, 422);
    expect(JSON.stringify(wrong)).toContain('wrods');
    expect(JSON.stringify(wrong)).not.toContain('SallyportError');
    await begin({ filters: [BUY] }, { until: new Date(beganMs).toISOString() }, 422);
    await begin({ filters: [BUY] }, { domain: 'not a domain' }, 422);
    await begin('strict', {}, 422);
    expect((await served.admin('/simulations/nothing')).status).toBe(404);
  });

  test('runs alone, is listed with the others, and ends when it is cancelled', async () => {
    // A service that never answers.
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const slow = { use: 'external', url: `http://127.0.0.1:${port}/`, timeout: '1 minute', name: 'slow' };
    const first = await begin({ filters: [slow] }, { external: true }, 200, 'admin');
    await begin({ filters: [BUY] }, {}, 409);
    const cancelled = await served.admin(`/simulations/${first.id}/cancel`, {}, 'moderator-token');
    expect(cancelled.json()).toMatchObject({ id: first.id, state: 'cancelled', result: null });
    const { items } = (await served.admin('/simulations')).json() as { items: SimulationRecord[] };
    expect(items[0]).toMatchObject({ id: first.id, by: 'admin', filters: ['slow'] });
    expect(items.length).toBeGreaterThan(1);
    expect((await begin({ filters: [BUY] })).state).toBe('running');
    silent.closeAllConnections();
    silent.close();
  });
});
