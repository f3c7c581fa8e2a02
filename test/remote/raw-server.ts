/** Servers below HTTP: what a peer can do to a connection that node:http would not let it do. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface RawServer extends AsyncDisposable {
  readonly port: number;
  readonly origin: string;
  /** Connections so far, and those that are open. */
  readonly connections: number;
  readonly open: ReadonlySet<Socket>;
  /** Resolves when no connection is open any more; rejects when that takes 3 s, before a kept one ends by itself. */
  empty(): Promise<void>;
}

/** Hears whole requests on a loopback address; `answer` does with the socket what it likes. */
export async function rawServer(
  answer: (socket: Socket, request: string, connection: number) => void,
  address = '127.0.0.1',
  port = 0,
): Promise<RawServer> {
  const open = new Set<Socket>();
  let connections = 0;
  let emptied = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    const number = ++connections;
    let text = '';
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) emptied.resolve();
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      const request = text;
      text = '';
      answer(socket, request, number);
    });
  });
  server.listen(port, address);
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    origin: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    get connections() {
      return connections;
    },
    open,
    async empty() {
      if (open.size === 0) return;
      emptied = Promise.withResolvers();
      const deadline = setTimeout(
        () => emptied.reject(new Error(`${open.size} connections are open`)),
        3_000,
      );
      await emptied.promise.finally(() => clearTimeout(deadline));
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A whole answer as it goes over the wire. */
export function answerOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | string = '',
): Buffer {
  const bytes = Buffer.from(body);
  const all = { 'content-length': String(bytes.length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} x\r\n${lines.join('\r\n')}\r\n\r\n`), bytes]);
}
