/**
 * What a turn reads and writes about follows, objects, members and sends: the shapes between the decisions of `activities/`,
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
  /** Actors of whom every live follow request is wanted, in both directions. */
  readonly partners: readonly string[];
  /** Remote actors whose inbox an answer would go to. */
  readonly remoteActors: readonly string[];
  readonly objects: readonly string[];
  /** Activities from before. */
  readonly activities: readonly string[];
  readonly retractions: readonly Retraction[];
  /** Actors of whom it is wanted whether they have moved lately, or others to them. */
  readonly movers: readonly string[];
}

/** An object as decisions see it. */
export interface ObjectFacts {
  readonly uri: string;
  readonly type: string | null;
  readonly owner: string;
  readonly inReplyTo: string | null;
  readonly isDeleted: boolean;
  /** Addressed to everybody, as far as the activity says that brought it. */
  readonly isPublic: boolean;
  /** The activity whose document holds it; null for one that is deleted. */
  readonly source: string | null;
  /** When its owner says that it changed last, epoch milliseconds: what is older does not replace it. */
  readonly changedMs: number;
}

/** Something that its actor has taken back, or deleted, before it came. */
export interface Retraction {
  readonly actor: string;
  /** The id of an activity, or of an object. */
  readonly object: string;
}

/** An activity from before, as an Undo sees it. */
export interface PastActivity {
  readonly type: string;
  readonly actor: string;
  readonly object: string | null;
}

/** A report to our moderators, about somebody and some of what is his. */
export interface NewReport {
  readonly activityId: string;
  /** Who reports, and its domain. */
  readonly actor: string;
  readonly domain: string;
  /** Whom it is about: an actor, or what is known of nobody. */
  readonly target: string;
  readonly objects: readonly string[];
  readonly content: string | null;
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
  /** When its machine wants to be woken, epoch milliseconds. */
  readonly dueMs: number | null;
}

/** A follow request that begins. */
export interface NewFollow extends Omit<FollowFacts, 'state'> {
  /** How long it may be pending, in milliseconds; null for ever. @default null */
  readonly waitMs?: number | null;
}

/** One of our actors wants to hear nothing from an actor, by its id, or from a domain and its subdomains, by its name. */
export interface UserBlock {
  readonly actor: string;
  readonly target: string;
}

/** A remote actor has moved, and those of ours who followed it have followed it there. */
export interface ActorMove {
  readonly actor: string;
  readonly target: string;
}

/** An item in a collection. */
export interface Membership {
  readonly collection: string;
  readonly item: string;
  /** The activity that put it there, where several may do so: the likes and shares of an object. Else empty. */
  readonly via: string;
}

/** An activity of ours, ready to be stored and delivered. `body` is what goes over the wire, byte for byte. */
export interface OwnActivity {
  readonly id: string;
  /** Id of the local actor that sends it. */
  readonly actor: string;
  readonly type: string;
  readonly body: string;
  /** Addressed to everybody. @default false */
  readonly isPublic?: boolean;
}

/** An activity of ours for one inbox. */
export interface Send {
  readonly activity: OwnActivity;
  readonly inbox: string;
  readonly domain: string;
}

/** One of our actors that follows a remote one, and the collection by which that one addresses its followers. */
export interface LocalFollower extends Pair {
  readonly collection: string;
}

/** Where answers to a remote actor go. */
export interface RemoteInbox {
  readonly id: string;
  readonly domain: string;
  readonly inbox: string;
  /** The collection of what it has pinned, by its document; where that is asked for. */
  readonly featured?: string | null;
}

/** Everything that is to be written. A fixed number of statements writes it, however much it is. */
export interface Effects {
  readonly begun: FollowLife[];
  readonly changed: FollowLife[];
  readonly joins: Membership[];
  /** With an empty `via`: whatever put the item there. */
  readonly leaves: Membership[];
  /** Collections that are emptied first of all. */
  readonly cleared: string[];
  readonly objects: ObjectFacts[];
  readonly retractions: Retraction[];
  readonly reports: NewReport[];
  readonly moves: ActorMove[];
  /** Actors that are gone, with all that was theirs. */
  readonly gone: string[];
  /** Actors whose document has changed. */
  readonly changedActors: string[];
  readonly sends: Send[];
  readonly events: NewEvent[];
}
