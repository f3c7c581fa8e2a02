/** Who decided what, about whom, and why: the shapes of the audit log. Types only. */
import type { PageQuery } from './page.ts';

/** What a decision is about. */
export type AuditKind =
  | 'domain'
  | 'rule'
  | 'batch'
  | 'held'
  | 'follow-request'
  | 'report'
  | 'appeal'
  | 'actor'
  | 'local-actor'
  | 'list'
  | 'subscription'
  | 'filter'
  | 'dead-letter';

/** One decision on its way into the log. */
export interface AuditEntry {
  /** The moderator's name, `handler` for code of the service, or null for the runtime by itself. */
  readonly by: string | null;
  /** The verb of the API, such as `block` or `approve`; for what the runtime does by itself, the event: `limit.exceeded`. */
  readonly verb: string;
  readonly subject: { readonly kind: AuditKind; readonly id: string };
  /** The remote domain that it concerns. @default the subject's id where that is a domain, else none */
  readonly domain?: string | null;
  /** The states before and after, in the subject's own words. */
  readonly from?: string | null;
  readonly to?: string | null;
  readonly reason?: string | null;
  /** The batch that it is part of. */
  readonly batch?: string | null;
  /** The filter that it comes from. */
  readonly filter?: string | null;
}

/** One decision as it was entered: the record of `GET /admin/api/audit`. */
export interface AuditRecord {
  /** Position in the log; numbers follow commit order, without repetition. */
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly by: string | null;
  readonly verb: string;
  readonly subject: { readonly kind: AuditKind; readonly id: string };
  readonly domain: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string | null;
  /** The settings in force, as a short name: the same settings, the same name. */
  readonly policy: string | null;
  readonly batch: string | null;
  readonly filter: string | null;
}

/** Which decisions; every field that is given must fit. */
export interface AuditFilter {
  /** A moderator's name, or `runtime` for what was decided by itself. */
  readonly by?: string | undefined;
  readonly verb?: string | undefined;
  /** A kind (`domain`), or a kind with an id (`domain:spam.example`). */
  readonly subject?: string | undefined;
  readonly domain?: string | undefined;
  readonly batch?: string | undefined;
  /** At or after this time. */
  readonly since?: Date | undefined;
  /** Before this time. */
  readonly until?: Date | undefined;
  /** After this number. */
  readonly after?: number | undefined;
}
export type AuditQuery = AuditFilter & PageQuery;
