/**
 * The life of a remote domain.
 *
 * ```
 *                 limit.exceeded · moderator.limited
 *          ┌───────────────────────────────────────────────┐
 *          │                                               ▼
 *   ──► active ◄────── after until · reset ────────── rate-limited ──┐ moderator.limited:
 *        open ◄──┐                                        open    ◄──┘ another until
 *          │     │                                         │
 *          │     └── after until · unblocked · reset ──┐   │ moderator.blocked
 *          │                                           │   ▼
 *          └────────────────────────────────────────► blocked ──┐ moderator.blocked:
 *            moderator.blocked                          shut ◄──┘ another reason, another until
 *            limit.exceeded [tooManyStrikes]
 * ```
 * The idea. Most domains are honest, and some honest ones are large. So running into a limit is no crime: it is a
 * strike, the domain waits until its window is over, and heals by itself. Nothing blocks a domain but a person, or
 * a policy that a person has switched on (`blockAfterStrikes`), and a block by policy ends by itself and asks to be
 * reviewed when it does.
 *
 * Who decides what. The intake counts; this machine only hears that the count was over, and until when that holds.
 * The policy in force travels in the event, because a stored context would keep yesterday's settings through a
 * restart. A moderator's word beats the runtime's in every state, with one exception: `moderator.limited` does not
 * open a blocked domain, since a limit is the milder of the two and must never undo the harder one by accident.
 *
 * What follows from a state is said by tags, not by names: the mail of an `open` domain is applied, that of a `shut`
 * one is rejected. A rate-limited domain is open: what has its 202 is handled, only the door is closed for a while.
 *
 * Invariants:
 * - Pure: it only assigns. Time comes in with the events; a delay is a due time that `step` reports and the store
 *   keeps. The machine has no clock of its own and survives a restart in any state.
 * - An event that a state does not name changes nothing. So a domain is struck once a window, not once a request:
 *   `limit.exceeded` means nothing to a domain that is rate-limited already.
 * - Strikes only grow by `limit.exceeded`; time does not take them away, a moderator does.
 * - `untilMs` is null in `active`, and `active` has no due time.
 */
import { assign, setup } from 'xstate';

export type DomainState = 'active' | 'rate-limited' | 'blocked';

/** The version of this machine; a stored snapshot of another one is not read. Raise it when stored contexts change. */
export const DOMAIN_VERSION = 1;

export interface DomainContext {
  readonly domain: string;
  /** Times it ran into its limit since the last reset. */
  readonly strikes: number;
  readonly reason: string | null;
  /** The moderator who decided, or null when the runtime did by itself. */
  readonly by: string | null;
  /** When the present state ends by itself, epoch milliseconds; null when it does not. */
  readonly untilMs: number | null;
  /** How long that was from the event that set it, in milliseconds: the delay of the timed transitions. */
  readonly lastsMs: number | null;
  readonly reviewAtMs: number | null;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
}

interface ModeratorFacts {
  readonly atMs: number;
  readonly reason: string | null;
  readonly by: string;
}
interface ClosingFacts extends ModeratorFacts {
  readonly untilMs: number | null;
  readonly reviewAtMs: number | null;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
}

interface LimitFacts {
  readonly atMs: number;
  /** The end of the window that was exceeded. */
  readonly untilMs: number;
  /** The policy in force: at which strike the domain is blocked, or null for never; and for how long. */
  readonly blockAfterStrikes: number | null;
  readonly strikeBlockMs: number;
}

/** What happens to a domain. `atMs` is the time of the step that the event is sent in, epoch milliseconds. */
export type DomainEvent =
  | ({ readonly type: 'limit.exceeded' } & LimitFacts)
  | ({ readonly type: 'moderator.blocked' } & ClosingFacts)
  | ({ readonly type: 'moderator.limited' } & ClosingFacts)
  | ({ readonly type: 'moderator.unblocked' } & ModeratorFacts)
  | ({ readonly type: 'moderator.reset' } & ModeratorFacts);

