/** The servers that are compared: how each one is started, and how one sees how far it has come. */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startChild, watch } from './child.ts';
import { connectTo } from './database.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { ServerName, Settings } from './settings.ts';
import { HANDLE, RECEIVED } from './under-test.ts';

export interface Contestant {
  readonly pid: number;
  /** Activities that have been processed since the start, as far as it can be seen from outside. */
  processed(): Promise<number>;
  /** A new window for the event-loop delay. */
  reset(): Promise<void>;
  loopDelay(): Promise<LoopDelay>;
  stop(): Promise<void>;
}

/** Sallyport tells more than the others can. */
export interface SallyportContestant extends Contestant {
  /** Verifications that its workers did since the start. */
  verified(): Promise<number>;
  /** The admin API; a body makes it JSON. */
  ask(method: string, path: string, body?: object): Promise<string>;
}

export interface Place {
  readonly port: number;
  readonly database: string;
  /** An empty directory. */
  readonly directory: string;
}

/** Everything in Sallyport's environment that is not its default. */
export function sallyportEnvironment(place: Place, settings: Settings): Record<string, string> {
  return {
    NODE_ENV: 'production',
    DATABASE_URL: place.database,
    SALLYPORT_ORIGIN: `http://localhost:${place.port}`,
    SALLYPORT_LISTEN: `127.0.0.1:${place.port}`,
    SALLYPORT_ACTORS: settings.locked ? `${HANDLE}:locked` : HANDLE,
    SALLYPORT_RATE_LIMIT: '1000000000/1h',
    SALLYPORT_ALLOW_PRIVATE_ADDRESS: '1',
    SALLYPORT_DATA: place.directory,
  };
}

export function start(name: 'sallyport', place: Place, settings: Settings): Promise<SallyportContestant>;
export function start(name: ServerName, place: Place, settings: Settings): Promise<Contestant>;
export function start(name: ServerName, place: Place, settings: Settings): Promise<Contestant> {
  const profile =
    settings.profile === null
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${settings.profile}/${name}`, '--cpu-prof-interval=500'];
  if (name === 'sallyport') return startSallyport(place, settings, profile);
  const module = name === 'floor' ? './floor-server.ts' : './fedify-server.ts';
  return startPlain(module, { ...place, hasQueue: name === 'fedify-queue' }, profile);
}

async function startPlain(
  module: string,
  place: Place & { hasQueue: boolean },
  profile: readonly string[],
): Promise<Contestant> {
  const client = await connectTo(place.database);
  await client.query(RECEIVED);
  const child = await startChild(module, place, profile);
  return {
    pid: child.pid,
    async processed() {
      const { rows } = await client.query('select count(*)::int as count from received');
      return rows[0].count;
    },
    reset: () => child.ask('reset'),
    loopDelay: () => child.ask('loopDelay'),
    async stop() {
      await client.end();
      await child.stop();
    },
  };
}

/** How long Sallyport may take to listen, and to end. */
const PATIENCE_MS = 120_000;
const LAUNCHER = fileURLToPath(new URL('../../src/launch/sallyport.js', import.meta.url));

async function startSallyport(
  place: Place,
  settings: Settings,
  profile: readonly string[],
): Promise<SallyportContestant> {
  const token = randomBytes(24).toString('base64url');
  const environment = { ...sallyportEnvironment(place, settings), SALLYPORT_ADMIN_TOKEN: token };
  const child = spawn(process.execPath, [...profile, LAUNCHER, 'start'], {
    cwd: place.directory,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  watch(child);
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`sallyport does not listen: ${said}`)), PATIENCE_MS);
    child.once('exit', (code) => reject(new Error(`sallyport ended with ${code}: ${said}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
      if (!/^sallyport listening on /m.test(said)) return;
      clearTimeout(late);
      resolve();
    });
  });
  const ask = async (method: string, path: string, body?: object): Promise<string> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const said = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`http://localhost:${place.port}${path}`, { method, headers, ...said });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.text();
  };
  return {
    pid: child.pid as number,
    ask,
    processed: async () => sumOf(await ask('GET', '/metrics'), 'sallyport_activities_total'),
    verified: async () => sumOf(await ask('GET', '/metrics'), 'sallyport_verify_seconds_count'),
    async reset() {
      await ask('POST', '/admin/api/metrics/reset');
    },
    async loopDelay() {
      const text = await ask('GET', '/metrics');
      const quantile = (q: string): number =>
        sumOf(text, 'sallyport_event_loop_delay_seconds', `quantile="${q}"`) * 1_000;
      return { p50Ms: quantile('0.5'), p99Ms: quantile('0.99') };
    },
    async stop() {
      const over = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await over;
      clearTimeout(late);
    },
  };
}

/** The sum of a metric over its labels, or over those that hold `label`. */
function sumOf(text: string, metric: string, label = ''): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${metric}{`) && !line.startsWith(`${metric} `)) continue;
    if (line.includes(label)) sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
