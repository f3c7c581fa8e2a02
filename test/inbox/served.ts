/**
 * A whole inbox over TCP on loopback: on a database of its own, with a clock that the test moves, behind both shells
 * at once, the admin API beside it. `await using` gives everything back, and fails when something was left running.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { authorizeByToken, createAdmin } from '../../src/admin/index.ts';
import { createInbox, type Inbox } from '../../src/embed.ts';
import type { Parts } from '../../src/house.ts';
import type { InboxOptions, Logger } from '../../src/options.ts';
import { sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';
import { toNodeHandler } from '../../src/web/node.ts';
import { type DatabaseKind, databases } from '../databases.ts';
import {
  post,
  type RemoteDomain,
  type Reply,
  remoteDomain,
  type Sendable,
  type SendOptions,
  type Signer,
  send,
} from '../fediverse/index.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';

export const ORIGIN = PREPARED_ORIGIN;
export const HOST = new URL(ORIGIN).host;
/** Opening takes a second, on a machine that many tests share a minute, in milliseconds. */
export const PATIENCE = 300_000;

/** The two ways into the one core. */
export const shells = ['node:http', 'fetch'] as const;
export type Shell = (typeof shells)[number];

/** Where a suite runs: each shell, and each database, without running everything four times. */
export const places: readonly { name: string; kind: DatabaseKind; shell: Shell }[] = databases.map(
  (kind, index) => {
    const shell = shells[index] as Shell;
    return { name: `${kind.name}, ${shell}`, kind, shell };
  },
);

/** People of the admin API: their tokens are their roles. */
const PEOPLE = (['viewer', 'moderator', 'admin'] as const).map((role) => ({
  name: role === 'moderator' ? 'maria' : role,
  role,
  token: `${role}-token`,
}));

export interface TestClock {
  now(): number;
  advance(ms: number): void;
}

/** One way in. */
export interface Door {
  /** `127.0.0.1:port`, where it listens. */
  readonly address: string;
  /** POSTs to a path of ours, signed at the time of the test's clock. */
  post(path: string, activity: Sendable, signer: Signer | null, options?: SendOptions): Promise<Reply>;
  /** Any request to a path of ours. */
  ask(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: Uint8Array,
  ): Promise<Reply>;
  /** The admin API; a body makes it a POST. `token` null: none. */
  admin(path: string, body?: unknown, token?: string | null): Promise<Reply>;
}

export interface Served extends Door, AsyncDisposable {
  readonly inbox: Inbox;
  readonly clock: TestClock;
  /** The URL of a PostgreSQL. */
  readonly database: string | undefined;
  /** What was logged as an error. */
  readonly errors: readonly unknown[];
  through(shell: Shell): Door;
  /** A remote domain that is closed together with this. */
  remote(): Promise<RemoteDomain>;
  /** Closes everything but the database. */
  stop(): Promise<void>;
  /** Rows in every table, read after `stop`. */
  rows(): Promise<Record<string, number>>;
}

/** Opens a database, an inbox on it, and a server before it for each shell. `prepare` sees the inbox before it starts. */
export async function serve(
  { kind, shell = 'node:http' }: { kind: DatabaseKind; shell?: Shell },
  options: Partial<InboxOptions> = {},
  prepare: (inbox: Inbox) => void = () => undefined,
  parts: Parts = {},
): Promise<Served> {
  const before = resources();
  const { drop, ...place } = await kind.open();
  const clock = createTestClock();
  const errors: unknown[] = [];
  const logger: Logger = {
    ...{ debug() {}, info() {}, warn() {} },
    error: (message, facts) => void errors.push([message, facts]),
  };
  const inbox = createInbox(
    {
      ...{ origin: ORIGIN, ...place, workers: 1, allowPrivateAddress: true, logger },
      actors: { alice: {}, bob: { name: 'Bob' }, carol: { locked: true } },
      ...options,
    },
    { clock, ...parts },
  );
  prepare(inbox);
  await inbox.start();
  const servers = new Map<Shell, Server>();
  const doors = new Map<Shell, Door>();
  for (const name of shells) {
    const server = await listen(inbox, name, logger);
    servers.set(name, server);
    doors.set(name, doorOf(`127.0.0.1:${(server.address() as AddressInfo).port}`, clock));
  }
  const remotes: RemoteDomain[] = [];
  let stopping: Promise<void> | undefined;

  async function stopOnce(): Promise<void> {
    const closed = [...servers.values()].map((server) => once(server, 'close'));
    for (const server of servers.values()) server.close();
    await inbox.close({ drain: '2 seconds' });
    for (const server of servers.values()) server.closeAllConnections();
    await Promise.all(closed);
    for (const remote of remotes) await remote.close();
  }
  const stop = (): Promise<void> => {
    stopping ??= stopOnce();
    return stopping;
  };

  return {
    ...{ inbox, clock, errors, stop, database: place.database },
    ...(doors.get(shell) as Door),
    through: (name) => doors.get(name) as Door,
    async remote() {
      const remote = await remoteDomain();
      remotes.push(remote);
      return remote;
    },
    rows: () => countRows(place),
    async [Symbol.asyncDispose]() {
      await stop();
      await drop();
      const left = await leftOver(before);
      if (left.length > 0) throw new Error(`left running after close: ${left.join(', ')}`);
    },
  };
}

