/**
 * What people and lists say of domains. Each source has at most one opinion of a domain; what is in force is made of all
 * of them: what people here said beats every list, `allow` beats the others among lists, else the hardest; and the rule
 * about the longest name beats those about its parents.
 */
import { canonicalDomain, withParents } from '../activity.ts';
import type {
  BatchRecord,
  ChangeNote,
  DomainRule,
  EffectivePolicy,
  RuleChanges,
  RulePreview,
  RulesQuery,
  RuleWish,
} from '../api/rules.ts';
import type { Page } from '../api.ts';
import { SallyportError } from '../errors.ts';
import { MANUAL, merge, rulingOn, type Standing } from '../policy.ts';
import { domainStandings } from '../store/lists.ts';
import { followsWith, listRules, type RuleRow, ruleRecords, rulesOf } from '../store/rules.ts';
import type { Store } from '../store/store.ts';
import type { Batches } from './batches.ts';
import { isOther } from './domain-changes.ts';
import { limitOf, pageOf } from './pages.ts';

export interface RulesDesk {
  /** By name, then by source. */
  list(query?: RulesQuery): Promise<Page<DomainRule>>;
  /** What every source says of a domain and of its parents, and what is in force. */
  of(domain: string): Promise<{ readonly rules: readonly DomainRule[]; readonly effective: EffectivePolicy }>;
  /** What changes would do; nothing is changed. Throws `ERR_INVALID` as `apply` does. */
  preview(changes: RuleChanges): Promise<RulePreview[]>;
  /**
   * Changes one source's opinions as one batch, some hundred domains in each transaction. The promise is fulfilled when
   * the batch exists; `settled` when all is applied; meanwhile `batches.get` says how far it is. Throws `ERR_INVALID` for
   * what is no domain and what is no source. A rule whose end is over says nothing, as if it were to be removed.
   */
  apply(
    changes: RuleChanges,
    note: ChangeNote & { readonly kind: string },
  ): Promise<{ readonly batch: string; readonly settled: Promise<BatchRecord> }>;
}

/** Changes in one batch. */
const CHANGES_MAX = 500_000;
/** Domains about which one statement asks. */
const ASKED_MAX = 5_000;

export function createRules({ store, batches }: { store: Store; batches: Batches }): RulesDesk {
  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const { source = null, severity = null, q } = query;
      const after = query.cursor === undefined ? null : cursorOf(query.cursor);
      const filter = { source, severity, q: q?.trim().toLowerCase() || null, after, limit: limit + 1 };
      return pageOf(await listRules(store, filter), limit, ({ domain, source: of }) => `${domain} ${of}`);
    },
    async of(domain) {
      const name = nameOf(domain);
      const names = withParents(name);
      const rules = await ruleRecords(store, names);
      const standings = await domainStandings(store, names);
      return { rules, effective: effectiveOn(name, (of) => standings.get(of)) };
    },
    preview: (changes) => preview(store, changes),
    async apply(changes, { by, reason, kind }) {
      const { put, remove } = checked(changes, store.clock.now());
      const { source } = changes;
      return batches.run({
        ...{ kind, by, reason, verb: kind === 'list' ? 'list' : 'rule', source },
        names: [...put.keys(), ...remove],
        makesRow: (name) => put.has(name),
        planOf({ held, rules }, batch, atMs) {
          const wish = put.get(held.name);
          const before = rules.find((rule) => rule.source === source);
          if (wish === undefined) return before === undefined ? null : { rule: { source, to: null } };
          const to = rowOf(wish, { source, by, reason: reason ?? null, batch, atMs, before });
          return isOther(rules, { source, to }) ? { rule: { source, to } } : null;
        },
      });
    },
  };
}

