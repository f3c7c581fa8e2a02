/** Appeals of blocked domains: the shapes. Types only; times are ISO 8601 strings. */
import type { PageQuery } from './page.ts';

export type AppealState = 'open' | 'upheld' | 'overturned';

/** What a blocked domain's own administrators say against the block. */
export interface AppealRecord {
  readonly id: string;
  readonly domain: string;
  /** The domain's instance actor, where it signed; null for what came by a link or was entered here. */
  readonly actor: string | null;
  /** In their words, at most 5 000 characters; not to be taken for HTML that is safe. */
  readonly reason: string;
  /** How they can be reached, in their words, at most 500 characters. */
  readonly contact: string | null;
  readonly state: AppealState;
  readonly receivedAt: string;
  /** Why it was decided so, by whom, when. */
  readonly decision: string | null;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
}

export interface AppealsQuery extends PageQuery {
  readonly state?: AppealState | undefined;
  readonly domain?: string | undefined;
}

/** A new appeal. */
export interface NewAppeal {
  readonly domain: string;
  readonly reason: string;
  readonly contact?: string | null | undefined;
}

/** What became of one. */
export type AppealAnswer =
  | { readonly type: 'taken'; readonly appeal: AppealRecord }
  /** There is nothing to appeal against. */
  | { readonly type: 'not-blocked' }
  /** The domain has appealed within the period; it may do so again then. */
  | { readonly type: 'too-early'; readonly retryAfterSeconds: number }
  /** The link is unknown, used, or too old. */
  | { readonly type: 'no-link' };

/** A link that lets whoever has it appeal for a domain, once. */
export interface AppealLinkRecord {
  readonly domain: string;
  /** Shown this once: only a digest of its token is kept. */
  readonly url: string;
  readonly expiresAt: string;
}

/** What a link is good for: an appeal, a look at the one that was made with it, or nothing. */
export type AppealLinkState =
  | { readonly type: 'open'; readonly domain: string }
  | { readonly type: 'used'; readonly domain: string; readonly appeal: AppealRecord }
  | { readonly type: 'none' };
