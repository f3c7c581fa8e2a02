/**
 * The server of `sallyport start`, from its configuration to its last breath.
 *
 * ```
 * check everything ─► bind ─► origin known ─► open the inbox ─► "listening"   SIGTERM ─► shut the doors
 *        │                    (503 until it is open)                             ─► answer what has begun
 *        └─ one message, code 2                                                  ─► drain, close, code 0
 * ```
 * The port is bound first, because the default origin names it, and the origin is part of every id.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { authorizeByToken, createAdmin } from '../admin/index.ts';
import { createInbox, type Inbox } from '../embed.ts';
import { messageOf, SallyportError } from '../errors.ts';
import type { Listen } from '../options/server.ts';
import { configurationError, type InboxOptions } from '../options.ts';
import { type HandlesRaw, toNodeHandler } from '../web/node.ts';
import type { Configuration } from './configuration.ts';
import { type Answering, type Door, openDoor } from './door.ts';
import { writeRunFile } from './run-file.ts';
import { onSignals } from './signals.ts';
import { complain, print } from './verb.ts';
import { serveWeb } from './web-shell.ts';

/** What the demo does differently. */
export interface Extras {
  /** Further ports to try when the first one is taken. */
  readonly morePorts?: number;
  /** Signals that end it, besides SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Not the environment's, and checked like the rest of it. */
  readonly parts?: Parameters<typeof createInbox>[1];
  /** Sees every request that goes to the inbox. */
  readonly watch?: (inbox: HandlesRaw) => HandlesRaw;
  /** Called before the inbox is opened: the place for handlers and listeners. */
  readonly beforeOpen?: (inbox: Inbox) => void;
}

export interface RunningServer {
  readonly inbox: Inbox;
  readonly url: string;
  readonly adminUrl: string;
  readonly token: string;
  /** Whether the token was made now, and said on stderr. */
  readonly isTokenNew: boolean;
  /** Aborted when the server begins to stop. */
  readonly stopping: AbortSignal;
  /** Resolves when everything is closed. */
  readonly ended: Promise<void>;
}

const DRAIN_MS = 15_000;
/** The contract's 20 seconds, with a second to spare. */
const END_MS = 19_000;

/** Runs until a signal. Null when the signal came before it was open. */
export async function runServer(
  configuration: Configuration,
  extras: Extras = {},
): Promise<RunningServer | null> {
  const { server, warnings, faults } = configuration;
  if (faults.length > 0) throw configurationError(faults);
  const doors: Door[] = [];
  const closing: (() => void)[] = [];
  let inbox: Inbox | undefined;
  const signals = ['SIGTERM', 'SIGINT', ...(extras.signals ?? [])] as const;
  const { stopping, ended } = onSignals(signals, END_MS, () => shutDown(doors, inbox, closing));

  try {
    const main = await bind('SALLYPORT_LISTEN', server.listen, extras.morePorts ?? 0);
    doors.push(main);
    const own =
      server.adminListen === null ? null : await bind('SALLYPORT_ADMIN_LISTEN', server.adminListen, 0);
    if (own !== null) doors.push(own);

    const token = server.adminToken ?? randomBytes(24).toString('base64url');
    if (server.adminToken === null) complain(`sallyport admin token: ${token}`);
    for (const warning of warnings) complain(`sallyport: ${warning}`);
    const options = { origin: `http://localhost:${main.port}`, ...configuration.options };
    if (options.allowPrivateAddress === true && extras.parts === undefined) complain(PRIVATE_WARNING);

    inbox = createInbox(options, extras.parts);
    const people = [{ name: 'admin', role: 'admin' as const, token }, ...server.moderators];
    serve(main, own, inbox, authorizeByToken(people), options, extras, stopping);
    extras.beforeOpen?.(inbox);
    await inbox.start();
    if (stopping.aborted) return await ended.then(() => null);

    const adminUrl = (own ?? main).localUrl;
    closing.push(leaveRunFile(options, { url: adminUrl, token, pid: process.pid }));
    print(`sallyport listening on ${main.url}`);
    const isTokenNew = server.adminToken === null;
    return { inbox, url: main.localUrl, adminUrl, token, isTokenNew, stopping, ended };
  } catch (error) {
    // Opening was cut short by a signal: that is no failure.
    if (stopping.aborted) return await ended.then(() => null);
    await shutDown(doors, inbox, closing);
    throw error;
  }
}

