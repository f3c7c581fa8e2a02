/** A Web-standard `Request` as the core takes it. What it has lost (repeated lines, the raw target) stays lost. */
import { SallyportError } from '../errors.ts';
import type { RawRequest } from '../inbox.ts';
import { BODY_PIECES_MAX } from '../web/node.ts';

/** How long a body may take to arrive, in milliseconds: a megabyte over a slow line takes a few seconds. */
const BODY_MS_MAX = 10_000;

export function rawRequestOf(request: Request, address: string | null): RawRequest {
  const url = new URL(request.url);
  const rawHeaders = [...request.headers].flat();
  // A Request made in code has no Host field; its URL says where it was sent.
  if (!request.headers.has('host')) rawHeaders.push('host', url.host);
  return {
    method: request.method,
    target: url.pathname + url.search,
    rawHeaders,
    body: (bytesMax) => readBody(request, bytesMax),
    address,
  };
}

async function readBody(request: Request, bytesMax: number): Promise<Uint8Array | 'too-large' | 'too-slow'> {
  if (request.bodyUsed || request.body?.locked === true) {
    throw new SallyportError(
      'ERR_BODY_CONSUMED',
      'the body of the request was read before it reached the inbox',
      {
        hint: 'hand the inbox the untouched Request, or a clone made before the body was read',
      },
    );
  }
  if (request.body === null) return new Uint8Array(0);
  const reader = request.body.getReader();
  const timeout = AbortSignal.timeout(BODY_MS_MAX);
  const late = new Promise<'late'>((resolve) =>
    timeout.addEventListener('abort', () => resolve('late'), { once: true }),
  );
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const part = await Promise.race([reader.read(), late]).catch(() => 'late' as const);
    const isTooSlow = part === 'late' || chunks.length > BODY_PIECES_MAX;
    if (isTooSlow || bytes > bytesMax) {
      void reader.cancel().catch(() => undefined);
      return isTooSlow ? 'too-slow' : 'too-large';
    }
    if (part.done) return Buffer.concat(chunks, bytes);
    bytes += part.value.byteLength;
    chunks.push(part.value);
  }
}
