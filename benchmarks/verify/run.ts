/**
 * What the judgement of one activity costs, stage by stage, beside what others do in its place.
 *
 * Method
 * - 50 activities in the mix of benchmarks/inbox (Create 60, Like 18, Announce 12, Undo 6, Follow 4 of a hundred, in
 *   the shape in which Mastodon sends them), signed before anything is measured. Keys are known to everybody: ours
 *   are imported once and kept, as Fedify's are in its key cache; http-signature gets the PEM, as its users give it.
 * - One process, interleaved: every round does every stage `--times` times with all 50. The first rounds warm up and
 *   are not counted. Figures are medians over the rounds; ratios are taken within a round.
 * - CPU time of the whole process, all threads (garbage collector and WebCrypto's threads too), in µs for one
 *   activity: a busy machine spoils it less than the clock. Garbage is collected before each stage, so that nobody
 *   pays for what others left behind. Each stage fails the run when it does not succeed.
 * - Not the same work everywhere: our signatures include head, freshness and digest; http-signature checks no digest;
 *   Fedify's figures include the WHATWG Request that it needs, which is also given alone. `judge()` is everything
 *   that a worker does for one activity.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { otherStages } from './others.ts';
import { makeRequests } from './requests.ts';
import { ourStages, type Stage } from './stages.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    rounds: { ...text, default: '12' },
    times: { ...text, default: '2' },
    seed: { ...text, default: '1' },
  },
});
const [rounds, times, seed] = [Number(values.rounds), Number(values.times), Number(values.seed)];
const WARM_UP_ROUNDS = 3;

/** CPU time of one activity in this stage, in µs. */
async function cost({ run }: Stage, activities: number): Promise<number> {
  globalThis.gc?.({ type: 'minor', execution: 'sync' });
  const before = process.cpuUsage();
  for (let time = 0; time < times; time++)
    for (let nth = 0; nth < activities; nth++) {
      const done = run(nth);
      if (done instanceof Promise) await done;
    }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times / activities;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const requests = makeRequests(seed);
const activities = requests.bodies.length;
const bytes = requests.bodies.reduce((sum, { byteLength }) => sum + byteLength, 0) / activities;
const stages = [...ourStages(requests), ...(await otherStages(requests))];
console.info(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, seed ${seed}`);
console.info(
  `${activities} activities of ${Math.round(bytes)} bytes on average, ${rounds} rounds of ${times} times`,
);

const costs = new Map<Stage, number[]>(stages.map((stage) => [stage, []]));
for (let round = -WARM_UP_ROUNDS; round < rounds; round++)
  for (const stage of stages) {
    const used = await cost(stage, activities);
    if (round >= 0) costs.get(stage)?.push(used);
  }

for (const group of ['parts', 'signature', 'understanding', 'whole'] as const) {
  const rows = stages.filter((stage) => stage.group === group);
  const ours = costs.get(rows.find(({ isOurs }) => isOurs) as Stage);
  console.info(`\n${group.padEnd(60)}${'µs CPU'.padStart(9)}${'min'.padStart(9)}${'× ours'.padStart(9)}`);
  for (const stage of rows) {
    const used = costs.get(stage) as number[];
    const ratio =
      ours === undefined ? '' : median(used.map((one, round) => one / (ours[round] as number))).toFixed(2);
    const figures = [median(used).toFixed(1), Math.min(...used).toFixed(1), ratio];
    console.info(stage.name.padEnd(60) + figures.map((figure) => figure.padStart(9)).join(''));
  }
}
