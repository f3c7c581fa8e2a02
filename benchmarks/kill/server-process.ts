/** The server as a process: started, asked through its admin API, killed, frozen, thawed, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where the data of a server lies: what it shares with the process that comes after it. */
export interface Place {
  /** `postgres://…`, or undefined for the embedded database. */
  readonly database: string | undefined;
  readonly dataDirectory: string;
}

export interface ServerOptions {
  readonly place: Place;
  readonly origin: string;
  /** Further variables of the environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The file of the application's handler. */
  readonly journal: string;
}

export interface ServerProcess {
  readonly pid: number;
  /** `host:port` on which it listens. */
  readonly address: string;
  /** What it complained of on stderr, newest last. */
  readonly complaints: readonly string[];
  /** Asks the admin API; throws when the answer is no 200. */
  ask<Answer>(path: string, body?: unknown): Promise<Answer>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Generous, because a machine may have other things to do. */
const START_MS = 240_000;
const ASK_MS = 60_000;

/** The locals of every server here. Carol decides by herself who may follow her. */
export const LOCALS = ['alice', 'bob', 'carol'] as const;
export type Local = (typeof LOCALS)[number];

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Starts a server; resolves when it listens. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { place, origin, journal, environment } = options;
  const token = randomUUID();
  // A directory of its own to stand in: no configuration file, and room for run.json beside a PostgreSQL.
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-server-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'server.ts'), journal], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      SALLYPORT_ORIGIN: origin,
      SALLYPORT_LISTEN: '127.0.0.1:0',
      SALLYPORT_ADMIN_TOKEN: token,
      SALLYPORT_ACTORS: 'alice,bob,carol:locked',
      SALLYPORT_ALLOW_PRIVATE_ADDRESS: '1',
      SALLYPORT_RATE_LIMIT: '100000000/1h',
      SALLYPORT_DATA: place.dataDirectory === '' ? folder : place.dataDirectory,
      ...(place.database === undefined ? {} : { DATABASE_URL: place.database }),
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  alive.add(child);
  const gone = once(child, 'exit').then(([code]) => {
    alive.delete(child);
    rmSync(folder, { recursive: true, force: true });
    return code as number | null;
  });
  const complaints: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    if (line !== '' && !line.startsWith('!!!') && !line.startsWith('the private network'))
      complaints.push(line);
  });
  const address = await listening(child, gone, complaints);
  return {
    pid: child.pid as number,
    address,
    complaints,
    async ask<Answer>(path: string, body?: unknown) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(ASK_MS);
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const answer = await fetch(`http://${address}/admin/api${path}`, { headers, signal, ...init });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Answer;
    },
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      child.kill('SIGTERM');
      return gone;
    },
  };
}

function listening(child: ChildProcess, gone: Promise<number | null>, complaints: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => fail('does not listen'), START_MS);
    const fail = (what: string): void => {
      clearTimeout(late);
      child.kill('SIGKILL');
      reject(new Error(`the server ${what}: ${complaints.join('\n')}`));
    };
    void gone.then((code) => fail(`ended with ${code}`));
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      const found = /^sallyport listening on http:\/\/(\S+)/.exec(line);
      if (found === null) return;
      clearTimeout(late);
      resolve(found[1] as string);
    });
  });
}

/** The pages of a list, newest first, until there are no more or `enough` says so of a page. */
export async function allPages<Item>(
  server: ServerProcess,
  path: string,
  enough: (page: readonly Item[]) => boolean = () => false,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = `limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page: { items: Item[]; next: string | null } = await server.ask(
      `${path}${path.includes('?') ? '&' : '?'}${query}`,
    );
    items.push(...page.items);
    cursor = enough(page.items) ? null : page.next;
  }
  return items;
}

/**
 * Asks again and again until the answer is one that is waited for. Another process has no event to offer for it, so
 * this is a real wait, with a deadline.
 */
export async function until<Answer>(
  what: string,
  withinMs: number,
  look: () => Promise<Answer | null>,
  everyMs = 50,
): Promise<Answer> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const answer = await look();
    if (answer !== null) return answer;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Resolves when no accepted mail waits for a turn any more. */
export function untilProcessed(server: ServerProcess, withinMs = 180_000): Promise<true> {
  return until('all mail is processed', withinMs, async () => {
    const { items } = await server.ask<{ items: unknown[] }>('/activities?status=accepted&limit=1');
    return items.length === 0 ? true : null;
  });
}

/** The ids that the application's handler was told of, in order, repetitions included. */
export function readJournal(journal: string): string[] {
  return existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').slice(0, -1) : [];
}
