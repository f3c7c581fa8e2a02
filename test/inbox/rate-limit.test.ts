/** The limiter, by a clock that the test moves: exactly LIMIT in a window, then 429 until it is over, by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresql } from '../databases.ts';
import { like, type RemoteActor } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve, shells } from './served.ts';

const NOTE = `${ORIGIN}/notes/1`;
const LIMIT = 5;
const WINDOW = 3_600_000;
const DAY = 24 * WINDOW;

const knock = (served: Served, actor: RemoteActor, activity = like(actor.id, NOTE)) =>
  served.post('/inbox', activity, actor);

/** Sends so many, one after the other. */
async function knockTimes(served: Served, actor: RemoteActor, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n++) statuses.push((await knock(served, actor)).status);
  return statuses;
}

/** The next transition of a domain into a state, from the log. */
async function nextTransition(served: Served, domain: string, to: 'active' | 'blocked' | 'rate-limited') {
  const signal = AbortSignal.timeout(60_000);
  for await (const transition of served.inbox.transitions({ machine: 'domain', to, signal }))
    if (transition.key === domain) return transition;
  throw new Error(`${domain} did not become ${to}`);
}

async function transitionsOf(served: Served, domain: string) {
  const { items } = await served.inbox.transitionsPage({ machine: 'domain', limit: 200 });
  return items.filter(({ key }) => key === domain);
}

describe.each(places)('a domain that sends too much ($name)', (place) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(place, { rateLimit: { limit: LIMIT, window: '1 hour' } });
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);
  const newcomer = async () => {
    const remote = await served.remote();
    return { domain: remote.domain, ann: await remote.actor('ann'), bea: await remote.actor('bea') };
  };

  test('gets in exactly so often; the next one changes its state before it is refused', async () => {
    const { domain, ann, bea } = await newcomer();
    expect(await knockTimes(served, ann, 2)).toEqual([202, 202]);
    served.clock.advance(60_000);
    // The window began with the first one, and counts for the whole domain.
    expect(await knockTimes(served, bea, LIMIT - 2)).toEqual([202, 202, 202]);
    const over = await knock(served, ann);
    const [written] = await transitionsOf(served, domain);
    expect(written).toMatchObject({ from: 'active', to: 'rate-limited', event: 'limit.exceeded', by: null });
    expect([over.status, over.headers['retry-after']]).toEqual([429, String(WINDOW / 1_000 - 60)]);
    expect(over.json()).toMatchObject({ type: 'urn:sallyport:problem:rate-limited' });
    const until = new Date(served.clock.now() - 60_000 + WINDOW).toISOString();
    expect((await served.admin(`/domains/${domain}`)).json()).toMatchObject({
      ...{ state: 'rate-limited', strikes: 1, until, reason: 'rate limit exceeded' },
    });
  });

  test('is refused until the window is over, each time with the time that is left, and heals by itself', async () => {
    const { domain, ann } = await newcomer();
    await knockTimes(served, ann, LIMIT + 1);
    await served.inbox.settled();
    for (const leftSeconds of [3_600, 1_800, 1]) {
      const dueMs = Date.parse((await served.inbox.domains.get(domain)).until as string);
      served.clock.advance(dueMs - leftSeconds * 1_000 - served.clock.now());
      for (const shell of shells) {
        const reply = await served.through(shell).post('/inbox', like(ann.id, NOTE), ann);
        expect([reply.status, reply.headers['retry-after']]).toEqual([429, String(leftSeconds)]);
      }
    }
    const healed = nextTransition(served, domain, 'active');
    served.clock.advance(999);
    expect((await knock(served, ann)).headers['retry-after']).toBe('1');
    served.clock.advance(1);
    expect(await healed).toMatchObject({ from: 'rate-limited', event: 'due', by: null });
    await served.inbox.settled();
    expect(await knockTimes(served, ann, LIMIT + 1)).toEqual([202, 202, 202, 202, 202, 429]);
    // One strike a window, not one for each request.
    expect(await served.inbox.domains.get(domain)).toMatchObject({ state: 'rate-limited', strikes: 2 });
    expect((await transitionsOf(served, domain)).map(({ to }) => to)).toEqual([
      ...['rate-limited', 'active', 'rate-limited'],
    ]);
  });

  test('is let in in the very moment that Retry-After named, whether or not anybody has noticed', async () => {
    const { ann } = await newcomer();
    await knockTimes(served, ann, LIMIT + 1);
    const reply = await knock(served, ann);
    served.clock.advance(Number(reply.headers['retry-after']) * 1_000);
    expect((await knock(served, ann)).status).toBe(202);
  });

  test('gets in exactly so often also when everything comes at once, repetitions counted', async () => {
    const { domain, ann, bea } = await newcomer();
    const again = like(ann.id, NOTE);
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) => {
        const door = served.through(shells[n % 2] as (typeof shells)[number]);
        if (n % 4 === 0) return door.post('/inbox', again, ann);
        const actor = n % 2 === 0 ? ann : bea;
        return door.post('/inbox', like(actor.id, NOTE), actor);
      }),
    );
    const statuses = replies.map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(LIMIT);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20 - LIMIT);
    expect(await transitionsOf(served, domain)).toHaveLength(1);
    await served.inbox.settled();
    const { items } = await served.inbox.activities.list({ domain, limit: 200 });
    expect(items.flatMap(({ history }) => history.filter(({ inbox }) => inbox !== undefined))).toHaveLength(
      LIMIT,
    );
  });

  test('is forgiven by a moderator: strikes and counters start again', async () => {
    const { domain, ann } = await newcomer();
    await knockTimes(served, ann, LIMIT + 1);
    const reset = await served.admin(
      `/domains/${domain}/reset`,
      { reason: 'talked to them' },
      'moderator-token',
    );
    expect(reset.json()).toMatchObject({ state: 'active', strikes: 0, until: null });
    await served.inbox.settled();
    expect(await knockTimes(served, ann, LIMIT + 1)).toEqual([202, 202, 202, 202, 202, 429]);
  });

  test('may begin again after a quiet window, and has no strike', async () => {
    const { domain, ann } = await newcomer();
    for (let round = 0; round < 3; round++) {
      expect(await knockTimes(served, ann, LIMIT)).toEqual([202, 202, 202, 202, 202]);
      served.clock.advance(WINDOW);
    }
    await served.inbox.settled();
    expect(await served.inbox.domains.get(domain)).toMatchObject({ state: 'active', strikes: 0 });
  });

  test('what was accepted before the limit is handled all the same', async () => {
    const { domain, ann } = await newcomer();
    await knockTimes(served, ann, LIMIT + 3);
    await served.inbox.settled();
    const { items } = await served.inbox.activities.list({ domain, limit: 200 });
    expect(items.map(({ status }) => status)).toEqual(Array(LIMIT).fill('processed'));
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});

