/**
 * The life of a follow request: one Follow, from its activity id on.
 *
 * ```
 *   (start) ─► pending ──── accepted ───► accepted
 *                 │ │                      │ │ rejected
 *                 │ └── rejected · due ────│─┴──► rejected ── undone ──┐
 *                 │                        │                           ▼
 *                 └── undone · replaced ───┴─────────────────► withdrawn (final)
 * ```
 * The idea. Whoever is followed decides, with `follow.accepted` and `follow.rejected`, and may change a yes into a
 * no; whoever follows can always take it back, with `follow.undone`. A no is not turned into a yes: the follower
 * asks again, which is a new Follow with a life of its own. When a server asks again while an earlier request of
 * the same pair is alive, the earlier one is withdrawn as `replaced` and hands its standing on.
 *
 * `direction` says whose decision it is: an `incoming` request is for our actor, an `outgoing` one for theirs. Who
 * may send which event is the business of `activities/` and of the moderator's verbs, not of this machine.
 *
 * Nobody is kept waiting for ever where a service says so: a request may wait for `waitMs`, which it is born with, so
 * that a changed setting counts for those that come from then on. Then it is rejected as `expired`, like any other.
 *
 * Invariants:
 * - Pure; an event that a state does not name changes nothing; `withdrawn` is never left.
 * - A yes never expires: only `pending` has a due time.
 */
import { assign, setup } from 'xstate';

export type FollowRequestState = 'pending' | 'accepted' | 'rejected' | 'withdrawn';

/** The version of this machine; a stored snapshot of another one is not read. */
export const FOLLOW_REQUEST_VERSION = 1;

export interface FollowRequestInput {
  /** The Follow's id: the key. */
  readonly activityId: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly follower: string;
  readonly following: string;
  /** How long it may be pending, in milliseconds; null for ever. */
  readonly waitMs: number | null;
}

export interface FollowRequestContext extends FollowRequestInput {
  readonly reason: string | null;
  /** Who answered: a moderator's name, the remote actor's id, or null when a policy or the time did. */
  readonly by: string | null;
}

export type FollowRequestEvent =
  | { readonly type: 'follow.accepted'; readonly reason: string | null; readonly by: string | null }
  | { readonly type: 'follow.rejected'; readonly reason: string | null; readonly by: string | null }
  /** The follower took it back, or blocked whom it followed. */
  | { readonly type: 'follow.undone'; readonly reason: string | null }
  /** A new Follow of the same pair has taken over. */
  | { readonly type: 'follow.replaced'; readonly reason: 'replaced' };

export const followRequestMachine = setup({
  types: {} as {
    context: FollowRequestContext;
    events: FollowRequestEvent;
    input: FollowRequestInput;
    tags: 'alive' | 'over';
  },
  delays: {
    // For ever is an infinite delay, which `step` turns into no due time.
    wait: ({ context }) => context.waitMs ?? Number.POSITIVE_INFINITY,
  },
  actions: {
    expire: assign({ reason: 'expired', by: null }),
    note: assign(({ event }) => ({ reason: event.reason, by: 'by' in event ? event.by : null })),
  },
}).createMachine({
  id: 'follow-request',
  version: String(FOLLOW_REQUEST_VERSION),
  context: ({ input }) => ({ ...input, reason: null, by: null }),
  initial: 'pending',
  states: {
    pending: {
      tags: 'alive',
      after: { wait: { target: 'rejected', actions: 'expire' } },
      on: {
        'follow.accepted': { target: 'accepted', actions: 'note' },
        'follow.rejected': { target: 'rejected', actions: 'note' },
        'follow.undone': { target: 'withdrawn', actions: 'note' },
        'follow.replaced': { target: 'withdrawn', actions: 'note' },
      },
    },
    accepted: {
      tags: 'alive',
      on: {
        'follow.rejected': { target: 'rejected', actions: 'note' },
        'follow.undone': { target: 'withdrawn', actions: 'note' },
        'follow.replaced': { target: 'withdrawn', actions: 'note' },
      },
    },
    rejected: {
      tags: 'over',
      on: { 'follow.undone': { target: 'withdrawn', actions: 'note' } },
    },
    withdrawn: { type: 'final', tags: 'over' },
  },
});
