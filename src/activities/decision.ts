/**
 * What an activity file reads and returns.
 *
 * A file exports `needs` (the keys of what it wants to know) and `decide` (a decision from facts). It never
 * queries and never writes: the turn fetches the needs of all its mail with one statement per table, applies each
 * decision to the facts before the next mail is looked at, and writes everything at its end.
 */
import type { FollowRequestEvent } from '../../machines/index.ts';
import type { Facts } from '../activity.ts';
import type { LocalFacts, Moving } from '../api.ts';
import type {
  ActorMove,
  FollowFacts,
  Membership,
  Needs,
  NewFollow,
  NewReport,
  ObjectFacts,
  Pair,
  PastActivity,
  RemoteInbox,
  Retraction,
} from '../effects.ts';

/** A mail as a decision sees it. */
export interface Letter {
  readonly facts: Facts;
  /** The domain whose mailbox it lies in: the actor's. */
  readonly domain: string;
  /** Our own origin. */
  readonly origin: string;
  /** The inbox that it came to. */
  readonly inbox: string;
  /** The local actors that it names, and the owner of the inbox it came to. */
  readonly locals: readonly LocalFacts[];
  /** A moderator has approved what the followed actor's policy held. */
  readonly isApproved?: boolean | undefined;
  /** With a Move of somebody whom ours follow: what was found at its target. */
  readonly moving?: Moving | undefined;
}

export const NO_NEEDS: Needs = {
  ...{ followRequestIds: [], pairs: [], partners: [], remoteActors: [] },
  ...{ objects: [], activities: [], retractions: [], movers: [] },
};

/** What is known when a mail is decided, earlier decisions of the same turn included. */
export interface Known {
  followRequest(activityId: string): FollowFacts | undefined;
  /** The pending or accepted request of a pair; there is at most one. */
  liveBetween(pair: Pair): FollowFacts | undefined;
  /** Every pending or accepted request of an actor, in both directions. */
  liveOf(actor: string): FollowFacts[];
  object(uri: string): ObjectFacts | undefined;
  /** The collection of what a remote actor has pinned, as its document calls it; null when that is not known. */
  featuredOf(actor: string): string | null;
  activity(activityId: string): PastActivity | undefined;
  /** Has this actor taken this back before it came? */
  isRetracted(actor: string, object: string): boolean;
  /** Our actors whom an actor reaches when it addresses these: those that follow it, if one is its followers. */
  followersAmong(actor: string, addressees: readonly string[]): string[];
  /** Is anybody blocked by anybody of ours, as far as this turn is concerned? */
  readonly hasBlocks: boolean;
  /** Does this actor of ours want to hear nothing from that one? */
  isBlockedBy(local: string, actor: string): boolean;
  /** Has it moved lately, or somebody to it? */
  lastMoveOf(actor: string): ActorMove | undefined;
}

/** What a decision asks of the follow-request machines. The collections and answers follow from their transitions. */
export type FollowChange =
  | { readonly type: 'begin'; readonly request: NewFollow }
  /** Our actor asks to follow somebody: an outgoing request, and the Follow on its way. */
  | { readonly type: 'ask'; readonly pair: Pair; readonly to: RemoteInbox }
  | { readonly type: 'send'; readonly activityId: string; readonly event: FollowRequestEvent };

/** What a decision asks for. */
export type Change =
  | FollowChange
  | { readonly type: 'keep'; readonly object: ObjectFacts }
  | { readonly type: 'join' | 'leave'; readonly membership: Membership }
  /** Whoever is in the collection leaves it. */
  | { readonly type: 'clear'; readonly collection: string }
  | { readonly type: 'retract'; readonly retraction: Retraction }
  | { readonly type: 'report'; readonly report: NewReport }
  | { readonly type: 'moved'; readonly move: ActorMove }
  /** The actor is gone, or its document has changed. */
  | { readonly type: 'actor-gone' | 'actor-changed'; readonly actor: string };

/** How an activity ends, and what it asks for. */
export interface Decision {
  readonly status: 'processed' | 'rejected' | 'dropped' | 'held';
  readonly reason: string | null;
  readonly changes: readonly Change[];
}

/** Applied; `reason` says why when there was nothing to do. */
export function processed(reason: string | null = null, changes: readonly Change[] = []): Decision {
  return { status: 'processed', reason, changes };
}

/** Not allowed: no effect but what tells the sender so, and the reason is kept. */
export function rejected(reason: string, changes: readonly Change[] = []): Decision {
  return { status: 'rejected', reason, changes };
}

/** Silence: no effect at all, and nobody hears of it. */
export function dropped(reason: string): Decision {
  return { status: 'dropped', reason, changes: [] };
}

/** It waits for a moderator, and has no effect until then. */
export function held(reason: string): Decision {
  return { status: 'held', reason, changes: [] };
}

/** One file per verb, all of this shape. */
export interface ActivityRule {
  needs(letter: Letter): Needs;
  decide(letter: Letter, known: Known, atMs: number): Decision;
}

/** The local actor of this id, when the letter names it. */
export function localNamed(letter: Letter, id: string | null | undefined): LocalFacts | undefined {
  return id == null ? undefined : letter.locals.find((local) => local.id === id);
}
