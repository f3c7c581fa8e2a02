/** Many changes that are taken back as one: what is restored, what is left alone, and what a crash leaves behind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBatches } from '../../src/moderation/batches.ts';
import { createRules } from '../../src/moderation/rules.ts';
import { sql } from '../../src/store/statement.ts';
import type { Store } from '../../src/store/store.ts';
import { databases } from '../databases.ts';
import { quiet } from '../turn/mail.ts';
import { HOUR_MS, NOTE, openRules, type RulesPlace } from './place.ts';

const TIER_0 = 'list:tier-0';
const BLOCK = { severity: 'block' } as const;
const numbered = (count: number, suffix: string) =>
  Array.from({ length: count }, (_, at) => `d${String(at).padStart(5, '0')}.${suffix}`);

describe.each(databases)('a batch on $name', (kind) => {
  let place: RulesPlace;
  beforeAll(async () => {
    place = await openRules(kind, {
      ...{ rateLimit: { limit: 100, window: '1 hour' }, probation: { for: '2 days', limit: 5 } },
    });
  });
  afterAll(() => place[Symbol.asyncDispose]());
  const undo = (batch: string) => place.batches.undo(batch, { by: 'tom', reason: 'a mistake' });

  test('takes back what it did to each: block, unblock, limit and reset, whatever each was before', async () => {
    const { domains, exceed, standing, clock, say } = place;
    const names = ['plain.example', 'limited.example', 'shut.example', 'listed.example'] as const;
    await say(TIER_0, { ...BLOCK, publicComment: 'spam' }, 'listed.example');
    await exceed('limited.example');
    const until = new Date(clock.now() + HOUR_MS);
    const comments = { publicComment: 'for all', privateComment: 'for us' };
    await domains.block('shut.example', { ...NOTE, ...comments, until, reviewAt: until });
    await domains.reset('plain.example', NOTE);
    const before = await Promise.all(names.map(standing));
    expect(before.map((one) => one.state)).toEqual(['active', 'rate-limited', 'blocked', 'blocked']);
    const possible = { block: 4, unblock: 2, limit: 2, reset: 4 };
    for (const verb of ['block', 'unblock', 'limit', 'reset'] as const) {
      const { changed, batch } = await domains.bulk(verb, names, { ...NOTE, reason: `bulk ${verb}` });
      expect([verb, changed]).toEqual([verb, possible[verb]]);
      expect(await place.batches.get(batch)).toMatchObject({
        ...{
          kind: 'bulk',
          by: 'maria',
          reason: `bulk ${verb}`,
          state: 'applied',
          total: 4,
          done: 4,
          changed,
        },
      });
      expect(await undo(batch)).toMatchObject({ state: 'undone', changed, total: changed, done: changed });
      expect([verb, await Promise.all(names.map(standing))]).toEqual([verb, before]);
    }
    expect((await place.batches.list({ limit: 2 })).items.map(({ reason }) => reason)).toEqual([
      ...['bulk reset', 'bulk limit'],
    ]);
  });

  test('of rules restores what was said before, with comments and ends, strikes, limits and probation', async () => {
    const { domains, exceed, standing, say, clock } = place;
    const names = ['said.example', 'struck.example', 'new.example'] as const;
    const until = new Date(clock.now() + HOUR_MS);
    const before = { publicComment: 'mild', privateComment: 'see report 7', until, labels: ['csam'] };
    await say('manual', { severity: 'silence', ...before }, 'said.example');
    await exceed('struck.example');
    await domains.limit('new.example', NOTE);
    const found = await Promise.all(names.map(standing));
    expect(found.map(({ context }) => context?.probationMs)).toEqual([48, 48, 48].map((h) => h * HOUR_MS));
    for (const source of ['manual', TIER_0]) {
      const batch = await say(source, { ...BLOCK, publicComment: 'imported' }, ...names, 'unmet.example');
      expect(batch).toMatchObject({ state: 'applied', changed: 4 });
      expect((await undo(batch.id)).changed).toBe(4);
      expect(await Promise.all(names.map(standing))).toEqual(found);
      expect(await domains.get('unmet.example')).toMatchObject({ state: 'active', policy: null });
    }
  });

  test('leaves alone what somebody has decided anew since', async () => {
    const { domains, say } = place;
    const names = ['one.example', 'two.example', 'three.example', 'four.example'];
    const { batch } = await domains.bulk('block', names, { ...NOTE, reason: 'a wave of spam' });
    await domains.block('two.example', { by: 'tom', reason: 'and worse' });
    await domains.unblock('three.example', { by: 'tom' });
    await say(TIER_0, BLOCK, 'four.example');
    expect(await undo(batch)).toMatchObject({ state: 'undone', total: 4, done: 4, changed: 2 });
    expect(await Promise.all(names.map(async (name) => (await domains.get(name)).state))).toEqual([
      ...['active', 'blocked', 'active', 'blocked'],
    ]);
    expect(await domains.get('two.example')).toMatchObject({ by: 'tom', reason: 'and worse' });
    // Its own block is gone; what a list has said meanwhile holds.
    expect(await domains.get('four.example')).toMatchObject({ origin: 'list', by: TIER_0 });
    // A limit that has come to its end by itself is nothing to take back.
    const limited = await domains.bulk('limit', ['over.example'], NOTE);
    await place.pass(HOUR_MS);
    expect((await undo(limited.batch)).changed).toBe(0);
    expect((await domains.get('over.example')).state).toBe('active');
  });

  test('does not bring back what would be over by now', async () => {
    const { domains, clock, pass } = place;
    await domains.block('short.example', { ...NOTE, until: new Date(clock.now() + HOUR_MS) });
    const { batch } = await domains.bulk('unblock', ['short.example'], NOTE);
    await pass(HOUR_MS);
    await undo(batch);
    expect(await domains.get('short.example')).toMatchObject({ state: 'active', policy: null });
  });

  test('makes no row of a domain that nobody has met, where there is nothing to say of it', async () => {
    const { domains } = place;
    expect((await domains.bulk('unblock', ['nobody.example'], NOTE)).changed).toBe(0);
    await place.retract('manual', 'nobody.example');
    await expect(domains.get('nobody.example')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    expect((await domains.bulk('block', ['nobody.example'], NOTE)).changed).toBe(1);
  });

  test('is undone once, and is there', async () => {
    const { batch } = await place.domains.bulk('block', ['once.example'], NOTE);
    await undo(batch);
    await expect(undo(batch)).rejects.toMatchObject({ code: 'ERR_NOT_ALLOWED_IN_STATE' });
    for (const id of ['999999', 'x', ''])
      await expect(undo(id)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    await expect(place.domains.bulk('block', ['a.example', 'a b'], NOTE)).rejects.toMatchObject({
      code: 'ERR_INVALID',
    });
    await expect(place.domains.bulk('block', ['a.example'], { by: 'maria' })).rejects.toMatchObject({
      code: 'ERR_INVALID',
    });
  });

  test('of two thousand rows is applied in steps that can be watched, and taken back as one', async () => {
    const { rules, batches, store } = place;
    const names = numbered(2_000, 'thousands.example');
    const put = names.map((domain) => ({ domain, ...BLOCK }));
    const { batch, settled } = await rules.apply(
      { source: TIER_0, put, remove: [] },
      { ...NOTE, kind: 'list' },
    );
    const seen = new Set<number>();
    await Promise.race([settled, watch(async () => void seen.add((await batches.get(batch)).done))]);
    expect(await settled).toMatchObject({ state: 'applied', total: 2_000, done: 2_000, changed: 2_000 });
    expect(seen.size).toBeGreaterThan(2);
    const shut = () =>
      store.run(
        sql`select count(*)::int as count from domain where state = 'blocked' and name like '%.thousands.example'`,
      );
    expect(await shut()).toEqual([{ count: 2_000 }]);
    expect(await undo(batch)).toMatchObject({ state: 'undone', changed: 2_000 });
    expect(await shut()).toEqual([{ count: 0 }]);
    expect((await rules.list({ q: 'thousands' })).items).toEqual([]);
  });

  test('that is being applied stops when it is undone', async () => {
    const { batches, rules, store } = place;
    const names = numbered(2_000, 'stopped.example');
    const put = names.map((domain) => ({ domain, ...BLOCK }));
    const { batch, settled } = await rules.apply(
      { source: TIER_0, put, remove: [] },
      { ...NOTE, kind: 'list' },
    );
    await watch(async () => (await batches.get(batch)).done > 0);
    const undone = await undo(batch);
    expect(undone.state).toBe('undone');
    expect(undone.changed).toBeGreaterThan(0);
    expect(undone.changed).toBeLessThan(2_000);
    expect(await settled).toMatchObject({ id: batch });
    expect(await store.run(sql`select from domain_rule where domain like '%.stopped.example'`)).toHaveLength(
      0,
    );
  });

  test('of a process that dies in the middle is taken back by another one', async () => {
    const { store, batches, settings } = place;
    const names = numbered(600, 'died.example');
    let transactions = 0;
    const died = new Error('the process is gone');
    const dying: Store = Object.assign(Object.create(store), {
      transaction: (work: Parameters<Store['transaction']>[0]) => {
        if (++transactions > 2) return Promise.reject(died);
        return store.transaction(work);
      },
    });
    const theirs = createBatches({
      store: dying,
      settings: { ...settings, logger: quiet },
      onChange: () => undefined,
    });
    const put = names.map((domain) => ({ domain, ...BLOCK }));
    const { batch, settled } = await createRules({ store: dying, batches: theirs }).apply(
      { source: TIER_0, put, remove: [] },
      { ...NOTE, kind: 'list' },
    );
    await expect(settled).rejects.toThrow('the process is gone');
    // Two steps of it were taken.
    const left = await batches.get(batch);
    expect(left).toMatchObject({ state: 'applying', total: 600, changed: left.done });
    expect(left.done > 0 && left.done < 600).toBe(true);
    // The first to take it back dies as well, after one.
    transactions = 0;
    await expect(theirs.undo(batch, { by: 'tom' })).rejects.toThrow('the process is gone');
    const half = { done: left.done / 2, changed: left.done / 2 };
    expect(await batches.get(batch)).toMatchObject({ state: 'undoing', ...half });
    const whole = { total: left.done, done: left.done, changed: left.done };
    expect(await undo(batch)).toMatchObject({ state: 'undone', ...whole });
    expect(
      await store.run(sql`select from domain where name like '%.died.example' and state = 'blocked'`),
    ).toHaveLength(0);
  });
});

/** Looks again and again, for at most half a minute, until there is something to see. */
async function watch(look: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (await look()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
