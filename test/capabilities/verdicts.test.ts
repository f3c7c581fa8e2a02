/**
 * What verdicts of filters do: rows S61, S62 and S64 of the checklist, with limits, points, times and what filters are
 * told of who sends. Everything goes through HTTP and the public API, signed for real.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type {
  ActivityRecord,
  ActorFacts,
  DomainFacts,
  Filter,
  FilterContext,
  FilterTrial,
} from '../../src/index.ts';
import { drop, hold, limit, reject, score } from '../../src/index.ts';
import { faultsOf, type Schema } from '../admin/schema.ts';
import {
  accept,
  create,
  follow,
  like,
  type RemoteActor,
  type RemoteDomain,
  type Sent,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe.each(places)('verdicts of filters ($name)', (place) => {
  let served: Served;
  const logged: [string, Record<string, unknown>][] = [];
  const open: Disposable[] = [];
  beforeAll(async () => {
    const note = (message: string, facts?: object) => void logged.push([message, { ...facts }]);
    served = await serve(
      place,
      {
        filters: [{ use: 'keywords', name: 'words', words: ['viagra'], verdict: 'drop' }],
        scoreThresholds: { hold: 3, reject: 6 },
        blockAfterStrikes: 3,
        logger: { debug() {}, info: note, warn: note, error: note },
      },
      (inbox) => {
        inbox.on('Dislike', () => {
          throw new Error('not today');
        });
      },
    );
  }, PATIENCE);
  afterEach(() => {
    for (const one of open.splice(0)) one[Symbol.dispose]();
  });
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  const during = (name: string, filter: Filter) => void open.push(served.inbox.filter(name, filter));
  async function stranger(): Promise<{ home: RemoteDomain; ann: RemoteActor }> {
    const home = await served.remote();
    return { home, ann: await home.actor('ann') };
  }
  async function send(activity: Sent, actor: RemoteActor): Promise<ActivityRecord> {
    expect((await served.post('/inbox', activity, actor)).status).toBe(202);
    await served.inbox.settled();
    return served.inbox.activities.get(activity.id);
  }
  const stateOf = async ({ domain }: RemoteDomain) => served.inbox.domains.get(domain);

  test('S61 a word that is found drops the post and strikes its domain, which stays active until it is too often', async () => {
    const { home, ann } = await stranger();
    const spam = () => create(ann.id, { content: 'buy v<b>ia</b>gra' });
    const record = await send(spam(), ann);
    expect(record).toMatchObject({ status: 'dropped', reason: 'words: says “viagra”' });
    expect(record.history.at(-1)).toMatchObject({ filter: 'words', saw: 'viagra', strike: true });
    expect(await stateOf(home)).toMatchObject({ state: 'active', strikes: 1 });
    expect((await send(create(ann.id), ann)).status).toBe('processed');
    // The policy of this inbox is to block at the third one.
    for (const activity of [spam(), spam()]) await send(activity, ann);
    expect(await stateOf(home)).toMatchObject({ state: 'blocked', strikes: 3 });
    expect((await served.post('/inbox', create(ann.id), ann)).status).toBe(403);
    const { items } = await served.inbox.transitionsPage({ machine: 'domain', limit: 200 });
    const mine = items.filter(({ key }) => key === home.domain);
    expect(mine.at(-1)).toMatchObject({ event: 'filter.struck', to: 'blocked', by: null });
  });

  test('S62 filters are asked in their order, and the first drop is the last word', async () => {
    const { ann } = await stranger();
    const order: string[] = [];
    for (const [name, said] of [
      ['one', undefined],
      ['two', drop('enough')],
      ['three', reject('never asked')],
    ] as const)
      during(name, () => {
        order.push(name);
        return said;
      });
    expect(await send(create(ann.id), ann)).toMatchObject({ status: 'dropped', reason: 'two: enough' });
    expect(order).toEqual(['one', 'two']);
    const listed = (await served.inbox.filters.list()).map(({ name }) => name);
    expect(listed).toEqual(['words', 'one', 'two', 'three']);
  });

  test('S64 each of the three levels says in its events that it was the one, and the README says what each is for', async () => {
    const { home, ann } = await stranger();
    logged.length = 0;
    await send(create(ann.id, { content: 'viagra' }), ann);
    await send({ ...like(ann.id, `${ORIGIN}/notes/1`), type: 'Dislike' }, ann);
    await served.inbox.domains.block(home.domain, { reason: 'spam' });
    await served.inbox.settled();
    expect((await served.post('/inbox', create(ann.id), ann)).status).toBe(403);
    const stages = logged.flatMap(([, { stage }]) => (stage === undefined ? [] : [String(stage)]));
    expect(stages).toEqual(['filter', 'handler', 'gate']);
    const readme = readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');
    const table = readme.slice(readme.indexOf('| level | '));
    const levels = [...table.slice(0, table.indexOf('\n\n')).matchAll(/^\| `(\w+)`/gm)].map(
      ([, level]) => level,
    );
    expect(levels).toEqual(['gate', 'filter', 'handler']);
  });

  test('of limit lets the activity act and has its domain wait, for as long as was said; then it heals by itself', async () => {
    const { home, ann } = await stranger();
    during('busy', ({ type }) =>
      type === 'Like' ? limit('so many likes', { for: '2 hours', saw: '80 a minute' }) : undefined,
    );
    const record = await send(like(ann.id, `${ORIGIN}/notes/1`), ann);
    expect(record.status).toBe('processed');
    expect(record.history).toContainEqual(
      expect.objectContaining({
        what: 'limited',
        filter: 'busy',
        reason: 'so many likes',
        saw: '80 a minute',
      }),
    );
    const until = new Date(served.clock.now() + 2 * HOUR_MS).toISOString();
    expect(await stateOf(home)).toMatchObject({
      state: 'rate-limited',
      reason: 'busy: so many likes',
      until,
      strikes: 0,
    });
    const refused = await served.post('/inbox', create(ann.id), ann);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, String(2 * 3_600)]);
    served.clock.advance(2 * HOUR_MS);
    await served.inbox.settled();
    await expect.poll(async () => (await served.post('/inbox', create(ann.id), ann)).status).toBe(202);
    await served.inbox.settled();
    expect(await stateOf(home)).toMatchObject({ state: 'active' });
  });

  test('with points add up over all filters, and the highest threshold that they reach decides last', async () => {
    const { ann } = await stranger();
    during('long', (_, { text }) => score(text.length / 10, 'length', { saw: `${text.length}` }));
    during('kind', (_, { text }) => (text.includes('please') ? score(-2, 'says please') : undefined));
    const ofLength = async (length: number, start = '') =>
      send(create(ann.id, { content: start.padEnd(length, 'x') }), ann);
    expect((await ofLength(29)).status).toBe('processed');
    const held = await ofLength(35);
    expect(held).toMatchObject({ status: 'held', reason: 'scores: 3.5 points, 3 are enough' });
    expect(held.history.filter(({ what }) => what === 'scored')).toEqual([
      expect.objectContaining({ filter: 'long', points: 3.5, saw: '35' }),
    ]);
    expect(held.history.at(-1)).toMatchObject({ what: 'held', filter: 'scores', saw: 'long 3.5' });
    expect((await ofLength(70)).status).toBe('rejected');
    expect((await ofLength(49, 'please ')).status).toBe('processed');
    // Approved, it still has its points, and they hold it no more.
    const [waiting] = (await served.inbox.held.list()).items;
    await served.inbox.held.approve(waiting?.id ?? '', { by: 'maria' });
    await served.inbox.settled();
    expect((await served.inbox.activities.get(held.id)).status).toBe('processed');
  });

  test('of hold end when the filter says so', async () => {
    const { ann } = await stranger();
    during('brief', () => hold('look at it today', { until: '1 day' }));
    const waiting = create(ann.id);
    await send(waiting, ann);
    const [record] = (await served.inbox.held.list()).items;
    expect(record).toMatchObject({
      activityId: waiting.id,
      expiresAt: new Date(served.clock.now() + DAY_MS).toISOString(),
    });
    served.clock.advance(DAY_MS);
    await served.inbox.settled();
    expect((await served.inbox.activities.get(waiting.id)).status).toBe('dropped');
  });

  test('can rest on who the sender is here: known since when, followed by whom, blocked by how many, and what it sent', async () => {
    const { home, ann } = await stranger();
    const seen: (ActorFacts & DomainFacts & Pick<FilterContext, 'actor' | 'from' | 'ours'>)[] = [];
    during('look', async (_, context) => {
      const { actor, from, ours } = context;
      seen.push({ ...(await context.actorFacts), ...(await context.domainFacts), actor, from, ours });
      return undefined;
    });
    const startMs = served.clock.now();
    await send(create(ann.id), ann);
    expect(seen[0]).toMatchObject({
      ...{ isFollowedHere: false, followsHere: false, blocks: 0, ours: [] },
      ...{ isOnProbation: false, isSilenced: false, strikes: 0, lately: { processed: 0, dropped: 0 } },
      ...{
        from: { actor: ann.id, domain: home.domain, isForwarded: false },
        actor: { firstSeen: new Date(startMs) },
      },
    });
    served.clock.advance(HOUR_MS);
    await served.inbox.actors.follow('alice', ann.id);
    const { activity } = await home.delivery(({ activity: { type } }) => type === 'Follow');
    await send(accept(ann.id, activity as unknown as Sent), ann);
    await send(follow(ann.id, ALICE), ann);
    await send(create(ann.id, { content: 'viagra' }), ann);
    await served.inbox.actors.block('bob', { actor: ann.id });
    await served.inbox.actors.block('carol', { domain: home.domain });
    const last = create(ann.id, { cc: [ALICE] });
    await send(last, ann);
    expect(seen.at(-1)).toMatchObject({
      ...{ isFollowedHere: true, followsHere: true, blocks: 2, ours: [ALICE], strikes: 1 },
      ...{
        lately: { processed: 3, dropped: 1, rejected: 0, held: 0 },
        actor: { firstSeen: new Date(startMs) },
      },
      firstSeen: new Date(startMs),
    });
    const { ann: other } = await stranger();
    const relayed = create(ann.id);
    home.serve(
      new URL(relayed.id).pathname,
      (_, response) =>
        void response
          .writeHead(200, { 'content-type': 'application/activity+json' })
          .end(JSON.stringify(relayed)),
    );
    await send(relayed, other);
    expect(seen.at(-1)?.from).toMatchObject({ actor: other.id, isForwarded: true });
  });

  test('can be tried on a document: the whole chain as the answer, and nothing stored, struck or counted', async () => {
    const { home, ann } = await stranger();
    let dry = 0;
    during('counts', (_, { isDryRun }) => {
      dry += isDryRun ? 1 : 0;
      return score(1, 'a point');
    });
    const document = create(ann.id, { content: 'buy viagra' });
    const spam = (await served.admin('/filters/try', { document }, 'moderator-token')).json() as FilterTrial;
    expect(spam).toMatchObject({
      ...{
        status: 'dropped',
        filter: 'words',
        activityId: document.id,
        domain: home.domain,
        asked: ['words'],
      },
      wishes: [{ type: 'strike', reason: 'words: says “viagra”' }],
      remarks: [{ filter: 'words', type: 'drop', saw: 'viagra', strike: true }],
    });
    const fine = await served.inbox.filters.try(create(ann.id));
    expect([fine.status, fine.score, fine.asked, dry]).toEqual(['processed', 1, ['words', 'counts'], 1]);
    const filters = [{ use: 'mentions', max: 0, verdict: 'reject' }];
    const mentioning = create(ann.id, { mentions: [ALICE] });
    expect((await served.admin('/filters/try', { document: mentioning, filters })).json()).toMatchObject({
      ...{ status: 'rejected', filter: 'mentions#1', reason: '1 actors are mentioned' },
    });
    expect((await served.inbox.activities.list({ activityId: document.id })).items).toEqual([]);
    await expect(served.inbox.domains.get(home.domain)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    expect((await served.inbox.filters.list()).find(({ name }) => name === 'counts')?.calls).toBe(0);
    const faults: [object, RegExp][] = [
      [{ document: { type: 'Note' } }, /no activity/],
      [{ document, filters: [{ use: 'keywords', words: [] }] }, /filters\[0\]\.words/],
      [{ document, filters: [{ use: 'external', url: 'http://10.0.0.1/' }] }, /only where it is registered/],
    ];
    for (const [body, problem] of faults) {
      const reply = await served.admin('/filters/try', body);
      expect([reply.status, reply.body]).toEqual([422, expect.stringMatching(problem)]);
    }
  });

  test('and filters are described through the admin API: each as it is registered, and what there is with its options', async () => {
    during('mine', () => undefined);
    const { schemas } = (
      (await served.admin('/openapi.json')).json() as { components: { schemas: Record<string, Schema> } }
    ).components;
    const itemsOf = async (path: string) =>
      ((await served.admin(path)).json() as { items: Record<string, unknown>[] }).items;
    const registered = await itemsOf('/filters');
    expect(registered.map(({ name, use, stage }) => [name, use, stage])).toEqual([
      ['words', 'keywords', 'filter'],
      ['mine', null, 'filter'],
    ]);
    expect(registered[0]).toMatchObject({
      verdict: 'drop',
      settings: { words: ['viagra'], strike: true },
      verdicts: { drop: expect.any(Number) },
    });
    const builtIn = await itemsOf('/filters/built-in');
    expect(builtIn.map(({ use }) => use)).toContain('hellthread');
    for (const [items, name] of [
      [registered, 'Filter'],
      [builtIn, 'BuiltInFilter'],
    ] as const)
      for (const item of items) expect(faultsOf(schemas[name] as Schema, item, schemas)).toEqual([]);
  });
});
