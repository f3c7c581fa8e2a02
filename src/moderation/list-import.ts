/** A list as changes of what people here say: what it adds, what it leaves as it is, and what it must not take away. */
import { domainOf } from '../activity.ts';
import type { ImportOptions, RowProblem } from '../api/lists.ts';
import type { DomainRule, RuleChanges, RuleWish } from '../api/rules.ts';
import { HARDNESS, isExported, type ReadList } from '../lists/index.ts';

/** What a list would change here, as far as it can be told without looking at other rules. */
export interface Intent {
  readonly changes: RuleChanges;
  readonly problems: readonly RowProblem[];
  /** Why somebody has to insist on it; null when nobody has to. */
  readonly suspicion: string | null;
}

/** A list that is so much smaller than what is there has been cut off on its way, or is another one. */
const SMALLER = 0.1;
/** Of so few rules nothing is said by how many go. */
const FEW = 10;

/** `known` are all opinions of people here. */
export function intentOf(
  list: ReadList,
  known: readonly DomainRule[],
  { mode = 'add', severityMax = 'block' }: ImportOptions,
  origin: string,
): Intent {
  const before = new Map(known.map((rule) => [rule.domain, rule]));
  const ours = domainOf(origin) ?? '';
  const isOurs = (domain: string): boolean => ours === domain || ours.endsWith(`.${domain}`);
  const put = list.wishes
    .filter(({ domain }) => !isOurs(domain))
    .map((wish) => completed(capped(wish, severityMax), before.get(wish.domain)));
  const problems = list.wishes
    .filter(({ domain }) => isOurs(domain))
    .map(({ domain }) => ({ row: 0, text: domain, problem: 'is this server: left out' }));
  const named = new Set(put.map(({ domain }) => domain));
  const takenBack = list.retracted.filter((domain) => before.has(domain));
  const replaced = mode === 'replace' ? known.filter((rule) => couldName(list, rule)) : [];
  const gone = replaced.map(({ domain }) => domain).filter((domain) => !named.has(domain));
  return {
    changes: { source: 'manual', put, remove: [...new Set([...takenBack, ...gone])] },
    problems: [...problems, ...list.problems],
    suspicion: suspicionOf(put.length, replaced.length, gone.length),
  };
}

/** Nothing that a list cannot say is taken back because it does not say it. */
function couldName({ format, kind }: ReadList, rule: DomainRule): boolean {
  if (kind !== 'block') return kind === 'allow' && rule.severity === 'allow';
  return format === 'plain' ? rule.severity === 'block' : isExported(rule);
}

function capped(wish: RuleWish, most: NonNullable<ImportOptions['severityMax']>): RuleWish {
  const { severity = 'block' } = wish;
  return HARDNESS[severity] > HARDNESS[most] ? { ...wish, severity: most } : wish;
}

/** What a file never holds stays as it was said here. */
function completed(wish: RuleWish, rule: DomainRule | undefined): RuleWish {
  if (rule === undefined) return wish;
  const isDated = wish.severity === 'block' && rule.severity === 'block';
  return {
    ...wish,
    privateComment: wish.privateComment ?? rule.privateComment,
    labels: wish.labels?.length ? wish.labels : rule.labels,
    ...(isDated && rule.until !== null && { until: new Date(rule.until) }),
    ...(isDated && rule.reviewAt !== null && { reviewAt: new Date(rule.reviewAt) }),
  };
}

function suspicionOf(named: number, replaced: number, gone: number): string | null {
  if (gone === 0) return null;
  if (named <= replaced * SMALLER)
    return `the list names ${named} domains and would replace ${replaced}: nearly everything would be taken back`;
  if (replaced >= FEW && gone >= replaced * (1 - SMALLER))
    return `the list would take back ${gone} of ${replaced}: it is another one than what is here`;
  return null;
}
