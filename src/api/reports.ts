/** Reports to moderators: the shapes. Types only; times are ISO 8601 strings. */
import type { NormalActivity } from '../activity.ts';
import type { AuditRecord } from './audit.ts';
import type { PageQuery } from './page.ts';

export type ReportState = 'open' | 'resolved';

/** A report to our moderators: what one reporter has sent about one target within the window. */
export interface ReportRecord {
  readonly id: string;
  /** The Flag that opened it. */
  readonly activityId: string;
  /** Who reported, and its domain; servers like Mastodon report in the name of their own actor. */
  readonly actor: string;
  readonly domain: string;
  /** Whom it is about: an actor; or what it names, where nobody here knows whose that is. */
  readonly target: string;
  /** What is reported, by all Flags that have come to it. */
  readonly objects: string[];
  /** What the reporter says, at most 5 000 characters; not to be taken for HTML that is safe. */
  readonly content: string | null;
  readonly state: ReportState;
  /** How many Flags have come to it, and when the last one did. */
  readonly count: number;
  readonly receivedAt: string;
  readonly lastAt: string;
  /** The moderator who takes care of it. */
  readonly assignee: string | null;
  /** What was done, by whom, when. */
  readonly resolution: string | null;
  readonly resolvedBy: string | null;
  readonly resolvedAt: string | null;
  /** When it was last sent on to the server of whom it is about. */
  readonly forwardedAt: string | null;
}

/** One Flag of a report. */
export interface ReportFlagRecord {
  readonly activityId: string;
  readonly content: string | null;
  readonly objects: string[];
  readonly receivedAt: string;
}

/** What is stored here of something that was reported. */
export interface ReportedObject {
  readonly uri: string;
  readonly isLocal: boolean;
  /** Null where nothing is stored of it. */
  readonly kind: 'actor' | 'object' | null;
  readonly type: string | null;
  /** Of an object, whose it is. */
  readonly owner: string | null;
  readonly isDeleted: boolean;
  /** Of an object all that its owner said, under plain ActivityStreams names; of an actor what is known. */
  readonly normal: NormalActivity | null;
}

/** A report with all that belongs to it. */
export interface ReportDetail extends ReportRecord {
  /** The newest 50, oldest first. */
  readonly flags: ReportFlagRecord[];
  /** The first 50 of what is reported. */
  readonly reported: ReportedObject[];
  /** What was done about it, newest first. */
  readonly history: AuditRecord[];
}

export interface ReportsQuery extends PageQuery {
  readonly state?: ReportState | undefined;
  /** The reporter's domain. */
  readonly domain?: string | undefined;
  /** Whom it is about: an actor, or a domain. */
  readonly target?: string | undefined;
  /** The moderator who takes care of it. */
  readonly assignee?: string | undefined;
}

/** Who acts, and why. */
export interface ReportNote {
  /** The moderator's name. @default 'admin' */
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** Who takes care of a report. */
export interface ReportClaim extends ReportNote {
  /** The moderator's name. @default who acts */
  readonly assignee?: string | undefined;
}

/** A report of our own people. */
export interface OwnReport {
  /** Actors and posts, whosever they are; at most 100. */
  readonly objects: readonly string[];
  readonly content?: string | undefined;
  /** The handle of the local actor that reports; other servers are not told. @default the instance */
  readonly actor?: string | undefined;
  /** Also to the servers of whom it is about, in the name of the instance. @default false */
  readonly forward?: boolean | undefined;
  /** The name in the audit log. @default 'admin' */
  readonly by?: string | undefined;
}

/** Where a report was sent on to. */
export interface Forwarded {
  readonly id: string;
  /** The server, and how many activities it gets. */
  readonly domain: string;
  readonly deliveries: number;
  /** Did at least one go as it came, with its own proof? Else the instance says it in its own name. */
  readonly isOriginal: boolean;
}
