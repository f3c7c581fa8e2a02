/**
 * The life of a remote domain.
 *
 * ```
 *          limit.exceeded · filter.limited · moderator.limited
 *          ┌───────────────────────────────────────────────┐
 *          │                                               ▼
 *   ──► active ◄────── after until · reset ────────── rate-limited ──┐ moderator.limited,
 *        open ◄──┐                                        open    ◄──┘ filter.limited: another until
 *          │     │                                         │
 *          │     └── after until · unblocked · reset ──┐   │ moderator.blocked · list.blocked
 *          │         list.lifted [isByList]            │   ▼
 *          └────────────────────────────────────────► blocked ──┐ moderator.blocked, list.blocked [isNotManual]:
 *            moderator.blocked · list.blocked           shut ◄──┘ another reason, another until
 *            limit.exceeded, filter.struck [tooManyStrikes]
 *
 *   in active:  after probation / establish · after strikeDecay / forget
 *   anywhere:   moderator.restored, to what an undone batch had found
 * ```
 * The idea. Most domains are honest, and some honest ones are large. So running into a limit is no crime: it is a
 * strike, the domain waits until its window is over, and heals by itself; and strikes are forgotten after a time in good
 * standing. Nothing blocks a domain but a person, a list that a person subscribed to, or a policy that a person has
 * switched on (`blockAfterStrikes`), and a block by policy ends by itself and asks to be reviewed when it does.
 *
 * Who decides what. The intake counts; this machine only hears that the count was over, and until when that holds.
 * The policy in force travels in the event, because a stored context would keep yesterday's settings through a
 * restart. A moderator's word beats that of lists and of the runtime in every state, with one exception:
 * `moderator.limited` does not open a blocked domain, since a limit is the milder of the two and must never undo the
 * harder one by accident. A list's word beats the runtime's.
 *
 * A new domain may be on probation: it is active, and the intake gives it a smaller limit. Probation is time in
 * `active` without a strike: who comes back from a limit begins anew. A moderator who resets a domain vouches for it.
 *
 * What follows from a state is said by tags, not by names: the mail of an `open` domain is applied, that of a `shut`
 * one is rejected. A rate-limited domain is open: what has its 202 is handled, only the door is closed for a while.
 *
 * Invariants:
 * - Pure: it only assigns. Time comes in with the events; a delay is a due time that `step` reports and the store
 *   keeps. The machine has no clock of its own and survives a restart in any state.
 * - An event that a state does not name changes nothing. So a domain is struck once a window, not once a request:
 *   `limit.exceeded` means nothing to a domain that is rate-limited already.
 * - `untilMs` is null in `active`, and what is due there ends probation or strikes, never the state.
 */
import { assign, setup } from 'xstate';

export type DomainState = 'active' | 'rate-limited' | 'blocked';

/** The version of this machine; a stored snapshot of another one is not read. Raise it when stored contexts change. */
export const DOMAIN_VERSION = 2;

/** Whose decision holds: a person's here, that of a list somebody here follows, or the runtime's by its policy. */
export type DomainOrigin = 'moderator' | 'list' | 'runtime';

export interface DomainContext extends ClosedFacts {
  readonly domain: string;
  /** Times it ran into its limit, or a filter struck it, since the last reset or the last time in good standing. */
  readonly strikes: number;
  /** How long that is, in milliseconds, as the policy was at the last strike; null for ever. */
  readonly strikeDecayMs: number | null;
  /** How long it is on probation, in milliseconds; null when it is not. */
  readonly probationMs: number | null;
  /** How long the present state lasts from the event that set it, in milliseconds: the delay of the timed transitions. */
  readonly lastsMs: number | null;
  /** When its administrators asked for the present block to be lifted, epoch milliseconds. */
  readonly appealedAtMs: number | null;
}

/** What is known of a state that is not the usual one. All null in `active`, but for who reset it and why. */
export interface ClosedFacts {
  readonly reason: string | null;
  /** The moderator or the list that decided, or null when the runtime did by itself. */
  readonly by: string | null;
  readonly origin: DomainOrigin | null;
  /** When the present state ends by itself, epoch milliseconds; null when it does not. */
  readonly untilMs: number | null;
  readonly reviewAtMs: number | null;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
}

interface SaidFacts {
  readonly atMs: number;
  readonly reason: string | null;
  readonly by: string;
}
interface ClosingFacts extends SaidFacts {
  readonly untilMs: number | null;
  readonly reviewAtMs: number | null;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
}

interface StrikeFacts {
  readonly atMs: number;
  /** The policy in force: at which strike the domain is blocked, or null for never; and for how long. */
  readonly blockAfterStrikes: number | null;
  readonly strikeBlockMs: number;
  /** After how long in good standing strikes are forgotten; null for never. */
  readonly strikeDecayMs: number | null;
}
interface LimitFacts extends StrikeFacts {
  /** The end of the window that was exceeded. */
  readonly untilMs: number;
  /** By how much each further strike makes the limit longer; 1 for not at all. */
  readonly limitGrowth: number;
}
interface FilterLimitFacts {
  readonly atMs: number;
  readonly reason: string;
  readonly untilMs: number;
}
interface StruckFacts extends StrikeFacts {
  readonly reason: string;
}
interface RestoredFacts extends ClosedFacts {
  readonly atMs: number;
  readonly state: DomainState;
  readonly strikes: number;
  readonly probationMs: number | null;
  readonly appealedAtMs: number | null;
}

