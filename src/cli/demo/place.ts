/** Where a demo keeps its database: a directory that is empty before and gone afterwards. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRunning } from '../run-file.ts';

export interface Place {
  readonly directory: string;
  /** Removes it, with everything that the demo has made. */
  leave(): void;
}

/** All that a demo ever writes; whatever else lies there belongs to somebody else and stays. */
const OURS = ['pglite', 'run.json', 'sallyport.lock'];

/**
 * `demo` below the data directory; when another demo lives there, a place beside it. What a killed demo has left
 * behind is cleared away: its origin may have had another port.
 */
export function takePlace(dataDirectory: string): Place {
  const usual = join(dataDirectory, 'demo');
  const directory = isInUse(usual) ? `${usual}-${process.pid}` : usual;
  clear(directory);
  return {
    directory,
    leave() {
      clear(directory);
      for (const empty of [directory, dirname(directory)]) {
        if (existsSync(empty) && readdirSync(empty).length === 0) rmdirSync(empty);
      }
    },
  };
}

function clear(directory: string): void {
  for (const name of OURS) rmSync(join(directory, name), { recursive: true, force: true });
}

/** The lock names its holder. A stale one whose pid lives again costs no more than another directory. */
function isInUse(directory: string): boolean {
  try {
    const { pid } = JSON.parse(readFileSync(join(directory, 'sallyport.lock'), 'utf8')) as { pid: number };
    return isRunning(pid);
  } catch {
    return false;
  }
}
