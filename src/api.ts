/**
 * The shapes of the public surface that several rooms share: transitions, records, pages. Types only.
 */
import type { DomainOrigin, DomainState, FollowRequestState } from '../machines/index.ts';
import type { Facts } from './activity.ts';
import type { HoldEvent } from './api/holds.ts';
import type { Policy } from './api/rules.ts';
import type { Activity, FlagActivity } from './api/stored.ts';
import type { FollowTerms, LocalActorOptions, Logger } from './options.ts';
import type { Status } from './verdict.ts';

export type * from './api/appeals.ts';
export type * from './api/audit.ts';
export type * from './api/filters.ts';
export type * from './api/page.ts';
export type * from './api/reports.ts';
export type * from './api/simulations.ts';
export type * from './api/stored.ts';

/** The machines by name, with their states. */
export interface MachineStates {
  domain: DomainState;
  'follow-request': FollowRequestState;
}
/** `'domain'` or `'follow-request'`. */
export type MachineName = keyof MachineStates;

/** One change of state in the append-only log: the record of `GET /admin/api/transitions`. */
export interface Transition<M extends MachineName = MachineName> {
  /** Position in the log; numbers follow commit order, without repetition. */
  readonly seq: number;
  readonly at: Date;
  readonly machine: M;
  /** The domain's name, or the Follow's id. */
  readonly key: string;
  readonly from: MachineStates[M] | null;
  readonly to: MachineStates[M];
  readonly event: string;
  readonly reason: string | null;
  /** Who decided: a moderator's name, or null when the runtime did it by itself. */
  readonly by: string | null;
  /** The version of the settings that were in force, for domains; null for follow requests. */
  readonly policy: string | null;
}

/** An event on its way into the log: a transition, an activity that came to its end, or one that is held. */
export type NewEvent =
  | {
      readonly kind: 'transition';
      readonly atMs: number;
      readonly machine: MachineName;
      readonly key: string;
      readonly domain: string;
      readonly from: string | null;
      readonly to: string;
      readonly event: string;
      readonly reason: string | null;
      readonly by: string | null;
    }
  | {
      readonly kind: 'activity';
      readonly atMs: number;
      /** The activity's id. */
      readonly key: string;
      readonly domain: string;
      /** Its status where its row may say another one later, or where no turn ended it. */
      readonly to?: 'failed' | 'rejected' | 'dropped';
    }
  | HoldEvent;

/** A remote domain as moderators see it. Times are ISO 8601 strings. */
export interface DomainRecord {
  readonly domain: string;
  readonly state: DomainState;
  readonly since: string;
  readonly reason: string | null;
  readonly strikes: number;
  readonly until: string | null;
  readonly reviewAt: string | null;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
  readonly by: string | null;
  /** Whose decision the state is; null in `active`. */
  readonly origin: DomainOrigin | null;
  readonly firstSeen: string;
  readonly onProbation: boolean;
  /** When its administrators asked for the present block to be lifted. */
  readonly appealedAt: string | null;
  /** What its rules come to, and whose opinion that is; null where it has none of its own. */
  readonly policy: (Policy & { readonly source: string }) | null;
}

/** What a moderator says with a verb. */
export interface ModeratorNote {
  readonly reason?: string | undefined;
  readonly until?: Date | undefined;
  readonly reviewAt?: Date | undefined;
  readonly publicComment?: string | undefined;
  readonly privateComment?: string | undefined;
  /** The moderator's name in the log. @default 'admin' */
  readonly by?: string | undefined;
}

/** A follow request, to one of our actors or from one. Times are ISO 8601 strings in this and the following records. */
export interface FollowRequestRecord {
  readonly id: string;
  /** The Follow's id. */
  readonly activityId: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly follower: string;
  readonly following: string;
  readonly state: FollowRequestState;
  readonly since: string;
}

/** Whom one of our actors wants to hear nothing from: an actor, or a domain with its subdomains. The other one is null. */
export interface UserBlockRecord {
  readonly actor: string | null;
  readonly domain: string | null;
  readonly since: string;
}

