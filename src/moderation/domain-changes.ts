/**
 * Changes to many domains at once, under their row locks: the rules that one source has about them, and what happens to
 * their machines. Whatever changes a rule comes through here, so a machine is blocked by a rule exactly where its rules
 * come to a block.
 */
import {
  type DomainContext,
  type DomainEvent,
  type DomainState,
  domainMachine,
  type Stepped,
  step,
} from '../../machines/index.ts';
import type { NewEvent } from '../api.ts';
import { closingBy, MANUAL, type Merged, merge } from '../policy.ts';
import { recordAudit } from '../store/audit.ts';
import { appendEvents } from '../store/log.ts';
import { deleteRules, putRules, type RuleRow, rulesOf, savePolicies } from '../store/rules.ts';
import type { Statements } from '../store/statement.ts';
import {
  domainEvents,
  type HeldDomain,
  holdDomainsWaiting,
  type SavedDomain,
  saveDomains,
} from '../store/turns.ts';

/** A domain as it was found: its row, its machine once its due time has been heeded, and what is said of it. */
export interface FoundDomain {
  readonly held: HeldDomain;
  readonly state: DomainState;
  readonly context: DomainContext;
  readonly rules: readonly RuleRow[];
}

/** What is to happen to one domain. */
export interface Plan {
  /** One source's rule from now on; null where it has none. Absent: all rules stay. */
  readonly rule?: { readonly source: string; readonly to: RuleRow | null };
  /** Sent to the machine before it follows the rules. */
  readonly events?: readonly DomainEvent[];
}

/** What became of it. */
export interface ChangedDomain {
  readonly found: FoundDomain;
  readonly state: DomainState;
  readonly version: number;
  /** Did the machine know what to do with the plan's events, each? */
  readonly handled: readonly boolean[];
  /** Is anything different from before? */
  readonly isChanged: boolean;
}

/** Who changes something, and why. */
export interface Cause {
  readonly by: string;
  readonly reason: string | null;
  /** The verb, for the audit log. */
  readonly verb: string;
  readonly batch: string | null;
  readonly atMs: number;
}

type DomainStep = Stepped<typeof domainMachine>;
const stepOf = (name: string, stored: HeldDomain['snapshot'], events: readonly DomainEvent[], atMs: number) =>
  step(domainMachine, stored, { domain: name }, events, atMs);

const next = (name: string, before: DomainStep, events: readonly DomainEvent[], atMs: number): DomainStep =>
  events.length > 0 ? stepOf(name, before.stored, events, atMs) : { ...before, transitions: [], handled: [] };

/**
 * Holds the rows of these domains, as far as they exist, and does to each what `planOf` says of it; null leaves it alone.
 * It is the caller's transaction, and nothing may be locked after it.
 */
export async function changeDomains(
  tx: Statements,
  names: readonly string[],
  planOf: (found: FoundDomain) => Plan | null,
  cause: Cause,
): Promise<ChangedDomain[]> {
  const held = await holdDomainsWaiting(tx, names);
  const rules = Map.groupBy(await rulesOf(tx, names), ({ domain }) => domain);
  const work = new Work(cause);
  for (const domain of held) work.change(domain, rules.get(domain.name) ?? [], planOf);
  await deleteRules(tx, work.removed);
  await putRules(tx, work.put);
  await savePolicies(tx, work.policies);
  await saveDomains(tx, work.saved);
  if (work.events.length > 0) await appendEvents(tx, work.events);
  await recordAudit(tx, work.audit, cause.atMs);
  return work.done;
}

/** What one call writes. */
class Work {
  readonly done: ChangedDomain[] = [];
  readonly saved: SavedDomain[] = [];
  readonly put: RuleRow[] = [];
  readonly removed: { domain: string; source: string }[] = [];
  readonly policies: { name: string; policy: Merged | null }[] = [];
  readonly events: NewEvent[] = [];
  readonly audit: Parameters<typeof recordAudit>[1][number][] = [];
  readonly #cause: Cause;

  constructor(cause: Cause) {
    this.#cause = cause;
  }

