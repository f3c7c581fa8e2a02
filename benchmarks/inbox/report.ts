/** What is printed: every value, the medians, and the ratios of each round. */

import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CorpusFacts } from './corpus.ts';
import { connectTo } from './database.ts';
import type { Measurement } from './measure.ts';
import type { ServerName, Settings } from './settings.ts';
import { statementLines } from './statements.ts';

const say = (line = ''): void => void process.stdout.write(`${line}\n`);

const COLUMNS: readonly (readonly [string, (m: Measurement) => string])[] = [
  ['accepted/s', (m) => m.acceptedPerSecond.toFixed(0)],
  ['processed/s', (m) => m.processedPerSecond.toFixed(0)],
  ['CPU ms', (m) => m.cpuMs.toFixed(3)],
  ['pg CPU ms', (m) => m.postgresMs.toFixed(3)],
  ['p50 ms', (m) => m.p50Ms.toFixed(1)],
  ['p99 ms', (m) => m.p99Ms.toFixed(1)],
  ['loop p99 ms', (m) => m.loopP99Ms.toFixed(1)],
  ['RSS MiB', (m) => m.peakRssMb.toFixed(0)],
  ['seconds', (m) => m.seconds.toFixed(1)],
  ['idle %', (m) => (m.idle * 100).toFixed(0)],
  ['others %', (m) => (m.others * 100).toFixed(0)],
  ['fetches', (m) => String(m.fetched)],
  ['Accepts', (m) => String(m.received)],
  [
    'not 202',
    (m) =>
      Object.entries(m.refused)
        .map(([status, count]) => `${status}:${count}`)
        .join(' ') || '0',
  ],
];

const WIDTH = 12;
const row = (name: string, cells: readonly string[]): string =>
  `${name.padEnd(18)}${cells.map((cell) => cell.padStart(WIDTH)).join('')}`;

export function sayHead(): void {
  say();
  say(
    row(
      'round server',
      COLUMNS.map(([title]) => title),
    ),
  );
}

