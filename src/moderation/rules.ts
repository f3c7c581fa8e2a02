/**
 * What people and lists say of domains. Each source has at most one opinion of a domain; what is in force is made of all
 * of them: what people here said beats every list, `allow` beats the others among lists, else the hardest; and the rule
 * about the longest name beats those about its parents.
 */
import type {
  BatchRecord,
  ChangeNote,
  DomainRule,
  EffectivePolicy,
  RuleChanges,
  RulePreview,
  RulesQuery,
} from '../api/rules.ts';
import type { Page, PageQuery } from '../api.ts';

export interface RulesDesk {
  /** By name, then by source. */
  list(query?: RulesQuery): Promise<Page<DomainRule>>;
  /** What every source says of a domain and of its parents, and what is in force. */
  of(domain: string): Promise<{ readonly rules: readonly DomainRule[]; readonly effective: EffectivePolicy }>;
  /** What changes would do; nothing is changed. */
  preview(changes: RuleChanges): Promise<RulePreview[]>;
  /**
   * Changes one source's opinions as one batch, some hundred domains in each transaction. The promise is fulfilled when
   * the batch exists; `settled` when all is applied, and hears how far it is.
   */
  apply(
    changes: RuleChanges,
    note: ChangeNote & { readonly kind: string },
  ): Promise<{ readonly batch: string; readonly settled: Promise<BatchRecord> }>;
}

export interface BatchesDesk {
  /** Newest first. */
  list(query?: PageQuery): Promise<Page<BatchRecord>>;
  /** `ERR_NOT_FOUND`. */
  get(id: string): Promise<BatchRecord>;
  /** Takes back what it changed, except where somebody has decided anew since. `ERR_NOT_ALLOWED_IN_STATE` when it is undone already. */
  undo(id: string, note: ChangeNote): Promise<BatchRecord>;
}
