/** Events and short lives for the tests of the machines. Every step is a restart: what is stored goes through JSON. */
import {
  type DomainContext,
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
    ...POLICY,
    limitGrowth: 1,
    ...facts,
  };
}

/** No strike blocks, and none is forgotten. */
const POLICY = { blockAfterStrikes: null, strikeBlockMs: 24 * HOUR_MS, strikeDecayMs: null };

export function struck(atMs: number, facts: Partial<Of<DomainEvent, 'filter.struck'>> = {}): DomainEvent {
  return { type: 'filter.struck', atMs, reason: 'keywords: buy now', ...POLICY, ...facts };
}

export function restrained(atMs: number, untilMs = atMs + HOUR_MS): DomainEvent {
  return { type: 'filter.limited', atMs, untilMs, reason: 'bursts: 40 follows in a minute' };
}

/** What an undone batch had found. */
export function restored(
  atMs: number,
  facts: Partial<Of<DomainEvent, 'moderator.restored'>> = {},
): DomainEvent {
  const said = { reason: 'as before', by: 'tom', origin: 'moderator' as const };
  const nothing = { untilMs: null, reviewAtMs: null, publicComment: null, privateComment: null };
  const life = { state: 'active', strikes: 0, probationMs: null, appealedAtMs: null } as const;
  return { type: 'moderator.restored', atMs, ...life, ...said, ...nothing, ...facts };
}

type Closing = Of<DomainEvent, 'moderator.blocked'>;

export function closed(
  type: 'moderator.blocked' | 'moderator.limited' | 'list.blocked',
  atMs: number,
  facts: Partial<Omit<Closing, 'type'>> = {},
): DomainEvent {
  const said = { reason: 'spam', by: 'maria', publicComment: 'Spam.', privateComment: 'See the report.' };
  return { type, atMs, untilMs: null, reviewAtMs: null, ...said, ...facts };
}

export function lifted(
  type: 'moderator.unblocked' | 'moderator.reset' | 'list.lifted',
  atMs: number,
): DomainEvent {
  return { type, atMs, reason: 'they answered', by: 'tom' };
}

export const DOMAIN = { domain: 'chatty.example' };
/** A domain that begins its life on probation. */
export const NEWCOMER = { ...DOMAIN, probationMs: 2 * HOUR_MS };

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

/** The context of a domain to which nothing has happened. */
export const untouched: DomainContext = {
  domain: 'chatty.example',
  strikes: 0,
  strikeDecayMs: null,
  probationMs: null,
  reason: null,
  by: null,
  origin: null,
  untilMs: null,
  lastsMs: null,
  reviewAtMs: null,
  publicComment: null,
  privateComment: null,
  appealedAtMs: null,
};

// Lived when a test asks, so that a fault in step is found by the test that it concerns.
export const lives = {
  active: (): Stored => domainAfter().stored,
  'rate-limited': (): Stored => domainAfter(exceeded(START_MS)).stored,
  blocked: (): Stored => domainAfter(exceeded(START_MS), closed('moderator.blocked', START_MS)).stored,
};
