/** What waits for a moderator, in full, and whom moderators trust: shapes. Types only. */
import type { DomainRecord, HeldRecord, HistoryEntry, PageQuery } from '../api.ts';

/** Which held activities; every field that is given must fit. */
export interface HeldFilter {
  /** The name of the filter that holds it; `followPolicy` for an actor's own policy. */
  readonly filter?: string | undefined;
  readonly domain?: string | undefined;
  /** The remote actor's id. */
  readonly actor?: string | undefined;
  readonly type?: string | undefined;
  /** A part of the actor's or the activity's id, of the reason, or of the document, upper or lower case. */
  readonly q?: string | undefined;
}

/** `newest` and `oldest` by arrival; `expiring`: what is dropped next comes first. */
export type HeldOrder = 'newest' | 'oldest' | 'expiring';

export interface HeldQuery extends HeldFilter, PageQuery {
  /** @default 'newest' */
  readonly order?: HeldOrder | undefined;
}

/** One held activity with all that is known when somebody decides about it. */
export interface HeldDetail extends HeldRecord {
  readonly inboxes: readonly string[];
  readonly receivedAt: string;
  /** The document as it came; null when it is not stored any more. */
  readonly document: string | null;
  /** The filters that were asked, in order, the one that holds it last. Approved, it is not put to these again. */
  readonly asked: readonly string[];
  /** What the filters said, oldest first: entries of the activity's history. */
  readonly chain: readonly HistoryEntry[];
  /** The domain as it stands now; null when it has no row. */
  readonly domainRecord: DomainRecord | null;
  /** What its own server says of the actor; null when nothing is known of it. */
  readonly actorRecord: {
    readonly type: string;
    readonly preferredUsername: string | null;
    readonly name: string | null;
    readonly published: string | null;
  } | null;
  /** So many activities are held of this actor, and of its domain, this one among them. */
  readonly heldOfActor: number;
  readonly heldOfDomain: number;
}

/** Whom an approval makes trusted: the activity's actor, or everybody of its domain. */
export type Trust = 'actor' | 'domain';

/** What is done with many at once. */
export interface HeldBulk extends HeldFilter {
  readonly action: 'approve' | 'reject';
  /** Ids of ours. */
  readonly ids?: readonly string[] | undefined;
  /** With `approve`: whom to trust from now on. */
  readonly trust?: Trust | undefined;
  /** Only counts. @default false */
  readonly dryRun?: boolean | undefined;
}

/** How many fit, and for how many something was decided. */
export interface HeldBulkResult {
  readonly matched: number;
  readonly changed: number;
}

/** An actor, or the actors of exactly this domain; the other one is null. */
export interface TrustedRecord {
  readonly id: string;
  readonly actor: string | null;
  readonly domain: string | null;
  readonly reason: string | null;
  readonly by: string;
  readonly since: string;
}