/** One entry of an activity's history: when it came again, to which inbox, and what became of it. */
export interface HistoryEntry {
  readonly at: string;
  readonly what:
    | 'received'
    | 'redelivered'
    | 'processed'
    | 'rejected'
    | 'dropped'
    | 'held'
    | 'failed'
    | 'retried'
    /** Filters were asked, those that `asked` names. */
    | 'filtered'
    /** A filter said what it would have decided. */
    | 'shadow'
    /** A filter threw, ran out of time, or gave what is no verdict. */
    | 'fault'
    /** A filter had its domain rate-limited, or gave points. */
    | 'limited'
    | 'scored'
    /** A filter would have held it, if a moderator did not trust its actor. */
    | 'trusted'
    /** A moderator lets it wait longer. */
    | 'extended'
    /** A moderator approved what was held. */
    | 'approved';
  readonly inbox?: string;
  readonly reason?: string;
  /** The filter that said so, and what it saw. */
  readonly filter?: string;
  readonly saw?: string;
  readonly points?: number;
  /** It was a strike against the domain. */
  readonly strike?: true;
  readonly asked?: readonly string[];
  /** The moderator who said so. */
  readonly by?: string;
}

/** An activity that waits for a moderator: the record of `GET /admin/api/held`. */
export interface HeldRecord {
  /** The activity's id of ours. */
  readonly id: string;
  readonly activityId: string;
  readonly type: string;
  readonly actor: string;
  readonly domain: string;
  /** The filter that holds it, and why. */
  readonly filter: string;
  readonly reason: string;
  readonly heldAt: string;
  /** When it is dropped, unless somebody decides. */
  readonly expiresAt: string;
}

/** An activity that came in, and how it stands. */
export interface ActivityRecord {
  readonly id: string;
  /** The activity's own id. */
  readonly activityId: string;
  readonly type: string;
  readonly actor: string;
  readonly domain: string;
  readonly inboxes: string[];
  readonly status: Status;
  readonly reason: string | null;
  readonly receivedAt: string;
  readonly history: HistoryEntry[];
}

/** What is known of an object, local or remote. */
export interface ObjectRecord {
  readonly uri: string;
  /** Null when only others spoke of it. */
  readonly type: string | null;
  readonly owner: string | null;
  readonly deleted: boolean;
  /** How many actors like it, share it, and how many replies to it are known. */
  readonly likes: { readonly total: number };
  readonly shares: { readonly total: number };
  readonly replies: { readonly total: number };
  readonly dislikes: { readonly total: number };
  readonly emojiReactions: { readonly total: number };
}

/** What became of an activity that one of our actors sent. */
export interface Sent {
  readonly activityId: string;
  /** The object that it made, or null. */
  readonly object: string | null;
  /** Inboxes that it goes to. */
  readonly deliveries: number;
}

/** What used up its tries: an activity that no turn could take, a handler's call, or a delivery. */
export interface DeadLetter {
  readonly id: string;
  readonly kind: 'mail' | 'handler' | 'delivery';
  readonly activityId: string;
  readonly error: string;
  readonly attempts: number;
}

/** One activity of ours on its way to one inbox. */
export interface DeliveryRecord {
  readonly id: string;
  readonly inbox: string;
  readonly domain: string;
  readonly state: 'waiting' | 'delivered' | 'dead';
  readonly attempts: number;
  readonly nextAt: string | null;
}

/** A local actor as the house uses it: resolved, with its keys. */
export interface LocalActor {
  readonly id: string;
  readonly handle: string;
  readonly inbox: string;
  readonly locked: boolean;
  readonly name: string;
  readonly type: string;
  readonly summary: string | null;
  /** Its page for people. */
  readonly url: string | null;
  /** Ids of it elsewhere. */
  readonly alsoKnownAs: readonly string[];
  /** Null where `locked` says all. A function is asked with the filters. */
  readonly followPolicy: LocalActorOptions['followPolicy'] | null;
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
}