describe('under stricter policies (PostgreSQL)', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(
      { kind: postgresql },
      {
        rateLimit: { limit: LIMIT, window: '1 hour' },
        actorRateLimit: { limit: 3, window: '1 hour' },
        ...{ blockAfterStrikes: 2, strikeBlock: '7 days' },
      },
    );
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  test('an actor has a limit of its own, which is no strike against its domain', async () => {
    const remote = await served.remote();
    const [ann, bea] = [await remote.actor('ann'), await remote.actor('bea')];
    expect(await knockTimes(served, ann, 3)).toEqual([202, 202, 202]);
    served.clock.advance(60_000);
    const over = await knock(served, ann);
    expect([over.status, over.headers['retry-after']]).toEqual([429, String(WINDOW / 1_000 - 60)]);
    expect((await knock(served, bea)).status).toBe(202);
    await served.inbox.settled();
    expect(await served.inbox.domains.get(remote.domain)).toMatchObject({ state: 'active', strikes: 0 });
    served.clock.advance(WINDOW - 60_000);
    expect((await knock(served, ann)).status).toBe(202);
  });

  test('the second strike blocks, for as long as the policy says, and asks for a review', async () => {
    const remote = await served.remote();
    const actors = [await remote.actor('ann'), await remote.actor('bea')] as const;
    const exceed = async () => {
      for (const actor of actors) await knockTimes(served, actor, 3);
      await served.inbox.settled();
      return served.inbox.domains.get(remote.domain);
    };
    expect(await exceed()).toMatchObject({ state: 'rate-limited', strikes: 1 });
    const healed = nextTransition(served, remote.domain, 'active');
    served.clock.advance(WINDOW);
    await healed;
    await served.inbox.settled();
    const until = new Date(served.clock.now() + 7 * DAY).toISOString();
    expect(await exceed()).toMatchObject({ state: 'blocked', strikes: 2, until, reviewAt: until, by: null });
    expect((await knock(served, actors[0])).status).toBe(403);
    const opened = nextTransition(served, remote.domain, 'active');
    served.clock.advance(7 * DAY);
    expect(await opened).toMatchObject({ from: 'blocked', event: 'due' });
    await served.inbox.settled();
    expect((await knock(served, actors[0])).status).toBe(202);
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});
