/** Strikes that are forgotten, probation, filters, lists, appeals: what else can happen to a domain. */
import { describe, expect, test } from 'vitest';
import { domainMachine, step } from '../../machines/index.ts';
import {
  closed,
  domainAfter,
  domainStep,
  exceeded,
  HOUR_MS,
  lifted,
  lives,
  NEWCOMER,
  restored,
  restrained,
  START_MS,
  struck,
  untouched,
} from './lives.ts';

const DAY_MS = 24 * HOUR_MS;
const LATER_MS = START_MS + 60_000;

describe('strikes', () => {
  const decaying = { strikeDecayMs: 30 * DAY_MS };
  const healedMs = START_MS + HOUR_MS;

  test('are forgotten after a time in good standing, and not a millisecond earlier', () => {
    const healed = domainStep(domainAfter(exceeded(START_MS, decaying)).stored, [], healedMs);
    expect(healed).toMatchObject({
      state: 'active',
      dueAtMs: healedMs + 30 * DAY_MS,
      context: { strikes: 1 },
    });
    const before = domainStep(healed.stored, [], healedMs + 30 * DAY_MS - 1);
    expect(before.context.strikes).toBe(1);
    const after = domainStep(healed.stored, [], healedMs + 30 * DAY_MS);
    expect(after).toMatchObject({ state: 'active', transitions: [], dueAtMs: null, context: { strikes: 0 } });
  });

  test('begin that time anew when another one comes', () => {
    const healed = domainStep(domainAfter(exceeded(START_MS, decaying)).stored, [], healedMs);
    const againMs = healedMs + 20 * DAY_MS;
    const again = domainStep(healed.stored, [struck(againMs, decaying)], againMs);
    expect(again).toMatchObject({ state: 'active', dueAtMs: againMs + 30 * DAY_MS, context: { strikes: 2 } });
  });

  test('make limits longer where the policy says so, up to a week', () => {
    const growing = { ...decaying, limitGrowth: 2 };
    let last = domainAfter();
    const lasted: number[] = [];
    for (let atMs = START_MS; lasted.length < 10; atMs = last.context.untilMs as number) {
      last = domainStep(last.stored, [exceeded(atMs, growing)], atMs);
      lasted.push((last.context.untilMs as number) - atMs);
    }
    expect(lasted.slice(0, 4)).toEqual([1, 2, 4, 8].map((hours) => hours * HOUR_MS));
    expect(lasted.slice(8)).toEqual([7 * DAY_MS, 7 * DAY_MS]);
  });

  test('never make a limit shorter than its window is', () => {
    const month = { limitGrowth: 2, untilMs: START_MS + 30 * DAY_MS };
    expect(domainAfter(exceeded(START_MS, month)).dueAtMs).toBe(START_MS + 30 * DAY_MS);
  });

  test('by a filter leave the domain active, and block it only where the policy says so', () => {
    const once = domainAfter(struck(START_MS, { blockAfterStrikes: 2 }));
    expect(once).toMatchObject({ state: 'active', context: { ...untouched, strikes: 1 } });
    const twice = domainStep(once.stored, [struck(LATER_MS, { blockAfterStrikes: 2 })], LATER_MS);
    expect(twice).toMatchObject({ state: 'blocked', dueAtMs: LATER_MS + DAY_MS });
    expect(twice.context).toMatchObject({
      ...{ strikes: 2, reason: 'keywords: buy now, strike 2', origin: 'runtime', by: null },
      reviewAtMs: LATER_MS + DAY_MS,
    });
  });

  test('by a filter count while the domain is rate-limited, whose end stays', () => {
    const both = domainStep(lives['rate-limited'](), [struck(LATER_MS, decaying)], LATER_MS);
    expect(both).toMatchObject({ state: 'rate-limited', dueAtMs: START_MS + HOUR_MS });
    expect(both.context).toMatchObject({ strikes: 2, strikeDecayMs: 30 * DAY_MS });
  });
});

describe('a filter', () => {
  test('limits a domain for a time, without a strike', () => {
    expect(domainAfter(restrained(START_MS))).toMatchObject({
      ...{ state: 'rate-limited', dueAtMs: START_MS + HOUR_MS },
      context: {
        ...untouched,
        ...{ reason: 'bursts: 40 follows in a minute', origin: 'runtime' },
        untilMs: START_MS + HOUR_MS,
        lastsMs: HOUR_MS,
      },
    });
  });

  test('makes a limit longer, and none shorter', () => {
    const longer = domainStep(lives['rate-limited'](), [restrained(LATER_MS)], LATER_MS);
    expect(longer).toMatchObject({ dueAtMs: LATER_MS + HOUR_MS, context: { strikes: 1 } });
    const same = domainStep(longer.stored, [restrained(LATER_MS)], LATER_MS);
    expect(same.handled).toEqual([false]);
    const endless = domainAfter(closed('moderator.limited', START_MS), restrained(LATER_MS));
    expect(endless).toMatchObject({ dueAtMs: null, context: { by: 'maria' } });
  });
});

