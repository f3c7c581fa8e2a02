/**
 * The life of a domain under any sequence of events and gaps of time. A hand-written account tells the same life
 * without a state machine; step, restarted between any two steps, must agree with it.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chart, type DomainEvent, domainMachine, step } from '../../machines/index.ts';
import {
  closed,
  DOMAIN,
  domainStep,
  exceeded,
  lifted,
  restarted,
  restored,
  restrained,
  START_MS,
  struck,
} from './lives.ts';

describe('any sequence of events', () => {
  const lastsMs = fc.integer({ min: 1, max: 5_000 });
  const ending = fc.option(lastsMs);
  const happening = fc.oneof(
    fc.record({
      type: fc.constant('limit.exceeded' as const),
      lastsMs,
      blockAfterStrikes: fc.option(fc.integer({ min: 1, max: 4 })),
    }),
    fc.record({
      type: fc.constantFrom('moderator.blocked' as const, 'moderator.limited' as const),
      lastsMs: ending,
    }),
    fc.record({
      type: fc.constantFrom('filter.struck' as const),
      blockAfterStrikes: fc.option(fc.integer({ min: 1, max: 4 })),
    }),
    fc.record({ type: fc.constant('filter.limited' as const), lastsMs }),
    fc.record({
      type: fc.constantFrom(
        ...(['moderator.unblocked', 'moderator.reset', 'list.blocked', 'list.lifted'] as const),
        ...(['domain.appealed'] as const),
      ),
    }),
    fc.record({
      type: fc.constant('moderator.restored' as const),
      state: fc.constantFrom('active' as const, 'rate-limited' as const, 'blocked' as const),
      origin: fc.constantFrom('moderator' as const, 'list' as const, 'runtime' as const),
      strikes: fc.nat(3),
      lastsMs: ending,
    }),
  );
  const later = fc.record({
    gapMs: fc.oneof(fc.constant(0), fc.nat(4_000)),
    events: fc.array(happening, { maxLength: 5 }),
  });
  type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;
  const DECAY_MS = 6_000;
  const eventOf = (what: Happening, atMs: number): DomainEvent => {
    const policy = { strikeBlockMs: 3_000, strikeDecayMs: DECAY_MS };
    switch (what.type) {
      case 'limit.exceeded': {
        const { blockAfterStrikes, lastsMs } = what;
        return exceeded(atMs, { untilMs: atMs + lastsMs, blockAfterStrikes, ...policy, limitGrowth: 2 });
      }
      case 'filter.struck':
        return struck(atMs, { blockAfterStrikes: what.blockAfterStrikes, ...policy });
      case 'filter.limited':
        return restrained(atMs, atMs + what.lastsMs);
      case 'moderator.restored': {
        const { lastsMs, type: _type, ...found } = what;
        const isOpen = found.state === 'active' || lastsMs === null;
        return restored(atMs, { ...found, untilMs: isOpen ? null : atMs + lastsMs });
      }
      case 'list.blocked':
        return closed('list.blocked', atMs);
      case 'domain.appealed':
        return { type: 'domain.appealed', atMs };
      case 'moderator.blocked':
      case 'moderator.limited':
        return closed(what.type, atMs, { untilMs: what.lastsMs === null ? null : atMs + what.lastsMs });
      default:
        return lifted(what.type, atMs);
    }
  };

  interface Told {
    readonly state: string;
    readonly strikes: number;
    readonly untilMs: number | null;
    readonly origin: string | null;
    /** When strikes are forgotten in `active`; null otherwise. */
    readonly forgetMs: number | null;
    readonly isDecaying: boolean;
  }
  const BORN: Told = {
    state: 'active',
    strikes: 0,
    untilMs: null,
    origin: null,
    forgetMs: null,
    isDecaying: false,
  };
  /** Back in good standing. */
  const opened = (life: Told, strikes: number, atMs: number): Told => {
    const isForgetting = strikes > 0 && life.isDecaying;
    return {
      ...life,
      state: 'active',
      strikes,
      untilMs: null,
      origin: null,
      forgetMs: isForgetting ? atMs + DECAY_MS : null,
    };
  };
  const shut = (life: Told, state: string, origin: string, untilMs: number | null): Told => ({
    ...life,
    ...{ state, origin, untilMs, forgetMs: null },
  });

  /** The same life, told without a state machine. */
  const tell = (life: Told, event: DomainEvent): Told => {
    const { state, strikes, origin } = life;
    const isOut = (after: number | null): boolean => after !== null && strikes + 1 >= after;
    switch (event.type) {
      case 'limit.exceeded': {
        if (state !== 'active') return life;
        const next = { ...life, strikes: strikes + 1, isDecaying: true };
        if (isOut(event.blockAfterStrikes)) return shut(next, 'blocked', 'runtime', event.atMs + 3_000);
        const lastsMs = (event.untilMs - event.atMs) * 2 ** strikes;
        return shut(next, 'rate-limited', 'runtime', event.atMs + lastsMs);
      }
      case 'filter.struck': {
        if (state === 'blocked') return life;
        const next = { ...life, strikes: strikes + 1, isDecaying: true };
        if (isOut(event.blockAfterStrikes)) return shut(next, 'blocked', 'runtime', event.atMs + 3_000);
        return state === 'active' ? { ...next, forgetMs: event.atMs + DECAY_MS } : next;
      }
      case 'filter.limited':
        if (state === 'blocked') return life;
        if (state === 'rate-limited' && (life.untilMs === null || event.untilMs <= life.untilMs)) return life;
        return shut(life, 'rate-limited', 'runtime', event.untilMs);
      case 'moderator.blocked':
        return shut(life, 'blocked', 'moderator', event.untilMs);
      case 'moderator.limited':
        return state === 'blocked' ? life : shut(life, 'rate-limited', 'moderator', event.untilMs);
      case 'list.blocked':
        return state === 'blocked' && origin === 'moderator' ? life : shut(life, 'blocked', 'list', null);
      case 'list.lifted':
        return state === 'blocked' && origin === 'list' ? opened(life, strikes, event.atMs) : life;
      case 'moderator.unblocked':
        return state === 'blocked' ? opened(life, 0, event.atMs) : life;
      case 'moderator.reset':
        return opened(life, 0, event.atMs);
      case 'moderator.restored': {
        const found = { ...opened(life, event.strikes, event.atMs), origin: event.origin };
        return event.state === 'active'
          ? found
          : shut(found, event.state, event.origin as string, event.untilMs);
      }
      case 'domain.appealed':
        return life;
    }
  };
  /** What its time brings. */
  const passed = (life: Told, atMs: number): Told => {
    if (life.untilMs !== null && life.untilMs <= atMs) return opened(life, life.strikes, atMs);
    if (life.forgetMs !== null && life.forgetMs <= atMs) return { ...life, strikes: 0, forgetMs: null };
    return life;
  };

  test('leads to what a hand-written account says, by drawn edges, in steps that survive a restart', () => {
    const { states, transitions: anywhere } = chart(domainMachine);
    const edges = states.flatMap(({ name, transitions }) =>
      [...transitions, ...anywhere].map(({ event, target }) => `${name} ${event} ${target}`),
    );
    fc.assert(
      fc.property(fc.array(later, { maxLength: 12 }), (steps) => {
        let atMs = START_MS;
        let { stored } = step(domainMachine, null, DOMAIN, [], atMs);
        let told: Told = BORN;
        for (const { gapMs, events: happenings } of steps) {
          atMs += gapMs;
          const events = happenings.map((what) => eventOf(what, atMs));
          told = events.reduce(tell, passed(told, atMs));
          const stepped = domainStep(stored, events, atMs);
          const { state, context, dueAtMs } = stepped;
          const { strikes, untilMs, origin } = context;
          const { isDecaying: _, forgetMs, ...seen } = told;
          expect({ state, strikes, untilMs, origin }).toEqual(seen);
          expect(dueAtMs).toBe(untilMs ?? forgetMs);
          expect(stepped.tags).toEqual([state === 'blocked' ? 'shut' : 'open']);
          for (const { from, to, event } of stepped.transitions)
            expect(edges).toContain(`${from} ${event} ${to}`);
          expect(restarted(stepped.stored)).toEqual(stepped.stored);
          stored = stepped.stored;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('in one step is the same as one by one', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 12 }), (happenings) => {
        const events = happenings.map((what) => eventOf(what, START_MS));
        const together = step(domainMachine, null, DOMAIN, events, START_MS);
        let { stored } = step(domainMachine, null, DOMAIN, [], START_MS);
        const transitions: unknown[] = [];
        const handled: boolean[] = [];
        for (const event of events) {
          const stepped = domainStep(stored, [event], START_MS);
          stored = stepped.stored;
          transitions.push(...stepped.transitions);
          handled.push(...stepped.handled);
        }
        expect({ stored, transitions, handled }).toEqual({
          stored: together.stored,
          transitions: together.transitions,
          handled: together.handled,
        });
      }),
      { numRuns: 300 },
    );
  });
});
