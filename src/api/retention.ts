/** What is pruned: the shapes. Types only; times are ISO 8601 strings. */

/** What to do in one call. */
export interface PruneWish {
  /** Only count what would go. @default false */
  readonly dryRun?: boolean | undefined;
  /** `cursor` of the call before. @default from the beginning */
  readonly cursor?: string | undefined;
}

/** What went, or would go, in one call, which takes a few seconds at most. */
export interface Pruned {
  readonly dryRun: boolean;
  /** Of the tables that this call looked at, in their order. */
  readonly tables: readonly {
    readonly table: string;
    /** What is older may go; null where all is kept. */
    readonly olderThan: string | null;
    readonly gone: number;
  }[];
  /** Handlers whose position in the log keeps what is old enough to go. */
  readonly heldBackBy: readonly string[];
  /** Where the next call goes on; null when this one has come to the end. */
  readonly cursor: string | null;
}
