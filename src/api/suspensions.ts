/** Remote actors that may not come in: the shapes. Types only. */
import type { PageQuery } from './page.ts';

/** One source's word against an actor. Times are ISO 8601 strings. */
export interface SuspensionRecord {
  readonly actor: string;
  readonly domain: string;
  /** `manual` for what people here said, else the id of the list: `list:…`. */
  readonly source: string;
  readonly reason: string | null;
  readonly by: string;
  /** When it ends by itself; null for never. */
  readonly until: string | null;
  readonly since: string;
}

export interface SuspensionsQuery extends PageQuery {
  readonly source?: string | undefined;
  readonly domain?: string | undefined;
}

/** What is said with a suspension. */
export interface SuspensionNote {
  readonly reason: string;
  readonly until?: Date | undefined;
  /** @default 'admin' */
  readonly by?: string | undefined;
  /** @default 'manual' */
  readonly source?: string | undefined;
}