export interface DomainInput {
  readonly domain: string;
}

const OPEN = {
  reason: null,
  by: null,
  untilMs: null,
  lastsMs: null,
  reviewAtMs: null,
  publicComment: null,
  privateComment: null,
} as const;

// An event's facts reach guards and actions as parameters, so that none has to ask which event it is.
const tooManyStrikes = {
  type: 'tooManyStrikes',
  params: ({ event }: { event: LimitFacts }) => event.blockAfterStrikes,
} as const;
const strike = { type: 'strike', params: ({ event }: { event: LimitFacts }) => event } as const;
const strikeOut = { type: 'strikeOut', params: ({ event }: { event: LimitFacts }) => event } as const;
const close = { type: 'close', params: ({ event }: { event: ClosingFacts }) => event } as const;
const forgive = { type: 'forgive', params: ({ event }: { event: ModeratorFacts }) => event } as const;

export const domainMachine = setup({
  types: {} as { context: DomainContext; events: DomainEvent; input: DomainInput; tags: 'open' | 'shut' },
  guards: {
    tooManyStrikes: ({ context }, blockAfterStrikes: number | null) =>
      blockAfterStrikes !== null && context.strikes + 1 >= blockAfterStrikes,
  },
  delays: {
    // No end is an infinite delay, which `step` turns into no due time.
    until: ({ context }) => context.lastsMs ?? Number.POSITIVE_INFINITY,
  },
  actions: {
    strike: assign(({ context }, { atMs, untilMs }: LimitFacts) => {
      return {
        ...OPEN,
        strikes: context.strikes + 1,
        reason: 'rate limit exceeded',
        untilMs,
        lastsMs: untilMs - atMs,
      };
    }),
    strikeOut: assign(({ context }, { atMs, strikeBlockMs }: LimitFacts) => {
      const strikes = context.strikes + 1;
      const untilMs = atMs + strikeBlockMs;
      const times = { untilMs, lastsMs: strikeBlockMs, reviewAtMs: untilMs };
      return { ...OPEN, ...times, strikes, reason: `rate limit exceeded ${strikes} times` };
    }),
    close: assign((_, facts: ClosingFacts) => {
      const { reason, by, untilMs, reviewAtMs, publicComment, privateComment } = facts;
      const lastsMs = untilMs === null ? null : untilMs - facts.atMs;
      return { reason, by, untilMs, lastsMs, reviewAtMs, publicComment, privateComment };
    }),
    heal: assign(OPEN),
    forgive: assign((_, { reason, by }: ModeratorFacts) => ({ ...OPEN, strikes: 0, reason, by })),
  },
}).createMachine({
  id: 'domain',
  version: String(DOMAIN_VERSION),
  context: ({ input }) => ({ domain: input.domain, strikes: 0, ...OPEN }),
  initial: 'active',
  states: {
    active: {
      tags: 'open',
      on: {
        'limit.exceeded': [
          { guard: tooManyStrikes, target: 'blocked', actions: strikeOut },
          { target: 'rate-limited', actions: strike },
        ],
        'moderator.limited': { target: 'rate-limited', actions: close },
        'moderator.blocked': { target: 'blocked', actions: close },
        'moderator.reset': { actions: forgive },
      },
    },
    'rate-limited': {
      tags: 'open',
      after: { until: { target: 'active', actions: 'heal' } },
      on: {
        'moderator.limited': { target: 'rate-limited', reenter: true, actions: close },
        'moderator.blocked': { target: 'blocked', actions: close },
        'moderator.reset': { target: 'active', actions: forgive },
      },
    },
    blocked: {
      tags: 'shut',
      after: { until: { target: 'active', actions: 'heal' } },
      on: {
        'moderator.blocked': { target: 'blocked', reenter: true, actions: close },
        'moderator.unblocked': { target: 'active', actions: forgive },
        'moderator.reset': { target: 'active', actions: forgive },
      },
    },
  },
});
