/** Filters: what they are told, what they may say, and what they say of themselves. Types only. */
import type { DomainState } from '../../machines/index.ts';
import type { Duration, Logger } from '../options.ts';
import type { DomainWish, FilterRemark, FilterVerdict, Status } from '../verdict.ts';
import type { Activity, Ref } from './stored.ts';

/** The sender's actor as filters see it: what came with its key. */
export interface FilterActor extends Pick<Ref, 'uri' | 'domain' | 'isLocal' | 'isRemote'> {
  readonly type: string;
  readonly preferredUsername: string | null;
  readonly name: string | null;
  /** When its server says that it was made; nobody vouches for it. */
  readonly published: Date | null;
  /** When its document was fetched for the first time here: with the first that was accepted of it, or before. */
  readonly firstSeen: Date;
  /** The collection by which it addresses its followers. */
  readonly followers: string | null;
}

/** How somebody here stands to an actor. */
export interface ActorFacts {
  /** One of ours follows it. */
  readonly isFollowedHere: boolean;
  /** It follows one of ours. */
  readonly followsHere: boolean;
  /** So many of ours block it, its domain, or a parent of that. */
  readonly blocks: number;
}

/** What is known of a domain besides its state. */
export interface DomainFacts {
  /** When the first activity of it came that is still kept; null when none did before. */
  readonly firstSeen: Date | null;
  /** New here, with a smaller limit until it has been in good standing for a while. */
  readonly isOnProbation: boolean;
  /** A rule silences it, or a domain above it. */
  readonly isSilenced: boolean;
  readonly strikes: number;
  /** What became of what it sent lately: in 7 days, of the newest 1000. */
  readonly lately: {
    readonly processed: number;
    readonly dropped: number;
    readonly rejected: number;
    readonly held: number;
  };
}

/** What a filter is told besides the activity. Everything in it is read without network. */
export interface FilterContext {
  /**
   * Every readable text of the activity and of what it holds, in all languages, one a line: names, summaries, contents,
   * descriptions of attachments. Tags are removed, entities are read.
   */
  readonly text: string;
  /** Null when nothing is known of the actor but its id. */
  readonly actor: FilterActor | null;
  readonly domain: { readonly domain: string; readonly state: DomainState; readonly strikes: number };
  /** Who sent it: its actor, or whoever forwarded or relayed what the actor has signed. */
  readonly from: { readonly actor: string; readonly domain: string; readonly isForwarded: boolean };
  /** Ids of ours that it names, and of whose inbox it came to. */
  readonly ours: readonly string[];
  /** How those here stand to its actor. Looked up when it is asked for, together for all that wait. */
  readonly actorFacts: Promise<ActorFacts>;
  /** What is known of its domain. Looked up when it is asked for, together for all that wait. */
  readonly domainFacts: Promise<DomainFacts>;
  /** Nothing comes of what is said now: a filter that counts does not count it. */
  readonly isDryRun: boolean;
  /** Aborted when the filter runs out of time or the inbox closes. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * User code before any effect: a verdict, or nothing. May be asynchronous and ask the network: it runs outside of every
 * transaction. It may be asked again about the same activity when its process dies in between.
 */
export type Filter<A extends Activity = Activity> = (
  activity: A,
  context: FilterContext,
) => FilterVerdict | undefined | Promise<FilterVerdict | undefined>;

export interface FilterOptions {
  /** How long it may take. @default '2 seconds' */
  readonly timeout?: Duration;
  /** What counts when it throws, runs out of time or gives what is no verdict. @default 'hold' */
  readonly fallback?: 'hold' | 'accept' | 'drop';
  /** Its verdicts are only entered in the activity's history. @default false */
  readonly shadow?: boolean;
  /** What it does, in one line, for `inbox.filters.list()`. @default nothing is said */
  readonly effect?: string;
}

/** A registered filter, by itself, and how it went in this process since it was registered. */
export interface FilterRecord {
  readonly name: string;
  /** The built-in filter that it is; null for code. */
  readonly use: string | null;
  /** `filter` in order, then `hook`: those of one type; then `shadow`: those that are only tried together. */
  readonly stage: 'filter' | 'hook' | 'shadow';
  /** The one type that it is asked about; null for all. */
  readonly type: string | null;
  /** What becomes of what it finds, as it is configured; null where the filter says it each time. */
  readonly verdict: string | null;
  /** What it does, in one line. */
  readonly effect: string | null;
  /** Its options as they count. Long lists are cut, and what may be secret in a URL is hidden. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly fallback: 'hold' | 'accept' | 'drop';
  readonly isShadow: boolean;
  readonly calls: number;
  /** How often it gave which verdict; `fault` among them. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** What 95 of 100 of its latest calls took at most, in milliseconds; null before the first one. */
  readonly p95Ms: number | null;
  readonly lastError: { readonly at: string; readonly reason: string } | null;
  /** It does not answer, and is not asked before this time: its fallback counts. */
  readonly pausedUntil: string | null;
}

/** A filter that comes with the package, whether it is used or not. */
export interface BuiltInRecord {
  readonly use: string;
  readonly effect: string;
  /** Its default verdict; null where the filter says it each time. */
  readonly verdict: string | null;
  /** Its entry in the option `filters`, as JSON Schema with examples and defaults. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** What filters would make of a document. */
export interface FilterTrial {
  readonly activityId: string;
  readonly type: string;
  readonly actor: string;
  readonly domain: string;
  /** `processed` stands for whatever comes after the filters. */
  readonly status: Extract<Status, 'processed' | 'dropped' | 'rejected' | 'held'>;
  /** What ended the chain, and why; null where nothing did. */
  readonly filter: string | null;
  readonly reason: string | null;
  /** What the points add up to; null where none were given. */
  readonly score: number | null;
  /** Strikes and limits that its domain would get. */
  readonly wishes: readonly DomainWish[];
  /** Filters that were asked, in order, and what those said that had something to say. */
  readonly asked: readonly string[];
  readonly remarks: readonly FilterRemark[];
}

/** Filters looked at, and tried. */
export interface FiltersDesk {
  /** In the order in which they are asked. Their numbers are of this process. */
  list(): Promise<FilterRecord[]>;
  /** The filters that come with the package, and what they can be told. */
  builtIn(): Promise<BuiltInRecord[]>;
  /**
   * Asks the registered filters about a document, or those of a list as it would stand in the option `filters`. Nothing
   * is stored and nothing counts; filters in code are called. The document counts as accepted now, from its actor.
   * Throws `ERR_INVALID` for what is no activity, and `ERR_CONFIG` for a list that has faults.
   */
  try(
    document: Readonly<Record<string, unknown>>,
    options?: { readonly filters?: unknown },
  ): Promise<FilterTrial>;
}
