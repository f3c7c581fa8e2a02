/** Remote lists that somebody here subscribes to: the shapes of the desk. Types only. */
import type { Page, PageQuery } from './page.ts';
import type { ChangeNote, RulePreview, Severity } from './rules.ts';

/**
 * What a list is written in: Mastodon's CSV, a JSON array, one name a line, Mastodon's public list by its API, or a
 * dataset of a FIRES server.
 */
export type SubscriptionKind = 'csv' | 'json' | 'plain' | 'mastodon' | 'fires';

/** How a list is asked for where not everybody may read it. Never shown again and never logged. */
export type SubscriptionLogin =
  | { readonly user: string; readonly password: string }
  | { readonly token: string };

/** What can be changed about a subscription later. */
export interface SubscriptionSettings {
  /** @default the host of its URL */
  readonly name?: string | undefined;
  /** How often it is asked for, give or take a tenth, in milliseconds; at least 5 minutes. @default one day */
  readonly everyMs?: number | undefined;
  /** `auto`: what it says is applied as it comes; `draft`: it waits until a person applies it. @default 'draft' */
  readonly mode?: 'auto' | 'draft' | undefined;
  /** The hardest that it may be. @default 'block' */
  readonly severityMax?: Exclude<Severity, 'allow'> | undefined;
  /** The hardest that it may be towards a domain with which ours have live follows. @default null: the same as others */
  readonly followedMax?: 'silence' | 'none' | null | undefined;
  /** What becomes of its rules when it is removed: they go, or they become rules of people here. @default 'retract' */
  readonly onRemove?: 'retract' | 'adopt' | undefined;
  /**
   * The private comment of its rules, with `{name}` and `{comment}` for those of the list.
   * @default 'From the list {name}'
   */
  readonly comment?: string | undefined;
  /** Null takes it away. */
  readonly login?: SubscriptionLogin | null | undefined;
}

export interface SubscriptionWish extends SubscriptionSettings {
  /** May be private and plain http; redirects are not followed. Of a FIRES server: a dataset's, or its origin's where it has one. */
  readonly url: string;
  readonly kind: SubscriptionKind;
}

/** Times are ISO 8601 strings. */
export interface SubscriptionRecord {
  readonly id: string;
  /** Whose opinions its rules are: `list:` and the id. */
  readonly source: string;
  readonly name: string;
  readonly url: string;
  readonly kind: SubscriptionKind;
  /**
   * `waiting`: not asked for yet. `failing`: the last try brought nothing; what was known stands. `suspicious`: what it
   * says now would take back nearly everything; nothing of that is applied until a person does, with `force`.
   */
  readonly state: 'waiting' | 'ok' | 'failing' | 'suspicious' | 'paused' | 'removing';
  readonly mode: 'auto' | 'draft';
  readonly everySeconds: number;
  readonly severityMax: Exclude<Severity, 'allow'>;
  readonly followedMax: 'silence' | 'none' | null;
  readonly onRemove: 'retract' | 'adopt';
  readonly comment: string;
  readonly hasLogin: boolean;
  /** Domains and actors of which it says something. */
  readonly entries: number;
  /** Changes that are not applied. */
  readonly pending: number;
  /** Domains that were capped because ours follow somebody there. */
  readonly review: readonly string[];
  /** Tries in a row that brought nothing, and what the last one met. */
  readonly failures: number;
  readonly error: string | null;
  readonly suspicion: string | null;
  readonly polledAt: string | null;
  /** When it last answered with something that could be read, changed or not. */
  readonly okAt: string | null;
  readonly dueAt: string | null;
  /** The last batch of changes that it made. */
  readonly batch: string | null;
  readonly createdAt: string;
  readonly by: string;
}

/** What a list says of one domain or actor. */
export interface SubscriptionEntry {
  readonly kind: 'domain' | 'actor';
  /** A domain, or an actor's id. */
  readonly key: string;
  /** Null where it asks for nothing: an advisory has labels only. */
  readonly severity: Severity | null;
  readonly rejectMedia: boolean;
  readonly rejectReports: boolean;
  /** As its source gives them. */
  readonly labels: readonly string[];
  /** Their names, where they are known, in the same order. */
  readonly labelNames: readonly (string | null)[];
  /** Is this in force as its opinion? */
  readonly isApplied: boolean;
}

/** What applying a list would change here. */
export interface SubscriptionPreview {
  readonly add: number;
  readonly update: number;
  readonly remove: number;
  /** Why a person has to insist on it; null when nobody has to. */
  readonly suspicion: string | null;
  /** Domains that are capped because ours follow somebody there. */
  readonly review: readonly string[];
  /** At most 200 of the domains, with what is in force now and what would be. */
  readonly items: readonly RulePreview[];
  /** What could not be read in it, at most 20. */
  readonly problems: readonly string[];
}

export interface SubscriptionsDesk {
  /** Newest first. */
  list(query?: PageQuery): Promise<Page<SubscriptionRecord>>;
  /** `ERR_NOT_FOUND`. */
  get(id: string): Promise<SubscriptionRecord>;
  /** What the list says, by kind and key. `ERR_NOT_FOUND`. */
  entries(id: string, query?: PageQuery): Promise<Page<SubscriptionEntry>>;
  /** It is asked for at once, in the background. `ERR_INVALID`, also for a URL that is subscribed to already. */
  add(wish: SubscriptionWish, note: ChangeNote): Promise<SubscriptionRecord>;
  /** Asks for a list and says what it would change, and keeps nothing. `ERR_INVALID`, `ERR_REMOTE`. */
  probe(wish: SubscriptionWish): Promise<SubscriptionPreview>;
  /** The whole list is asked for again. `ERR_NOT_FOUND`, `ERR_INVALID`; `ERR_NOT_ALLOWED_IN_STATE` while it is being asked for. */
  update(id: string, settings: SubscriptionSettings, note: ChangeNote): Promise<SubscriptionRecord>;
  /** It is not asked for any more; its rules stay. `ERR_NOT_FOUND`. */
  pause(id: string, note: ChangeNote): Promise<SubscriptionRecord>;
  resume(id: string, note: ChangeNote): Promise<SubscriptionRecord>;
  /** Asks for it now. `ERR_NOT_FOUND`; `ERR_NOT_ALLOWED_IN_STATE` while it is being asked for or removed. */
  poll(id: string): Promise<SubscriptionRecord>;
  /** Asks for the whole list and says what that would change, and keeps nothing. `ERR_NOT_FOUND`, `ERR_REMOTE`. */
  tryPoll(id: string): Promise<SubscriptionPreview>;
  /** What waits to be applied. `ERR_NOT_FOUND`. */
  preview(id: string): Promise<SubscriptionPreview>;
  /**
   * Applies what waits, as one batch. `ERR_NOT_FOUND`; `ERR_NOT_ALLOWED_IN_STATE` while it is being asked for, and for
   * a suspicious one without `force`.
   */
  apply(id: string, note: ChangeNote & { readonly force?: boolean | undefined }): Promise<SubscriptionRecord>;
  /** Ends it, and takes its rules back or adopts them. Fulfilled when that is done. `ERR_NOT_FOUND`; `ERR_NOT_ALLOWED_IN_STATE` while it is being asked for. */
  remove(
    id: string,
    note: ChangeNote & { readonly onRemove?: 'retract' | 'adopt' | undefined },
  ): Promise<{ readonly id: string; readonly rules: number; readonly onRemove: 'retract' | 'adopt' }>;
}
