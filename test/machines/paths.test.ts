/**
 * The definitions themselves say which tests there are: XState's graph lists every simple path through a machine, and
 * every path is walked through `step`, with a restart between any two events. After each path every event is tried
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
import { getSimplePaths } from 'xstate/graph';
import {
  chart,
  type DomainEvent,
  domainMachine,
  type FollowRequestEvent,
  followRequestMachine,
  type Stored,
  step,
} from '../../machines/index.ts';
import { closed, DOMAIN, exceeded, FOLLOW, HOUR_MS, lifted, restarted, SHORT_FOLLOW } from './lives.ts';

/** The graph may look at this many snapshots. It has no limit of its own, and strikes grow without end. */
const TRAVERSALS_MAX = 10_000;

/** What tells two snapshots apart here. The graph only asks whether there was a strike before. */
const nameOf = (snapshot: AnyMachineSnapshot): string => {
  const { value, context } = snapshot;
  const end = lastsMsOf(snapshot) === null ? 'no end' : 'an end';
  return `${value}, ${Math.min(context.strikes ?? 0, 1)} earlier strikes, ${end}`;
};

/** How long the state lasts by itself; a follow request is born with it. */
const lastsMsOf = ({ context }: AnyMachineSnapshot): number | null =>
  context.lastsMs === undefined ? context.waitMs : context.lastsMs;

const isTimed = ({ type }: EventObject): boolean => type.startsWith('xstate.');

const domainEvents: DomainEvent[] = [
  exceeded(0),
  exceeded(0, { blockAfterStrikes: 2 }),
  closed('moderator.limited', 0, { untilMs: HOUR_MS }),
  closed('moderator.limited', 0),
  closed('moderator.blocked', 0, { untilMs: HOUR_MS }),
  closed('moderator.blocked', 0),
  lifted('moderator.unblocked', 0),
  lifted('moderator.reset', 0),
];
const followRequestEvents: FollowRequestEvent[] = [
  { type: 'follow.accepted', reason: null, by: 'maria' },
  { type: 'follow.rejected', reason: null, by: 'maria' },
  { type: 'follow.undone', reason: null },
  { type: 'follow.replaced', reason: 'replaced' },
];
const machines: { machine: AnyStateMachine; inputs: object[]; events: EventObject[]; pathsMin: number }[] = [
  { machine: domainMachine, inputs: [DOMAIN], events: domainEvents, pathsMin: 80 },
  {
    machine: followRequestMachine,
    inputs: [FOLLOW, SHORT_FOLLOW],
    events: followRequestEvents,
    pathsMin: 18,
  },
];

describe.each(machines)('$machine.id', ({ machine, inputs, events, pathsMin }) => {
  /** The timed events that a snapshot waits for: those of its state, when they have an end. */
  const timedIn = (snapshot: AnyMachineSnapshot): EventObject[] =>
    Object.values(machine.states)
      .filter(({ key }) => key === snapshot.value && lastsMsOf(snapshot) !== null)
      .flatMap(({ ownEvents }) => ownEvents.map((type) => ({ type })))
      .filter(isTimed);
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

  test('goes every path as XState says, through a restart at every step, and meets every event at its end', () => {
    const drawn = new Set(
      chart(machine).states.flatMap(({ name, transitions }) =>
        transitions.map(({ event, target }) => `${name} ${event} ${target}`),
      ),
    );
    const taken = new Set<string>();
    let walked = 0;
    for (const input of inputs) {
      const paths = getSimplePaths(machine, {
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
