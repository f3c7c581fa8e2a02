/** Sends requests over plain TCP, with exactly the header fields that it is given. */
import { request } from 'node:http';
import { type Signer, type SigningOptions, signedHeaders } from './signer.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The body as JSON; throws when it is none. */
  json(): unknown;
}

export interface SendOptions extends SigningOptions {
  /** How long to wait for an answer, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
  /** Where to connect, when it is not where the URL points (`127.0.0.1:4680`). */
  readonly connectTo?: string;
}

/** What can be sent as a body: an activity, or bytes that are none. */
export type Sendable = Uint8Array | string | Readonly<Record<string, unknown>> | readonly unknown[];

/** POSTs an activity, signed for real; without a signer it goes out unsigned. */
export function post(
  url: string,
  activity: Sendable,
  signer: Signer | null,
  options: SendOptions = {},
): Promise<Reply> {
  const body = bytesOf(activity);
  const headers =
    signer === null
      ? { host: new URL(url).host, 'content-type': 'application/activity+json', ...options.headers }
      : signedHeaders('POST', url, body, signer, options);
  return send('POST', url, headers, body, options);
}

/** GETs a document as a Fediverse server would. */
export function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  return send('GET', url, { accept: 'application/activity+json', ...headers }, null);
}

export function bytesOf(activity: Sendable): Uint8Array {
  if (activity instanceof Uint8Array) return activity;
  return Buffer.from(typeof activity === 'string' ? activity : JSON.stringify(activity));
}

/** One request on a connection of its own. Rejects when there is no answer in time. */
export function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | null,
  options: SendOptions = {},
): Promise<Reply> {
  const target = new URL(url);
  const [hostname, port] = options.connectTo?.split(':') ?? [target.hostname, target.port];
  const timeoutMs = options.timeoutMs ?? 10_000;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        method,
        hostname,
        port,
        path: `${target.pathname}${target.search}`,
        headers: body === null ? headers : { ...headers, 'content-length': body.byteLength },
        agent: false,
        timeout: timeoutMs,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode = 0, headers: answered } = response;
          resolve({ status: statusCode, headers: answered, body: text, json: () => JSON.parse(text) });
        });
      },
    );
    outgoing.on('timeout', () =>
      outgoing.destroy(new Error(`${method} ${url}: no answer within ${timeoutMs} ms`)),
    );
    outgoing.on('error', reject);
    outgoing.end(body ?? undefined);
  });
}
