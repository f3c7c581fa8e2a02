/**
 * The life of a domain under any sequence of events and gaps of time. A hand-written account tells the same life
 * without a state machine; step, restarted between any two steps, must agree with it.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chart, type DomainEvent, domainMachine, step } from '../../machines/index.ts';
import { closed, DOMAIN, domainStep, exceeded, lifted, restarted, START_MS } from './lives.ts';

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
    fc.record({ type: fc.constantFrom('moderator.unblocked' as const, 'moderator.reset' as const) }),
  );
  const later = fc.record({
    gapMs: fc.oneof(fc.constant(0), fc.nat(4_000)),
    events: fc.array(happening, { maxLength: 5 }),
  });
  type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;
  const eventOf = (what: Happening, atMs: number): DomainEvent => {
    if (what.type === 'limit.exceeded') {
      const { blockAfterStrikes } = what;
      return exceeded(atMs, { untilMs: atMs + what.lastsMs, blockAfterStrikes, strikeBlockMs: 3_000 });
    }
    if (!('lastsMs' in what)) return lifted(what.type, atMs);
    return closed(what.type, atMs, { untilMs: what.lastsMs === null ? null : atMs + what.lastsMs });
  };

  /** The same life, told without a state machine. */
  const tell = (
    life: { state: string; strikes: number; untilMs: number | null },
    event: DomainEvent | 'due',
  ) => {
    const { state, strikes } = life;
    if (event === 'due') return { state: 'active', strikes, untilMs: null };
    switch (event.type) {
      case 'limit.exceeded': {
        if (state !== 'active') return life;
        const isOut = event.blockAfterStrikes !== null && strikes + 1 >= event.blockAfterStrikes;
        const untilMs = isOut ? event.atMs + event.strikeBlockMs : event.untilMs;
        return { state: isOut ? 'blocked' : 'rate-limited', strikes: strikes + 1, untilMs };
      }
      case 'moderator.blocked':
        return { state: 'blocked', strikes, untilMs: event.untilMs };
      case 'moderator.limited':
        return state === 'blocked' ? life : { state: 'rate-limited', strikes, untilMs: event.untilMs };
      case 'moderator.unblocked':
        return state === 'blocked' ? { state: 'active', strikes: 0, untilMs: null } : life;
      case 'moderator.reset':
        return { state: 'active', strikes: 0, untilMs: null };
    }
  };

  test('leads to what a hand-written account says, by drawn edges, in steps that survive a restart', () => {
    const edges = chart(domainMachine).states.flatMap(({ name, transitions }) =>
      transitions.map(({ event, target }) => `${name} ${event} ${target}`),
    );
    fc.assert(
      fc.property(fc.array(later, { maxLength: 12 }), (steps) => {
        let atMs = START_MS;
        let { stored } = step(domainMachine, null, DOMAIN, [], atMs);
        let told: ReturnType<typeof tell> = { state: 'active', strikes: 0, untilMs: null };
        for (const { gapMs, events: happenings } of steps) {
          atMs += gapMs;
          const events = happenings.map((what) => eventOf(what, atMs));
          if (told.untilMs !== null && told.untilMs <= atMs) told = tell(told, 'due');
          told = events.reduce<typeof told>(tell, told);
          const stepped = domainStep(stored, events, atMs);
          const { state, context, dueAtMs } = stepped;
          expect({ state, strikes: context.strikes, untilMs: context.untilMs }).toEqual(told);
          expect(dueAtMs).toBe(told.untilMs);
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
