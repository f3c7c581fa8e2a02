/** A raw keep-alive connection of the drivers: one request at a time, and of the answer only its head is read. */
import { connect, type Socket } from 'node:net';

/** A connection that says nothing for so long is given up, in milliseconds. */
const SILENCE_MS = 60_000;

/** An answer, as it came. */
export interface Answer {
  readonly status: string;
  readonly text: string;
  readonly closes: boolean;
}

export interface Line {
  exchange(request: Buffer): Promise<Answer>;
  close(): void;
}

/** A connection that is kept. */
export function open(port: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(lineOf(socket));
    });
  });
}

function lineOf(socket: Socket): Line {
  let text = '';
  let settle: ((answer: Answer) => void) | undefined;
  const give = (answer: Answer): void => {
    const settled = settle;
    settle = undefined;
    text = '';
    settled?.(answer);
  };
  socket.setEncoding('latin1');
  socket.setTimeout(SILENCE_MS, () => socket.destroy());
  socket.on('data', (chunk: string) => {
    text += chunk;
    const answer = wholeAnswer(text);
    if (answer !== null) give(answer);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => give({ status: 'closed', text, closes: true }));
  return {
    exchange: (request) =>
      new Promise((resolve) => {
        settle = resolve;
        if (socket.destroyed) give({ status: 'closed', text: '', closes: true });
        else socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

/** The answer, once it is there to its last byte. */
function wholeAnswer(text: string): Answer | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = text.slice(0, headEnd).toLowerCase();
  const length = /\r\ncontent-length: *(\d+)/.exec(head);
  const bodyStart = headEnd + 4;
  if (length !== null && text.length < bodyStart + Number(length[1])) return null;
  if (head.includes('\r\ntransfer-encoding: chunked') && !text.endsWith('0\r\n\r\n')) return null;
  return { status: head.slice(9, 12), text, closes: head.includes('\r\nconnection: close') };
}
