/** A policy tried on what was recorded: the shapes. Types only. */
import type { BuiltInFilter, ScoreThresholds } from '../options.ts';
import type { Status } from '../verdict.ts';

/** Built-in filters, as they would stand in the options of the same names. */
export interface SimulatedPolicy {
  readonly filters: readonly BuiltInFilter[];
  readonly scoreThresholds?: ScoreThresholds | undefined;
}

/** What is to be simulated. */
export interface SimulationWish {
  readonly policy: SimulatedPolicy;
  /** Activities accepted from then on. */
  readonly since: Date;
  /** Activities accepted before. @default now */
  readonly until?: Date | undefined;
  /** Only those of this domain's actors; filters that compare see no others. @default all */
  readonly domain?: string | undefined;
  /** Filters that ask a service over HTTP ask it, once for each activity. @default false: they are left out */
  readonly external?: boolean | undefined;
  /** Examples for each filter and outcome; at most 20. @default 3 */
  readonly samples?: number | undefined;
}

/** How the pipeline leaves an activity before any moderator decides. */
export type SimulatedOutcome = Exclude<Status, 'accepted'>;

/** An activity that would come out differently. */
export interface SimulationSample {
  readonly id: string;
  readonly activityId: string;
  readonly type: string;
  readonly actor: string;
  readonly domain: string;
  readonly from: SimulatedOutcome;
  readonly to: SimulatedOutcome;
  readonly reason: string;
}

/** The difference that the policy would make. */
export interface SimulationResult {
  /** Activities that it was put to, and those that would come out differently. */
  readonly activities: number;
  readonly changed: number;
  /** Activities whose document is not stored any more: nothing can be said of them. */
  readonly unreadable: number;
  /** How many come from which outcome to which, those that stay included; most first. */
  readonly outcomes: readonly {
    readonly from: SimulatedOutcome;
    readonly to: SimulatedOutcome;
    readonly count: number;
  }[];
  /**
   * By what decides: a filter of the policy, or, where the policy lets pass what was stopped, the filter that stopped it.
   * Most changed first.
   */
  readonly filters: readonly {
    readonly filter: string;
    readonly to: SimulatedOutcome;
    readonly count: number;
    readonly changed: number;
    readonly samples: readonly SimulationSample[];
  }[];
  /** What filters said without deciding: shadow, score, limit, strike, trusted, fault. */
  readonly remarks: readonly { readonly filter: string; readonly type: string; readonly count: number }[];
  /** Domains for which most changes, at most 20. */
  readonly domains: readonly {
    readonly domain: string;
    readonly activities: number;
    readonly changed: number;
    readonly held: number;
    readonly dropped: number;
    readonly rejected: number;
  }[];
  /** What could not be known, in sentences. */
  readonly notes: readonly string[];
}

/** A simulation, running or over. Times are ISO 8601 strings. */
export interface SimulationRecord {
  readonly id: string;
  readonly state: 'running' | 'done' | 'cancelled' | 'failed';
  readonly by: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly since: string;
  readonly until: string;
  readonly domain: string | null;
  /** Names of the policy's filters, in order. */
  readonly filters: readonly string[];
  /** Of so many activities so many have been looked at. */
  readonly total: number;
  readonly done: number;
  /** Why it failed. */
  readonly error: string | null;
  /** When it is done. */
  readonly result: SimulationResult | null;
}

export interface SimulationsDesk {
  /**
   * Puts a policy to what was recorded, without any effect; the record of the work, which has begun. One at a time in a
   * process, and it ends with its process. Throws `ERR_INVALID` for a policy that has faults and for times that are
   * none, `ERR_NOT_ALLOWED_IN_STATE` while another one runs.
   */
  start(wish: SimulationWish, note?: { readonly by?: string | undefined }): Promise<SimulationRecord>;
  /** The newest twenty of this process, newest first. */
  list(): Promise<{ readonly items: readonly SimulationRecord[]; readonly next: null }>;
  /** `ERR_NOT_FOUND`. */
  get(id: string): Promise<SimulationRecord>;
  /** Ends it before its time; what is over stays as it is. `ERR_NOT_FOUND`. */
  cancel(id: string): Promise<SimulationRecord>;
}