function doorOf(address: string, clock: TestClock): Door {
  const ask: Door['ask'] = (method, path, headers = {}, body) =>
    send(method, ORIGIN + path, { host: HOST, ...headers }, body ?? null, {
      connectTo: address,
      timeoutMs: 60_000,
    });
  return {
    ...{ address, ask },
    post: (path, activity, signer, more) =>
      post(ORIGIN + path, activity, signer, { connectTo: address, date: new Date(clock.now()), ...more }),
    admin(path, body, token = 'admin-token') {
      const headers = token === null ? {} : { authorization: `Bearer ${token}` };
      if (body === undefined) return ask('GET', `/admin/api${path}`, headers);
      const json = { ...headers, 'content-type': 'application/json' };
      return ask('POST', `/admin/api${path}`, json, Buffer.from(JSON.stringify(body)));
    },
  };
}

/** A clock that stands until it is moved. Whole seconds, as a Date header has them. */
export function createTestClock(startMs = Math.floor(Date.now() / 1_000) * 1_000): TestClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
  };
}

async function listen(inbox: Inbox, shell: Shell, logger: Logger): Promise<Server> {
  const admin = createAdmin(inbox, { authorize: authorizeByToken(PEOPLE), logger });
  const handler = shell === 'node:http' ? toNodeHandler(inbox) : null;
  const server = createServer((request, response) => {
    if (/^\/(admin|api\/v1\/admin)\//.test(request.url ?? ''))
      return void bridge(request, response, (it) => admin.fetch(it));
    if (handler !== null) return handler(request, response);
    const { remoteAddress } = request.socket;
    void bridge(request, response, (it) => inbox.fetch(it, { address: remoteAddress }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** The thinnest server that speaks Request and Response. */
async function bridge(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: Request) => Promise<Response>,
): Promise<void> {
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort());
  let request: Request;
  try {
    const headers = new Headers();
    const { rawHeaders, method = 'GET', url } = incoming;
    for (let at = 0; at < rawHeaders.length; at += 2)
      headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string);
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const body = hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' } : {};
    // As a front server does: a Host that is none would change what the rest of the URL means.
    const target = new URL(`http://${incoming.headers.host}${url}`);
    if (target.host !== incoming.headers.host?.toLowerCase()) throw new Error('not a host');
    request = new Request(target, {
      ...{ method, headers, signal: gone.signal, ...body },
    } as RequestInit);
  } catch {
    // What a Request cannot say never reaches the inbox.
    return void outgoing.writeHead(400).end();
  }
  const response = await answer(request);
  // A body that was not read to its end must not be taken for the next request.
  if (!incoming.complete) outgoing.setHeader('connection', 'close');
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null || incoming.method === 'HEAD') return void outgoing.end();
  try {
    for await (const chunk of response.body) outgoing.write(chunk);
  } catch {
    // The client has gone.
  }
  outgoing.end();
}

async function countRows(place: {
  database: string | undefined;
  dataDirectory: string;
}): Promise<Record<string, number>> {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const { database = null, dataDirectory } = place;
  const store = await openStore({ database, dataDirectory, origin: ORIGIN, logger });
  try {
    const tables = await store.run<{ name: string }>(sql`
      select table_name::text as name from information_schema.tables
       where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`);
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await store.run<{ count: number }>(
        sql`select count(*)::float8 as count from ${sql.table(name)}`,
      );
      counts[name] = row?.count ?? 0;
    }
    return counts;
  } finally {
    await store.close();
  }
}

/** What keeps this process alive, by kind. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Kinds of which there are more than before. Sockets close a moment after they were told to. */
async function leftOver(before: ReadonlyMap<string, number>, withinMs = 5_000): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const grown = [...resources()].filter(
      ([kind, count]) => kind !== 'Immediate' && count > (before.get(kind) ?? 0),
    );
    if (grown.length === 0) return [];
    if (performance.now() > deadline) return grown.map(([kind, count]) => `${count} ${kind}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
