/**
 * The lock of an embedded data directory. PGlite has none of its own: two processes would each miss the other's
 * rows. The lock file names its holder so that it cannot be mistaken for another process that got the same pid: it
 * is stale unless pid, boot and process start time all match a live process that is not ours.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SallyportError } from '../errors.ts';

interface Holder {
  readonly pid: number;
  readonly boot: string;
  /** When it started, as `startOf` tells; empty where the system does not. */
  readonly started: string;
}

/** Locks that this process holds. A lock with our pid that is not here was left by another process that had the pid. */
const held = new Set<string>();

/** Takes the lock, or throws `ERR_DATA_DIRECTORY_IN_USE` with the holder's pid. The returned function gives it back. */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const path = join(realpathSync(directory), 'sallyport.lock');
  const ours: Holder = { pid: process.pid, boot: bootId(), started: startOf(process.pid) };
  const text = JSON.stringify(ours);
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
  try {
    while (!create(path, draft, text)) {
      const found = read(path);
      if (found === null) continue;
      const holder = parse(found);
      if (holder !== null && isAlive(holder, path)) throw inUse(directory, holder.pid);
      putAside(path, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  held.add(path);
  return () => {
    if (held.delete(path) && read(path) === text) rmSync(path, { force: true });
  };
}

/** The lock appears with its whole text or not at all: a reader that found it empty would take it for a stale one. */
function create(path: string, draft: string, text: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Some file systems have no hard links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw error;
  }
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the stale lock that was read, and no other: two processes may have found it stale at the same time. */
function putAside(path: string, stale: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const caught = read(aside);
  if (caught !== null && caught !== stale) create(path, aside, caught);
  rmSync(aside, { force: true });
}

function inUse(directory: string, pid: number): SallyportError {
  return new SallyportError(
    'ERR_DATA_DIRECTORY_IN_USE',
    `the data directory ${directory} is in use by process ${pid}`,
    {
      hint: 'stop that process, or set SALLYPORT_DATA to another directory, or use PostgreSQL with DATABASE_URL',
      data: { directory, pid },
    },
  );
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parse(text: string): Holder | null {
  try {
    const { pid, boot, started } = JSON.parse(text) as Holder;
    return Number.isInteger(pid) && pid > 0 && typeof boot === 'string' && typeof started === 'string'
      ? { pid, boot, started }
      : null;
  } catch {
    return null;
  }
}

function isAlive(holder: Holder, path: string): boolean {
  if (holder.boot !== bootId()) return false;
  if (holder.pid === process.pid && !held.has(path)) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startOf(holder.pid) === holder.started;
}

/** Which boot of the machine this is; the same constant where the system does not tell. */
function bootId(): string {
  const path = '/proc/sys/kernel/random/boot_id';
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : 'unknown';
}

/** When a process started, in whatever words the system has for it; empty for one that is dead. */
function startOf(pid: number): string {
  if (!existsSync('/proc/self/stat')) return startByPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): state is field 3, start time field 22; the name in field 2 may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A killed process whose parent has not looked yet still has its pid, but holds nothing any more.
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/** The same where there is no /proc, as on macOS. */
function startByPs(pid: number): string {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    const asked = ['-o', 'lstart=', '-p', String(pid)];
    return execFileSync('ps', asked, { encoding: 'utf8', env, timeout: 2_000, stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}
