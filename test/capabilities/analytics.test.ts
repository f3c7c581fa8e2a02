/** What moderators see of a domain before they block it, and the numbers of the dashboard: rows S78 and S84. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActivityRecord } from '../../src/index.ts';
import { create, follow, like, type RemoteActor, type RemoteDomain, type Sent } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
interface Counts {
  readonly total: number;
  readonly series: { key: string; total: number; points: { at: string; count: number }[] }[];
}

describe.each(places)('counts of what came in ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let other: RemoteDomain;
  let ann: RemoteActor;
  let bea: RemoteActor;

  beforeAll(async () => {
    served = await serve(place, {
      filters: [
        { use: 'keywords', name: 'ads', words: ['buy now'], verdict: 'drop' },
        { use: 'keywords', name: 'odd', words: ['perhaps'], verdict: 'hold' },
        { use: 'keywords', name: 'watch', words: ['morning'], verdict: 'shadow' },
      ],
    });
    home = await served.remote();
    other = await served.remote();
    ann = await home.actor('ann');
    bea = await other.actor('bea');
    const say = (actor: RemoteActor, content: string) => create(actor.id, { content });
    const [kept, refused, late] = [say(ann, 'perhaps'), say(ann, 'perhaps not'), say(ann, 'perhaps late')];
    await send(ann, like(ann.id, `${ORIGIN}/notes/1`), follow(ann.id, ALICE), say(ann, 'Good morning.'));
    served.clock.advance(3_600_000);
    await send(ann, say(ann, 'BUY&nbsp;NOW'), kept, refused, late);
    await send(bea, like(bea.id, ALICE), { ...create(bea.id), type: 'Update', object: foreign() });
    await served.inbox.held.approve(kept.id, { by: 'maria' });
    await served.inbox.held.reject(refused.id, { by: 'maria' });
    await served.inbox.settled();
    served.clock.advance(26 * 3_600_000);
    await served.inbox.domains.block(other.domain, { reason: 'spam', by: 'maria' });
    await served.inbox.domains.unblock(other.domain, { by: 'maria' });
    await served.inbox.settled();
  }, PATIENCE);
  afterAll(() => served?.[Symbol.asyncDispose](), PATIENCE);

  const foreign = () => ({
    type: 'Note',
    id: `${ann.id}/notes/1`,
    attributedTo: ann.id,
    content: 'not mine',
  });
  async function send(actor: RemoteActor, ...activities: Sent[]): Promise<void> {
    for (const activity of activities) {
      const options = { date: new Date(served.clock.now()) };
      expect((await served.post('/inbox', activity, actor, options)).status).toBe(202);
    }
    await served.inbox.settled();
  }
  async function counts(query: string): Promise<Counts> {
    const reply = await served.admin(`/analytics?from=${fromOf()}&${query}`);
    expect(reply.status).toBe(200);
    return reply.json() as Counts;
  }
  const fromOf = (): string => new Date(served.clock.now() - 48 * 3_600_000).toISOString();
  const totals = ({ series }: Counts) => Object.fromEntries(series.map(({ key, total }) => [key, total]));
  async function log(): Promise<ActivityRecord[]> {
    return (await served.inbox.activities.list({ limit: 200 })).items;
  }
  const countBy = (activities: readonly ActivityRecord[], of: (one: ActivityRecord) => string) =>
    Object.fromEntries(
      Object.entries(Object.groupBy(activities, of)).map(([key, those = []]) => [key, those.length]),
    );

  test('S84 the totals of every series equal the log, by domain, type and status', async () => {
    const ended = (await log()).filter(({ status }) => status !== 'held');
    expect(countBy(ended, ({ status }) => status)).toEqual({ processed: 5, dropped: 1, rejected: 2 });
    for (const key of ['domain', 'type', 'status'] as const) {
      const found = await counts(`by=${key}`);
      expect([key, totals(found)]).toEqual([key, countBy(ended, (one) => one[key])]);
      expect(found.total).toBe(ended.length);
      for (const { total, points } of found.series)
        expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(total);
    }
    const ofHome = ended.filter(({ domain }) => domain === home.domain);
    expect(totals(await counts(`by=type&domain=${home.domain}&status=processed`))).toEqual(
      countBy(
        ofHome.filter(({ status }) => status === 'processed'),
        ({ type }) => type,
      ),
    );
  });

  test('S84 what filters said is counted by filter and verdict, and what was held by what became of it', async () => {
    expect(totals(await counts('subject=filter&by=filter'))).toEqual({ odd: 3, ads: 1, watch: 1 });
    expect(totals(await counts('subject=filter&by=status'))).toEqual({ held: 3, dropped: 1, shadow: 1 });
    expect(totals(await counts('by=filter&status=dropped'))).toEqual({ ads: 1 });
    expect(totals(await counts('subject=hold'))).toEqual({ held: 3, released: 1, rejected: 1 });
    served.clock.advance(30 * 86_400_000);
    await served.inbox.settled();
    expect((await counts('subject=hold&status=expired')).total).toBe(1);
    expect((await counts('status=dropped')).total).toBe(1);
  });

  test('S84 transitions and reasons are counted too, by the hour or the day', async () => {
    const to = new Date(served.clock.now()).toISOString();
    const from = new Date(served.clock.now() - 60 * 86_400_000).toISOString();
    const of = async (query: string) =>
      (await served.admin(`/analytics?from=${from}&to=${to}&${query}`)).json() as Counts;
    expect(totals(await of('subject=transition&type=domain'))).toEqual({ blocked: 1, active: 1 });
    const reasons = Object.keys(totals(await of('by=reason&status=rejected')));
    expect(reasons).toHaveLength(2);
    expect(reasons).toContain('rejected by a moderator');
    const hourly = (await of('by=domain&bucket=hour')).series.find(({ key }) => key === home.domain);
    expect(hourly?.points.map(({ count }) => count)).toEqual([3, 3, 1]);
    const overview = (await served.admin('/overview')).json();
    expect(overview).toMatchObject({ domains: { active: 2 }, held: 0, openReports: 0, countsBehind: 0 });
  });

  test('S78 what a domain did, and what was decided about it, is there before it is blocked', async () => {
    const from = new Date(served.clock.now() - 60 * 86_400_000).toISOString();
    const history = (await served.admin(`/domains/${home.domain}/history?from=${from}`)).json();
    expect(history).toMatchObject({
      domain: home.domain,
      total: 7,
      statuses: { processed: 4, dropped: 2, rejected: 1 },
      types: { Create: 5, Follow: 1, Like: 1 },
      filters: [
        { filter: 'odd', verdict: 'held', count: 3 },
        { filter: 'ads', verdict: 'dropped', count: 1 },
        { filter: 'watch', verdict: 'shadow', count: 1 },
      ],
    });
    const { decisions } = await served.inbox.analytics.domain(other.domain);
    expect(decisions.map(({ verb, by }) => [verb, by])).toEqual([
      ['unblock', 'maria'],
      ['block', 'maria'],
    ]);
    expect((await served.admin('/domains/never.example/history')).json()).toMatchObject({
      total: 0,
      days: [],
    });
    expect((await served.admin('/domains/not%20one/history')).status).toBe(400);
    expect((await served.admin(`/analytics?from=${from}&to=2020-01-01T00:00:00Z`)).status).toBe(400);
  });
});
