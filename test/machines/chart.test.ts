/** The chart is what the inspector draws and the admin API tells: everything that the definition says, and no more. */
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { chart, domainMachine, followRequestMachine } from '../../machines/index.ts';

const plain = { guard: null, actions: [], delay: null, internal: false };

test('the chart of a domain is its whole definition', () => {
  const edge = (event: string, target: string, more: object = {}) => ({ ...plain, event, target, ...more });
  const by = (event: string, target: string, action: string, guard: string | null = null) =>
    edge(event, target, { actions: [action], guard });
  const healing = edge('due', 'active', { actions: ['heal'], delay: 'until' });
  const { id, initial, states, transitions } = chart(domainMachine);
  expect({ id, initial }).toEqual({ id: 'domain', initial: 'active' });
  expect(states.map(({ name, initial, final, tags }) => ({ name, initial, final, tags }))).toEqual([
    { name: 'active', initial: true, final: false, tags: ['open'] },
    { name: 'rate-limited', initial: false, final: false, tags: ['open'] },
    { name: 'blocked', initial: false, final: false, tags: ['shut'] },
  ]);
  expect(states[0]?.transitions).toEqual([
    by('limit.exceeded', 'blocked', 'strikeOut', 'tooManyStrikes'),
    by('limit.exceeded', 'rate-limited', 'strike'),
    by('filter.struck', 'blocked', 'strikeOut', 'tooManyStrikes'),
    by('filter.struck', 'active', 'note'),
    by('filter.limited', 'rate-limited', 'restrain'),
    by('moderator.limited', 'rate-limited', 'close'),
    by('moderator.blocked', 'blocked', 'close'),
    by('list.blocked', 'blocked', 'close'),
    by('moderator.reset', 'active', 'forgive'),
    edge('due', 'active', { actions: ['establish'], delay: 'probation', internal: true }),
    edge('due', 'active', { actions: ['forget'], delay: 'strikeDecay', internal: true }),
  ]);
  expect(states[1]?.transitions).toEqual([
    by('filter.struck', 'blocked', 'strikeOut', 'tooManyStrikes'),
    edge('filter.struck', 'rate-limited', { actions: ['note'], internal: true }),
    by('filter.limited', 'rate-limited', 'restrain', 'isLonger'),
    by('moderator.limited', 'rate-limited', 'close'),
    by('moderator.blocked', 'blocked', 'close'),
    by('list.blocked', 'blocked', 'close'),
    by('moderator.reset', 'active', 'forgive'),
    healing,
  ]);
  expect(states[2]?.transitions).toEqual([
    by('moderator.blocked', 'blocked', 'close'),
    by('list.blocked', 'blocked', 'close', 'isNotManual'),
    by('list.lifted', 'active', 'heal', 'isByList'),
    edge('domain.appealed', 'blocked', { actions: ['hear'], internal: true }),
    by('moderator.unblocked', 'active', 'forgive'),
    by('moderator.reset', 'active', 'forgive'),
    healing,
  ]);
  expect(transitions).toEqual([
    by('moderator.restored', 'blocked', 'restore', 'wasBlocked'),
    by('moderator.restored', 'rate-limited', 'restore', 'wasLimited'),
    by('moderator.restored', 'active', 'restore'),
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