/** What happens to a domain. `atMs` is the time of the step that the event is sent in, epoch milliseconds. */
export type DomainEvent =
  | ({ readonly type: 'limit.exceeded' } & LimitFacts)
  | ({ readonly type: 'filter.limited' } & FilterLimitFacts)
  | ({ readonly type: 'filter.struck' } & StruckFacts)
  | ({ readonly type: 'moderator.blocked' } & ClosingFacts)
  | ({ readonly type: 'moderator.limited' } & ClosingFacts)
  | ({ readonly type: 'moderator.unblocked' } & SaidFacts)
  | ({ readonly type: 'moderator.reset' } & SaidFacts)
  | ({ readonly type: 'moderator.restored' } & RestoredFacts)
  | ({ readonly type: 'list.blocked' } & ClosingFacts)
  | ({ readonly type: 'list.lifted' } & SaidFacts)
  | { readonly type: 'domain.appealed'; readonly atMs: number };

export interface DomainInput {
  readonly domain: string;
  /** How long a new domain is on probation, in milliseconds. @default it is not */
  readonly probationMs?: number | null;
}

const OPEN = {
  reason: null,
  by: null,
  origin: null,
  untilMs: null,
  lastsMs: null,
  reviewAtMs: null,
  publicComment: null,
  privateComment: null,
  appealedAtMs: null,
} as const;

/** A limit that grows with strikes grows no further, in milliseconds. */
const LIMIT_MS_MAX = 7 * 86_400_000;
const NEVER = Number.POSITIVE_INFINITY;

// An event's facts reach guards and actions as parameters, so that none has to ask which event it is.
const tooManyStrikes = {
  type: 'tooManyStrikes',
  params: ({ event }: { event: StrikeFacts }) => event.blockAfterStrikes,
} as const;
const isLonger = {
  type: 'isLonger',
  params: ({ event }: { event: FilterLimitFacts }) => event.untilMs,
} as const;
const wasBlocked = {
  type: 'wasBlocked',
  params: ({ event }: { event: RestoredFacts }) => event.state,
} as const;
const wasLimited = {
  type: 'wasLimited',
  params: ({ event }: { event: RestoredFacts }) => event.state,
} as const;
const strike = { type: 'strike', params: ({ event }: { event: LimitFacts }) => event } as const;
const strikeOut = {
  type: 'strikeOut',
  params: ({ event }: { event: StrikeFacts & { readonly reason?: string } }) => event,
} as const;
const note = { type: 'note', params: ({ event }: { event: StruckFacts }) => event } as const;
const restrain = { type: 'restrain', params: ({ event }: { event: FilterLimitFacts }) => event } as const;
const closeBy = (origin: DomainOrigin) =>
  ({ type: 'close', params: ({ event }: { event: ClosingFacts }) => ({ ...event, origin }) }) as const;
const close = closeBy('moderator');
const closeByList = closeBy('list');
const forgive = { type: 'forgive', params: ({ event }: { event: SaidFacts }) => event } as const;
const restore = { type: 'restore', params: ({ event }: { event: RestoredFacts }) => event } as const;
const hear = { type: 'hear', params: ({ event }: { event: { atMs: number } }) => event.atMs } as const;

