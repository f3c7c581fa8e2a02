/**
 * `npm run kill`: kill -9 under load, again and again, on the embedded database and on a real PostgreSQL (fsync on);
 * exit code 1 when anything acknowledged was lost or any effect was doubled. `rounds.ts` says how.
 *
 * Options: --rounds N (20), --seed N (random, printed), --database pglite|postgres|both (both), --load N (800):
 * acknowledgements before a kill, at most.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres, temporaryDirectory } from '../../test/setup/postgres.ts';
import { type Round, runRounds, type Totals } from './rounds.ts';
import type { Place } from './server-process.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    database: { type: 'string', default: 'both' },
    load: { type: 'string', default: '800' },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const kinds = values.database === 'both' ? ['pglite', 'postgres'] : [values.database];
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) throw new Error('not a number');
if (kinds.some((kind) => kind !== 'pglite' && kind !== 'postgres')) throw new Error('no such database');

console.log(`kill: ${rounds} rounds on ${kinds.join(' and ')}, seed ${seed}, Node ${process.version}`);
let isClean = true;
for (const kind of kinds) {
  const totals = await (kind === 'pglite' ? onEmbedded() : onServer());
  report(kind, totals);
  isClean &&= totals.lost.length === 0 && totals.doubled.length === 0;
}
process.exit(isClean ? 0 : 1);

async function onEmbedded(): Promise<Totals> {
  const folder = temporaryDirectory('sallyport-kill-');
  const dataDirectory = join(folder, 'data');
  mkdirSync(dataDirectory);
  try {
    return await run('pglite', { database: undefined, dataDirectory }, join(folder, 'journal'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onServer(): Promise<Totals> {
  const folder = temporaryDirectory('sallyport-kill-');
  const postgres = await startPostgres();
  try {
    const database = await postgres.createDatabase('kill');
    return await run('postgres', { database, dataDirectory: '' }, join(folder, 'journal'));
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(kind: string, place: Place, journal: string): Promise<Totals> {
  return runRounds({
    ...{ place, journal, rounds, seed, origin: 'https://us.example' },
    ...{ domains: 16, actorsEach: 3, awaitsAnswers: true },
    acknowledgedMax: Number(values.load),
    onRound(round) {
      console.log(`${kind} ${lineOf(round)}`);
      show([...round.findings.lost, ...round.findings.doubled]);
    },
  });
}

function lineOf(round: Round): string {
  const { number, killedAfterMs, unanswered, unprocessed, acknowledged, counts, recoveredMs, findings } =
    round;
  const { lost, doubled } = findings;
  return [
    `round ${String(number).padStart(3)}: killed after ${Math.round(killedAfterMs)} ms`,
    `with ${unanswered} unanswered and ${unprocessed} unprocessed;`,
    `acknowledged ${acknowledged}, lost ${lost.length}, doubled ${doubled.length};`,
    `at rest ${(recoveredMs / 1_000).toFixed(1)} s after the restart`,
    counts ? '' : '(does not count, made again)',
  ].join(' ');
}

function report(kind: string, totals: Totals): void {
  const { kills, repeated, acknowledged, lost, doubled, activities, answers, handled } = totals;
  console.log(
    [
      `${kind}: ${kills} kills (${repeated} of them did not count)`,
      `  acknowledged ${acknowledged}, lost ${lost.length}, doubled ${doubled.length}`,
      `  activities ${activities}, follows sent ${totals.followRequests}`,
      `  Accepts promised ${answers.promised}, arrived ${answers.answered}`,
      `  handler calls ${handled.calls}, repeated after a kill ${handled.repeated}`,
      `  answers other than 202: ${[...totals.refusals].map(([status, count]) => `${status} ${count} times`).join(', ') || 'none'}`,
    ].join('\n'),
  );
  show([...lost, ...doubled]);
  for (const complaint of [...new Set(totals.complaints)].slice(0, 20)) console.log(`  stderr: ${complaint}`);
}

function show(findings: readonly string[]): void {
  for (const finding of [...new Set(findings)].slice(0, 10)) console.log(`  ! ${finding}`);
}
