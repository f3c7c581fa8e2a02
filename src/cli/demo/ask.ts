/** One request to the server, where it listens, with exactly these header fields: its Host is the one of its origin. */
import { request } from 'node:http';
import type { Begin } from './message.ts';

const ANSWER_MS_MAX = 10_000;

export function ask(
  method: 'GET' | 'POST',
  server: Begin,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array = new Uint8Array(0),
): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = new URL(server.url);
  const length = method === 'GET' ? {} : { 'content-length': body.byteLength };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...{ method, host: hostname.replace(/^\[|\]$/g, ''), port, path, timeout: ANSWER_MS_MAX },
        headers: { ...headers, ...length },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.once('error', reject);
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