export const domainMachine = setup({
  types: {} as { context: DomainContext; events: DomainEvent; input: DomainInput; tags: 'open' | 'shut' },
  guards: {
    tooManyStrikes: ({ context }, blockAfterStrikes: number | null) =>
      blockAfterStrikes !== null && context.strikes + 1 >= blockAfterStrikes,
    isLonger: ({ context }, untilMs: number) => untilMs > (context.untilMs ?? NEVER),
    isByList: ({ context }) => context.origin === 'list',
    isNotManual: ({ context }) => context.origin !== 'moderator',
    wasBlocked: (_, state: DomainState) => state === 'blocked',
    wasLimited: (_, state: DomainState) => state === 'rate-limited',
  },
  delays: {
    // No end is an infinite delay, which `step` turns into no due time.
    until: ({ context }) => context.lastsMs ?? NEVER,
    probation: ({ context }) => context.probationMs ?? NEVER,
    strikeDecay: ({ context }) => (context.strikes === 0 ? NEVER : (context.strikeDecayMs ?? NEVER)),
  },
  actions: {
    strike: assign(({ context }, { atMs, untilMs: endsMs, limitGrowth, strikeDecayMs }: LimitFacts) => {
      const growing = (endsMs - atMs) * limitGrowth ** context.strikes;
      const lastsMs = Math.max(endsMs - atMs, Math.min(growing, LIMIT_MS_MAX));
      return {
        ...OPEN,
        strikes: context.strikes + 1,
        strikeDecayMs,
        reason: 'rate limit exceeded',
        origin: 'runtime' as const,
        untilMs: atMs + lastsMs,
        lastsMs,
      };
    }),
    strikeOut: assign(({ context }, facts: StrikeFacts & { readonly reason?: string }) => {
      const { atMs, strikeBlockMs, strikeDecayMs, reason = 'rate limit exceeded' } = facts;
      const strikes = context.strikes + 1;
      const untilMs = atMs + strikeBlockMs;
      const times = { untilMs, lastsMs: strikeBlockMs, reviewAtMs: untilMs };
      return {
        ...OPEN,
        ...times,
        strikes,
        strikeDecayMs,
        origin: 'runtime' as const,
        reason: `${reason}, strike ${strikes}`,
      };
    }),
    note: assign(({ context }, { strikeDecayMs }: StruckFacts) => ({
      strikes: context.strikes + 1,
      strikeDecayMs,
    })),
    restrain: assign((_, { atMs, untilMs, reason }: FilterLimitFacts) => {
      return { ...OPEN, reason, origin: 'runtime' as const, untilMs, lastsMs: untilMs - atMs };
    }),
    close: assign((_, facts: ClosingFacts & { readonly origin: DomainOrigin }) => {
      const { reason, by, origin, untilMs, reviewAtMs, publicComment, privateComment } = facts;
      const lastsMs = untilMs === null ? null : untilMs - facts.atMs;
      return { ...OPEN, reason, by, origin, untilMs, lastsMs, reviewAtMs, publicComment, privateComment };
    }),
    heal: assign(OPEN),
    forgive: assign((_, { reason, by }: SaidFacts) => ({
      ...OPEN,
      strikes: 0,
      probationMs: null,
      reason,
      by,
    })),
    restore: assign((_, { atMs, state: _state, ...facts }: RestoredFacts) => {
      const { reason, by, origin, untilMs, reviewAtMs, publicComment, privateComment } = facts;
      const { strikes, probationMs, appealedAtMs } = facts;
      const lastsMs = untilMs === null ? null : untilMs - atMs;
      const said = { reason, by, origin, reviewAtMs, publicComment, privateComment, appealedAtMs };
      return { ...said, untilMs, lastsMs, strikes, probationMs };
    }),
    hear: assign((_, atMs: number) => ({ appealedAtMs: atMs })),
    establish: assign({ probationMs: null }),
    forget: assign({ strikes: 0 }),
  },
}).createMachine({
  id: 'domain',
  version: String(DOMAIN_VERSION),
  context: ({ input: { domain, probationMs = null } }) => ({
    ...{ domain, probationMs, strikes: 0, strikeDecayMs: null },
    ...OPEN,
  }),
  initial: 'active',
  on: {
    'moderator.restored': [
      { guard: wasBlocked, target: '.blocked', actions: restore },
      { guard: wasLimited, target: '.rate-limited', actions: restore },
      { target: '.active', actions: restore },
    ],
  },
  states: {
    active: {
      tags: 'open',
      after: { probation: { actions: 'establish' }, strikeDecay: { actions: 'forget' } },
      on: {
        'limit.exceeded': [
          { guard: tooManyStrikes, target: 'blocked', actions: strikeOut },
          { target: 'rate-limited', actions: strike },
        ],
        'filter.struck': [
          { guard: tooManyStrikes, target: 'blocked', actions: strikeOut },
          { target: 'active', reenter: true, actions: note },
        ],
        'filter.limited': { target: 'rate-limited', actions: restrain },
        'moderator.limited': { target: 'rate-limited', actions: close },
        'moderator.blocked': { target: 'blocked', actions: close },
        'list.blocked': { target: 'blocked', actions: closeByList },
        'moderator.reset': { target: 'active', reenter: true, actions: forgive },
      },
    },
    'rate-limited': {
      tags: 'open',
      after: { until: { target: 'active', actions: 'heal' } },
      on: {
        'filter.struck': [
          { guard: tooManyStrikes, target: 'blocked', actions: strikeOut },
          { actions: note },
        ],
        'filter.limited': { guard: isLonger, target: 'rate-limited', reenter: true, actions: restrain },
        'moderator.limited': { target: 'rate-limited', reenter: true, actions: close },
        'moderator.blocked': { target: 'blocked', actions: close },
        'list.blocked': { target: 'blocked', actions: closeByList },
        'moderator.reset': { target: 'active', actions: forgive },
      },
    },
    blocked: {
      tags: 'shut',
      after: { until: { target: 'active', actions: 'heal' } },
      on: {
        'moderator.blocked': { target: 'blocked', reenter: true, actions: close },
        'list.blocked': { guard: 'isNotManual', target: 'blocked', reenter: true, actions: closeByList },
        'list.lifted': { guard: 'isByList', target: 'active', actions: 'heal' },
        'domain.appealed': { actions: hear },
        'moderator.unblocked': { target: 'active', actions: forgive },
        'moderator.reset': { target: 'active', actions: forgive },
      },
    },
  },
});
