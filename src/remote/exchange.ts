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
  /** A longer body is cut off instead of being a fault: only the status matters. */
  readonly isBodyCut: boolean;
}

/** What came back. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Sends the request and reads the answer; rejects with a `RemoteFault` or with the socket's error. */
export async function exchange(hop: Hop): Promise<Received> {
  try {
    return await attempt(hop);
  } catch (error) {
    // A kept connection may be closed by the other side in the moment in which it is used again.
    if (!(error instanceof ClosedConnection)) throw error;
    return await attempt({ ...hop, headers: { ...hop.headers, connection: 'close' } });
  }
}

class ClosedConnection extends Error {}

function attempt(hop: Hop): Promise<Received> {
  const { url, method, headers, lookup, agents, signal } = hop;
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === 'https:';
    const agent = isTls ? agents.https : agents.http;
    const request = (isTls ? httpsRequest : httpRequest)(url, { method, headers, lookup, agent, signal });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isClosed = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(isClosed ? new ClosedConnection(error.message) : error);
    });
    request.on('response', (response) => {
      read(response, hop).then(resolve, (error: unknown) => {
        request.destroy();
        reject(error);
      });
    });
    request.end(hop.body ?? undefined);
  });
}

async function read(response: IncomingMessage, { bytesMax, isBodyCut }: Hop): Promise<Received> {
  const status = response.statusCode ?? 0;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  if (!isBodyCut && Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax && isBodyCut) break;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return {
    status,
    headers,
    body: isBodyCut ? body : await inflated(body, headers['content-encoding'], bytesMax),
  };
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
  if (name === 'identity' || name === '') return body;
  const inflater = Object.hasOwn(INFLATERS, name) ? INFLATERS[name] : undefined;
  if (inflater === undefined) throw new RemoteFault('network', 'the answer has an unknown content coding');
  try {
    return await inflater(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
    throw new RemoteFault('network', 'the answer could not be inflated');
  }
}