  change(held: HeldDomain, all: readonly RuleRow[], planOf: (found: FoundDomain) => Plan | null): void {
    const { atMs } = this.#cause;
    const { name } = held;
    // What is due comes first: a block that has just ended is not there any more.
    const now = stepOf(name, held.snapshot, [], atMs);
    const isOver = ({ untilMs }: RuleRow): boolean => untilMs !== null && untilMs <= atMs;
    const found = {
      held,
      state: now.state,
      context: now.context,
      rules: all.filter((rule) => !isOver(rule)),
    };
    const plan = planOf(found);
    if (plan === null) return;
    const { rule, events = [] } = plan;
    const rules = rule === undefined ? found.rules : replaced(found.rules, rule);
    const told = next(name, now, events, atMs);
    const merged = merge(rules);
    const followed = next(name, told, this.#following(merged, rules, told, rule?.source), atMs);
    this.#write(found, [now, told, followed], { all, rules, merged, rule });
  }

  #write(
    found: FoundDomain,
    [now, told, followed]: readonly [DomainStep, DomainStep, DomainStep],
    to: { all: readonly RuleRow[]; rules: readonly RuleRow[]; merged: Merged | null; rule: Plan['rule'] },
  ): void {
    const { by, reason, verb, batch, atMs } = this.#cause;
    const { name, version, state: before, policy } = found.held;
    const { state, stored: snapshot, dueAtMs: dueMs } = followed;
    const isMoved = [now, told, followed].some(
      ({ transitions, handled }) => transitions.length > 0 || handled.includes(true),
    );
    const isPolicy = JSON.stringify(ordered(policy)) !== JSON.stringify(ordered(to.merged));
    const isRule = to.rule !== undefined && isOther(found.rules, to.rule);
    const isOver = found.rules.length < to.all.length;
    const sinceMs = state === before ? null : atMs;
    const isSaved = isMoved || isRule || isOver;
    if (isSaved) this.saved.push({ name, version, state, snapshot, dueMs, sinceMs });
    if (isPolicy) this.policies.push({ name, policy: to.merged });
    for (const row of to.all)
      if (!to.rules.some(({ source }) => source === row.source))
        this.removed.push({ domain: name, source: row.source });
    if (isRule && to.rule?.to) this.put.push(to.rule.to);
    const logged = [
      ...domainEvents(name, now, null, atMs),
      ...domainEvents(name, told, by, atMs),
      ...domainEvents(name, followed, by, atMs),
    ];
    // What changes the policy alone, or until when, is told too: every process reads of it here.
    const same = {
      kind: 'transition',
      machine: 'domain',
      key: name,
      domain: name,
      atMs,
      by,
      reason,
    } as const;
    const isOtherEnd = followed.context.untilMs !== now.context.untilMs;
    if (logged.length === 0 && (isPolicy || isOtherEnd))
      logged.push({ ...same, from: state, to: state, event: isPolicy ? 'rule.changed' : 'until.changed' });
    this.events.push(...logged);
    const isChanged = isMoved || isPolicy || isRule;
    if (isChanged) {
      const subject = { kind: 'domain', id: name } as const;
      const batched = batch === null ? {} : { batch };
      this.audit.push({
        by,
        verb,
        subject,
        from: before,
        to: state,
        ...(reason === null ? {} : { reason }),
        ...batched,
      });
    }
    this.done.push({
      ...{ found, state, isChanged, handled: told.handled },
      version: isSaved ? version + 1 : version,
    });
  }

  /** What the machine must hear so that it is blocked by rules exactly where they come to a block. */
  #following(
    merged: Merged | null,
    rules: readonly RuleRow[],
    { state, context }: DomainStep,
    source: string | undefined,
  ): DomainEvent[] {
    const { by, reason, atMs } = this.#cause;
    if (merged?.severity === 'block') {
      const row = rules.find((rule) => rule.source === merged.source) as RuleRow;
      const isManual = merged.source === MANUAL;
      const closing = closingBy(row, atMs);
      const origin = isManual ? 'moderator' : 'list';
      if (state === 'blocked' && context.origin === origin && isSaid(context, closing)) return [];
      if (isManual) return [{ type: 'moderator.blocked', ...closing }];
      // A person's block gives way to a list's without opening in between.
      if (state === 'blocked' && context.origin === 'moderator')
        return [
          {
            type: 'moderator.restored',
            ...{ ...closing, origin, state, appealedAtMs: null },
            ...{ strikes: context.strikes, probationMs: context.probationMs },
          },
        ];
      return [{ type: 'list.blocked', ...closing }];
    }
    if (state !== 'blocked') return [];
    const isPerson = source === MANUAL;
    if (context.origin === 'list' && !isPerson) return [{ type: 'list.lifted', atMs, reason, by }];
    // What the runtime has blocked is opened by a person's word only.
    if (context.origin === 'runtime' && !(isPerson && merged !== null)) return [];
    return [{ type: 'moderator.unblocked', atMs, reason, by }];
  }
}

/** The rules with one source's instead of what it said before. */
export function replaced(rules: readonly RuleRow[], { source, to }: NonNullable<Plan['rule']>): RuleRow[] {
  const others = rules.filter((rule) => rule.source !== source);
  return to === null ? others : [...others, to];
}

const DECIDING = [
  ...(['severity', 'rejectMedia', 'rejectReports', 'obfuscate', 'publicComment', 'privateComment'] as const),
  ...(['reason', 'untilMs', 'reviewAtMs'] as const),
] satisfies (keyof RuleRow)[];

/** Does a source say something else than before? */
export function isOther(rules: readonly RuleRow[], { source, to }: NonNullable<Plan['rule']>): boolean {
  const before = rules.find((rule) => rule.source === source) ?? null;
  if (before === null || to === null) return before !== to;
  return (
    DECIDING.some((name) => before[name] !== to[name]) || before.labels.join('\n') !== to.labels.join('\n')
  );
}

const ordered = (policy: Merged | null) =>
  policy === null ? null : [policy.severity, policy.rejectMedia, policy.rejectReports, policy.source];

function isSaid(context: DomainContext, closing: Partial<DomainContext>): boolean {
  const names = ['reason', 'by', 'untilMs', 'reviewAtMs', 'publicComment', 'privateComment'] as const;
  return names.every((name) => context[name] === closing[name]);
}