/** What a turn must know of a local actor that a mail concerns. Resolved before the mail is stored. */
export interface LocalFacts {
  readonly id: string;
  readonly handle: string;
  readonly locked: boolean;
  /** With a Follow: what its policy says to this follower. Absent where `locked` says all. */
  readonly follow?: FollowTerms & {
    /** How long the request may wait for a decision, in milliseconds; null for ever. */
    readonly waitMs: number | null;
  };
}

/** Where an actor has moved, and where mail for it goes there; or why that is not believed. Looked up before its Move is stored. */
export type Moving =
  | { readonly to: { readonly id: string; readonly domain: string; readonly inbox: string } }
  | { readonly problem: string };

/** An authenticated, understood activity on its way to the store. */
export interface VerifiedActivity {
  readonly facts: Facts;
  /** The actor's domain: the mailbox it goes to. */
  readonly domain: string;
  /** Who sent it, whose limits it counts against. @default the actor */
  readonly sender?: { readonly actor: string; readonly domain: string };
  /** The document, byte for byte as it came. */
  readonly raw: Uint8Array;
  /** Its normal form; null where that is made again from `raw` when somebody asks. */
  readonly normal: string | null;
  /** URL of the inbox that was POSTed to. */
  readonly inbox: string;
  /** Local actors that it names, and the owner of the inbox it was POSTed to. */
  readonly locals: readonly LocalFacts[];
  /** With a Move of somebody whom ours follow: what was found at its target. */
  readonly moving?: Moving | undefined;
  readonly receivedAt: number;
}

/** The activity types that `inbox.on` knows by name; open for module augmentation. */
export interface ActivityMap {
  Accept: Activity<'Accept'>;
  Add: Activity<'Add'>;
  Announce: Activity<'Announce'>;
  Block: Activity<'Block'>;
  Create: Activity<'Create'>;
  Delete: Activity<'Delete'>;
  Dislike: Activity<'Dislike'>;
  Flag: FlagActivity;
  Follow: Activity<'Follow'>;
  Like: Activity<'Like'>;
  Move: Activity<'Move'>;
  Reject: Activity<'Reject'>;
  Remove: Activity<'Remove'>;
  Undo: Activity<'Undo'>;
  Update: Activity<'Update'>;
  '*': Activity;
}

/** What a handler is told and may do besides the activity. */
export interface HandlerContext {
  /** The local actor whose inbox was named in the URL, or null for the shared inbox. */
  readonly recipient: string | null;
  /** 1 for the first call. */
  readonly attempt: number;
  /** Aborted when the call runs out of time or the inbox closes. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** The follow request that a Follow made, to accept or reject it. */
  followRequest(follow: Activity): { accept(): Promise<void>; reject(): Promise<void> };
  /**
   * Commits the service's own rows in Sallyport's database together with this call's progress: exactly once, whatever
   * dies when. At most 2 seconds and one for each call; make it the last thing. When it throws, all of it is rolled back
   * and the call is tried again. Where a call before has committed, `work` is not run. Calling the inbox inside throws
   * `ERR_IN_TRANSACTION`.
   * @example
   * ```ts
   * await transaction((tx) => tx.execute('insert into likes (note, actor) values ($1, $2)', [note, actor]));
   * ```
   */
  transaction(work: (tx: Transaction) => Promise<unknown>): Promise<void>;
  /**
   * Sends an activity, or an object that is then created, to these ids besides those that it names; as the local actor
   * in its `actor`, else as the recipient. A call that is repeated sends again, with another id: make it the last thing,
   * or keep in a `transaction` of your own that it is done. Throws as `inbox.actors.send` does.
   */
  send(activity: Readonly<Record<string, unknown>>, to: string | readonly string[]): Promise<void>;
}

/** A transaction that the service's own statements share with a handler's progress. */
export interface Transaction {
  /** One statement, with `$1`, `$2` … for its values; its rows. One that fails fails all of it, caught or not. */
  execute<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** User code after COMMIT. What it throws is recorded, tried again, and ends in the dead letters. */
export type Handler<A extends Activity = Activity> = (activity: A, context: HandlerContext) => unknown;
