/** One request and its answer: no redirect, no second try but on a connection that the other side had closed. */
import { type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { RemoteFault } from './policy.ts';

/** The connections that are kept, one pool for each scheme. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** A request to one URL that has been checked. */
export interface Hop {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  readonly lookup: LookupFunction;
  readonly agents: Agents;
  readonly signal: AbortSignal;
  /** Bound of the answer's body, after inflation. */
  readonly bytesMax: number;
  /** Is the body of a good answer (2xx) wanted? Every other body is skipped. */
  readonly isBodyWanted: boolean;
}

/** What came back. `body` is whole and inflated, and empty where nobody wanted it. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A body that nobody wants is read for so long, because a finished answer lets its connection be kept. */
const SKIP_MS = 1_000;
const SKIP_BYTES_MAX = 65_536;

/** Sends the request and reads the answer; rejects with the signal's reason, a `RemoteFault` or the socket's error. */
export async function exchange(hop: Hop): Promise<Received> {
  try {
    return await attempt(hop, true);
  } catch (error) {
    // A kept connection may be closed by the other side in the moment in which it is used again. The second try has
    // a connection of its own: the others that were kept may be as dead as the first.
    if (!(error instanceof ClosedConnection) || hop.signal.aborted) throw error;
    return await attempt(hop, false);
  }
}

class ClosedConnection extends Error {}

function attempt(hop: Hop, isKept: boolean): Promise<Received> {
  const { url, method, headers, lookup, agents, signal } = hop;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const isTls = url.protocol === 'https:';
    const agent = isKept && (isTls ? agents.https : agents.http);
    const request = (isTls ? httpsRequest : httpRequest)(url, { method, headers, lookup, agent });
    // Once there is an answer its reading decides: that ends with the connection, also when we break it off.
    let isAnswered = false;
    const fail = (error: unknown): void => {
      if (!isAnswered) reject(error);
    };
    // Not node's own `signal`: a request that still waits for a connection would only hear of it when it has one.
    const abort = (): void => {
      fail(signal.reason);
      request.destroy();
    };
    signal.addEventListener('abort', abort, { once: true });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isClosed = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      fail(isClosed ? new ClosedConnection(error.message) : error);
    });
    request.on('response', (response) => {
      isAnswered = true;
      read(response, hop).then(resolve, (error: unknown) => {
        request.destroy();
        reject(signal.aborted ? signal.reason : error);
      });
    });
    request.on('close', () => {
      signal.removeEventListener('abort', abort);
      // 101 Switching Protocols, which nobody asked for, ends like this.
      fail(new RemoteFault('network', 'the connection was closed without an answer'));
    });
    request.end(hop.body ?? undefined);
  });
}

async function read(response: IncomingMessage, { bytesMax, isBodyWanted }: Hop): Promise<Received> {
  const status = response.statusCode ?? 0;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  if (!isBodyWanted || status < 200 || status > 299) {
    await skip(response);
    return { status, headers, body: new Uint8Array() };
  }
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return {
    status,
    headers,
    body: await inflated(Buffer.concat(chunks), headers['content-encoding'], bytesMax),
  };
}

/** Reads to the end, or breaks off what is long or slow. The status is known: how the rest ends changes nothing. */
async function skip(response: IncomingMessage): Promise<void> {
  const patience = setTimeout(() => response.destroy(), SKIP_MS);
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > SKIP_BYTES_MAX) break;
    }
  } catch {
  } finally {
    clearTimeout(patience);
  }
}

const tooLarge = (bytesMax: number): RemoteFault =>
  new RemoteFault('too-large', `the answer is over ${bytesMax} bytes`);

type Inflater = (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;

const INFLATERS: Readonly<Record<string, Inflater>> = {
  gzip: promisify<Uint8Array, object, Uint8Array>(gunzip),
  'x-gzip': promisify<Uint8Array, object, Uint8Array>(gunzip),
  deflate: promisify<Uint8Array, object, Uint8Array>(inflate),
  br: promisify<Uint8Array, object, Uint8Array>(brotliDecompress),
};

/** The body as it was before compression, never longer than `bytesMax`. One coding only: a chain is a bomb. */
async function inflated(body: Uint8Array, coding: string | undefined, bytesMax: number): Promise<Uint8Array> {
  const name = coding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '' || body.byteLength === 0) return body;
  const inflater = Object.hasOwn(INFLATERS, name) ? INFLATERS[name] : undefined;
  if (inflater === undefined) throw new RemoteFault('network', 'the answer has an unknown content coding');
  try {
    return await inflater(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
    throw new RemoteFault('network', 'the answer could not be inflated');
  }
}
