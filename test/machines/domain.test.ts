/** The life of a remote domain, told event by event. What a state does not name must change nothing at all. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  DOMAIN_VERSION,
  type DomainContext,
  type DomainEvent,
  type DomainState,
  domainMachine,
  step,
} from '../../machines/index.ts';
import {
  closed,
  DOMAIN,
  domainAfter,
  domainStep,
  exceeded,
  HOUR_MS,
  lifted,
  lives,
  restored,
  restrained,
  START_MS,
  struck,
  untouched,
} from './lives.ts';

const DAY_MS = 24 * HOUR_MS;
const LATER_MS = START_MS + 60_000;

describe('every state meets every event', () => {
  const events: Record<DomainEvent['type'], DomainEvent> = {
    'limit.exceeded': exceeded(LATER_MS),
    'moderator.limited': closed('moderator.limited', LATER_MS, { untilMs: LATER_MS + DAY_MS }),
    'moderator.blocked': closed('moderator.blocked', LATER_MS, { untilMs: LATER_MS + DAY_MS }),
    'moderator.unblocked': lifted('moderator.unblocked', LATER_MS),
    'moderator.reset': lifted('moderator.reset', LATER_MS),
    'moderator.restored': restored(LATER_MS, { state: 'rate-limited', untilMs: LATER_MS + DAY_MS }),
    'filter.struck': struck(LATER_MS),
    'filter.limited': restrained(LATER_MS, LATER_MS + DAY_MS),
    'list.blocked': closed('list.blocked', LATER_MS),
    'list.lifted': lifted('list.lifted', LATER_MS),
    'domain.appealed': { type: 'domain.appealed', atMs: LATER_MS },
  };
  const illegal = null;
  const table: Record<DomainState, Record<DomainEvent['type'], DomainState | null>> = {
    active: {
      'limit.exceeded': 'rate-limited',
      'moderator.limited': 'rate-limited',
      'moderator.blocked': 'blocked',
      'moderator.unblocked': illegal,
      'moderator.reset': 'active',
      'moderator.restored': 'rate-limited',
      'filter.struck': 'active',
      'filter.limited': 'rate-limited',
      'list.blocked': 'blocked',
      'list.lifted': illegal,
      'domain.appealed': illegal,
    },
    'rate-limited': {
      'limit.exceeded': illegal,
      'moderator.limited': 'rate-limited',
      'moderator.blocked': 'blocked',
      'moderator.unblocked': illegal,
      'moderator.reset': 'active',
      'moderator.restored': 'rate-limited',
      'filter.struck': 'rate-limited',
      'filter.limited': 'rate-limited',
      'list.blocked': 'blocked',
      'list.lifted': illegal,
      'domain.appealed': illegal,
    },
    blocked: {
      'limit.exceeded': illegal,
      'moderator.limited': illegal,
      'moderator.blocked': 'blocked',
      'moderator.unblocked': 'active',
      'moderator.reset': 'active',
      'moderator.restored': 'rate-limited',
      'filter.struck': illegal,
      'filter.limited': illegal,
      // A person has blocked it here, which no list can change.
      'list.blocked': illegal,
      'list.lifted': illegal,
      'domain.appealed': 'blocked',
    },
  };
  const cases = Object.entries(table).flatMap(([from, row]) =>
    Object.entries(row).map(([event, to]) => ({
      from: from as DomainState,
      event: events[event as keyof typeof row],
      to,
    })),
  );

  test.each(cases.filter(({ to }) => to !== illegal))('$from, $event.type: $to', ({ from, event, to }) => {
    const stepped = domainStep(lives[from](), [event], LATER_MS);
    expect(stepped.state).toBe(to);
    expect(stepped.handled).toEqual([true]);
    expect(stepped.transitions).toEqual(from === to ? [] : [{ from, to, event: event.type }]);
  });

  test.each(cases.filter(({ to }) => to === illegal))('$from, $event.type: nothing', ({ from, event }) => {
    const stepped = domainStep(lives[from](), [event], LATER_MS);
    expect(stepped.stored).toEqual(lives[from]());
    expect(stepped).toMatchObject({ state: from, handled: [false], transitions: [] });
  });

  test('an event that no machine knows changes nothing', () => {
    const stranger = { type: 'moderator.promoted', atMs: LATER_MS } as unknown as DomainEvent;
    for (const stored of Object.values(lives).map((lived) => lived())) {
      expect(domainStep(stored, [stranger], LATER_MS)).toMatchObject({
        stored,
        handled: [false],
        transitions: [],
      });
    }
  });
});

describe('a new domain', () => {
  test('is active, open, without strikes, and nothing is due', () => {
    expect(domainAfter()).toEqual({
      stored: { version: DOMAIN_VERSION, snapshot: expect.anything(), due: {} },
      state: 'active',
      context: untouched,
      tags: ['open'],
      dueAtMs: null,
      transitions: [],
      handled: [],
    });
  });

  test('is of the machine and the version that the store is told', () => {
    expect(domainMachine.id).toBe('domain');
    expect(domainMachine.version).toBe('2');
    expect(lives.active().version).toBe(2);
  });
});

describe('a domain over its limit', () => {
  test('is struck and waits until its window is over, its mail still being applied', () => {
    const limited = domainAfter(exceeded(START_MS));
    expect(limited).toMatchObject({ state: 'rate-limited', tags: ['open'], dueAtMs: START_MS + HOUR_MS });
    expect(limited.context).toEqual({
      ...untouched,
      strikes: 1,
      reason: 'rate limit exceeded',
      origin: 'runtime',
      untilMs: START_MS + HOUR_MS,
      lastsMs: HOUR_MS,
    });
  });

  test('heals by itself when the window is over, and keeps its strike', () => {
    const healed = domainStep(lives['rate-limited'](), [], START_MS + HOUR_MS);
    expect(healed.transitions).toEqual([{ from: 'rate-limited', to: 'active', event: 'due' }]);
    expect(healed.context).toEqual({ ...untouched, strikes: 1 });
    expect(healed.dueAtMs).toBeNull();
  });

  test('is still limited a millisecond earlier', () => {
    expect(domainStep(lives['rate-limited'](), [], START_MS + HOUR_MS - 1)).toMatchObject({
      stored: lives['rate-limited'](),
      state: 'rate-limited',
      transitions: [],
    });
  });

  test('is struck once a window, and again in the next', () => {
    const again = domainAfter(
      exceeded(START_MS),
      exceeded(START_MS + 1),
      exceeded(START_MS + HOUR_MS),
      exceeded(START_MS + HOUR_MS + 1),
    );
    expect(again.state).toBe('rate-limited');
    expect(again.context.strikes).toBe(2);
    expect(again.dueAtMs).toBe(START_MS + 2 * HOUR_MS);
  });

  test('is never blocked by the runtime, unless a person has said so', () => {
    const often = Array.from({ length: 50 }, (_, hour) => exceeded(START_MS + hour * HOUR_MS));
    expect(domainAfter(...often)).toMatchObject({ state: 'rate-limited', context: { strikes: 50 } });
  });
});

describe('the policy blockAfterStrikes', () => {
  const policy = { blockAfterStrikes: 2, strikeBlockMs: 3 * DAY_MS };

  test('blocks at that strike, for the time it says, and asks for a review when it ends', () => {
    const atMs = START_MS + HOUR_MS;
    const first = domainAfter(exceeded(START_MS, policy));
    expect(first).toMatchObject({ state: 'rate-limited', context: { strikes: 1, reviewAtMs: null } });
    const second = domainStep(first.stored, [exceeded(atMs, policy)], atMs);
    expect(second).toMatchObject({ state: 'blocked', tags: ['shut'], dueAtMs: atMs + 3 * DAY_MS });
    expect(second.context).toEqual({
      ...untouched,
      strikes: 2,
      reason: 'rate limit exceeded, strike 2',
      origin: 'runtime',
      untilMs: atMs + 3 * DAY_MS,
      lastsMs: 3 * DAY_MS,
      reviewAtMs: atMs + 3 * DAY_MS,
    });
    expect(domainStep(second.stored, [], atMs + 3 * DAY_MS)).toMatchObject({
      state: 'active',
      context: { strikes: 2 },
    });
  });

  test('of one strike blocks at once', () => {
    expect(domainAfter(exceeded(START_MS, { blockAfterStrikes: 1 })).state).toBe('blocked');
  });

  test('is the one in force today, not the one of the first strike', () => {
    const strict = { blockAfterStrikes: 2 };
    const healedMs = START_MS + HOUR_MS;
    expect(domainAfter(exceeded(START_MS, strict), exceeded(healedMs)).state).toBe('rate-limited');
    expect(domainAfter(exceeded(START_MS), exceeded(healedMs, strict)).state).toBe('blocked');
  });

  test('forgets strikes that a moderator has taken away', () => {
    const again = domainAfter(
      exceeded(START_MS, policy),
      lifted('moderator.reset', START_MS + 1),
      exceeded(START_MS + 2, policy),
    );
    expect(again).toMatchObject({ state: 'rate-limited', context: { strikes: 1 } });
  });
});

describe('a moderator', () => {
  const untilMs = START_MS + 7 * DAY_MS;

  test('blocks with everything that was said about it', () => {
    const blocked = domainAfter(
      closed('moderator.blocked', START_MS, { untilMs, reviewAtMs: untilMs - DAY_MS }),
    );
    expect(blocked).toMatchObject({ state: 'blocked', tags: ['shut'], dueAtMs: untilMs });
    expect(blocked.context).toEqual({
      ...untouched,
      reason: 'spam',
      by: 'maria',
      origin: 'moderator',
      untilMs,
      lastsMs: 7 * DAY_MS,
      reviewAtMs: untilMs - DAY_MS,
      publicComment: 'Spam.',
      privateComment: 'See the report.',
    });
  });

  test('writes only those facts, whatever else an event carries', () => {
    const sly = { ...closed('moderator.blocked', START_MS), strikes: 99, domain: 'other.example' };
    expect(domainAfter(sly).context).toMatchObject({ strikes: 0, domain: 'chatty.example' });
  });

  test('blocks for ever, when no end is named', () => {
    const blocked = domainAfter(closed('moderator.blocked', START_MS));
    expect(blocked.dueAtMs).toBeNull();
    expect(domainStep(blocked.stored, [], START_MS + 10_000 * DAY_MS).state).toBe('blocked');
  });

  test('changes reason and end of a block without a transition', () => {
    const first = domainAfter(closed('moderator.blocked', START_MS, { untilMs }));
    const moved = domainStep(
      first.stored,
      [closed('moderator.blocked', LATER_MS, { untilMs: untilMs + 5, reason: 'more' })],
      LATER_MS,
    );
    expect(moved).toMatchObject({
      state: 'blocked',
      dueAtMs: untilMs + 5,
      transitions: [],
      context: { reason: 'more' },
    });
    const endless = domainStep(moved.stored, [closed('moderator.blocked', LATER_MS)], LATER_MS);
    expect(endless).toMatchObject({ state: 'blocked', dueAtMs: null, handled: [true] });
    const ending = domainStep(endless.stored, [closed('moderator.blocked', LATER_MS, { untilMs })], LATER_MS);
    expect(ending).toMatchObject({ state: 'blocked', dueAtMs: untilMs });
  });

  test('blocks a rate-limited domain, and the end of the window no longer opens it', () => {
    const blocked = domainStep(lives['rate-limited'](), [closed('moderator.blocked', LATER_MS)], LATER_MS);
    expect(blocked).toMatchObject({ state: 'blocked', dueAtMs: null, context: { strikes: 1 } });
    expect(domainStep(blocked.stored, [], START_MS + HOUR_MS).state).toBe('blocked');
  });

  test('limits until a time, without a strike, and moves that time', () => {
    const limited = domainAfter(closed('moderator.limited', START_MS, { untilMs }));
    expect(limited).toMatchObject({ state: 'rate-limited', tags: ['open'], dueAtMs: untilMs });
    expect(limited.context).toMatchObject({ strikes: 0, by: 'maria', reason: 'spam' });
    const sooner = closed('moderator.limited', LATER_MS, { untilMs: LATER_MS + HOUR_MS });
    const moved = domainStep(limited.stored, [sooner], LATER_MS);
    expect(moved).toMatchObject({ state: 'rate-limited', dueAtMs: LATER_MS + HOUR_MS, transitions: [] });
  });

  test.each([
    'moderator.unblocked',
    'moderator.reset',
  ] as const)('%s takes strikes and all else away', (type) => {
    const freed = domainStep(lives.blocked(), [lifted(type, LATER_MS)], LATER_MS);
    expect(freed).toMatchObject({ state: 'active', tags: ['open'], dueAtMs: null });
    expect(freed.context).toEqual({ ...untouched, reason: 'they answered', by: 'tom' });
  });

  test('takes strikes from an active domain too', () => {
    const active = domainStep(lives['rate-limited'](), [], START_MS + HOUR_MS);
    expect(active.context.strikes).toBe(1);
    const reset = domainStep(
      active.stored,
      [lifted('moderator.reset', START_MS + HOUR_MS)],
      START_MS + HOUR_MS,
    );
    expect(reset).toMatchObject({
      state: 'active',
      transitions: [],
      handled: [true],
      context: { strikes: 0 },
    });
  });

  test('opens a rate-limited domain, whose window then changes nothing', () => {
    const open = domainStep(lives['rate-limited'](), [lifted('moderator.reset', LATER_MS)], LATER_MS);
    expect(open).toMatchObject({ state: 'active', dueAtMs: null, context: { strikes: 0, untilMs: null } });
    expect(domainStep(open.stored, [], START_MS + HOUR_MS).stored).toEqual(open.stored);
  });
});

test('the compiler knows states, context and events', () => {
  const stepped = step(domainMachine, null, DOMAIN, [], START_MS);
  expectTypeOf(stepped.state).toEqualTypeOf<DomainState>();
  expectTypeOf(stepped.context).toEqualTypeOf<DomainContext>();
  // @ts-expect-error the event is misspelt
  step(domainMachine, null, DOMAIN, [{ ...lifted('moderator.reset', 0), type: 'moderator.rest' }], START_MS);
  // @ts-expect-error a domain has a name
  step(domainMachine, null, {}, [], START_MS);
});
