/** Lists of domains in and out: a file becomes what people here say, as one batch; and what is in force becomes a file. */
import type {
  ExportedList,
  ExportQuery,
  ImportOptions,
  ImportPreview,
  ListsDesk,
  RuleInForce,
} from '../api/lists.ts';
import type { ChangeNote, DomainRule, RuleChanges, RulePreview } from '../api/rules.ts';
import { SallyportError } from '../errors.ts';
import { type Listed, readList, writeAllowList, writeCsv, writeJson, writePlain } from '../lists/index.ts';
import { measureOf } from '../store/measures.ts';
import { listRules } from '../store/rules.ts';
import { allRulesInForce, LIFTED, ruleInForceFor, rulesInForce } from '../store/rules-in-force.ts';
import type { Store } from '../store/store.ts';
import { type Intent, intentOf } from './list-import.ts';
import type { RulesDesk } from './rules.ts';

export type { ListsDesk };

/** Single changes that wait for the one before: a client may send many at once. */
const WAITING_MAX = 100;
/** Of problems and of changes so many are shown. */
const SHOWN_MAX = 200;

interface Parts {
  readonly store: Store;
  readonly rules: RulesDesk;
  readonly origin: string;
}

export function createLists({ store, rules, origin }: Parts): ListsDesk {
  const inOrder = createOrder(WAITING_MAX);
  const said = (source: string): Promise<DomainRule[]> =>
    listRules(store, { source, severity: null, q: null, after: null, limit: 2 ** 31 - 1 });

  /** What a list comes to, and what each of its changes would do. */
  async function plan(text: string, options: ImportOptions) {
    const list = readList(text, options);
    const intent = intentOf(list, await said('manual'), options, origin);
    const found = await rules.preview(intent.changes);
    const isKept = ({ change, from }: RulePreview): boolean =>
      options.keepExisting === true && change !== 'remove' && from.domain !== null;
    const items = found.filter((item) => !isKept(item));
    return { list, intent, items, kept: found.length - items.length };
  }

  async function apply(changes: RuleChanges, note: ChangeNote): Promise<void> {
    const { settled } = await rules.apply(changes, { ...note, kind: 'rule' });
    await settled;
  }

  async function lift(domain: string, note: ChangeNote): Promise<void> {
    const { rules: opinions } = await rules.of(domain);
    const isListed = opinions.some((rule) => rule.domain === domain && rule.source !== 'manual');
    const wish = { domain, severity: 'none', labels: [LIFTED] } as const;
    await apply({ source: 'manual', put: isListed ? [wish] : [], remove: isListed ? [] : [domain] }, note);
  }

  return {
    async preview(text, options = {}) {
      const { list, intent, items, kept } = await plan(text, options);
      const { format, dialect, kind, rows } = list;
      const count = (change: RulePreview['change']): number =>
        items.filter((item) => item.change === change).length;
      const changing = items.filter(({ change }) => change !== 'same');
      return {
        ...{ format, dialect, kind, rows, mode: options.mode ?? 'add', kept },
        ...{ add: count('add'), update: count('update'), remove: count('remove'), same: count('same') },
        followed: changing.filter(({ follows, from, to }) => follows > 0 && isOther(from, to)).length,
        suspicion: intent.suspicion,
        problemsTotal: intent.problems.length,
        problems: intent.problems.slice(0, SHOWN_MAX),
        itemsTotal: changing.length,
        items: changing.sort(byWeight).slice(0, SHOWN_MAX),
      } satisfies ImportPreview;
    },
    async import(text, options, note) {
      const { intent, items } = await plan(text, options);
      refuseSuspicious(intent, options);
      const changing = new Set(items.filter(({ change }) => change !== 'same').map(({ domain }) => domain));
      const { source, put, remove } = intent.changes;
      const changes = {
        source,
        put: put.filter(({ domain }) => changing.has(domain)),
        remove: remove.filter((domain) => changing.has(domain)),
      };
      const problemsTotal = intent.problems.length;
      const total = changes.put.length + changes.remove.length;
      if (total === 0) return { batch: null, total, problemsTotal };
      const { batch, settled } = await rules.apply(changes, { ...note, kind: 'import' });
      // Its end is in the batch; whoever started it looks there.
      settled.catch(() => undefined);
      return { batch, total, problemsTotal };
    },
    async export(query = {}) {
      const { source } = query;
      const found =
        source === undefined ? await allRulesInForce(store, store.clock.now()) : await said(source);
      return fileOf(found, query);
    },
    inForce: (query) => rulesInForce(store, query, store.clock.now()),
    inForceFor: (of) => ruleInForceFor(store, of, store.clock.now()),
    say: (wish, note) => inOrder(() => apply({ source: 'manual', put: [wish], remove: [] }, note)),
    lift: (domain, note) => inOrder(() => lift(domain, note)),
    measure: (domain, name, firstMs, lastMs) => measureOf(store, domain, name, firstMs, lastMs),
  };
}
/** One after the other, and no more than so many. */
function createOrder(waitingMax: number): <T>(work: () => Promise<T>) => Promise<T> {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    if (waiting >= waitingMax)
      throw new SallyportError('ERR_OVERFLOW', 'too many changes wait', {
        hint: 'wait until one is done, or send a list',
        data: { bound: waitingMax },
      });
    waiting++;
    const mine = last.then(work, work).finally(() => waiting--);
    last = mine.catch(() => undefined);
    return mine;
  };
}

const isOther = (from: RulePreview['from'], to: RulePreview['to']): boolean =>
  from.severity !== to.severity ||
  from.rejectMedia !== to.rejectMedia ||
  from.rejectReports !== to.rejectReports;

/** Live follows first, then what is taken back, then what is changed, then by name. */
function byWeight(one: RulePreview, other: RulePreview): number {
  const rank = { remove: 0, update: 1, add: 2, same: 3 } as const;
  return (
    other.follows - one.follows ||
    rank[one.change] - rank[other.change] ||
    (one.domain < other.domain ? -1 : 1)
  );
}

function refuseSuspicious({ suspicion }: Intent, { force = false }: ImportOptions): void {
  if (suspicion === null || force) return;
  throw new SallyportError('ERR_INVALID', suspicion, {
    hint: 'look at the file again; `force` does it all the same',
  });
}

function fileOf(rules: readonly (Listed | RuleInForce)[], query: ExportQuery): ExportedList {
  const { format = 'csv', kind = 'block' } = query;
  const name = kind === 'allow' ? 'domain_allows' : 'domain_blocks';
  if (kind === 'allow') {
    const allowed = rules.filter(({ severity }) => severity === 'allow');
    if (format === 'csv')
      return { name: `${name}.csv`, contentType: 'text/csv; charset=utf-8', text: writeAllowList(rules) };
    const names = allowed.map(({ domain }) => domain);
    return format === 'json'
      ? { name: `${name}.json`, contentType: 'application/json', text: `${JSON.stringify(names, null, 1)}\n` }
      : { name: `${name}.txt`, contentType: PLAIN, text: names.map((domain) => `${domain}\n`).join('') };
  }
  if (format === 'json')
    return { name: `${name}.json`, contentType: 'application/json', text: writeJson(rules) };
  if (format === 'plain') return { name: `${name}.txt`, contentType: PLAIN, text: writePlain(rules) };
  return { name: `${name}.csv`, contentType: 'text/csv; charset=utf-8', text: writeCsv(rules) };
}

const PLAIN = 'text/plain; charset=utf-8';
