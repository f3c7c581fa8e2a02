/** One measurement: a fresh server on a fresh database, a warm-up, a drive, and what they cost. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres } from '../../test/setup/postgres.ts';
import type { Child } from './child.ts';
import { type Contestant, start } from './contestants.ts';
import { connectTo } from './database.ts';
import type { Drive, Driven } from './driver.ts';
import type { ServerName, Settings } from './settings.ts';
import { readStatements, resetStatements, type StatementShare } from './statements.ts';
import { clusterCpuMs, cpuMs, machineMs, peakRssMb, threadsMs } from './usage.ts';

export interface Measurement {
  readonly server: ServerName;
  readonly acceptedPerSecond: number;
  readonly processedPerSecond: number;
  /** CPU of the server's process, all threads, for each processed activity. */
  readonly cpuMs: number;
  /** CPU of PostgreSQL's processes for each processed activity. */
  readonly postgresMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly loopP50Ms: number;
  readonly loopP99Ms: number;
  readonly peakRssMb: number;
  /** Of the machine's CPU, what was used by neither server, PostgreSQL nor anybody: idle. 0 to 1. */
  readonly idle: number;
  /** Of the machine's CPU, what others used: the driver, the key server, and whoever else is on it. 0 to 1. */
  readonly others: number;
  readonly seconds: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly odd: string | null;
  /** Documents fetched and Accepts received by the remote domains while it was measured. */
  readonly fetched: number;
  readonly received: number;
  readonly unprocessed: number;
  readonly processed: number;
  readonly statements: readonly StatementShare[];
  /** CPU by kind of thread, in milliseconds for each processed activity. */
  readonly threads: Readonly<Record<string, number>>;
}

export interface Stage {
  readonly settings: Settings;
  readonly postgres: Postgres;
  readonly port: number;
  /** Removed at the end, with all that is in it. */
  readonly directory: string;
  readonly driver: Child<unknown>;
  readonly keyServer: Child<unknown>;
}

/** How often is looked whether everything is processed, and how long it may stand still. */
const LOOK_MS = 20;
const STANDSTILL_MS = 30_000;

export async function measure(stage: Stage, server: ServerName, round: number): Promise<Measurement> {
  const { postgres, settings, port } = stage;
  const name = `${server}-${round}`;
  const directory = join(stage.directory, name);
  mkdirSync(directory);
  if (settings.profile !== null) mkdirSync(join(settings.profile, server), { recursive: true });
  const database = await postgres.createDatabase(name);
  const contestant = await start(server, { port, database, directory }, settings);
  try {
    return await warmAndMeasure(stage, server, database, contestant);
  } finally {
    await contestant.stop();
    await postgres.dropDatabase(name);
  }
}

async function warmAndMeasure(
  { settings, postgres, port, driver, keyServer }: Stage,
  server: ServerName,
  database: string,
  contestant: Contestant,
): Promise<Measurement> {
  const drive = (from: number, count: number): Promise<Driven> =>
    driver.ask('drive', { port, from, count, connections: settings.connections } satisfies Drive);
  const warm = await drive(0, settings.warmUp);
  const before = await processedAll(contestant, warm.statuses['202'] ?? 0);
  if (before.left > 0)
    throw new Error(`${server} left ${before.left} of its warm-up unprocessed: ${warm.odd}`);
  await settleTables(database);

  const requests = server.startsWith('fedify') ? settings.fedifyRequests : settings.requests;
  if (settings.inside) await resetStatements(database);
  await contestant.reset();
  await keyServer.ask('counts');
  const startCpuMs = cpuMs(contestant.pid);
  const startThreads = threadsMs(contestant.pid);
  const startPostgresMs = clusterCpuMs(postgres.pid);
  const startMachine = machineMs();
  const driven = await drive(settings.warmUp, requests);
  const accepted = driven.statuses['202'] ?? 0;
  const done = await processedAll(contestant, before.processed + accepted);
  const usedMs = cpuMs(contestant.pid) - startCpuMs;
  const threads = threadsMs(contestant.pid);
  const postgresMs = clusterCpuMs(postgres.pid) - startPostgresMs;
  const machine = machineMs();
  const busyMs = machine.busyMs - startMachine.busyMs;
  const allMs = busyMs + machine.idleMs - startMachine.idleMs;
  const loop = await contestant.loopDelay();
  const remote = await keyServer.ask<{ fetched: number; received: number }>('counts');
  const processed = done.processed - before.processed;
  const { 202: _, ...refused } = driven.statuses;
  return {
    server,
    acceptedPerSecond: (accepted * 1_000) / (driven.endedMs - driven.startedMs),
    processedPerSecond: (processed * 1_000) / (Math.max(done.atMs, driven.endedMs) - driven.startedMs),
    cpuMs: usedMs / processed,
    postgresMs: postgresMs / processed,
    p50Ms: driven.p50Ms,
    p99Ms: driven.p99Ms,
    loopP50Ms: loop.p50Ms,
    loopP99Ms: loop.p99Ms,
    peakRssMb: peakRssMb(contestant.pid),
    idle: 1 - busyMs / allMs,
    others: (busyMs - usedMs - postgresMs) / allMs,
    seconds: (Math.max(done.atMs, driven.endedMs) - driven.startedMs) / 1_000,
    refused,
    odd: driven.odd,
    ...remote,
    unprocessed: done.left,
    processed,
    statements: settings.inside ? await readStatements(database) : [],
    threads: Object.fromEntries(
      Object.entries(threads).map(([name, ms]) => [name, (ms - (startThreads[name] ?? 0)) / processed]),
    ),
  };
}

/** Looks until so many are processed, or nothing has moved for too long. */
async function processedAll(
  contestant: Contestant,
  wanted: number,
): Promise<{ processed: number; left: number; atMs: number }> {
  let processed = -1;
  let movedMs = Date.now();
  for (;;) {
    const seen = await contestant.processed();
    const nowMs = performance.timeOrigin + performance.now();
    if (seen !== processed) movedMs = Date.now();
    processed = seen;
    if (processed >= wanted) return { processed, left: 0, atMs: nowMs };
    if (Date.now() - movedMs > STANDSTILL_MS) return { processed, left: wanted - processed, atMs: movedMs };
    await sleep(LOOK_MS);
  }
}

/** Neither a checkpoint nor the first statistics of new tables shall fall into a measurement. */
async function settleTables(database: string): Promise<void> {
  const client = await connectTo(database);
  await client.query('analyze');
  await client.query('checkpoint');
  await client.end();
}
