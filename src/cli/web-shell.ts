/** A Web-standard `fetch` on `node:http`, for what is no inbox: bodies as streams, both ways. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

type Fetch = (request: Request) => Promise<Response>;

/** Answers with what `fetch` says. `ending` aborts the request's signal, and so ends answers that go on and on. */
export async function serveWeb(
  fetch: Fetch,
  request: IncomingMessage,
  response: ServerResponse,
  ending: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const asked = webRequest(request, AbortSignal.any([gone.signal, ending]));
    if (asked === null) return void response.writeHead(400, { connection: 'close' }).end();
    const answer = await fetch(asked);
    // A body that was not read to its end would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body === null || request.method === 'HEAD') return void response.end();
    response.flushHeaders();
    await pipeline(Readable.fromWeb(answer.body as never), response);
  } catch {
    // The client went away, or the answer broke off: there is nobody, or no way, to tell.
    response.destroy();
  }
}

function webRequest(request: IncomingMessage, signal: AbortSignal): Request | null {
  const { method = 'GET', url = '' } = request;
  // Only the path counts here; a target in absolute form names a host that nobody has checked.
  const target = url.startsWith('/') ? URL.parse(`http://localhost${url}`) : null;
  if (target === null) return null;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  try {
    return new Request(target, {
      ...{ method, signal, headers: headersOf(request) },
      ...(hasBody && { body: Readable.toWeb(request) as never, duplex: 'half' }),
    });
  } catch {
    return null;
  }
}

function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.push([rawHeaders[at] as string, rawHeaders[at + 1] as string]);
  }
  return headers;
}