export function sayMeasurement(measurement: Measurement, round: number): void {
  say(
    row(
      `${round} ${measurement.server}`,
      COLUMNS.map(([, show]) => show(measurement)),
    ),
  );
  if (measurement.odd !== null) say(`  the first answer that was not 202: ${measurement.odd.slice(0, 500)}`);
  if (measurement.unprocessed > 0) say(`  accepted and never processed: ${measurement.unprocessed}`);
  if (measurement.statements.length === 0) return;
  const threads = Object.entries(measurement.threads).map(([name, ms]) => `${name} ${ms.toFixed(3)}`);
  say(`  CPU ms per activity by thread: ${threads.join(', ')}`);
  for (const line of statementLines(measurement.statements, measurement.processed)) say(line);
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

const FIGURES = [
  ['accepted/s', 'acceptedPerSecond', 0],
  ['processed/s', 'processedPerSecond', 0],
  ['CPU ms per activity', 'cpuMs', 3],
  ['PostgreSQL CPU ms per activity', 'postgresMs', 3],
  ['POST p50 ms', 'p50Ms', 1],
  ['POST p99 ms', 'p99Ms', 1],
  ['event-loop delay p50 ms', 'loopP50Ms', 1],
  ['event-loop delay p99 ms', 'loopP99Ms', 1],
  ['peak RSS MiB', 'peakRssMb', 0],
] as const;

/** Medians with all values, then the ratios within each round. */
export function saySummary(rounds: readonly (readonly Measurement[])[], settings: Settings): void {
  const of = (name: ServerName): Measurement[] =>
    rounds.flatMap((all) => all.filter(({ server }) => server === name));
  say('\nMedians (all values)');
  for (const [title, field, digits] of FIGURES) {
    say(`  ${title}`);
    for (const server of settings.only) {
      const values = of(server).map((measurement) => measurement[field]);
      const all = values.map((value) => value.toFixed(digits)).join('  ');
      say(`    ${server.padEnd(14)}${median(values).toFixed(digits).padStart(10)}   (${all})`);
    }
  }
  if (!settings.only.includes('sallyport')) return;
  const rate = (name: ServerName): number => median(of(name).map((m) => m.processedPerSecond));
  const [faster] = settings.only
    .filter((name) => name.startsWith('fedify'))
    .sort((a, b) => rate(b) - rate(a));
  if (faster !== undefined) sayRatios(rounds, faster, 'the faster Fedify');
  if (settings.only.includes('floor')) sayRatios(rounds, 'floor', 'the bare floor');
}

function sayRatios(rounds: readonly (readonly Measurement[])[], other: ServerName, whom: string): void {
  const ratios = (value: (m: Measurement) => number): number[] =>
    rounds.map((all) => {
      const find = (name: ServerName): Measurement =>
        all.find(({ server }) => server === name) as Measurement;
      return value(find('sallyport')) / value(find(other));
    });
  const show = (title: string, values: readonly number[]): void => {
    const all = values.map((value) => value.toFixed(2)).join('  ');
    say(`    ${title.padEnd(44)}${median(values).toFixed(2).padStart(8)}   (${all})`);
  };
  say(`\nSallyport against ${whom} (${other}), ratios within each round, median (all)`);
  show(
    'processed/s, times',
    ratios((m) => m.processedPerSecond),
  );
  show(
    'accepted/s, times',
    ratios((m) => m.acceptedPerSecond),
  );
  show(
    'CPU per activity, process: they use, times',
    ratios((m) => m.cpuMs).map((ratio) => 1 / ratio),
  );
  show(
    'the same with PostgreSQL: they use, times',
    ratios((m) => m.cpuMs + m.postgresMs).map((ratio) => 1 / ratio),
  );
}

/** Everything that one must know to read the figures. */
export async function sayConditions(
  url: string,
  settings: Settings,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const client = await connectTo(url);
  const show = async (name: string): Promise<string> => (await client.query(`show ${name}`)).rows[0][name];
  const durability = [];
  for (const name of [
    'fsync',
    'synchronous_commit',
    'full_page_writes',
    'wal_sync_method',
    'shared_buffers',
    'max_wal_size',
    'max_connections',
  ])
    durability.push(`${name} ${await show(name)}`);
  const postgres = await show('server_version');
  await client.end();
  const model = cpus()[0]?.model ?? 'unknown';
  say(
    `Node ${process.versions.node}, PostgreSQL ${postgres}, ${cpus().length} cores (${model}), ${process.platform}`,
  );
  const versions = ['@fedify/fedify', '@fedify/vocab', '@hono/node-server', 'pg'].map(
    (name) => `${name} ${versionOf(name)}`,
  );
  say(`${versions.join(', ')}, sallyport ${versionOf('../../package.json')} at ${commit()}`);
  say(`PostgreSQL: ${durability.join(', ')}; an fdatasync takes ${fdatasyncMs().toFixed(2)} ms here`);
  const { only, profile, ...plain } = settings;
  say(
    `Settings: ${Object.entries(plain)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}, servers ${only.join(' ')}`,
  );
  if (profile !== null || settings.inside)
    say('LOOKING INSIDE: the figures of this run are slower than the truth');
  say('Sallyport, all defaults but for:');
  for (const [name, value] of Object.entries(environment)) say(`  ${name}=${value}`);
  say(
    'Fedify: MemoryKvStore, allowPrivateAddress, one RSA key pair in memory, no queue or InProcessMessageQueue, one row with pg for each activity',
  );
  say(
    'All on one machine, together with the driver and the key server, which are in no CPU figure. NODE_ENV=production.',
  );
}

export function sayCorpus({ requests, meanBodyBytes, kinds, seconds }: CorpusFacts, actors: number): void {
  const mix = Object.entries(kinds).map(
    ([kind, count]) => `${kind} ${((count * 100) / requests).toFixed(1)} %`,
  );
  say(
    `Corpus: ${requests} requests by ${actors} actors, mean body ${meanBodyBytes.toFixed(0)} B, ${mix.join(', ')}; signed in ${seconds.toFixed(1)} s`,
  );
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  if (name.startsWith('.')) return require(name).version;
  const path = join(import.meta.dirname, '../../node_modules', name, 'package.json');
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--', '../../src', '../../machines') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' with changes' : '');
  } catch {
    return 'no commit';
  }
}

function fdatasyncMs(): number {
  const path = join(tmpdir(), `sallyport-fdatasync-${process.pid}`);
  const file = openSync(path, 'w');
  const block = Buffer.alloc(8_192);
  const tries = 100;
  const startedMs = performance.now();
  for (let at = 0; at < tries; at++) {
    writeSync(file, block);
    fdatasyncSync(file);
  }
  const tookMs = (performance.now() - startedMs) / tries;
  closeSync(file);
  rmSync(path);
  return tookMs;
}
