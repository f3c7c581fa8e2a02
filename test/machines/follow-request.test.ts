/** The life of a follow request: whoever is followed decides, whoever follows can always take it back. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  FOLLOW_REQUEST_VERSION,
  type FollowRequestContext,
  type FollowRequestEvent,
  type FollowRequestState,
  followRequestMachine,
  type Stored,
  step,
} from '../../machines/index.ts';
import { FOLLOW, followAfter, followStep, HOUR_MS, restarted, SHORT_FOLLOW, START_MS } from './lives.ts';

const accepted: FollowRequestEvent = { type: 'follow.accepted', reason: 'welcome', by: 'maria' };
const rejected: FollowRequestEvent = { type: 'follow.rejected', reason: 'no room', by: 'tom' };
const undone: FollowRequestEvent = { type: 'follow.undone', reason: 'Undo' };
const replaced: FollowRequestEvent = { type: 'follow.replaced', reason: 'replaced' };

// Lived when a test asks, so that a fault in step is found by the test that it concerns.
const lives = {
  pending: (): Stored => followAfter().stored,
  accepted: (): Stored => followAfter(accepted).stored,
  rejected: (): Stored => followAfter(rejected).stored,
  withdrawn: (): Stored => followAfter(undone).stored,
};

describe('every state meets every event', () => {
  const events: Record<FollowRequestEvent['type'], FollowRequestEvent> = {
    'follow.accepted': accepted,
    'follow.rejected': rejected,
    'follow.undone': undone,
    'follow.replaced': replaced,
  };
  const illegal = null;
  const table: Record<FollowRequestState, Record<FollowRequestEvent['type'], FollowRequestState | null>> = {
    pending: {
      'follow.accepted': 'accepted',
      'follow.rejected': 'rejected',
      'follow.undone': 'withdrawn',
      'follow.replaced': 'withdrawn',
    },
    accepted: {
      'follow.accepted': illegal,
      'follow.rejected': 'rejected',
      'follow.undone': 'withdrawn',
      'follow.replaced': 'withdrawn',
    },
    rejected: {
      'follow.accepted': illegal,
      'follow.rejected': illegal,
      'follow.undone': 'withdrawn',
      'follow.replaced': illegal,
    },
    withdrawn: {
      'follow.accepted': illegal,
      'follow.rejected': illegal,
      'follow.undone': illegal,
      'follow.replaced': illegal,
    },
  };
  const cases = Object.entries(table).flatMap(([from, row]) =>
    Object.entries(row).map(([event, to]) => ({
      from: from as FollowRequestState,
      event: events[event as keyof typeof row],
      to,
    })),
  );

  test.each(cases.filter(({ to }) => to !== illegal))('$from, $event.type: $to', ({ from, event, to }) => {
    const stepped = followStep(lives[from](), event);
    expect(stepped).toMatchObject({
      state: to,
      handled: [true],
      transitions: [{ from, to, event: event.type }],
    });
    const by = 'by' in event ? event.by : null;
    expect(stepped.context).toEqual({ ...FOLLOW, reason: event.reason, by });
  });

  test.each(cases.filter(({ to }) => to === illegal))('$from, $event.type: nothing', ({ from, event }) => {
    const stepped = followStep(lives[from](), event);
    expect(stepped.stored).toEqual(lives[from]());
    expect(stepped).toMatchObject({ state: from, handled: [false], transitions: [] });
  });
});

test('a new request waits, alive, for whom it asks', () => {
  expect(followAfter()).toEqual({
    stored: { version: FOLLOW_REQUEST_VERSION, snapshot: expect.anything(), due: {} },
    state: 'pending',
    context: { ...FOLLOW, reason: null, by: null },
    tags: ['alive'],
    dueAtMs: null,
    transitions: [],
    handled: [],
  });
  expect(followRequestMachine.id).toBe('follow-request');
  expect(followRequestMachine.version).toBe('1');
});

describe('a request that may wait for an hour', () => {
  const born = () => step(followRequestMachine, null, SHORT_FOLLOW, [], START_MS);
  const later = (stored: Stored, atMs: number, ...events: readonly FollowRequestEvent[]) =>
    step(followRequestMachine, restarted(stored), FOLLOW, events, atMs);

  test('is pending until its time has come, and then rejected as expired, by nobody', () => {
    expect(born()).toMatchObject({ state: 'pending', dueAtMs: START_MS + HOUR_MS });
    const { stored } = born();
    expect(later(stored, START_MS + HOUR_MS - 1)).toMatchObject({
      stored,
      state: 'pending',
      transitions: [],
    });
    const expired = later(stored, START_MS + HOUR_MS);
    expect(expired).toMatchObject({ state: 'rejected', tags: ['over'], dueAtMs: null });
    expect(expired.transitions).toEqual([{ from: 'pending', to: 'rejected', event: 'due' }]);
    expect(expired.context).toEqual({ ...SHORT_FOLLOW, reason: 'expired', by: null });
  });

  test('is over for whoever answers too late', () => {
    const late = later(born().stored, START_MS + HOUR_MS, accepted);
    expect(late).toMatchObject({
      state: 'rejected',
      handled: [false],
      context: { reason: 'expired', by: null },
    });
  });

  test('that was answered in time never expires', () => {
    const yes = later(born().stored, START_MS + HOUR_MS - 1, accepted);
    expect(yes).toMatchObject({ state: 'accepted', dueAtMs: null, stored: { due: {} } });
    expect(later(yes.stored, START_MS + 1_000 * HOUR_MS)).toMatchObject({
      state: 'accepted',
      transitions: [],
    });
  });

  test('of a life that was stored before there was a time to wait waits for ever', () => {
    const { stored } = followAfter();
    const { waitMs: _, ...context } = (stored.snapshot as { context: FollowRequestContext }).context;
    const old = { ...stored, snapshot: { ...(stored.snapshot as object), context } };
    expect(later(old, START_MS + 1_000 * HOUR_MS, accepted)).toMatchObject({ state: 'accepted' });
  });
});

test('it is alive while it may still count as a follow', () => {
  const tagsOf = (stored: Stored): readonly string[] => followStep(stored).tags;
  expect(tagsOf(lives.pending())).toEqual(['alive']);
  expect(tagsOf(lives.accepted())).toEqual(['alive']);
  expect(tagsOf(lives.rejected())).toEqual(['over']);
  expect(tagsOf(lives.withdrawn())).toEqual(['over']);
});

test('a yes can become a no, and the no names who said it', () => {
  expect(followAfter(accepted, rejected)).toMatchObject({
    state: 'rejected',
    context: { reason: 'no room', by: 'tom' },
  });
});

test('the outgoing direction is kept as it was said', () => {
  const request = { ...FOLLOW, direction: 'outgoing' } as const;
  const { stored } = step(followRequestMachine, null, request, [], START_MS);
  expect(followStep(stored, accepted).context.direction).toBe('outgoing');
});

test('the compiler knows states, context and events', () => {
  const stepped = followAfter();
  expectTypeOf(stepped.state).toEqualTypeOf<FollowRequestState>();
  expectTypeOf(stepped.context).toEqualTypeOf<FollowRequestContext>();
  // @ts-expect-error only `replaced` is a reason for being replaced
  followStep(stepped.stored, { type: 'follow.replaced', reason: 'other' });
});
