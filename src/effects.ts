/**
 * What a turn reads and writes about follows, members and sends: the shapes between the decisions of `activities/`,
 * which never query, and the statements of `store/`, which never decide. Types only.
 */
import type { FollowRequestState, Stored } from '../machines/index.ts';
import type { NewEvent } from './api.ts';

/** Two ends of a follow. */
export interface Pair {
  readonly follower: string;
  readonly following: string;
}

/** Keys of what a decision wants to know. */
export interface Needs {
  readonly followRequestIds: readonly string[];
  readonly pairs: readonly Pair[];
  /** Remote actors whose inbox an answer would go to. */
  readonly remoteActors: readonly string[];
}

/** A follow request as decisions see it. */
export interface FollowFacts extends Pair {
  readonly activityId: string;
  readonly domain: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly state: FollowRequestState;
}

/** A follow request with its machine's snapshot, as the store keeps it. */
export interface FollowLife extends FollowFacts {
  readonly stored: Stored;
  readonly sinceMs: number;
}

/** An item in a collection. */
export interface Membership {
  readonly collection: string;
  readonly item: string;
}

/** An activity of ours, ready to be stored and delivered. `body` is what goes over the wire, byte for byte. */
export interface OwnActivity {
  readonly id: string;
  /** Id of the local actor that sends it. */
  readonly actor: string;
  readonly type: string;
  readonly body: string;
}

/** An activity of ours for one inbox. */
export interface Send {
  readonly activity: OwnActivity;
  readonly inbox: string;
  readonly domain: string;
}

/** Where answers to a remote actor go. */
export interface RemoteInbox {
  readonly id: string;
  readonly domain: string;
  readonly inbox: string;
}

/** Everything that is to be written. A fixed number of statements writes it, however much it is. */
export interface Effects {
  readonly begun: FollowLife[];
  readonly changed: FollowLife[];
  readonly joins: Membership[];
  readonly leaves: Membership[];
  readonly sends: Send[];
  readonly events: NewEvent[];
}
