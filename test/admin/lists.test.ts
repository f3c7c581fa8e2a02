/** The lists of the admin API on both databases: filters, order, pages by cursor, bounds; and dead letters. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { create, follow, like, type RemoteActor, type RemoteDomain } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
type Item = Record<string, unknown>;
interface Page {
  readonly items: Item[];
  readonly next: string | null;
}

describe.each(places)('a list ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  let isHandlerBroken = true;
  const handled: string[] = [];
  beforeAll(async () => {
    served = await serve(place, {}, (inbox) => {
      inbox.on('Dislike', ({ id }) => {
        if (isHandlerBroken) throw new Error('the handler is broken');
        handled.push(id);
      });
    });
    home = await served.remote();
    ann = await home.actor('ann');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  async function page(path: string): Promise<Page> {
    const reply = await served.admin(path);
    expect([path, reply.status]).toEqual([path, 200]);
    return reply.json() as Page;
  }
  /** Every item, read page by page. */
  async function all(path: string, limit: number): Promise<Item[]> {
    const found: Item[] = [];
    let cursor = '';
    for (;;) {
      const { items, next } = await page(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`);
      expect(items.length).toBeLessThanOrEqual(limit);
      found.push(...items);
      if (next === null) return found;
      expect(items).toHaveLength(limit);
      cursor = `&cursor=${encodeURIComponent(next)}`;
    }
  }
  async function send(activity: { id: string }): Promise<string> {
    expect((await served.post('/inbox', { ...activity }, ann)).status).toBe(202);
    await served.inbox.settled();
    return activity.id;
  }

  test('of activities is newest first, filtered by status, domain, type and id', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      ids.unshift(await send(like(ann.id, `${ORIGIN}/notes/${n}`)));
      ids.unshift(await send(create(ann.id)));
    }
    const listed = (items: readonly Item[]) => items.map(({ activityId }) => activityId);
    expect(listed((await page(`/activities?domain=${home.domain}`)).items)).toEqual(ids);
    expect(listed(await all('/activities', 2))).toEqual(ids);
    expect(listed(await all('/activities?type=Like', 2))).toEqual(ids.filter((_, at) => at % 2 === 1));
    expect((await page('/activities?status=rejected')).items).toEqual([]);
    expect((await page('/activities?domain=other.example')).items).toEqual([]);
    const one = await page(`/activities?activityId=${encodeURIComponent(ids[0] as string)}`);
    expect(one.items).toMatchObject([{ activityId: ids[0], status: 'processed' }]);
    for (const id of [one.items[0]?.id as string, encodeURIComponent(ids[0] as string)])
      expect((await served.admin(`/activities/${id}`)).json()).toEqual(one.items[0]);
    expect((await served.admin('/activities/999999')).status).toBe(404);
  });

  test('of domains is by name, filtered by state and a part of the name, and never longer than 200', async () => {
    const names = Array.from({ length: 205 }, (_, n) => `d${String(n).padStart(3, '0')}.example`);
    let changed = 0;
    for (const some of [names.slice(0, 70), names.slice(70, 140), [...names.slice(140), 'D204.EXAMPLE.']]) {
      const bulk = await served.admin('/domains/bulk', { action: 'block', reason: 'a list', domains: some });
      changed += (bulk.json() as { changed: number }).changed;
    }
    expect(changed).toBe(205);
    const listed = (items: readonly Item[]) => items.map(({ domain }) => domain);
    const first = await page('/domains?state=blocked&limit=1000');
    expect(first.items).toHaveLength(200);
    const rest = await page(`/domains?state=blocked&limit=200&cursor=${first.next}`);
    expect([...listed(first.items), ...listed(rest.items)]).toEqual(names);
    expect(rest.next).toBeNull();
    expect((await page('/domains')).items).toHaveLength(50);
    expect(listed((await page('/domains?q=D01')).items)).toEqual(names.slice(10, 20));
    expect(listed((await page('/domains?q=%25')).items)).toEqual([]);
    expect(listed((await page('/domains?state=active')).items)).toEqual([home.domain]);
    // A verb that some of them do not know passes these over.
    const mixed = { action: 'unblock', domains: ['d000.example', home.domain, 'new.example'] };
    expect((await served.admin('/domains/bulk', mixed)).json()).toEqual({
      changed: 1,
      batch: expect.stringMatching(/^\d+$/),
    });
  }, 120_000);

  test('of transitions is in the order of the log, after a number, by machine and state', async () => {
    const { items } = await page('/transitions?limit=200');
    const numbers = items.map(({ seq }) => seq as number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).toBe(200);
    const since = numbers[150] as number;
    const after = await all(`/transitions?since=${since}`, 30);
    expect(after.slice(0, 49)).toEqual(items.slice(151));
    expect(after.every(({ seq }) => (seq as number) > since)).toBe(true);
    const opened = await page('/transitions?machine=domain&to=active');
    expect(opened.items).toMatchObject([{ key: 'd000.example', from: 'blocked', to: 'active', by: 'admin' }]);
    expect((await page('/transitions?machine=follow-request&to=pending')).items).toEqual([]);
    expect((await page('/transitions?since=999999999')).items).toEqual([]);
  });

  test('of follow requests is newest first, filtered by state and by either end', async () => {
    const open = await send(follow(ann.id, ALICE));
    const waiting = await send(follow(ann.id, `${ORIGIN}/users/carol`));
    const listed = (items: readonly Item[]) => items.map(({ activityId }) => activityId);
    expect(listed(await all('/follow-requests', 1))).toEqual([waiting, open]);
    expect(listed((await page('/follow-requests?state=pending')).items)).toEqual([waiting]);
    for (const actor of [ann.id, ALICE])
      expect(listed((await page(`/follow-requests?actor=${encodeURIComponent(actor)}`)).items)).toContain(
        open,
      );
    expect((await page('/follow-requests?actor=https://nobody.example/')).items).toEqual([]);
    expect((await served.admin('/follow-requests/999999/accept', {})).status).toBe(404);
    const members = await page('/actors/alice/collections/followers');
    expect(members).toEqual({ total: 1, items: [ann.id], next: null });
    expect((await served.admin('/actors/nobody/collections/followers')).status).toBe(404);
    expect((await served.admin('/actors/alice/collections/secrets')).status).toBe(404);
  });

  test('of deliveries says what waits and for when; what is refused for good is a dead letter', async () => {
    const busy = await served.remote();
    const bea = await busy.actor('bea');
    busy.answer(503);
    const asked = follow(bea.id, ALICE);
    expect((await served.post('/inbox', asked, bea)).status).toBe(202);
    await served.inbox.settled();
    const waiting = await page(`/deliveries?state=waiting&domain=${busy.domain}`);
    expect(waiting.items).toMatchObject([{ inbox: bea.inbox, domain: busy.domain, attempts: 1 }]);
    expect(Date.parse(waiting.items[0]?.nextAt as string)).toBeGreaterThan(served.clock.now());

    busy.answer(410);
    served.clock.advance(3_600_000);
    await served.inbox.settled();
    expect((await page(`/deliveries?domain=${busy.domain}`)).items).toMatchObject([
      { state: 'dead', nextAt: null },
    ]);
    const { items } = await page('/dead');
    expect(items).toMatchObject([{ kind: 'delivery', attempts: 2, error: expect.stringContaining('410') }]);

    busy.answer(202);
    expect((await served.admin(`/dead/${items[0]?.id}/retry`, {})).status).toBe(200);
    await busy.delivery(({ activity }) => activity.type === 'Accept');
    await served.inbox.settled();
    expect((await page('/dead')).items).toEqual([]);
    expect((await served.admin(`/dead/${items[0]?.id}/retry`, {})).status).toBe(404);
  });

  test('of more than nine is in the order of numbers, not of their digits', async () => {
    const gone = await served.remote();
    const bea = await gone.actor('bea');
    gone.answer(410);
    const asked: string[] = [];
    for (let n = 0; n < 12; n++) {
      const again = follow(bea.id, ALICE);
      asked.unshift(again.id);
      expect((await served.post('/inbox', again, bea)).status).toBe(202);
      await served.inbox.settled();
    }
    const requests = await all(`/follow-requests?actor=${encodeURIComponent(bea.id)}`, 5);
    expect(requests.map(({ activityId }) => activityId)).toEqual(asked);
    for (const path of ['/dead', `/deliveries?domain=${gone.domain}`]) {
      const numbers = (await all(path, 5)).map(({ id }) => Number(id));
      expect(numbers).toHaveLength(12);
      expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
    }
    expect((await all('/actors/alice/collections/inbox', 5)).slice(0, 12)).toEqual(asked);
    for (const { id } of (await page('/dead')).items)
      expect((await served.admin(`/dead/${id}/discard`, {})).status).toBe(200);
  });

  test('of dead letters has a handler’s call that used up its tries; it is tried again, or given up', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 2; n++)
      ids.push(await send({ ...like(ann.id, `${ORIGIN}/notes/${n}`), type: 'Dislike' } as { id: string }));
    for (let hours = 0; hours < 30 && (await page('/dead')).items.length < 2; hours++) {
      served.clock.advance(3_600_000);
      await served.inbox.settled();
    }
    const { items } = await page('/dead');
    expect(items.map(({ kind, attempts }) => [kind, attempts])).toEqual([
      ['handler', 10],
      ['handler', 10],
    ]);
    expect(items.map(({ activityId }) => activityId).toSorted()).toEqual(ids.toSorted());
    expect(items[0]?.error).toContain('the handler is broken');
    isHandlerBroken = false;
    const again = items.find(({ activityId }) => activityId === ids[0]);
    const never = items.find(({ activityId }) => activityId === ids[1]);
    expect((await served.admin(`/dead/${never?.id}/discard`, {})).json()).toEqual({
      id: never?.id,
      done: 'discard',
    });
    expect((await served.admin(`/dead/${again?.id}/retry`, {})).json()).toEqual({
      id: again?.id,
      done: 'retry',
    });
    await served.inbox.settled();
    expect(handled).toEqual([ids[0]]);
    expect((await page('/dead')).items).toEqual([]);
    for (const id of ['x', '0', '-1', '99999999999999999999'])
      expect((await served.admin(`/dead/${id}/discard`, {})).status).toBe(404);
  });
});
