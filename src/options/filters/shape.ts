/** The built-in filters as they are written in the option `filters`: types only. */
import type { Duration } from '../duration.ts';

/** What a built-in filter does with what it finds: the verdicts of filters, by name. */
export type BuiltInVerdict = 'drop' | 'reject' | 'hold' | 'limit' | 'score' | 'shadow';

/** What every built-in filter takes. */
export interface BuiltInOptions {
  /** The name in histories, lists and metrics. @default its `use` with a number, such as `keywords#1` */
  readonly name?: string;
  /** What becomes of an activity that it finds; `shadow` only enters it in the history. @default 'hold' */
  readonly verdict?: BuiltInVerdict;
  /** With drop and reject: what it finds is a strike against the domain. @default true for `keywords` and `patterns` */
  readonly strike?: boolean;
  /** With score: how many points; below zero they speak for it. */
  readonly points?: number;
  /** With limit: for how long the domain is rate-limited; at most 90 days. @default one window of `rateLimit` */
  readonly for?: Duration;
  /** With hold: how long a moderator has; then it is dropped. @default '30 days' */
  readonly until?: Duration;
}

/** Finds words in the text as people read it, whatever case, tags, language or spelling of the same letters. */
export interface KeywordsFilter extends BuiltInOptions {
  readonly use: 'keywords';
  /** Words and phrases; at most 10000, of at most 200 characters each. */
  readonly words: readonly string[];
  /** Only where no letter and no digit stands beside it: `cialis` is not found in `specialist`. @default false */
  readonly wholeWords?: boolean;
}

/** Finds regular expressions in the text as people read it. They run in linear time: no lookaround, no back references. */
export interface PatternsFilter extends BuiltInOptions {
  readonly use: 'patterns';
  /** RE2 syntax; at most 1000, of at most 1000 characters each. */
  readonly patterns: readonly string[];
  /** @default true */
  readonly ignoreCase?: boolean;
}

/** Finds accounts that are younger, by our clock, when their activity is accepted. */
export interface AccountAgeFilter extends BuiltInOptions {
  readonly use: 'account-age';
  readonly olderThan: Duration;
  /** Of an account without a date, or with one that is yet to come. @default the `verdict` */
  readonly unknown?: BuiltInVerdict | 'accept';
}

/** Finds actors of whom nothing was processed and nothing approved yet, and whom none of ours follows. */
export interface FirstContactFilter extends BuiltInOptions {
  readonly use: 'first-contact';
}

/** Finds activities that mention or address more actors than this, each counted once. */
export interface MentionsFilter extends BuiltInOptions {
  readonly use: 'mentions';
  readonly max: number;
}

/** Does more the more actors an activity mentions or addresses: the highest number that is exceeded decides. */
export interface HellthreadFilter extends Omit<BuiltInOptions, 'verdict' | 'strike' | 'points'> {
  readonly use: 'hellthread';
  /** `shadow`: only entered in the history. @default what the numbers say */
  readonly verdict?: 'shadow';
  /** More actors than this: the domain is rate-limited, the activity acts. */
  readonly limit?: number;
  /** More actors than this: it is held. */
  readonly hold?: number;
  /** More actors than this: it is rejected. */
  readonly reject?: number;
  /** More actors than this: it is dropped. */
  readonly drop?: number;
  /** Actors whom one of ours follows are not looked at. @default true */
  readonly spareFollowed?: boolean;
}

/** Finds links in posts of actors who are new here, or young: links that are no mention and no hashtag. */
export interface NewcomerLinksFilter extends BuiltInOptions {
  readonly use: 'newcomer-links';
  /** How long an actor has to be known here. Nobody is new whom one of ours follows. @default '7 days' */
  readonly knownFor?: Duration;
  /** Accounts that are younger than this are new, too, however long they are known here. @default no age counts */
  readonly olderThan?: Duration;
  /** Links to these domains and their subdomains are fine. @default none */
  readonly allow?: readonly string[];
}

/** Finds attached media of actors whom none of ours follows. */
export interface StrangerMediaFilter extends BuiltInOptions {
  readonly use: 'stranger-media';
}

/** Finds the same text in posts of anybody. Mentions in it and its spelling make no difference. Counted in each process. */
export interface DuplicateContentFilter extends BuiltInOptions {
  readonly use: 'duplicate-content';
  /** Shorter texts are not compared. @default 50 */
  readonly characters?: number;
  /** Copies may come this long after each other. @default '10 minutes' */
  readonly window?: Duration;
  /** Posts with the same text that may pass. @default 1 */
  readonly copies?: number;
}

/** Finds posts that come long after they were made, or are dated in the future. */
export interface ObjectAgeFilter extends BuiltInOptions {
  readonly use: 'object-age';
  readonly olderThan: Duration;
  /** How far ahead of our clock a post may be dated. @default as far as it likes */
  readonly ahead?: Duration;
}

/** Finds replies to something that nobody here knows, where they mention or address one of ours. */
export interface UnknownReplyFilter extends BuiltInOptions {
  readonly use: 'unknown-reply';
}

/** Finds whatever is of another type than these. At least one of the lists has to be given. */
export interface TypesFilter extends BuiltInOptions {
  readonly use: 'types';
  /** Types of activities. @default all */
  readonly activities?: readonly string[];
  /** Types of what a Create or an Update holds; actors that update themselves are not looked at. @default all */
  readonly objects?: readonly string[];
}

/** Finds reports that say nothing, or not who reports. */
export interface ReportsFilter extends BuiltInOptions {
  readonly use: 'reports';
  /** Reports without a comment. @default true */
  readonly empty?: boolean;
  /** Reports in the name of a server, as Mastodon sends all of its reports. @default false */
  readonly anonymous?: boolean;
}

/** Finds more Follows in a window than this. At least one number has to be given. Counted in each process. */
export interface FollowBurstsFilter extends BuiltInOptions {
  readonly use: 'follow-bursts';
  readonly perActor?: number;
  readonly perDomain?: number;
  /** @default '1 hour' */
  readonly window?: Duration;
}

/** Finds posts and shares that concern nobody here. */
export interface RelevanceFilter extends BuiltInOptions {
  readonly use: 'relevance';
  /** @default 'drop' */
  readonly verdict?: BuiltInVerdict;
}

/** Asks a service of the operator's by HTTP; see the README for what is asked and what it may answer. */
export interface ExternalFilter extends BuiltInOptions {
  readonly use: 'external';
  /** May be private and plain http. Redirects are not followed. */
  readonly url: string;
  /** How long an answer may take; at most a minute. @default '2 seconds' */
  readonly timeout?: Duration;
  /** What counts when it gives no verdict in time. @default 'hold' */
  readonly fallback?: 'hold' | 'accept' | 'drop';
  /** Counts in place of whatever drop, reject or hold the service says. @default what it says */
  readonly verdict?: BuiltInVerdict;
}

/** A filter that comes with the package, as data. */
export type BuiltInFilter =
  | KeywordsFilter
  | PatternsFilter
  | AccountAgeFilter
  | FirstContactFilter
  | MentionsFilter
  | HellthreadFilter
  | NewcomerLinksFilter
  | StrangerMediaFilter
  | DuplicateContentFilter
  | ObjectAgeFilter
  | UnknownReplyFilter
  | TypesFilter
  | ReportsFilter
  | FollowBurstsFilter
  | RelevanceFilter
  | ExternalFilter;

/** What points of filters add up to: the highest of these that is reached decides, after all filters were asked. */
export interface ScoreThresholds {
  readonly hold?: number;
  readonly reject?: number;
  readonly drop?: number;
}
