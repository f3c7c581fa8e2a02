/** Requests below node:http's client: header lines exactly as given, in their order, and a body in any pieces. */
import { connect } from 'node:net';

/** What came back until the server closed, or until the answer was whole. Status 0: closed without an answer. */
export interface RawReply {
  readonly status: number;
  readonly text: string;
}

export interface RawOptions {
  /** @default 'POST' */
  readonly method?: string;
  /** @default '/inbox' */
  readonly target?: string;
  /** How long to wait before it counts as a hang, in milliseconds. @default 30000 */
  readonly timeoutMs?: number;
}

export type Line = readonly [name: string, value: string];

/** A whole request in one piece. */
export function rawPost(
  address: string,
  lines: readonly Line[],
  body: Uint8Array | string,
  { method = 'POST', target = '/inbox', timeoutMs }: RawOptions = {},
): Promise<RawReply> {
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${fields}\r\n`, 'latin1');
  return rawBytes(address, Buffer.concat([head, Buffer.from(body as Uint8Array)]), timeoutMs);
}

/** Any bytes at all. Rejects only when neither an answer nor a close came in time. */
export function rawBytes(
  address: string,
  bytes: Uint8Array,
  timeoutMs = 30_000,
  /** Says that nothing more comes, and goes on listening. */
  isFinished = false,
): Promise<RawReply> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host, allowHalfOpen: true });
    let text = '';
    const deadline = setTimeout(() => {
      socket.destroy();
      reject(new Error(`neither an answer nor a close within ${timeoutMs} ms`));
    }, timeoutMs);
    const done = (): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(final(text))?.[1] ?? 0), text });
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) done();
    });
    socket.on('error', done);
    socket.on('end', done);
    socket.on('close', done);
    socket.write(bytes);
    if (isFinished) socket.end();
  });
}

/** The answer without what only says that one may go on. */
const final = (text: string): string => text.replace(/^HTTP\/1\.1 100 [\s\S]*?\r\n\r\n/, '');

function isWhole(text: string): boolean {
  const answer = final(text);
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = answer.slice(0, end + 2);
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return answer.endsWith('0\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  return length !== undefined && answer.length >= end + 4 + Number(length);
}
