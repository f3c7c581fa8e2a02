/**
 * The definitions themselves say which tests there are: XState's graph lists every simple path through a small machine,
 * and the shortest path to every situation of a large one (of whose simple paths there are too many). Every path is walked through `step`, with a restart between any two events. After each path every event is tried
 * once more, the illegal ones too. Where XState's pure transition function and `step` disagree, one of them is wrong.
 */
import { describe, expect, test } from 'vitest';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  initialTransition,
  transition,
} from 'xstate';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';
import {
  chart,
  type DomainEvent,
  domainMachine,
  type FollowRequestEvent,
  followRequestMachine,
  type Stored,
  step,
} from '../../machines/index.ts';
import {
  closed,
  DOMAIN,
  exceeded,
  FOLLOW,
  HOUR_MS,
  lifted,
  NEWCOMER,
  restarted,
  restored,
  restrained,
  SHORT_FOLLOW,
  struck,
} from './lives.ts';

/** The graph may look at this many snapshots. It has no limit of its own, and strikes grow without end. */
const TRAVERSALS_MAX = 10_000;

/** What tells two snapshots apart here. The graph only asks whether there was a strike before. */
const nameOf = (snapshot: AnyMachineSnapshot): string => {
  const { value, context } = snapshot;
  const { strikes = 0, origin = null } = context;
  return [value, Math.min(strikes, 1), origin, ...delaysOf(snapshot)].join(', ');
};

/** The delays that run in a snapshot, the shortest first. */
function delaysOf({ value, context }: AnyMachineSnapshot): string[] {
  if (context.following !== undefined) return value === 'pending' && context.waitMs !== null ? ['wait'] : [];
  if (value !== 'active') return context.lastsMs === null ? [] : ['until'];
  const hasDecay = context.strikes > 0 && context.strikeDecayMs !== null;
  return [...(hasDecay ? ['strikeDecay'] : []), ...(context.probationMs === null ? [] : ['probation'])];
}

const isTimed = ({ type }: EventObject): boolean => type.startsWith('xstate.');

const decaying = { strikeDecayMs: HOUR_MS };
const domainEvents: DomainEvent[] = [
  exceeded(0),
  exceeded(0, { blockAfterStrikes: 2, ...decaying }),
  struck(0, decaying),
  struck(0, { blockAfterStrikes: 2 }),
  restrained(0),
  restrained(0, 2 * HOUR_MS),
  closed('moderator.limited', 0, { untilMs: HOUR_MS }),
  closed('moderator.limited', 0),
  closed('moderator.blocked', 0, { untilMs: HOUR_MS }),
  closed('moderator.blocked', 0),
  closed('list.blocked', 0),
  lifted('list.lifted', 0),
  { type: 'domain.appealed', atMs: 0 },
  lifted('moderator.unblocked', 0),
  lifted('moderator.reset', 0),
  restored(0),
  restored(0, { state: 'rate-limited', untilMs: HOUR_MS, strikes: 1, origin: 'runtime' }),
  restored(0, { state: 'blocked', reason: 'spam' }),
];
const followRequestEvents: FollowRequestEvent[] = [
  { type: 'follow.accepted', reason: null, by: 'maria' },
  { type: 'follow.rejected', reason: null, by: 'maria' },
  { type: 'follow.undone', reason: null },
  { type: 'follow.replaced', reason: 'replaced' },
];
const machines: {
  machine: AnyStateMachine;
  inputs: object[];
  events: EventObject[];
  pathsOf: typeof getSimplePaths;
  pathsMin: number;
}[] = [
  {
    machine: domainMachine,
    inputs: [DOMAIN, NEWCOMER],
    events: domainEvents,
    pathsOf: getShortestPaths,
    pathsMin: 41,
  },
  {
    machine: followRequestMachine,
    inputs: [FOLLOW, SHORT_FOLLOW],
    events: followRequestEvents,
    pathsOf: getSimplePaths,
    pathsMin: 18,
  },
];

describe.each(machines)('$machine.id', ({ machine, inputs, events, pathsOf, pathsMin }) => {
  /** The timed event that comes first to a snapshot. */
  const timedIn = (snapshot: AnyMachineSnapshot): EventObject[] =>
    delaysOf(snapshot)
      .slice(0, 1)
      .map((delay) => ({ type: `xstate.after.${delay}.${machine.id}.${String(snapshot.value)}` }));
  const eventsIn = (snapshot: AnyMachineSnapshot): EventObject[] => [...events, ...timedIn(snapshot)];
  /** One event, by XState's pure transition and by a step after a restart: both must say the same. */
  function tried(
    input: object,
    from: AnyMachineSnapshot,
    stored: Stored,
    event: EventObject,
    taken: Set<string>,
  ) {
    const [to] = transition(machine, from, event);
    const life = restarted(stored);
    // A timed edge is taken by the coming of its time, not by being sent.
    const stepped = isTimed(event)
      ? step(machine, life, input, [], life.due[event.type] as number)
      : step(machine, life, input, [event], 0);
    expect(stepped).toMatchObject({ state: to.value, context: to.context, tags: [...to.tags] });
    expect(stepped.dueAtMs === null).toBe(timedIn(to).length === 0);
    expect(stepped.handled).toEqual(isTimed(event) ? [] : [from.can(event)]);
    const name = isTimed(event) ? 'due' : event.type;
    const isMove = to.value !== from.value;
    expect(stepped.transitions).toEqual(isMove ? [{ from: from.value, to: to.value, event: name }] : []);
    if (from.can(event)) taken.add(`${from.value} ${name} ${to.value}`);
    else expect(stepped.stored).toEqual(stored);
    return { snapshot: to, stored: stepped.stored };
  }

  test('goes every one as XState says, through a restart at every step, and meets every event at its end', () => {
    const { states, transitions: anywhere } = chart(machine);
    const drawn = new Set(
      states.flatMap(({ name, transitions }) =>
        [...transitions, ...anywhere].map(({ event, target }) => `${name} ${event} ${target}`),
      ),
    );
    const taken = new Set<string>();
    let walked = 0;
    for (const input of inputs) {
      const paths = pathsOf(machine, {
        input: input as never,
        events: eventsIn,
        serializeState: nameOf,
        serializeEvent: (event) => JSON.stringify(event),
        limit: TRAVERSALS_MAX,
      });
      walked += paths.length;
      for (const { steps } of paths) {
        const [snapshot] = initialTransition(machine, input);
        let here = { snapshot, stored: step(machine, null, input, [], 0).stored };
        // The first step of a path is the beginning of the life.
        for (const { event } of steps.slice(1)) here = tried(input, here.snapshot, here.stored, event, taken);
        for (const event of eventsIn(here.snapshot)) tried(input, here.snapshot, here.stored, event, taken);
      }
    }
    expect(walked).toBeGreaterThanOrEqual(pathsMin);
    // No edge is drawn that nobody takes, and none is taken that is not drawn.
    expect([...taken].sort()).toEqual([...drawn].sort());
  });
});