describe('a new domain on probation', () => {
  const born = () => step(domainMachine, null, NEWCOMER, [], START_MS);

  test('is active, and established after its time', () => {
    expect(born()).toMatchObject({ state: 'active', tags: ['open'], dueAtMs: START_MS + 2 * HOUR_MS });
    expect(domainStep(born().stored, [], START_MS + 2 * HOUR_MS - 1).context.probationMs).toBe(2 * HOUR_MS);
    const after = domainStep(born().stored, [], START_MS + 2 * HOUR_MS);
    expect(after).toMatchObject({ state: 'active', dueAtMs: null, context: { probationMs: null } });
  });

  test('begins anew after a strike', () => {
    const limited = domainStep(born().stored, [exceeded(LATER_MS)], LATER_MS);
    const healed = domainStep(limited.stored, [], LATER_MS + HOUR_MS);
    expect(healed).toMatchObject({ state: 'active', dueAtMs: LATER_MS + 3 * HOUR_MS });
    const hit = domainStep(born().stored, [struck(LATER_MS)], LATER_MS);
    expect(hit).toMatchObject({ state: 'active', dueAtMs: LATER_MS + 2 * HOUR_MS });
  });

  test('is vouched for by a moderator who resets it', () => {
    const reset = domainStep(born().stored, [lifted('moderator.reset', LATER_MS)], LATER_MS);
    expect(reset).toMatchObject({ state: 'active', dueAtMs: null, context: { probationMs: null } });
  });
});

describe('a list', () => {
  const listed = () => domainAfter(closed('list.blocked', START_MS, { by: 'list:1' }));

  test('blocks, and lifts what it blocked; strikes stay', () => {
    const blocked = domainStep(
      lives['rate-limited'](),
      [closed('list.blocked', LATER_MS, { by: 'list:1' })],
      LATER_MS,
    );
    expect(blocked).toMatchObject({ state: 'blocked', dueAtMs: null });
    expect(blocked.context).toMatchObject({ origin: 'list', by: 'list:1', publicComment: 'Spam.' });
    const open = domainStep(blocked.stored, [lifted('list.lifted', LATER_MS)], LATER_MS);
    expect(open.context).toEqual({ ...untouched, strikes: 1 });
  });

  test('says something else about its own block, and about one of the runtime’s', () => {
    const other = closed('list.blocked', LATER_MS, { by: 'list:2', reason: 'worse' });
    expect(domainStep(listed().stored, [other], LATER_MS).context).toMatchObject({
      by: 'list:2',
      reason: 'worse',
    });
    const byPolicy = domainAfter(exceeded(START_MS, { blockAfterStrikes: 1 }));
    expect(domainStep(byPolicy.stored, [other], LATER_MS)).toMatchObject({
      ...{ state: 'blocked', dueAtMs: null, context: { origin: 'list' } },
    });
  });

  test('gives way to a person, and never lifts what a person or the runtime has blocked', () => {
    const said = domainStep(listed().stored, [closed('moderator.blocked', LATER_MS)], LATER_MS);
    expect(said.context).toMatchObject({ origin: 'moderator', by: 'maria' });
    for (const life of [said, domainAfter(exceeded(START_MS, { blockAfterStrikes: 1 }))])
      expect(domainStep(life.stored, [lifted('list.lifted', LATER_MS)], LATER_MS).handled).toEqual([false]);
  });
});

test('an appeal is heard while the domain is blocked, and forgotten with the block', () => {
  const heard = domainStep(lives.blocked(), [{ type: 'domain.appealed', atMs: LATER_MS }], LATER_MS);
  expect(heard).toMatchObject({ state: 'blocked', transitions: [], context: { appealedAtMs: LATER_MS } });
  const anew = domainStep(heard.stored, [closed('moderator.blocked', LATER_MS)], LATER_MS);
  expect(anew.context.appealedAtMs).toBeNull();
});

test('what an undone batch had found is restored from any state, facts and all', () => {
  const before = { strikes: 2, probationMs: DAY_MS, appealedAtMs: START_MS };
  const found = { reviewAtMs: LATER_MS, publicComment: 'Spam.', privateComment: 'Before.', ...before };
  const untilMs = LATER_MS + DAY_MS;
  for (const life of Object.values(lives)) {
    const again = domainStep(
      life(),
      [restored(LATER_MS, { ...found, state: 'blocked', untilMs, origin: 'list', by: 'list:1' })],
      LATER_MS,
    );
    expect(again).toMatchObject({ state: 'blocked', dueAtMs: untilMs });
    expect(again.context).toEqual({
      ...untouched,
      ...found,
      ...{ reason: 'as before', by: 'list:1', origin: 'list', untilMs, lastsMs: DAY_MS },
      strikeDecayMs: again.context.strikeDecayMs,
    });
    const open = domainStep(life(), [restored(LATER_MS, { by: null, reason: null, origin: null })], LATER_MS);
    expect(open).toMatchObject({ state: 'active', dueAtMs: null, context: { ...untouched } });
  }
});
