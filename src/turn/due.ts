/**
 * Rules that end with their time, while a turn holds their domains: what the other rules come to holds from then on.
 * Where a list's block stands behind a person's word, the list's goes on.
 */
import type { DomainContext, DomainEvent } from '../../machines/index.ts';
import { closingBy, MANUAL, type Merged, merge } from '../policy.ts';
import { deleteRules, type RuleRow, rulesOf, savePolicies } from '../store/rules.ts';
import type { Statements } from '../store/statement.ts';
import type { HeldDomain } from '../store/turns.ts';

export class LapsedRules {
  readonly #rules: ReadonlyMap<string, readonly RuleRow[]>;
  readonly #policies: { name: string; policy: Merged | null }[] = [];
  readonly #over: RuleRow[] = [];
  readonly #atMs: number;

  private constructor(rules: readonly RuleRow[], atMs: number) {
    this.#rules = Map.groupBy(rules, ({ domain }) => domain);
    this.#atMs = atMs;
  }

  /** Reads the rules about those to whom something is due: nearly never any, and then no statement. */
  static async read(tx: Statements, held: readonly HeldDomain[], atMs: number): Promise<LapsedRules> {
    const due = held.filter(({ dueMs, policy }) => dueMs !== null && dueMs <= atMs && policy !== null);
    const names = due.map(({ name }) => name);
    return new LapsedRules(await rulesOf(tx, names), atMs);
  }

  /** What a domain's rules come to once those are gone whose time is over, and what its machine must hear of it. */
  heed(
    { name, policy }: HeldDomain,
    { state, context }: { readonly state: string; readonly context: DomainContext },
  ): { policy: Merged | null; events: DomainEvent[] } {
    const atMs = this.#atMs;
    const rules = this.#rules.get(name) ?? [];
    const isOver = ({ untilMs }: RuleRow): boolean => untilMs !== null && untilMs <= atMs;
    const over = rules.filter(isOver);
    if (over.length === 0) return { policy, events: [] };
    const rest = rules.filter((rule) => !isOver(rule));
    const now = merge(rest);
    this.#over.push(...over);
    this.#policies.push({ name, policy: now });
    const list = rest.find(({ source }) => source === now?.source);
    const isInForce = state === 'blocked' && context.by === now?.source;
    const goesOn = now?.severity === 'block' && now.source !== MANUAL && list !== undefined && !isInForce;
    return { policy: now, events: goesOn ? [{ type: 'list.blocked', ...closingBy(list, atMs) }] : [] };
  }

  async write(tx: Statements): Promise<void> {
    await savePolicies(tx, this.#policies);
    await deleteRules(tx, this.#over);
  }
}
