/**
 * The adapter to `node:http`, Express and Fastify: `sallyport/node`. It hands the core the raw target and the raw
 * header lines, and never builds a `Request`, which would join repeated lines and rewrite the target.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SallyportError } from '../errors.ts';
import type { Answer } from '../verdict.ts';

/** How long a body may take to arrive, in milliseconds: a megabyte over a slow line takes a few seconds. */
const BODY_MS_MAX = 10_000;
/**
 * Pieces that a body may come in. A segment of TCP is some 500 bytes at least, so a megabyte comes in 2 000; but chunks
 * of one byte would each be an object and an event: 300 MB and seconds of everybody's time for one body.
 */
export const BODY_PIECES_MAX = 4_096;

/** A body that was refused before it was read is read away up to this; a longer one ends its connection. */
const DRAINED_BYTES_MAX = 65_536;

/** The part of an inbox that the adapter needs. */
export interface HandlesRaw {
  handle(request: {
    readonly method: string;
    readonly target: string;
    readonly rawHeaders: readonly string[];
    body(bytesMax: number): Promise<Uint8Array | 'too-large' | 'too-slow'>;
    readonly address: string | null;
  }): Promise<Answer | null>;
}

/** What Express and body parsers add to a request. */
type NodeRequest = IncomingMessage & {
  readonly originalUrl?: string;
  readonly rawBody?: unknown;
};

/**
 * A handler for `node:http` servers and for `app.use` of Express. Mount it before any body parser: the signature
 * covers the raw bytes. Paths that are not ours go to `next` when there is one, else they are answered 404.
 * @throws SallyportError `ERR_BODY_CONSUMED`, to `next` or as a 500, when a body parser ran first
 * @example
 * ```ts
 * createServer(toNodeHandler(inbox)).listen(4680);
 * ```
 */
export function toNodeHandler(
  inbox: HandlesRaw,
): (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void {
  return (request, response, next) => {
    void serve(inbox, request, response, next);
  };
}

async function serve(
  inbox: HandlesRaw,
  request: NodeRequest,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) {
  try {
    const answer = await inbox.handle({
      method: request.method ?? 'GET',
      // Express strips the mount path from `url`, and the path is signed.
      target: request.originalUrl ?? request.url ?? '/',
      rawHeaders: request.rawHeaders,
      body: (bytesMax) => readBody(request, bytesMax),
      address: request.socket.remoteAddress ?? null,
    });
    // What is switched off here may be the app's own.
    const isNobodys = answer === null || (answer.status === 404 && answer.body.length === 0);
    if (isNobodys && next !== undefined) return next();
    if (answer !== null) return send(request, response, answer);
    send(request, response, { status: 404, headers: { 'content-type': 'text/plain' }, body: 'Not found\n' });
  } catch (error) {
    if (next !== undefined) return next(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
    if (error instanceof SallyportError)
      process.emitWarning(`${error.message} (${error.hint})`, { code: error.code });
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  const isHead = request.method === 'HEAD';
  const length = Buffer.byteLength(body);
  const isUnread = !request.complete && request.method === 'POST';
  const isShort = isUnread && isDrained(request);
  // A body that was not read to its end would be taken for the next request: the connection ends with this answer.
  const unread = isUnread && !isShort ? { connection: 'close' } : {};
  response.writeHead(status, { ...headers, 'content-length': length, ...unread });
  response.end(isHead ? undefined : body);
}

/** A short body that nobody wants is read away, so that its connection lives on: a new one costs more than the refusal. */
function isDrained(request: IncomingMessage): boolean {
  const { 'content-length': declared, 'transfer-encoding': coding } = request.headers;
  if (declared === undefined || coding !== undefined || request.readableDidRead) return false;
  if (!(Number(declared) <= DRAINED_BYTES_MAX)) return false;
  const timer = setTimeout(() => request.destroy(), BODY_MS_MAX);
  request.once('close', () => clearTimeout(timer)).resume();
  return true;
}

function readBody(request: NodeRequest, bytesMax: number): Promise<Uint8Array | 'too-large' | 'too-slow'> {
  if (request.rawBody instanceof Uint8Array) {
    return Promise.resolve(request.rawBody.byteLength > bytesMax ? 'too-large' : request.rawBody);
  }
  // Not by `request.body`: the parsers of Express 4 set it also where they read nothing.
  if (request.readableDidRead) {
    throw new SallyportError(
      'ERR_BODY_CONSUMED',
      'a body parser read the request before it reached the inbox',
      {
        hint: 'mount the inbox before the body parser, or have the parser keep the bytes in request.rawBody',
      },
    );
  }
  // The sender hung up while its path was looked at; nothing more will be heard from it.
  if (request.destroyed) return Promise.resolve('too-slow');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => done('too-slow'), BODY_MS_MAX);
    const onData = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) done('too-large');
      else if (chunks.push(chunk) > BODY_PIECES_MAX) done('too-slow');
    };
    const onEnd = (): void =>
      done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes));
    // The sender hung up, or its chunks cannot be read: nothing more comes, and it is no fault of ours.
    const onEnded = (): void => done('too-slow');
    function stop(): void {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onEnded).off('close', onEnded);
    }
    function done(result: Uint8Array | 'too-large' | 'too-slow'): void {
      stop();
      if (typeof result === 'string') request.pause();
      resolve(result);
    }
    request.on('data', onData).on('end', onEnd).on('error', onEnded).on('close', onEnded);
  });
}

/**
 * Closes these on the first of the signals: stops accepting, drains, gives everything back. The server goes with the
 * inbox, since it would keep the process alive. Opt-in, because a library installs no signal handlers by itself.
 * @example
 * ```ts
 * shutdownOn(inbox, ['SIGTERM', 'SIGINT'], server);
 * ```
 */
export function shutdownOn(
  closable: { close(): Promise<unknown> },
  signals: readonly NodeJS.Signals[],
  server?: { close(): unknown; closeAllConnections?(): void },
): Disposable {
  let isClosing = false;
  const close = (): void => {
    if (isClosing) return;
    isClosing = true;
    server?.close();
    void closable.close().finally(() => {
      server?.closeAllConnections?.();
      process.exitCode ??= 0;
    });
  };
  for (const signal of signals) process.on(signal, close);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, close);
    },
  };
}
