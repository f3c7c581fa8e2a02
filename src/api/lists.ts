/** Lists of domains as files, and what is in force here as such lists show it: the shapes. Types only. */
import type { ChangeNote, Policy, RulePreview, RuleWish } from './rules.ts';

/** What a list is written in. */
export type ListFormat = 'csv' | 'json' | 'plain';

/** What its rows are: domains to be blocked or silenced, to be allowed, or of which the list says nothing any more. */
export type ListKind = 'block' | 'allow' | 'retract';

/** A row that was not taken as it stands, and why. */
export interface RowProblem {
  /** The line of a text, counted from 1; of JSON the number of the entry; 0 for the whole list. */
  readonly row: number;
  /** The beginning of the row. */
  readonly text: string;
  readonly problem: string;
}

/** How a list becomes rules of people here. */
export interface ImportOptions {
  /** @default found out */
  readonly format?: ListFormat | undefined;
  /** @default what the list says of itself, else `block` */
  readonly kind?: ListKind | undefined;
  /**
   * `replace` also takes back what people here have said of domains that the list does not name, as far as such a list
   * could name them. @default 'add'
   */
  readonly mode?: 'add' | 'replace' | undefined;
  /** The hardest that it may be. @default 'block' */
  readonly severityMax?: 'block' | 'silence' | 'none' | undefined;
  /** Rows about domains of which some rule decides already are passed over, as Mastodon does. @default false: they update it */
  readonly keepExisting?: boolean | undefined;
  /** Replaces although that takes back nearly everything. @default false */
  readonly force?: boolean | undefined;
}

/** What an import would do. */
export interface ImportPreview {
  readonly format: ListFormat;
  /** Whose way of writing lists it is: `mastodon`, `plain`, `gotosocial`, `rapidblock`, `akkoma` … */
  readonly dialect: string;
  readonly kind: ListKind;
  readonly mode: 'add' | 'replace';
  /** Rows that were meant to say something, wrong ones too. */
  readonly rows: number;
  readonly add: number;
  readonly update: number;
  readonly remove: number;
  readonly same: number;
  /** Passed over, because of `keepExisting`. */
  readonly kept: number;
  /** Domains with live follows that would be treated otherwise. */
  readonly followed: number;
  /** Why `force` is needed; null when it is not. */
  readonly suspicion: string | null;
  readonly problemsTotal: number;
  /** The first 200. */
  readonly problems: readonly RowProblem[];
  readonly itemsTotal: number;
  /** What changes, at most 200 of it: domains with live follows first, then what is taken back. */
  readonly items: readonly RulePreview[];
}

/** An import that has begun. */
export interface ImportStarted {
  /** Null where there was nothing to change. */
  readonly batch: string | null;
  /** Domains that it changes. */
  readonly total: number;
  readonly problemsTotal: number;
}

export interface ExportQuery {
  /** @default 'csv' */
  readonly format?: ListFormat | undefined;
  /** What to write: what is blocked or silenced, or what is allowed. @default 'block' */
  readonly kind?: 'block' | 'allow' | undefined;
  /** Only what this source says: `manual`, `list:…`. @default what is in force, whoever says so */
  readonly source?: string | undefined;
}

/** A list on its way out. */
export interface ExportedList {
  readonly name: string;
  readonly contentType: string;
  readonly text: string;
}

/** What is in force for a domain by rules about that very domain. */
export interface RuleInForce extends Policy {
  /** A number that stays the same as long as anybody says anything of the domain. */
  readonly id: string;
  readonly domain: string;
  /** Whose opinion counts. */
  readonly source: string;
  readonly obfuscate: boolean;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
  readonly labels: readonly string[];
  /** Does a list say anything of it, whatever counts? */
  readonly isListed: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** Which of them, newest first; the bounds are ids. */
export interface InForceQuery {
  readonly kind: 'block' | 'allow';
  readonly below?: string | undefined;
  readonly above?: string | undefined;
  /** Those just above `above` instead of the newest. @default false */
  readonly isUpwards?: boolean | undefined;
  readonly limit: number;
}

/** How much comes from a domain, and how it is connected with ours. */
export type MeasureName = 'accounts' | 'statuses' | 'reports' | 'follows' | 'followers';

export interface Measure {
  /** As it is now, whatever the days. */
  readonly total: number;
  /** What came new on each day, from the first to the last; a day is its midnight in UTC. */
  readonly days: readonly { readonly atMs: number; readonly value: number }[];
}

export interface ListsDesk {
  /** What an import would do; nothing is changed. `ERR_INVALID` for what is no list. */
  preview(text: string, options?: ImportOptions): Promise<ImportPreview>;
  /**
   * Makes a list the opinion of people here, as one batch that can be undone as one. Fulfilled when the batch exists.
   * `ERR_INVALID` for what is no list, and without `force` for one that would take back nearly everything.
   */
  import(text: string, options: ImportOptions, note: ChangeNote): Promise<ImportStarted>;
  export(query?: ExportQuery): Promise<ExportedList>;
  inForce(query: InForceQuery): Promise<RuleInForce[]>;
  /** By the name of the domain, or by the id of any opinion of it; null when nobody says anything of it. */
  inForceFor(of: { readonly domain: string } | { readonly id: string }): Promise<RuleInForce | null>;
  /** What people here say of one domain, in force when this is fulfilled; one after the other, so that none is lost. */
  say(wish: RuleWish, note: ChangeNote): Promise<void>;
  /**
   * Nothing is in force for the domain any more by rules about its own name: what people here said is taken back, and
   * where a list says something, they say that it does not count.
   */
  lift(domain: string, note: ChangeNote): Promise<void>;
  /** Days are midnights in UTC, both included; at most 366. */
  measure(domain: string, name: MeasureName, firstMs: number, lastMs: number): Promise<Measure>;
}
