/** Counts over time, and what a console shows first: the shapes. Types only; times are ISO 8601 strings. */
import type { AuditRecord } from './audit.ts';

/** What is counted: ends of activities, what filters said, what was held and decided, or transitions of machines. */
export type CountSubject = 'activity' | 'filter' | 'hold' | 'transition';
/** The keys of the counts. */
export type CountKey = 'domain' | 'type' | 'status' | 'filter' | 'reason';

/** Which counts. */
export interface CountsQuery {
  /** @default 'activity' */
  readonly subject?: CountSubject | undefined;
  /** @default 'status' */
  readonly by?: CountKey | undefined;
  /** @default 'hour' for at most two days, else 'day' */
  readonly bucket?: 'hour' | 'day' | undefined;
  /** Counts are kept by the hour: the hour of this time is the first one. @default a day before `to` */
  readonly from?: Date | undefined;
  /** Up to the hour of this time, with it. @default now */
  readonly to?: Date | undefined;
  readonly domain?: string | undefined;
  readonly type?: string | undefined;
  /** An activity's status, what a filter said, what became of what was held, or the state of a machine. */
  readonly status?: string | undefined;
  readonly filter?: string | undefined;
  /** Keys at most, those with the highest counts. @default 50, at most 200 */
  readonly limit?: number | undefined;
}

/** Counts over time, by one key. Hours and days without a count are not among the points. */
export interface Counts {
  readonly subject: CountSubject;
  readonly by: CountKey;
  readonly bucket: 'hour' | 'day';
  readonly from: string;
  readonly to: string;
  /** Of everything, also of keys that are not shown. */
  readonly total: number;
  readonly series: readonly {
    readonly key: string;
    readonly total: number;
    readonly points: readonly { readonly at: string; readonly count: number }[];
  }[];
}

/** What a domain has done lately, and what was decided about it: to be looked at before it is blocked. */
export interface DomainHistory {
  readonly domain: string;
  readonly from: string;
  readonly to: string;
  readonly total: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, number>>;
  /** What filters said, by filter and verdict. */
  readonly filters: readonly { readonly filter: string; readonly verdict: string; readonly count: number }[];
  readonly days: readonly { readonly day: string; readonly statuses: Readonly<Record<string, number>> }[];
  /** Newest first, at most 50. */
  readonly decisions: readonly AuditRecord[];
}

/** What a console shows first. */
export interface Overview {
  readonly at: string;
  /** Ends of activities by status. */
  readonly lastHour: Readonly<Record<string, number>>;
  readonly lastDay: Readonly<Record<string, number>>;
  /** By state. */
  readonly domains: Readonly<Record<string, number>>;
  readonly held: number;
  readonly openReports: number;
  readonly pendingFollows: number;
  readonly dead: number;
  readonly waitingMail: number;
  readonly waitingDeliveries: number;
  /** Blocks that somebody should look at again. */
  readonly reviewsDue: number;
  readonly alerts: { readonly waiting: number; readonly dead: number };
  /** Events of the log that are not counted yet. */
  readonly countsBehind: number;
}
