/** Events and short lives for the tests of the machines. Every step is a restart: what is stored goes through JSON. */
import {
  type DomainEvent,
  domainMachine,
  type FollowRequestEvent,
  followRequestMachine,
  type Stored,
  step,
} from '../../machines/index.ts';

export const HOUR_MS = 3_600_000;
/** The instant at which lives begin here. */
export const START_MS = Date.UTC(2026, 10, 24, 12);

export const restarted = (stored: Stored): Stored => JSON.parse(JSON.stringify(stored));

type Of<E extends { type: string }, T extends E['type']> = Extract<E, { type: T }>;

export function exceeded(atMs: number, facts: Partial<Of<DomainEvent, 'limit.exceeded'>> = {}): DomainEvent {
  const untilMs = atMs + HOUR_MS;
  return {
    type: 'limit.exceeded',
    atMs,
    untilMs,
    blockAfterStrikes: null,
    strikeBlockMs: 24 * HOUR_MS,
    ...facts,
  };
}

type Closing = Of<DomainEvent, 'moderator.blocked'>;

export function closed(
  type: 'moderator.blocked' | 'moderator.limited',
  atMs: number,
  facts: Partial<Omit<Closing, 'type'>> = {},
): DomainEvent {
  const said = { reason: 'spam', by: 'maria', publicComment: 'Spam.', privateComment: 'See the report.' };
  return { type, atMs, untilMs: null, reviewAtMs: null, ...said, ...facts };
}

export function lifted(type: 'moderator.unblocked' | 'moderator.reset', atMs: number): DomainEvent {
  return { type, atMs, reason: 'they answered', by: 'tom' };
}

export const DOMAIN = { domain: 'chatty.example' };

/** A domain to which these happened, each in a step of its own at its own time. */
export function domainAfter(...events: readonly DomainEvent[]) {
  let last = step(domainMachine, null, DOMAIN, [], START_MS);
  for (const event of events) {
    last = step(domainMachine, restarted(last.stored), DOMAIN, [event], event.atMs);
  }
  return last;
}

export const domainStep = (stored: Stored, events: readonly DomainEvent[], atMs: number) =>
  step(domainMachine, restarted(stored), DOMAIN, events, atMs);

export const FOLLOW = {
  activityId: 'https://remote.example/follows/1',
  direction: 'incoming',
  follower: 'https://remote.example/users/ann',
  following: 'https://local.example/users/bob',
  waitMs: null,
} as const;
/** A request that may wait for an hour. */
export const SHORT_FOLLOW = { ...FOLLOW, waitMs: HOUR_MS } as const;

export function followAfter(...events: readonly FollowRequestEvent[]) {
  let last = step(followRequestMachine, null, FOLLOW, [], START_MS);
  for (const event of events) last = followStep(last.stored, event);
  return last;
}

export const followStep = (stored: Stored, ...events: readonly FollowRequestEvent[]) =>
  step(followRequestMachine, restarted(stored), FOLLOW, events, START_MS);
