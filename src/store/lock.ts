/**
 * The lock of an embedded data directory. PGlite has none of its own: two processes would each miss the other's
 * rows. The lock file names its holder so that it cannot be mistaken for another process that got the same pid: it
 * is stale unless pid, boot and process start time all match a live process that is not ours.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SallyportError } from '../errors.ts';

interface Holder {
  readonly pid: number;
  readonly boot: string;
  /** Start time of the process in the kernel's own count; empty where the system does not tell. */
  readonly started: string;
}

/** Takes the lock, or throws `ERR_DATA_DIRECTORY_IN_USE` with the holder's pid. The returned function gives it back. */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'sallyport.lock');
  const ours: Holder = { pid: process.pid, boot: bootId(), started: startOf(process.pid) };
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, JSON.stringify(ours), { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === 3) throw error;
    }
    const holder = read(path);
    if (holder !== null && isAlive(holder)) {
      throw new SallyportError(
        'ERR_DATA_DIRECTORY_IN_USE',
        `the data directory ${directory} is in use by process ${holder.pid}`,
        {
          hint: 'stop that process, or set SALLYPORT_DATA to another directory, or use PostgreSQL with DATABASE_URL',
          data: { directory, pid: holder.pid },
        },
      );
    }
    rmSync(path, { force: true });
  }
  return () => {
    const holder = read(path);
    if (holder?.pid === ours.pid && holder.started === ours.started) rmSync(path, { force: true });
  };
}

function read(path: string): Holder | null {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const { pid, boot, started } = holder as Holder;
    return Number.isInteger(pid) && typeof boot === 'string' && typeof started === 'string'
      ? { pid, boot, started }
      : null;
  } catch {
    return null;
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.boot !== bootId()) return false;
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

/** Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and brackets, so count from its end. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
