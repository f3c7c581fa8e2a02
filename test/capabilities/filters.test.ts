/**
 * User code before any effect: rows S13 to S15, S46 and S47 of the checklist. Everything goes through HTTP and the
 * public API of one inbox, to which each test adds the filters that it is about.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Activity, ActivityRecord, FilterContext, HeldRecord } from '../../src/index.ts';
import { drop, hold, reject, shadow } from '../../src/index.ts';
import { create, follow, like, type RemoteActor, type RemoteDomain, type Sent } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const DAY_MS = 86_400_000;

describe.each(places)('filters ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  let bea: RemoteActor;
  const open: Disposable[] = [];
  const asked: string[] = [];
  const handled: string[] = [];
  beforeAll(async () => {
    const dan = {
      followPolicy: async ({ follower }: { follower: { preferredUsername: string | null } }) => {
        asked.push(follower.preferredUsername ?? '');
        if (follower.preferredUsername === 'bea') return 'reject' as const;
        return 'accept' as const;
      },
    };
    served = await serve(place, { actors: { alice: {}, bob: {}, carol: { locked: true }, dan } }, (inbox) => {
      inbox.on('*', ({ id }) => void handled.push(id));
    });
    home = await served.remote();
    ann = await home.actor('ann');
    bea = await home.actor('bea');
  }, PATIENCE);
  afterEach(() => {
    for (const one of open.splice(0)) one[Symbol.dispose]();
  });
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  const during = (one: Disposable): void => void open.push(one);
  async function send(activity: Sent, actor = ann, path = '/inbox'): Promise<ActivityRecord> {
    expect((await served.post(path, activity, actor)).status).toBe(202);
    await served.inbox.settled();
    return served.inbox.activities.get(activity.id);
  }
  const likesOf = async (uri: string) => (await served.inbox.objects.get(uri)).likes.total;
  const note = async () =>
    (await served.inbox.actors.send('alice', { type: 'Note', content: 'hi', to: `${ALICE}/followers` }))
      .object as string;
  const held = async () =>
    (await served.admin('/held')).json() as { items: HeldRecord[]; next: string | null };
  const decide = (record: HeldRecord, verb: 'approve' | 'reject') =>
    served.admin(`/held/${record.id}/${verb}`, { reason: 'looked at it' }, 'moderator-token');

  describe('S13 an activity that a filter drops', () => {
    test('is dropped with the name of the filter and its reason, and no handler hears of it', async () => {
      during(
        served.inbox.filter('no greetings', ({ type }) =>
          type === 'Create' ? drop('a greeting') : undefined,
        ),
      );
      const greeting = create(ann.id);
      const record = await send(greeting);
      expect(record).toMatchObject({ status: 'dropped', reason: 'no greetings: a greeting' });
      expect(record.history.at(-1)).toMatchObject({
        what: 'dropped',
        filter: 'no greetings',
        reason: 'a greeting',
      });
      expect(handled).not.toContain(greeting.id);
      const listed = (await served.admin('/activities?status=dropped')).json() as { items: ActivityRecord[] };
      expect(listed.items.map(({ activityId }) => activityId)).toContain(greeting.id);
      expect(await served.inbox.metrics()).toContain('sallyport_activities_total{status="dropped"} 1');
    });

    test('stays dropped when it comes again, and no filter is asked about it twice', async () => {
      let calls = 0;
      during(served.inbox.filter('once', () => (++calls > 0 ? drop('not today') : undefined)));
      const greeting = create(ann.id);
      await send(greeting);
      const record = await send(greeting, ann, '/users/bob/inbox');
      expect([record.status, record.inboxes.length, calls]).toEqual(['dropped', 2, 1]);
      expect((await served.inbox.actors.collection('bob', 'inbox')).items).not.toContain(greeting.id);
    });
  });

  describe('S14 a hook before a type', () => {
    test('that drops a Like leaves the likes empty, though the Like was taken and answered 202 (A5)', async () => {
      const uri = await note();
      during(served.inbox.before('Like', () => drop('no likes today')));
      expect((await send(like(ann.id, uri))).status).toBe('dropped');
      expect(await likesOf(uri)).toBe(0);
      expect((await served.inbox.actors.collection('alice', 'inbox')).items).toEqual([]);
      open.pop()?.[Symbol.dispose]();
      expect((await send(like(ann.id, uri))).status).toBe('processed');
      expect(await likesOf(uri)).toBe(1);
    });

    test('is asked after every filter, only about its type, and gets the typed activity', async () => {
      const order: string[] = [];
      during(
        served.inbox.before('Like', (activity) => void order.push(`before ${activity.type}`) as undefined),
      );
      during(served.inbox.filter('first', () => void order.push('first') as undefined));
      during(served.inbox.filter('second', () => void order.push('second') as undefined));
      const record = await send(like(ann.id, `${ORIGIN}/notes/1`));
      await send(create(ann.id));
      expect(order).toEqual(['first', 'second', 'before Like', 'first', 'second']);
      expect(record.history).toContainEqual(
        expect.objectContaining({ what: 'filtered', asked: ['first', 'second', 'before:Like#1'] }),
      );
    });
  });

  describe('S15 a filter', () => {
    test('never gets null: what it needs is there, read without network', async () => {
      const seen: [Activity, Pick<FilterContext, 'text' | 'actor' | 'domain' | 'log'>][] = [];
      during(
        served.inbox.filter('look', (activity, { text, actor, domain, log }) => {
          seen.push([activity, { text, actor, domain, log }]);
          return undefined;
        }),
      );
      await send(create(ann.id));
      const before = home.fetches();
      const spam = create(ann.id, {
        content: '<p>bu<b>y</b> now &amp; save&#33;</p><p>Limited<br>offer</p>',
      });
      const summary = {
        ...(spam.object as object),
        summary: 'cheap',
        nameMap: { de: 'Billig', en: 'Cheap' },
      };
      await send({ ...spam, object: summary });
      await send({ '@context': spam['@context'], id: `${ann.id}/bare`, type: 'Offer', actor: ann.id });
      const [, [activity, context], [bare]] = seen as [unknown, (typeof seen)[0], (typeof seen)[0]];
      expect(context.text.split('\n')).toEqual(
        expect.arrayContaining(['cheap', 'Billig', 'Cheap', 'buy now & save! Limited offer']),
      );
      expect(context.actor).toMatchObject({ uri: ann.id, preferredUsername: 'ann', isRemote: true });
      expect(context.domain).toEqual({ domain: home.domain, state: 'active', strikes: 0 });
      expect(activity).toMatchObject({
        type: 'Create',
        id: spam.id,
        actor: { uri: ann.id, domain: home.domain },
      });
      expect(activity.receivedAt.getTime()).toBe(served.clock.now());
      expect(bare).toMatchObject({ type: 'Offer', object: null, content: null });
      expect(home.fetches()).toBe(before);
    });

    test('that throws holds by default, lets through where that is said, and is entered under its name', async () => {
      const broken = () => (undefined as unknown as { words: string[] }).words.length > 0 && undefined;
      during(served.inbox.filter('open', broken as never, { fallback: 'accept' }));
      const passed = await send(create(ann.id));
      expect(passed).toMatchObject({ status: 'processed' });
      expect(passed.history).toContainEqual(
        expect.objectContaining({
          what: 'fault',
          filter: 'open',
          reason: expect.stringContaining('TypeError'),
        }),
      );
      during(served.inbox.filter('closed', broken as never));
      const waiting = await send(create(ann.id));
      expect(waiting).toMatchObject({
        status: 'held',
        reason: expect.stringMatching(/^closed: .*TypeError/),
      });
      open.pop()?.[Symbol.dispose]();
      during(served.inbox.filter('silent', broken as never, { fallback: 'drop' }));
      expect((await send(create(ann.id))).status).toBe('dropped');
    });

    test('that gives what is no verdict, or takes too long, is at fault', async () => {
      during(served.inbox.filter('yes', (() => true) as never, { fallback: 'accept' }));
      let isToldSo = false;
      const never = (_: Activity, { signal }: FilterContext): Promise<undefined> => {
        signal.addEventListener('abort', () => {
          isToldSo = true;
        });
        return new Promise(() => undefined);
      };
      during(served.inbox.filter('never', never, { timeout: '20 ms', fallback: 'drop' }));
      const record = await send(create(ann.id));
      expect([record.status, isToldSo]).toEqual(['dropped', true]);
      const faults = record.history.filter(({ what }) => what === 'fault');
      expect(faults.map(({ filter }) => filter)).toEqual(['yes', 'never']);
    });

    test('that takes its time holds up only the domain whose activity it looks at, in order', async () => {
      const released = Promise.withResolvers<undefined>();
      const slow = ({ actor, type }: Activity) =>
        actor.uri === ann.id && type === 'Create' ? released.promise : undefined;
      during(served.inbox.filter('slow', slow, { timeout: '1 minute' }));
      const carl = await (await served.remote()).actor('carl');
      const [first, second] = [create(ann.id), like(ann.id, `${ORIGIN}/notes/1`)];
      for (const activity of [first, second]) await served.post('/inbox', activity, ann);
      const other = create(carl.id);
      await served.post('/inbox', other, carl);
      const statusOf = async ({ id }: Sent) => (await served.inbox.activities.get(id)).status;
      await expect.poll(() => statusOf(other), { timeout: 30_000 }).toBe('processed');
      expect(await Promise.all([first, second].map(statusOf))).toEqual(['accepted', 'accepted']);
      released.resolve(undefined);
      await served.inbox.settled();
      expect(await Promise.all([first, second].map(statusOf))).toEqual(['processed', 'processed']);
      expect(handled.slice(-2)).toEqual([first.id, second.id]);
    });

    test('is told of by what it decided: in the log, in the metrics', async () => {
      during(served.inbox.filter('counted', () => shadow('would count')));
      await send(create(ann.id));
      expect(await served.inbox.metrics()).toContain(
        'sallyport_filter_verdicts_total{filter="counted",verdict="shadow"} 1',
      );
    });

    test('has a name of its own, a timeout with a unit and a fallback that exists', () => {
      const { inbox } = served;
      during(inbox.filter('mine', () => undefined));
      expect(() => inbox.filter('mine', () => undefined)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID' }),
      );
      for (const wrong of [{ timeout: '2 moons' }, { fallback: 'maybe' }])
        expect(() => inbox.filter('other', () => undefined, wrong as never)).toThrow(
          expect.objectContaining({ code: 'ERR_INVALID' }),
        );
    });
  });

  describe('a verdict', () => {
    test('of the first that drops, rejects or holds ends the chain; shadow is only entered', async () => {
      const order: string[] = [];
      const say = (name: string, verdict: ReturnType<typeof drop>) =>
        during(
          served.inbox.filter(name, () => {
            order.push(name);
            return verdict;
          }),
        );
      say('trial', shadow('would hold it'));
      say('strict', reject('against the rules'));
      say('late', drop('never asked'));
      during(served.inbox.filter('tried', () => drop('x'), { shadow: true }));
      const record = await send(create(ann.id));
      expect(order).toEqual(['trial', 'strict']);
      expect(record).toMatchObject({ status: 'rejected', reason: 'strict: against the rules' });
      expect(record.history.map(({ what }) => what)).toEqual(['received', 'filtered', 'shadow', 'rejected']);
    });

    test('of reject answers a Follow with a Reject, and nobody follows', async () => {
      during(
        served.inbox.filter('no follows', ({ type }) => (type === 'Follow' ? reject('closed') : undefined)),
      );
      const asking = follow(bea.id, ALICE);
      expect((await send(asking, bea)).status).toBe('rejected');
      const { activity } = await home.delivery(({ activity: { type } }) => type === 'Reject');
      expect(activity).toMatchObject({ type: 'Reject', actor: ALICE, object: { id: asking.id } });
      expect((await served.inbox.actors.collection('alice', 'followers')).items).toEqual([]);
      expect((await served.inbox.followRequests.list()).items).toEqual([]);
    });

    test('of hold keeps the activity for a moderator, and approved it acts once', async () => {
      const uri = await note();
      let calls = 0;
      during(served.inbox.before('Like', () => (++calls > 0 ? hold('who is that?') : undefined)));
      const liking = like(ann.id, uri);
      expect(await send(liking, ann, '/users/alice/inbox')).toMatchObject({
        status: 'held',
        reason: 'before:Like#1: who is that?',
      });
      expect(await send(liking, ann, '/users/bob/inbox')).toMatchObject({ status: 'held' });
      expect(await likesOf(uri)).toBe(0);
      const record = (await held()).items.find(({ activityId }) => activityId === liking.id) as HeldRecord;
      expect(record).toMatchObject({
        ...{
          type: 'Like',
          actor: ann.id,
          domain: home.domain,
          filter: 'before:Like#1',
          reason: 'who is that?',
        },
        heldAt: new Date(served.clock.now()).toISOString(),
        expiresAt: new Date(served.clock.now() + 30 * DAY_MS).toISOString(),
      });
      expect((await served.admin(`/held/${record.id}/approve`, {}, 'viewer-token')).status).toBe(403);
      expect((await decide(record, 'approve')).json()).toEqual({
        ...{ id: record.id, activityId: liking.id, status: 'accepted' },
      });
      await served.inbox.settled();
      const after = await served.inbox.activities.get(liking.id);
      expect([after.status, await likesOf(uri), calls]).toEqual(['processed', 1, 1]);
      expect(after.history.map(({ what }) => what)).toEqual([
        ...['received', 'filtered', 'held', 'redelivered', 'approved', 'processed'],
      ]);
      expect(after.history.find(({ what }) => what === 'approved')).toMatchObject({ by: 'maria' });
      for (const name of ['alice', 'bob'])
        expect((await served.inbox.actors.collection(name, 'inbox')).items).toContain(liking.id);
      expect(handled.filter((id) => id === liking.id)).toEqual([liking.id]);
      for (const verb of ['approve', 'reject'] as const)
        expect((await decide(record, verb)).status).toBe(409);
      expect((await held()).items).not.toContainEqual(expect.objectContaining({ activityId: liking.id }));
      expect((await served.admin('/held/999999/approve', {})).status).toBe(404);
    });

    test('of hold ends with the moderator who rejects it, and a Follow is then answered', async () => {
      during(served.inbox.before('Follow', () => hold('new here')));
      const asking = follow(bea.id, ALICE);
      await send(asking, bea);
      const [record] = (await held()).items as [HeldRecord];
      expect(record.activityId).toBe(asking.id);
      expect((await decide(record, 'reject')).json()).toMatchObject({ status: 'rejected' });
      await home.delivery(({ activity: { object } }) => (object as { id?: string })?.id === asking.id);
      expect(await served.inbox.activities.get(asking.id)).toMatchObject({
        ...{ status: 'rejected', reason: 'looked at it' },
      });
      await expect(served.inbox.held.approve(asking.id)).rejects.toMatchObject({
        ...{ code: 'ERR_NOT_ALLOWED_IN_STATE', data: { state: 'rejected' } },
      });
    });

    test('of hold is dropped when nobody decides for thirty days', async () => {
      during(served.inbox.before('Create', () => hold('later')));
      const waiting = create(ann.id);
      await send(waiting);
      served.clock.advance(30 * DAY_MS);
      await served.inbox.settled();
      expect(await served.inbox.activities.get(waiting.id)).toMatchObject({
        ...{ status: 'dropped', reason: 'nobody decided in time' },
      });
    });
  });

  describe('S46 rules of the service itself', () => {
    test('let what keeps them pass and drop the rest, with the reason', async () => {
      during(
        served.inbox.before('Create', (_, { text }) => {
          return text.length > 40 ? drop(`${text.length} characters are too many`) : undefined;
        }),
      );
      expect((await send(create(ann.id, { content: '<p>short</p>' }))).status).toBe('processed');
      const long = await send(create(ann.id, { content: `<p>${'long '.repeat(20)}</p>` }));
      expect(long).toMatchObject({
        status: 'dropped',
        reason: 'before:Create#1: 99 characters are too many',
      });
    });
  });

  describe("S47 the service's own list of blocked actors", () => {
    test('keeps what a blocked actor does from having any effect, and only that', async () => {
      const blocked = new Set([bea.id]);
      during(
        served.inbox.before('*', ({ actor }) => (blocked.has(actor.uri) ? drop('blocked here') : undefined)),
      );
      const uri = await note();
      expect((await send(like(bea.id, uri), bea)).status).toBe('dropped');
      expect((await send(like(ann.id, uri))).status).toBe('processed');
      expect(await likesOf(uri)).toBe(1);
    });
  });

  test('a follow policy that is a function is asked where filters are, and its answer stands', async () => {
    const dan = `${ORIGIN}/users/dan`;
    await send(follow(ann.id, dan));
    await send(follow(bea.id, dan), bea);
    expect(asked.toSorted()).toEqual(['ann', 'bea']);
    expect((await served.inbox.actors.collection('dan', 'followers')).items).toEqual([ann.id]);
    const requests = (await served.inbox.followRequests.list({ actor: dan })).items;
    expect(requests.map(({ state }) => state).toSorted()).toEqual(['accepted', 'rejected']);
  });

  test('nothing went wrong that nobody looked for', () => {
    const expected = /a filter failed/;
    expect(served.errors.filter((error) => !expected.test(String(error)))).toEqual([]);
  });
});
