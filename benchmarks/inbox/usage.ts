/** What processes have used, from /proc: Linux only. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Milliseconds in a clock tick. */
const TICK_MS = existsSync('/proc/self/stat')
  ? 1_000 / Number(execFileSync('getconf', ['CLK_TCK']))
  : Number.NaN;

interface Stat {
  readonly parent: number;
  /** User and system time of all threads, those that have ended too. */
  readonly ownMs: number;
  /** The same of children that have ended and were waited for. */
  readonly childrenMs: number;
}

function statOf(pid: number | string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces: count from behind it. The third field of the file is the first here.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = (field: number): number => Number(fields[field - 3]);
    return {
      parent: ticks(4),
      ownMs: (ticks(14) + ticks(15)) * TICK_MS,
      childrenMs: (ticks(16) + ticks(17)) * TICK_MS,
    };
  } catch {
    return null;
  }
}

/** CPU of a whole process, all its threads, in milliseconds. */
export function cpuMs(pid: number): number {
  return statOf(pid)?.ownMs ?? Number.NaN;
}

/** The same by the name of the thread, those of one name together. */
export function threadsMs(pid: number): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = statOf(`${pid}/task/${thread}`);
    if (stat === null) continue;
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim();
    const key = thread === String(pid) ? 'main' : name;
    sums[key] = (sums[key] ?? 0) + stat.ownMs;
  }
  return sums;
}

/** CPU of a PostgreSQL cluster: its postmaster, every backend and background process, also those that have ended. */
export function clusterCpuMs(postmaster: number): number {
  const own = statOf(postmaster);
  let sum = own === null ? Number.NaN : own.ownMs + own.childrenMs;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = statOf(pid);
    if (stat?.parent === postmaster) sum += stat.ownMs;
  }
  return sum;
}

/** The most memory that a process has had resident, in MiB. */
export function peakRssMb(pid: number): number {
  const found = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? Number.NaN) / 1_024;
}

/** CPU of everything on the machine together, and of what is idle, in milliseconds. */
export function machineMs(): { readonly busyMs: number; readonly idleMs: number } {
  const fields =
    readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/).slice(1, 9).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = fields;
  return { busyMs: (user + nice + system + irq + soft + steal) * TICK_MS, idleMs: (idle + wait) * TICK_MS };
}
