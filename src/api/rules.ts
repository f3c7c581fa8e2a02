/** What is said of domains, by moderators and by lists: the shapes of rules. Types only. */
import type { PageQuery } from './page.ts';

/**
 * How hard a rule is. `block`: 403 for everything, subdomains included. `silence`: requests to follow wait for a
 * decision. `none`: no more than its flags; it lifts what a rule about a parent says. `allow`: the same, and the domain
 * may come in where only allowed ones may.
 */
export type Severity = 'allow' | 'none' | 'silence' | 'block';

/** What a rule does. */
export interface Policy {
  readonly severity: Severity;
  /** Attachments, icons, images and custom emoji are taken out of what handlers and filters see. */
  readonly rejectMedia: boolean;
  /** Its reports are dropped. */
  readonly rejectReports: boolean;
}

/** What somebody wants a rule to say. */
export interface RuleWish {
  /** A host name; the rule covers its subdomains too, unless one of them has a rule of its own. */
  readonly domain: string;
  /** @default 'block' */
  readonly severity?: Severity | undefined;
  /** @default false */
  readonly rejectMedia?: boolean | undefined;
  /** @default false */
  readonly rejectReports?: boolean | undefined;
  /** Published with the letters in the middle of the name hidden. @default false */
  readonly obfuscate?: boolean | undefined;
  readonly publicComment?: string | null | undefined;
  readonly privateComment?: string | null | undefined;
  /** IRIs or names, as their source gives them. @default none */
  readonly labels?: readonly string[] | undefined;
  /** When it ends by itself. @default never */
  readonly until?: Date | undefined;
  readonly reviewAt?: Date | undefined;
}

/** One source's opinion of a domain. Times are ISO 8601 strings. */
export interface DomainRule extends Policy {
  readonly id: string;
  readonly domain: string;
  /** `manual` for what people here said, else the id of the list: `list:…`. */
  readonly source: string;
  readonly obfuscate: boolean;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
  readonly labels: readonly string[];
  readonly reason: string | null;
  /** Who said so. */
  readonly by: string;
  /** When it ends by itself, and when somebody should look at it again; null for never. */
  readonly until: string | null;
  readonly reviewAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What is in force for a domain, and why. */
export interface EffectivePolicy extends Policy {
  /** The domain whose rule it is: itself or a parent; null where there is none. */
  readonly domain: string | null;
  /** Whose opinion won; null where there is none. */
  readonly source: string | null;
}

export interface RulesQuery extends PageQuery {
  readonly source?: string | undefined;
  readonly severity?: Severity | undefined;
  /** A part of the name. */
  readonly q?: string | undefined;
}

/** What is to change in one source's opinions. */
export interface RuleChanges {
  readonly source: string;
  readonly put: readonly RuleWish[];
  /** Domains of which the source says nothing any more. */
  readonly remove: readonly string[];
}

/** What one change would do. */
export interface RulePreview {
  readonly domain: string;
  readonly change: 'add' | 'update' | 'remove' | 'same';
  /** What is in force for it now, and what would be. */
  readonly from: EffectivePolicy;
  readonly to: EffectivePolicy;
  /** Live follows between it and our actors. */
  readonly follows: number;
}

/** Who changes something, and why. */
export interface ChangeNote {
  /** The moderator's name, or what acts by itself. */
  readonly by: string;
  readonly reason?: string | undefined;
}

/** Many changes that can be undone as one. Times are ISO 8601 strings. */
export interface BatchRecord {
  readonly id: string;
  /** What made it: `bulk`, `import`, `list` … */
  readonly kind: string;
  readonly by: string;
  readonly reason: string | null;
  readonly at: string;
  readonly state: 'applying' | 'applied' | 'undoing' | 'undone';
  /** Of so many changes so many are made, or taken back. */
  readonly total: number;
  readonly done: number;
  /** Domains for which something came out differently; of one that is undone, those that are as before. */
  readonly changed: number;
}
