/**
 * What step promises of any machine: restarts change nothing, time comes from outside, and what cannot be read or
 * goes wrong is thrown while the stored life stays as it was.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { assign, fromCallback, setup } from 'xstate';
import { type DomainEvent, domainMachine, SnapshotError, type Stored, step } from '../../machines/index.ts';
import {
  closed,
  DOMAIN,
  domainAfter,
  domainStep,
  exceeded,
  followAfter,
  HOUR_MS,
  lifted,
  restarted,
  START_MS,
} from './lives.ts';

afterEach(() => vi.restoreAllMocks());

const END_MS = START_MS + HOUR_MS;
const limited = (): Stored => domainAfter(exceeded(START_MS)).stored;
const run = (stored: unknown, events: readonly DomainEvent[] = [], atMs = START_MS) =>
  step(domainMachine, stored as Stored, DOMAIN, events, atMs);

describe('due times', () => {
  test('survive a restart, and take the drawn edge at their instant', () => {
    expect(run(restarted(limited()), [], END_MS).transitions).toEqual([
      { from: 'rate-limited', to: 'active', event: 'due' },
    ]);
  });

  test('that have come while nobody ran take the edge late', () => {
    expect(run(restarted(limited()), [], END_MS + 90 * 24 * HOUR_MS)).toMatchObject({
      state: 'active',
      dueAtMs: null,
    });
  });

  test('come before the events of the step, which meet the state that they lead to', () => {
    const lateMs = END_MS + 1;
    const late = run(limited(), [exceeded(lateMs)], lateMs);
    expect(late.transitions).toEqual([
      { from: 'rate-limited', to: 'active', event: 'due' },
      { from: 'active', to: 'rate-limited', event: 'limit.exceeded' },
    ]);
    expect(late).toMatchObject({ handled: [true], dueAtMs: lateMs + HOUR_MS });
  });

  test('are kept by a step in which nothing happens', () => {
    expect(run(restarted(limited()), [], START_MS + 1).stored).toEqual(limited());
  });

  test('are dropped with the state that they belong to', () => {
    const left = run(limited(), [lifted('moderator.reset', START_MS)]);
    expect(left.stored.due).toEqual({});
    const blocked = run(limited(), [closed('moderator.blocked', START_MS, { untilMs: END_MS + 7 })]);
    expect(Object.values(blocked.stored.due)).toEqual([END_MS + 7]);
  });

  test('of a state that was left change nothing, even when a store still has them', () => {
    const active = domainAfter().stored;
    expect(run({ ...active, due: limited().due }, [], END_MS)).toMatchObject({
      stored: active,
      transitions: [],
    });
    expect(run({ ...active, due: limited().due }, [], START_MS).stored).toEqual(active);
  });

  test('that were set and left in one step leave nothing', () => {
    const both = run(domainAfter().stored, [exceeded(START_MS), lifted('moderator.reset', START_MS)]);
    expect(both).toMatchObject({ state: 'active', dueAtMs: null, handled: [true, true] });
    expect(both.stored.due).toEqual({});
  });

  test('are set anew when a state is entered again', () => {
    const sooner = run(limited(), [closed('moderator.limited', START_MS, { untilMs: START_MS + 5 })]);
    expect(Object.values(sooner.stored.due)).toEqual([START_MS + 5]);
    const never = run(limited(), [closed('moderator.limited', START_MS)]);
    expect(never).toMatchObject({ state: 'rate-limited', dueAtMs: null, stored: { due: {} } });
  });

  test('already in the past when they are set have come at the next step', () => {
    const stale = run(domainAfter().stored, [exceeded(START_MS, { untilMs: START_MS - 1 })]);
    expect(stale).toMatchObject({ state: 'rate-limited', dueAtMs: START_MS - 1 });
    expect(run(stale.stored).state).toBe('active');
  });

  test('set no timer in this process', () => {
    const timer = vi.spyOn(globalThis, 'setTimeout');
    run(limited(), [closed('moderator.blocked', START_MS, { untilMs: END_MS })]);
    expect(timer).not.toHaveBeenCalled();
  });

  // Two delays from one state: the lower one is drawn last and due first.
  const rocket = setup({
    delays: { late: 200, early: 100 },
    actions: { tick: () => undefined },
  }).createMachine({
    id: 'rocket',
    initial: 'ready',
    states: {
      ready: { after: { late: 'lost', early: 'gone' } },
      lost: {},
      gone: { after: { late: { actions: 'tick' } }, on: { stay: {} } },
    },
  });
  const fly = (stored: Stored | null, atMs: number) => step(rocket, stored, undefined, [], atMs);

  test('of one state come in the order of their times', () => {
    const ready = fly(null, START_MS);
    expect(ready.dueAtMs).toBe(START_MS + 100);
    expect(fly(restarted(ready.stored), START_MS + 100).transitions).toEqual([
      { from: 'ready', to: 'gone', event: 'due' },
    ]);
    expect(fly(restarted(ready.stored), START_MS + 300).transitions).toEqual([
      { from: 'ready', to: 'gone', event: 'due' },
    ]);
  });

  test('that have come do not come again, even when their edge stays in its state', () => {
    const gone = fly(fly(null, START_MS).stored, START_MS + 100);
    expect(gone.dueAtMs).toBe(START_MS + 300);
    expect(fly(gone.stored, START_MS + 300)).toMatchObject({ state: 'gone', dueAtMs: null, transitions: [] });
  });

  test('that have come together do not outlive an edge that enters their state anew', () => {
    const watch = setup({ delays: { nap: 100, shift: 200 } }).createMachine({
      id: 'watch',
      initial: 'on',
      states: { on: { after: { nap: { target: 'on', reenter: true }, shift: 'off' } }, off: {} },
    });
    const { stored } = step(watch, null, undefined, [], START_MS);
    const late = step(watch, restarted(stored), undefined, [], START_MS + 250);
    expect(late).toMatchObject({ state: 'on', transitions: [], dueAtMs: START_MS + 350 });
    expect(Object.values(late.stored.due).sort()).toEqual([START_MS + 350, START_MS + 450]);
  });
});

describe('a stored life that cannot be read', () => {
  const refusal = (stored: unknown): unknown => {
    const before = structuredClone(stored);
    try {
      run(stored, [exceeded(START_MS)]);
    } catch (error) {
      expect(stored).toEqual(before);
      return error;
    }
    return null;
  };
  const snapshot = (): unknown => limited().snapshot;
  const withSnapshot = (changes: object): unknown => ({
    ...limited(),
    snapshot: { ...(snapshot() as object), ...changes },
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'of a later version',
      () => ({ ...limited(), version: 3 }),
      /^domain: stored by version 3, this is version 2$/,
    ],
    ['without a version', () => ({ snapshot: snapshot(), due: {} }), /^domain: stored by version undefined/],
    ['that is no object', () => 'gibberish', /^domain: stored by version undefined/],
    ['in an unknown state', () => withSnapshot({ value: 'gone' }), /^domain: unknown state "gone"$/],
    [
      'in a state by the name of a method',
      () => withSnapshot({ value: 'toString' }),
      /unknown state "toString"/,
    ],
    ['in a nested state', () => withSnapshot({ value: { blocked: {} } }), /unknown state {"blocked":{}}/],
    ['in a list of states', () => withSnapshot({ value: ['blocked'] }), /unknown state \["blocked"\]/],
    ['without a snapshot', () => ({ ...limited(), snapshot: null }), /unknown state undefined/],
    ['with text for a snapshot', () => ({ ...limited(), snapshot: '{"value":' }), /unknown state undefined/],
    [
      'that had failed',
      () => withSnapshot({ status: 'error' }),
      /^domain: status error in state rate-limited$/,
    ],
    ['that is over too early', () => withSnapshot({ status: 'done' }), /status done in state rate-limited/],
    ['without a context', () => withSnapshot({ context: null }), /^domain: no context$/],
    ['with text for a context', () => withSnapshot({ context: 'x' }), /^domain: no context$/],
    ['without children', () => withSnapshot({ children: null }), /^domain: XState cannot restore it$/],
    ['without due times', () => ({ version: 2, snapshot: snapshot() }), /^domain: unknown due times$/],
    ['with no due times at all', () => ({ ...limited(), due: null }), /^domain: unknown due times$/],
    ['with text for due times', () => ({ ...limited(), due: 'soon' }), /^domain: unknown due times$/],
    [
      'with text for one due time',
      () => ({ ...limited(), due: { a: 1, b: '2' } }),
      /^domain: unknown due times$/,
    ],
  ])('%s is refused and stays', (_, stored, message) => {
    const error = refusal(stored());
    expect(error).toBeInstanceOf(SnapshotError);
    expect(error).toMatchObject({ name: 'SnapshotError', code: 'ERR_SNAPSHOT_UNKNOWN' });
    expect((error as Error).message).toMatch(message);
  });

  test('says what XState said', () => {
    expect((refusal(withSnapshot({ children: null })) as Error).cause).toBeInstanceOf(TypeError);
  });

  test('of a final state must be over', () => {
    const withdrawn = followAfter({ type: 'follow.undone', reason: null }).stored;
    const open = { ...withdrawn, snapshot: { ...(withdrawn.snapshot as object), status: 'active' } };
    expect(() => run(open)).toThrow(SnapshotError);
  });

  test('is that of another version of the machine, and a machine without one has version 1', () => {
    const first = setup({}).createMachine({ id: 'door', initial: 'shut', states: { shut: {} } });
    const second = setup({}).createMachine({
      id: 'door',
      version: '2',
      initial: 'shut',
      states: { shut: {} },
    });
    const { stored } = step(first, null, undefined, [], START_MS);
    expect(stored.version).toBe(1);
    expect(step(first, stored, undefined, [], START_MS).state).toBe('shut');
    expect(() => step(second, stored, undefined, [], START_MS)).toThrow(
      'stored by version 1, this is version 2',
    );
    expect(step(second, null, undefined, [], START_MS).stored.version).toBe(2);
  });
});

describe('a machine that fails', () => {
  const broken = new Error('broken by its owner');
  const fail = (): never => {
    throw broken;
  };
  const adjusted = {
    guard: domainMachine.provide({ guards: { tooManyStrikes: fail } }),
    action: domainMachine.provide({ actions: { strike: assign(fail) } }),
    delay: domainMachine.provide({ delays: { until: fail } }),
  };

  test.each(
    Object.entries(adjusted),
  )('in a %s is a failed step, and what was stored stands', (_, machine) => {
    const timer = vi.spyOn(globalThis, 'setTimeout').mockReturnValue(0 as never);
    const { stored } = domainAfter();
    const before = structuredClone(stored);
    expect(() => step(machine, stored, DOMAIN, [exceeded(START_MS)], START_MS)).toThrow(
      'broken by its owner',
    );
    expect(stored).toEqual(before);
    // XState reports what nobody observes from a timer, and that would end the process.
    expect(timer).not.toHaveBeenCalled();
  });

  test('sends no further event after the one that failed', () => {
    const seen: string[] = [];
    const machine = domainMachine.provide({
      guards: { tooManyStrikes: fail },
      actions: { forgive: () => seen.push('forgive') },
    });
    const events = [exceeded(START_MS), lifted('moderator.reset', START_MS)];
    expect(() => step(machine, null, DOMAIN, events, START_MS)).toThrow('broken by its owner');
    expect(seen).toEqual([]);
  });

  test('before it has begun is a failed step too', () => {
    const machine = setup({}).createMachine({
      id: 'stillborn',
      context: fail,
      initial: 'here',
      states: { here: {} },
    });
    expect(() => step(machine, null, undefined, [], START_MS)).toThrow(broken);
  });

  test('with an adjusted guard runs on, and is stored like any other', () => {
    const strict = domainMachine.provide({ guards: { tooManyStrikes: () => true } });
    const { stored, state } = step(strict, null, DOMAIN, [exceeded(START_MS)], START_MS);
    expect(state).toBe('blocked');
    expect(domainStep(stored, [], START_MS + 24 * HOUR_MS).state).toBe('active');
  });

  test('to say when is told so, and does not wait for ever', () => {
    const timeless = { ...exceeded(START_MS), untilMs: undefined } as unknown as DomainEvent;
    const act = () => run(domainAfter().stored, [timeless]);
    expect(act).toThrow(RangeError);
    expect(act).toThrow('no number for a delay');
  });

  test('does not end the process', async () => {
    const index = path.resolve(import.meta.dirname, '../../machines/index.ts');
    const script = `
      import { domainMachine, step } from ${JSON.stringify(index)};
      const fail = () => { throw new Error('broken'); };
      const machine = domainMachine.provide({ guards: { tooManyStrikes: fail } });
      const event = { type: 'limit.exceeded', atMs: 0, untilMs: 1, blockAfterStrikes: 1, strikeBlockMs: 1 };
      try { step(machine, null, { domain: 'a.example' }, [event], 0); } catch (error) { console.log('failed:', error.message); }
      process.once('beforeExit', () => console.log('alive'));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    expect(stdout).toMatch(/^failed: .*broken.*\nalive\n$/s);
  });
});

test('a life that is over is left in peace', () => {
  const warning = vi.spyOn(console, 'warn');
  const over = followAfter(
    { type: 'follow.undone', reason: null },
    { type: 'follow.accepted', reason: null, by: null },
  );
  expect(over).toMatchObject({ state: 'withdrawn', handled: [false], transitions: [] });
  expect(warning).not.toHaveBeenCalled();
});

test('nothing goes on after the step, not even what a machine should not have begun', () => {
  const stopped = vi.fn();
  const lamp = setup({ actors: { glow: fromCallback(() => stopped) } }).createMachine({
    id: 'lamp',
    initial: 'lit',
    states: { lit: { invoke: { src: 'glow' } } },
  });
  expect(step(lamp, null, undefined, [], START_MS).state).toBe('lit');
  expect(stopped).toHaveBeenCalledOnce();
});

test('each event is told apart: legal or not in the state that it met', () => {
  const mixed = run(domainAfter().stored, [
    lifted('moderator.unblocked', START_MS),
    exceeded(START_MS),
    exceeded(START_MS),
    closed('moderator.blocked', START_MS),
    closed('moderator.limited', START_MS),
    lifted('moderator.unblocked', START_MS),
    lifted('moderator.reset', START_MS),
  ]);
  expect(mixed.handled).toEqual([false, true, false, true, false, true, true]);
  expect(mixed.transitions.map(({ from, to, event }) => `${from} ${event} ${to}`)).toEqual([
    'active limit.exceeded rate-limited',
    'rate-limited moderator.blocked blocked',
    'blocked moderator.unblocked active',
  ]);
});
