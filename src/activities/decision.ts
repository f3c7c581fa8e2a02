/**
 * What an activity file reads and returns.
 *
 * A file exports `needs` (the keys of what it wants to know) and `decide` (a decision from facts). It never
 * queries and never writes: the turn fetches the needs of all its mail with one statement per table, applies each
 * decision to the facts before the next mail is looked at, and writes everything at its end.
 */
import type { FollowRequestEvent } from '../../machines/index.ts';
import type { Facts } from '../activity.ts';
import type { LocalFacts } from '../api.ts';
import type {
  FollowFacts,
  Membership,
  Needs,
  NewReport,
  ObjectFacts,
  Pair,
  PastActivity,
  Retraction,
} from '../effects.ts';

/** A mail as a decision sees it. */
export interface Letter {
  readonly facts: Facts;
  /** The domain whose mailbox it lies in: the actor's. */
  readonly domain: string;
  /** The local actors that it names, and the owner of the inbox it came to. */
  readonly locals: readonly LocalFacts[];
}

export const NO_NEEDS: Needs = {
  ...{ followRequestIds: [], pairs: [], partners: [], remoteActors: [] },
  ...{ objects: [], activities: [], retractions: [] },
};

/** What is known when a mail is decided, earlier decisions of the same turn included. */
export interface Known {
  followRequest(activityId: string): FollowFacts | undefined;
  /** The pending or accepted request of a pair; there is at most one. */
  liveBetween(pair: Pair): FollowFacts | undefined;
  /** Every pending or accepted request of an actor, in both directions. */
  liveOf(actor: string): FollowFacts[];
  object(uri: string): ObjectFacts | undefined;
  activity(activityId: string): PastActivity | undefined;
  /** Has this actor taken this back before it came? */
  isRetracted(actor: string, object: string): boolean;
}

/** What a decision asks of the follow-request machines. The collections and answers follow from their transitions. */
export type FollowChange =
  | { readonly type: 'begin'; readonly request: Omit<FollowFacts, 'state'> }
  | { readonly type: 'send'; readonly activityId: string; readonly event: FollowRequestEvent };
  /** The collection of what a remote actor has pinned, as its document calls it; null when that is not known. */
  featuredOf(actor: string): string | null;

/** What a decision asks for. */
export type Change =
  | FollowChange
  | { readonly type: 'keep'; readonly object: ObjectFacts }
  | { readonly type: 'join' | 'leave'; readonly membership: Membership }
  /** Whoever is in the collection leaves it. */
  | { readonly type: 'clear'; readonly collection: string }
  | { readonly type: 'retract'; readonly retraction: Retraction }
  | { readonly type: 'report'; readonly report: NewReport }
  /** The actor is gone, or its document has changed. */
  | { readonly type: 'actor-gone' | 'actor-changed'; readonly actor: string };

/** How an activity ends, and what it asks for. */
export interface Decision {
  readonly status: 'processed' | 'rejected';
  readonly reason: string | null;
  readonly changes: readonly Change[];
}

/** Applied; `reason` says why when there was nothing to do. */
export function processed(reason: string | null = null, changes: readonly Change[] = []): Decision {
  return { status: 'processed', reason, changes };
}

/** Not allowed: no effect, and the reason is kept. */
export function rejected(reason: string): Decision {
  return { status: 'rejected', reason, changes: [] };
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
