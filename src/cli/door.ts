/** A listening HTTP server whose every wait has a bound, so that slow and idle strangers cannot use it up. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6, type Socket } from 'node:net';
import type { Listen } from '../options/server.ts';

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

export interface Door {
  /** `http://HOST:PORT` as bound. */
  readonly url: string;
  readonly port: number;
  /** How it can be reached from this machine, whatever it is bound to. */
  readonly localUrl: string;
  /** From now on this answers; before that it is 503. */
  answer(answering: Answering): void;
  /** Takes no new connection; those that stand are told to end with their next answer. */
  shut(): void;
  /** Resolves when every request that has begun is answered. */
  answered(): Promise<void>;
  /** Ends whatever is left. */
  close(): void;
}

/** A head must be there after so long, a whole request after so long, in milliseconds. */
const HEAD_MS_MAX = 10_000;
const REQUEST_MS_MAX = 30_000;
/** A head larger than this is 431, in bytes: signatures and cookies of proxies take some 2 000. */
const HEAD_BYTES_MAX = 16_384;
/** Longer than the minute for which proxies keep connections, so that they end them and not we. */
const IDLE_MS_MAX = 65_000;
/** A connection on which nothing moves at all: a reader that does not read. Streams beat every 15 seconds. */
const SILENT_MS_MAX = 120_000;
const CONNECTIONS_MAX = 10_000;
/** From one address, unless it is this machine, where proxies live. */
const CONNECTIONS_PER_ADDRESS_MAX = 1_000;

/** Binds the address. Rejects with the system's error when that is not possible. */
export async function openDoor({ host, port }: Listen): Promise<Door> {
  let answering: Answering = (_, response) => void notReady(response);
  let isShut = false;
  const underWay = new Set<ServerResponse>();
  const waiting = new Set<() => void>();

  const server = createServer(
    {
      headersTimeout: HEAD_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      maxHeaderSize: HEAD_BYTES_MAX,
      keepAliveTimeout: IDLE_MS_MAX,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      underWay.add(response);
      response.once('close', () => {
        underWay.delete(response);
        if (underWay.size === 0) for (const resolve of waiting) resolve();
      });
      if (!isShut) return answering(request, response);
      notReady(response);
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.timeout = SILENT_MS_MAX;
  boundPerAddress(server);

  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address() as AddressInfo;
  return {
    url: urlOf(bound.address, bound.port),
    port: bound.port,
    localUrl: urlOf(isAnyAddress(bound.address) ? '127.0.0.1' : bound.address, bound.port),
    answer(next) {
      answering = next;
    },
    shut() {
      isShut = true;
      // This also ends the connections that stand idle.
      server.close();
      for (const response of underWay) if (!response.headersSent) response.setHeader('connection', 'close');
    },
    answered() {
      return underWay.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve));
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function notReady(response: ServerResponse): void {
  const body = JSON.stringify({ type: 'urn:sallyport:problem:overloaded', title: 'Overloaded', status: 503 });
  const headers = { 'content-type': 'application/problem+json', 'retry-after': '5', connection: 'close' };
  response.writeHead(503, headers).end(body);
}

function boundPerAddress(server: Server): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (/^(::ffff:)?127\.|^::1$/.test(address)) return;
    const count = counts.get(address) ?? 0;
    if (count >= CONNECTIONS_PER_ADDRESS_MAX) return void socket.destroy();
    counts.set(address, count + 1);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
  });
}

const isAnyAddress = (address: string): boolean => address === '0.0.0.0' || address === '::';
const urlOf = (address: string, port: number): string =>
  `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
