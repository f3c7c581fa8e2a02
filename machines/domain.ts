/**
 * The life of a remote domain.
 *
 * ```
 *                       limit.exceeded [within policy]
 *               ┌────────────────────────────────────────► rate-limited ─┐ limited: until moved
 *   (start) ─► active ◄──────── after until · reset ───────┘  │           └───►
 *               │  ▲                                           │ moderator.blocked
 *               │  └──── after until · unblocked · reset ──┐   ▼
 *               └─ moderator.blocked · limit.exceeded ───► blocked ─┐ blocked: reason, until moved
 *                  [too many strikes]                        ▲──────┘
 * ```
 * The idea. Most domains are honest, and some honest ones are large. So running into a limit is no crime: it is a
 * strike, the domain waits until its window is over, and heals by itself. Nothing blocks a domain but a person, or
 * a policy that a person has switched on (`blockAfterStrikes`), and a block by policy ends by itself and asks to be
 * reviewed. What a domain may do is said by tags: the mail of an `open` domain is applied, that of a `shut` one is
 * rejected. A rate-limited domain is open: what has its 202 is handled; only the door is closed for a while.
 *
 * Invariants:
 * - Pure: it only assigns. Time comes in with the events; a delay is a due time that `step` reports and the store
 *   keeps. The machine has no clock of its own and survives a restart in any state.
 * - An event that a state does not name changes nothing.
 * - Strikes only grow by `limit.exceeded`, and only a moderator takes them away.
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

export type DomainEvent =
  /** An activity came over the limit; `untilMs` is the end of its window. The policy in force comes along. */
  | {
      readonly type: 'limit.exceeded';
      readonly atMs: number;
      readonly untilMs: number;
      readonly blockAfterStrikes: number | null;
      readonly strikeBlockMs: number;
    }
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

export const domainMachine = setup({
  types: {
    context: {} as DomainContext,
    events: {} as DomainEvent,
    input: {} as DomainInput,
    tags: {} as 'open' | 'shut',
  },
  guards: {
    tooManyStrikes: ({ context, event }) =>
      event.type === 'limit.exceeded' &&
      event.blockAfterStrikes !== null &&
      context.strikes + 1 >= event.blockAfterStrikes,
  },
  delays: {
    // No end: XState gets a delay that `step` never turns into a due time.
    until: ({ context }) => context.lastsMs ?? Number.POSITIVE_INFINITY,
  },
  actions: {
    strike: assign(({ context, event }) => {
      if (event.type !== 'limit.exceeded') return {};
      const { atMs, untilMs } = event;
      return { ...OPEN, strikes: context.strikes + 1, reason: 'rate limit exceeded', untilMs, lastsMs: untilMs - atMs };
    }),
    strikeOut: assign(({ context, event }) => {
      if (event.type !== 'limit.exceeded') return {};
      const strikes = context.strikes + 1;
      const untilMs = event.atMs + event.strikeBlockMs;
      const times = { untilMs, lastsMs: event.strikeBlockMs, reviewAtMs: untilMs };
      return { ...OPEN, ...times, strikes, reason: `rate limit exceeded ${strikes} times` };
    }),
    close: assign(({ event }) => {
      if (event.type !== 'moderator.blocked' && event.type !== 'moderator.limited') return {};
      const { type: _, atMs, ...facts } = event;
      return { ...facts, lastsMs: event.untilMs === null ? null : event.untilMs - atMs };
    }),
    heal: assign(OPEN),
    forgive: assign(({ event }) => {
      if (event.type !== 'moderator.unblocked' && event.type !== 'moderator.reset') return {};
      return { ...OPEN, strikes: 0, reason: event.reason, by: event.by };
    }),
  },
}).createMachine({
  id: 'domain',
  context: ({ input }) => ({ domain: input.domain, strikes: 0, ...OPEN }),
  initial: 'active',
  states: {
    active: {
      tags: 'open',
      on: {
        'limit.exceeded': [
          { guard: 'tooManyStrikes', target: 'blocked', actions: 'strikeOut' },
          { target: 'rate-limited', actions: 'strike' },
        ],
        'moderator.limited': { target: 'rate-limited', actions: 'close' },
        'moderator.blocked': { target: 'blocked', actions: 'close' },
        'moderator.reset': { actions: 'forgive' },
      },
    },
    'rate-limited': {
      tags: 'open',
      after: { until: { target: 'active', actions: 'heal' } },
      on: {
        'moderator.limited': { target: 'rate-limited', reenter: true, actions: 'close' },
        'moderator.blocked': { target: 'blocked', actions: 'close' },
        'moderator.reset': { target: 'active', actions: 'forgive' },
      },
    },
    blocked: {
      tags: 'shut',
      after: { until: { target: 'active', actions: 'heal' } },
      on: {
        'moderator.blocked': { target: 'blocked', reenter: true, actions: 'close' },
        'moderator.unblocked': { target: 'active', actions: 'forgive' },
        'moderator.reset': { target: 'active', actions: 'forgive' },
      },
    },
  },
});
