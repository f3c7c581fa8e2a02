/** The command as a person meets it: a process, its output, its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pglite } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';

export const LAUNCHER = join(import.meta.dirname, '../../src/launch/sallyport.js');
export const ORIGIN = PREPARED_ORIGIN;

export type Env = Readonly<Record<string, string | undefined>>;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. Its output grows. */
export interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves with the match as soon as stdout has one. */
  said(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  /** Resolves when it has ended. */
  finished(): Promise<Finished>;
}

/** Only what a test says is in the environment, besides what a process needs at all. */
function environmentOf(env: Env): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  return Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR, NODE_COMPILE_CACHE, NO_COLOR: '1', ...env }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

export function begin(args: readonly string[], env: Env, cwd: string, launcher = LAUNCHER): Running {
  return watch([launcher, ...args], env, cwd);
}

/** Node with these arguments. */
export function watch(args: readonly string[], env: Env, cwd: string): Running {
  // PGlite is 8 MB of WebAssembly; a test is over before its optimised form would pay.
  const child = spawn(process.execPath, ['--liftoff-only', ...args], {
    ...{ cwd, env: environmentOf(env), stdio: ['ignore', 'pipe', 'pipe'] },
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  const heard = (): void => {
    for (const watcher of watchers) watcher();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    heard();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    heard();
  });
  const closed = once(child, 'close').then(() => heard());
  const finished = async (): Promise<Finished> => {
    await closed;
    return { code: child.exitCode, stdout, stderr };
  };
  return {
    child,
    pid: child.pid as number,
    stdout: () => stdout,
    stderr: () => stderr,
    finished,
    said(pattern, withinMs = 180_000) {
      return new Promise((resolve, reject) => {
        const settle = (end: () => void): void => {
          clearTimeout(deadline);
          watchers.delete(watcher);
          end();
        };
        const fail = (why: string): void =>
          settle(() => reject(new Error(`${pattern} was not said ${why}\n${stdout}\n${stderr}`)));
        const deadline = setTimeout(() => fail(`within ${withinMs} ms`), withinMs);
        const watcher = (): void => {
          const match = pattern.exec(stdout);
          if (match !== null) settle(() => resolve(match));
          else if (child.exitCode !== null) fail(`before the end, code ${child.exitCode}`);
        };
        watchers.add(watcher);
        watcher();
      });
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await closed;
    },
  };
}

export function run(args: readonly string[], env: Env = {}, cwd = tmpdir()): Promise<Finished> {
  return begin(args, env, cwd).finished();
}

export interface Server extends Running {
  /** Where federation is. */
  readonly url: string;
  readonly token: string;
  /** The data directory; also the working directory. */
  readonly directory: string;
  /** A JSON answer of the admin API and its status. */
  admin(
    method: string,
    path: string,
    body?: unknown,
    token?: string,
  ): Promise<{ status: number; json: Json }>;
}
// biome-ignore lint/suspicious/noExplicitAny: answers are looked at, not trusted
type Json = any;

/** A directory with a migrated database of `ORIGIN`: making a new one takes seconds. */
export async function preparedDirectory(): Promise<{ directory: string } & Disposable> {
  const { dataDirectory, drop } = await pglite.open();
  return { directory: dataDirectory, [Symbol.dispose]: () => void drop() };
}

export function emptyDirectory(): { directory: string } & Disposable {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

/** `sallyport start` on a prepared directory, open. */
export async function serve(directory: string, env: Env = {}, launcher = LAUNCHER): Promise<Server> {
  const running = begin(['start'], { ...settings(directory), ...env }, directory, launcher);
  const [, url = ''] = await running.said(/^sallyport listening on (http:\S+)$/m);
  const runFile = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as {
    url: string;
    token: string;
  };
  return {
    ...running,
    [Symbol.asyncDispose]: running[Symbol.asyncDispose],
    ...{ url, token: runFile.token, directory },
    async admin(method, path, body, token = runFile.token) {
      const answer = await fetch(`${runFile.url}/admin/api${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, json: await answer.json() };
    },
  };
}

export const settings = (directory: string): Env => ({
  SALLYPORT_LISTEN: '127.0.0.1:0',
  SALLYPORT_ORIGIN: ORIGIN,
  SALLYPORT_DATA: directory,
  SALLYPORT_WORKERS: '1',
});

/** Resolves when nobody listens there any more. */
export async function refused(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  for (;;) {
    const socket = connect(Number(port), hostname);
    const isRefused = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(false));
      socket.once('error', () => resolve(true));
    });
    socket.destroy();
    if (isRefused) return;
  }
}
