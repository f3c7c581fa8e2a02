/** A server of lists: what it shows at each path is what the test last put there. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is shown at a path: a status, or a way of not answering. */
export type Shown =
  | {
      readonly body: string;
      readonly status?: number;
      readonly etag?: string;
      readonly lastModified?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'hang'
  /** A body that never ends. */
  | 'giant';

export interface Seen {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly status: number;
}

export interface ListServer extends AsyncDisposable {
  readonly origin: string;
  /** What was asked for, in order. */
  readonly seen: Seen[];
  show(path: string, shown: Shown): void;
  /** Answers what nothing is shown for. */
  otherwise(answer: (url: URL) => Shown | null): void;
  /** Resolves at the next request. */
  asked(): Promise<void>;
}

export async function listServer(): Promise<ListServer> {
  const pages = new Map<string, Shown>();
  const seen: Seen[] = [];
  let other: (url: URL) => Shown | null = () => null;
  let hears = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://list.example');
    const shown = pages.get(url.pathname) ?? other(url) ?? { status: 404, body: '' };
    const { headers } = request as { headers: Record<string, string> };
    const status = answer(response, shown, headers);
    seen.push({ path: url.pathname + url.search, headers, status });
    hears.resolve();
    hears = Promise.withResolvers();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    show: (path, shown) => void pages.set(path, shown),
    otherwise: (answerer) => {
      other = answerer;
    },
    asked: () => hears.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(response: ServerResponse, shown: Shown, headers: Record<string, string>): number {
  if (shown === 'hang') return 0;
  if (shown === 'giant') {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const flood = (): void => {
      while (!response.destroyed && response.write('spam.example\n'.repeat(5_000)));
      if (!response.destroyed) response.once('drain', flood);
    };
    flood();
    return 200;
  }
  const { body, etag, lastModified } = shown;
  const isKnown =
    (etag !== undefined && headers['if-none-match'] === etag) ||
    (lastModified !== undefined && headers['if-modified-since'] === lastModified);
  const status = isKnown ? 304 : (shown.status ?? 200);
  response.writeHead(status, {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { 'last-modified': lastModified }),
    ...shown.headers,
  });
  response.end(isKnown ? '' : body);
  return status;
}
