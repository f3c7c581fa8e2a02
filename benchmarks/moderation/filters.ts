/**
 * What ten built-in filters cost for one activity, beside none.
 *
 * Method
 * - 50 activities in the mix of benchmarks/inbox. The ten are those of a careful server: a thousand words, twenty
 *   patterns, ages, mentions, a hellthread, links and media of newcomers, duplicates, old posts, types.
 * - The chain alone: what filters look at is made of the stored document, as for handlers, then the chain is asked, with
 *   no filter and with the ten, interleaved in each round. What they ask of the database is answered at once.
 * - Through the inbox's own stages on an embedded database in memory: 200 activities of ten domains are accepted, filtered
 *   where there are filters, and applied in turns. There the ten ask the database too, in groups, and the lease and the
 *   verdicts are two statements more for each group.
 * - CPU time of the whole process in µs for one activity; medians over the rounds, the first ones not counted.
 */
import type { VerifiedActivity } from '../../src/api.ts';
import { judge, type Told } from '../../src/filters/chain.ts';
import { folded, legible, readableText } from '../../src/filters/text.ts';
import { createFilterChain, createFilters, type FilterChain } from '../../src/filters.ts';
import { checkFilterList } from '../../src/options.ts';
import { viewOf } from '../../src/references/view.ts';
import { insertMail } from '../../src/store/intake.ts';
import { memoryOptions } from '../../src/store/memory-copy.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { initialDomain, insertDomains } from '../../src/store/turns.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { understand } from '../../src/verify/document.ts';
import { makeRequests } from '../verify/requests.ts';

const ORIGIN = 'https://us.example';
const WARM_UP_ROUNDS = 3;
const TIMES = 4;
const DOMAINS = 10;
const PER_DOMAIN = 20;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const TEN = checkFilterList([
  { use: 'keywords', words: Array.from({ length: 1_000 }, (_, n) => `cheap offer ${n}`) },
  { use: 'patterns', patterns: Array.from({ length: 20 }, (_, n) => `(buy|order)\\W{0,3}now ${n}`) },
  { use: 'account-age', olderThan: '1 day', unknown: 'accept' },
  { use: 'mentions', max: 20 },
  { use: 'hellthread', hold: 30, drop: 60 },
  { use: 'newcomer-links' },
  { use: 'stranger-media', verdict: 'shadow' },
  { use: 'duplicate-content', copies: 1_000 },
  { use: 'object-age', olderThan: '3650 days' },
  { use: 'types', objects: ['Note', 'Question', 'Article', 'Page'] },
]);

type Say = (line: string) => void;

export async function measureFilters(rounds: number, say: Say): Promise<void> {
  const alone = await chainAlone(rounds);
  say('filters, the chain alone, µs CPU for one activity');
  report(alone, say);
  const through = await throughTheStages(rounds);
  say('filters, from mail to effect on an embedded database in memory, µs CPU for one activity');
  report(through, say);
}

interface Costs {
  readonly none: number[];
  readonly ten: number[];
}

