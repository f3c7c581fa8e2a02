/** The chart is what the inspector draws and the admin API tells: everything that the definition says, and no more. */
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { chart, domainMachine, followRequestMachine } from '../../machines/index.ts';

const plain = { guard: null, actions: [], delay: null, internal: false };

test('the chart of a domain is its whole definition', () => {
  const healing = { ...plain, event: 'due', target: 'active', actions: ['heal'], delay: 'until' };
  const limited = { ...plain, event: 'moderator.limited', target: 'rate-limited', actions: ['close'] };
  const blocked = { ...plain, event: 'moderator.blocked', target: 'blocked', actions: ['close'] };
  const reset = { ...plain, event: 'moderator.reset', target: 'active', actions: ['forgive'] };
  const exceeded = { ...plain, event: 'limit.exceeded' };
  const { id, initial, states } = chart(domainMachine);
  expect({ id, initial }).toEqual({ id: 'domain', initial: 'active' });
  expect(states).toEqual([
    {
      name: 'active',
      initial: true,
      final: false,
      tags: ['open'],
      transitions: [
        { ...exceeded, target: 'blocked', guard: 'tooManyStrikes', actions: ['strikeOut'] },
        { ...exceeded, target: 'rate-limited', actions: ['strike'] },
        limited,
        blocked,
        { ...reset, internal: true },
      ],
    },
    {
      name: 'rate-limited',
      initial: false,
      final: false,
      tags: ['open'],
      transitions: [limited, blocked, reset, healing],
    },
    {
      name: 'blocked',
      initial: false,
      final: false,
      tags: ['shut'],
      transitions: [blocked, { ...reset, event: 'moderator.unblocked' }, reset, healing],
    },
  ]);
});

test('the chart of a follow request ends in a final state', () => {
  const { id, initial, states } = chart(followRequestMachine);
  expect({ id, initial }).toEqual({ id: 'follow-request', initial: 'pending' });
  expect(states.map(({ name, initial, final, tags }) => ({ name, initial, final, tags }))).toEqual([
    { name: 'pending', initial: true, final: false, tags: ['alive'] },
    { name: 'accepted', initial: false, final: false, tags: ['alive'] },
    { name: 'rejected', initial: false, final: false, tags: ['over'] },
    { name: 'withdrawn', initial: false, final: true, tags: ['over'] },
  ]);
  expect(states[0]?.transitions).toContainEqual({
    ...{ ...plain, event: 'due', target: 'rejected' },
    ...{ actions: ['expire'], delay: 'wait' },
  });
  expect(states[2]?.transitions).toEqual([
    { ...plain, event: 'follow.undone', target: 'withdrawn', actions: ['note'] },
  ]);
  expect(states[3]?.transitions).toEqual([]);
});

test("a user's machine is drawn too: bare functions by their own names, a delay by its number", () => {
  const ring = () => undefined;
  const isLate = () => true;
  const bell = setup({}).createMachine({
    id: 'bell',
    initial: 'still',
    states: {
      still: { after: { 250: { guard: isLate, actions: ring } }, on: { stay: {} } },
    },
  });
  expect(chart(bell).states[0]?.transitions).toEqual([
    { ...plain, event: 'stay', target: 'still', internal: true },
    {
      event: 'due',
      target: 'still',
      guard: 'isLate',
      actions: ['ring'],
      delay: '250',
      internal: true,
    },
  ]);
});