const PRIVATE_WARNING = `
!!! SALLYPORT_ALLOW_PRIVATE_ADDRESS is on. Strangers can make this server send requests to this machine and to
!!! the private network behind it, over plain http and to any port. For tests and benchmarks only.
`;

async function bind(variable: string, listen: Listen, morePorts: number): Promise<Door> {
  try {
    return await openDoor(listen);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && morePorts > 0) {
      return bind(variable, { ...listen, port: listen.port + 1 }, morePorts - 1);
    }
    const why = code === 'EADDRINUSE' ? 'another process listens there' : messageOf(error);
    throw new SallyportError('ERR_INVALID', `cannot listen on ${listen.host}:${listen.port}: ${why}`, {
      cause: error,
      hint: `set ${variable} to another address`,
    });
  }
}

/** Federation at the main door; admin API and metrics at their own, or at the main one when they have none. */
function serve(
  main: Door,
  own: Door | null,
  inbox: Inbox,
  authorize: Parameters<typeof createAdmin>[1]['authorize'],
  options: Pick<InboxOptions, 'logger'>,
  { watch }: Extras,
  stopping: AbortSignal,
): void {
  const admin = createAdmin(inbox, { authorize, ...(options.logger && { logger: options.logger }) });
  const federation = toNodeHandler(watch?.(inbox) ?? inbox);
  const answerAdmin = (request: IncomingMessage, response: ServerResponse): void =>
    void serveWeb(admin.fetch, request, response, stopping);
  const answering =
    (isAdminHere: boolean, isFederationHere: boolean): Answering =>
    (request, response) => {
      const path = (request.url ?? '').replace(/\?.*$/s, '');
      const isAdmin = /^\/(admin|console|api\/v1\/admin)(\/|$)/.test(path);
      if (isAdmin && isAdminHere) return answerAdmin(request, response);
      const isHealth = path === '/healthz' || path === '/readyz';
      const isHere = isHealth || (path === '/metrics' ? isAdminHere : isFederationHere && !isAdmin);
      if (isHere) return federation(request, response);
      response.writeHead(404, { 'content-type': 'text/plain', connection: 'close' }).end('Not found\n');
    };
  main.answer(answering(own === null, true));
  own?.answer(answering(true, false));
}

/** `run.json` in the data directory. A server that cannot leave it runs all the same. */
function leaveRunFile(options: Partial<InboxOptions>, run: Parameters<typeof writeRunFile>[1]): () => void {
  const directory = options.dataDirectory ?? '.sallyport';
  if (directory.startsWith('memory://')) return () => undefined;
  try {
    const remove = writeRunFile(directory, run);
    // Also when the process ends in another way than the planned one.
    process.once('exit', remove);
    return remove;
  } catch (error) {
    complain(`sallyport: ${join(directory, 'run.json')} could not be written: ${messageOf(error)}`);
    return () => undefined;
  }
}

async function shutDown(doors: Door[], inbox: Inbox | undefined, closing: (() => void)[]): Promise<void> {
  const startMs = performance.now();
  for (const door of doors) door.shut();
  for (const close of closing) close();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DRAIN_MS);
  });
  await Promise.race([Promise.all(doors.map((door) => door.answered())), late]);
  clearTimeout(timer);
  const leftMs = Math.max(1, Math.round(DRAIN_MS - (performance.now() - startMs)));
  await inbox?.close({ drain: `${leftMs} ms` });
  for (const door of doors) door.close();
}