/** What one change would do, domain by domain, by name. */
async function preview(store: Store, changes: RuleChanges): Promise<RulePreview[]> {
  const atMs = store.clock.now();
  const { put, remove } = checked(changes, atMs);
  const { source } = changes;
  const names = [...put.keys(), ...remove].sort();
  const follows = await followsWith(store, names);
  const previews: RulePreview[] = [];
  for (let at = 0; at < names.length; at += ASKED_MAX) {
    const part = names.slice(at, at + ASKED_MAX);
    const standings = await domainStandings(store, [...new Set(part.flatMap(withParents))]);
    const rules = Map.groupBy(await rulesOf(store, part), ({ domain }) => domain);
    for (const domain of part) {
      const opinions = (rules.get(domain) ?? []).filter(({ untilMs }) => untilMs === null || untilMs > atMs);
      const before = opinions.find((rule) => rule.source === source);
      const wish = put.get(domain);
      const to =
        wish === undefined
          ? null
          : rowOf(wish, { source, by: '', reason: before?.reason ?? null, batch: null, atMs, before });
      const others = opinions.filter((rule) => rule.source !== source);
      const policy = merge(to === null ? others : [...others, to]);
      const isShut = policy === null ? (standings.get(domain)?.isShut ?? false) : policy.severity === 'block';
      const then = { isShut: isShut && !wasByRule(standings, domain, policy), policy };
      const now = (name: string) => standings.get(name);
      const isSame = !isOther(opinions, { source, to });
      previews.push({
        domain,
        change: isSame ? 'same' : to === null ? 'remove' : before === undefined ? 'add' : 'update',
        from: effectiveOn(domain, now),
        to: effectiveOn(domain, isSame ? now : (name) => (name === domain ? then : standings.get(name))),
        follows: follows.get(domain) ?? 0,
      });
    }
  }
  return previews;
}

type Standings = Awaited<ReturnType<typeof domainStandings>>;

/** Was it shut by nothing but the rule that would be gone? */
function wasByRule(standings: Standings, domain: string, policy: ReturnType<typeof merge>): boolean {
  return policy === null && standings.get(domain)?.policy?.severity === 'block';
}

function effectiveOn(domain: string, standingOf: (name: string) => Standing | undefined): EffectivePolicy {
  const ruling = rulingOn(domain, standingOf);
  if (ruling === null)
    return { domain: null, source: null, severity: 'none', rejectMedia: false, rejectReports: false };
  const {
    severity = 'none',
    rejectMedia = false,
    rejectReports = false,
    source = null,
  } = ruling.policy ?? {};
  return {
    ...{ domain: ruling.domain, source, rejectMedia, rejectReports },
    severity: ruling.isShut ? 'block' : severity,
  };
}

interface Checked {
  readonly put: ReadonlyMap<string, RuleWish>;
  readonly remove: readonly string[];
}

/** Names in canonical form, each once: of two wishes about one domain the later one counts. */
function checked({ source, put, remove }: RuleChanges, atMs: number): Checked {
  if (put.length + remove.length > CHANGES_MAX)
    throw new SallyportError('ERR_INVALID', `at most ${CHANGES_MAX} changes at once`);
  if (source !== MANUAL && !/^list:.{1,200}$/.test(source))
    throw new SallyportError('ERR_INVALID', `${JSON.stringify(source)} is no source of rules`, {
      hint: '`manual`, or the id of a list: `list:…`',
    });
  const wishes = new Map(put.map((wish) => [nameOf(wish.domain), wish]));
  // What is over says nothing any more.
  const over = [...wishes].filter(([, { until }]) => until !== undefined && !(until.getTime() > atMs));
  for (const [name] of over) wishes.delete(name);
  const gone = new Set([...remove.map(nameOf), ...over.map(([name]) => name)]);
  return { put: wishes, remove: [...gone].filter((name) => !wishes.has(name)) };
}

export function rowOf(
  wish: RuleWish,
  of: {
    readonly source: string;
    readonly by: string;
    readonly reason: string | null;
    readonly batch: string | null;
    readonly atMs: number;
    readonly before: RuleRow | undefined;
  },
): RuleRow {
  const {
    severity = 'block',
    rejectMedia = false,
    rejectReports = false,
    obfuscate = false,
    labels = [],
  } = wish;
  const { publicComment = null, privateComment = null, until, reviewAt } = wish;
  const { source, by, reason, batch, atMs, before } = of;
  return {
    ...{ domain: nameOf(wish.domain), source, severity, rejectMedia, rejectReports, obfuscate, labels },
    ...{ publicComment, privateComment, by, batch, reason: reason ?? publicComment ?? privateComment },
    untilMs: until?.getTime() ?? null,
    reviewAtMs: reviewAt?.getTime() ?? null,
    createdMs: before?.createdMs ?? atMs,
    updatedMs: atMs,
  };
}

/** The canonical form of a domain's name. `ERR_INVALID`. */
export function nameOf(input: string): string {
  const name = canonicalDomain(input);
  if (name === null)
    throw new SallyportError('ERR_INVALID', `${JSON.stringify(input)} is no domain`, {
      hint: 'a host name alone: no scheme, port, path or *; a rule about it covers its subdomains',
    });
  return name;
}

function cursorOf(cursor: string): readonly [string, string] {
  const [domain = '', source = ''] = cursor.split(' ');
  if (domain === '' || source === '')
    throw new SallyportError('ERR_INVALID', 'the cursor is none of ours', { data: { cursor } });
  return [domain, source];
}
