/**
 * `run.json`: how the verbs find a running server. It holds a token, so only its owner may read it; it names its
 * process, so that one left behind by a killed server is known for what it is.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RunFile {
  /** Where the admin API is: `http://127.0.0.1:4680`. */
  readonly url: string;
  readonly token: string;
  readonly pid: number;
}

const NAME = 'run.json';

/** Writes the file into a directory; the returned function removes it again, unless another server has taken over. */
export function writeRunFile(directory: string, run: RunFile): () => void {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, NAME);
  const draft = `${path}.${process.pid}`;
  rmSync(draft, { force: true });
  // The mode only counts for a file that is made, and there must be no moment in which it is readable by others.
  writeFileSync(draft, `${JSON.stringify(run)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
  return () => {
    if (readRunFile(directory)?.pid === run.pid) rmSync(path, { force: true });
  };
}

/** The file of a directory, or null when there is none that can be read. */
export function readRunFile(directory: string): RunFile | null {
  try {
    const { url, token, pid } = JSON.parse(readFileSync(join(directory, NAME), 'utf8')) as RunFile;
    return typeof url === 'string' && typeof token === 'string' && Number.isInteger(pid)
      ? { url, token, pid }
      : null;
  } catch {
    return null;
  }
}

/** Does a process with this id exist? */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
