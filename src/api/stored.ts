/** What is stored, as it is read: references, and the views that they lead to. Types only. */
import type { NormalActivity } from '../activity.ts';
import type { Status } from '../verdict.ts';

export type { NormalActivity } from '../activity.ts';

/** A pointer to something, read without network. */
export interface Ref {
  readonly uri: string;
  readonly domain: string;
  readonly isLocal: boolean;
  readonly isRemote: boolean;
  /** Was something stored of it here, when this reference was made? */
  readonly isResolved: boolean;
  /** What is stored of it: an object, an actor or an activity; undefined when nothing is. Never a fetch. */
  get(): Promise<StoredViews[StoredKind] | undefined>;
  /** What is stored of it as this kind. */
  get<Kind extends StoredKind>(kind: Kind): Promise<StoredViews[Kind] | undefined>;
}

/** What can be stored of a URI, as it is read. */
export interface StoredViews {
  readonly actor: ActorView;
  readonly object: ObjectView;
  readonly activity: Activity;
}
export type StoredKind = keyof StoredViews;

/** An actor: one of ours, or a remote one as its own server showed it. */
export interface ActorView extends Pick<Ref, 'uri' | 'domain' | 'isLocal' | 'isRemote'> {
  readonly kind: 'actor';
  readonly type: string;
  readonly preferredUsername: string | null;
  readonly name: string | null;
  /** When its server says that it was made; null where that is not said, and for our own. */
  readonly published: Date | null;
  readonly inbox: string;
  readonly sharedInbox: string | null;
  /** Follow requests wait for a decision. */
  readonly isLocked: boolean;
}

/** An object as its owner said it last. */
export interface ObjectView {
  readonly kind: 'object';
  readonly uri: string;
  readonly type: string | null;
  readonly owner: Ref;
  readonly inReplyTo: Ref | null;
  /** Addressed to everybody. */
  readonly isPublic: boolean;
  readonly name: string | null;
  readonly summary: string | null;
  readonly content: string | null;
  readonly published: Date | null;
  readonly updated: Date | null;
  /** All of it, under plain ActivityStreams names. */
  readonly normal: NormalActivity;
}

/** An activity as handlers get it: normalised, typed by its `type`, the same however the sender abbreviated it. */
export interface Activity<T extends string = string> {
  readonly kind: 'activity';
  readonly type: T;
  readonly id: string;
  readonly actor: Ref;
  /** The first object; null when the activity has none with an id. */
  readonly object: Ref | null;
  readonly content: string | null;
  readonly receivedAt: Date;
  /** The sender's word, never used for counting. */
  readonly published: Date | null;
  /**
   * The document under plain ActivityStreams names, as far as its actor can answer for it: of embedded objects that
   * are somebody else's only the id is left, and there is no `bto` and no `bcc`.
   */
  readonly normal: NormalActivity;
  /** What was sent, as JSON, without `bto` and `bcc`. Nobody vouches for what it says of others. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly status: Status;
}

/** A report. The one activity that is about several objects at once. */
export interface FlagActivity extends Activity<'Flag'> {
  readonly objects: readonly Ref[];
}