function report({ none, ten }: Costs, say: Say): void {
  const ratios = ten.map((cost, at) => cost / (none[at] as number));
  const [a, b] = [median(none), median(ten)];
  say(`  no filter ${a.toFixed(1)}   ten filters ${b.toFixed(1)}   difference ${(b - a).toFixed(1)}`);
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  say(
    `  ratio ${median(ratios).toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)} over ${ratios.length} rounds)`,
  );
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function cpuOf(work: () => Promise<unknown>, activities: number): Promise<number> {
  globalThis.gc?.({ type: 'minor', execution: 'sync' });
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / activities;
}

async function chainAlone(rounds: number): Promise<Costs> {
  const documents = makeRequests(1).documents;
  const chains = { none: createFilterChain(), ten: createFilterChain(TEN) };
  const closing = new AbortController().signal;
  const strange = Promise.resolve({ isFollowedHere: false, followsHere: false, blocks: 0 });
  async function judgeAll(chain: FilterChain): Promise<void> {
    for (let time = 0; time < TIMES; time++)
      for (const document of documents) {
        const raw = JSON.stringify(document);
        const [activityId, type] = [String(document.id), String(document.type)];
        const view = await viewOf(
          { activityId, type, status: 'accepted', receivedMs: 0, raw, normal: null },
          ORIGIN,
        );
        const text = once(() => readableText(view.normal));
        const legibleText = once(() => legible(text()));
        const foldedText = once(() => folded(legibleText()));
        const told = {
          ...{ actor: null, ours: [], isDryRun: false, isTrusted: false, atMs: 0, log: quiet },
          ...{ domain: { domain: 'remote.example', state: 'active', strikes: 0 } },
          ...{ actorFacts: strange, senderFacts: strange },
          get text() {
            return text();
          },
          get legible() {
            return legibleText();
          },
          get folded() {
            return foldedText();
          },
        } as unknown as Told;
        await judge(chain.list(), view, told, { closing, thresholds: [], watch: chain.watch });
      }
  }
  return interleaved(rounds, documents.length * TIMES, {
    none: () => judgeAll(chains.none),
    ten: () => judgeAll(chains.ten),
  });
}

const once = <Value>(make: () => Value): (() => Value) => {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

async function interleaved(
  rounds: number,
  activities: number,
  { none, ten }: { none: () => Promise<unknown>; ten: () => Promise<unknown> },
): Promise<Costs> {
  const costs: Costs = { none: [], ten: [] };
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const order = round % 2 === 0 ? (['none', 'ten'] as const) : (['ten', 'none'] as const);
    for (const which of order) {
      const cost = await cpuOf(which === 'none' ? none : ten, activities);
      if (round >= 0) costs[which].push(cost);
    }
  }
  return costs;
}

async function throughTheStages(rounds: number): Promise<Costs> {
  const clock = { now: () => Date.UTC(2030, 0, 1) };
  const place = { database: null, dataDirectory: 'memory://', origin: ORIGIN, logger: quiet };
  const store = await openStore(place, { clock, embedded: await memoryOptions() });
  try {
    const names = Array.from({ length: DOMAINS }, (_, n) => `remote-${n}.example`);
    const atMs = clock.now();
    await insertDomains(
      store,
      names.map((name) => initialDomain(name, atMs)),
      atMs,
    );
    const stages = { none: stageOf(store, createFilterChain()), ten: stageOf(store, createFilterChain(TEN)) };
    const costs = await interleaved(rounds, DOMAINS * PER_DOMAIN, {
      none: () => stages.none.run(names),
      ten: () => stages.ten.run(names),
    });
    await Promise.all([stages.none.filters.close(0), stages.ten.filters.close(0)]);
    return costs;
  } finally {
    await store.close();
  }
}

let count = 0;

function stageOf(store: Store, chain: FilterChain) {
  const filters = createFilters({
    ...{ store, chain, settings: { logger: quiet, origin: ORIGIN } },
    policyOf: async () => null,
    onReady: () => undefined,
  });
  const mailOf = async (domain: string, document: Record<string, unknown>): Promise<VerifiedActivity> => {
    const there = JSON.stringify(document).replaceAll('remote.example', domain);
    const sent = { ...JSON.parse(there), id: `http://${domain}/activities/${++count}` } as Record<
      string,
      unknown
    >;
    const understood = await understand(sent);
    if ('problem' in understood) throw new Error(understood.problem);
    const facts = { ...understood.facts, id: String(sent.id) };
    const raw = Buffer.from(JSON.stringify(sent));
    return {
      facts,
      domain,
      raw,
      normal: null,
      inbox: `${ORIGIN}/inbox`,
      locals: [],
      receivedAt: store.clock.now(),
    };
  };
  return {
    filters,
    async run(names: readonly string[]): Promise<void> {
      const documents = makeDocuments();
      const mail: VerifiedActivity[] = [];
      for (const name of names)
        for (const one of documents.slice(0, PER_DOMAIN)) mail.push(await mailOf(name, one));
      await store.transaction((tx) => insertMail(tx, mail));
      if (chain.isActive()) {
        filters.mark(names);
        await filters.settled();
      }
      for (let left = mail.length; left > 0; )
        for (const { mails } of await runTurns(store, quiet, [...names], () => chain.isActive()))
          left -= mails;
    },
  };
}

/** Made once: signing them costs more than everything here. */
let documents: readonly Record<string, unknown>[] | undefined;
const makeDocuments = (): readonly Record<string, unknown>[] => {
  documents ??= makeRequests(1).documents;
  return documents;
};
