/** A line to a database that can be cut, refused and made silent: what networks and restarts do to connections. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Line {
  /** The URL of the database, over this line. */
  readonly url: string;
  /** Ends every connection at once, with a reset. */
  cut(): void;
  /** Cuts, and takes no new connections, as a server that is down. */
  refuse(): Promise<void>;
  /** Takes everything, and nothing comes through, as behind a firewall that forgot the connection. */
  silence(): void;
  /** Lets connections through again. What was silent stays dead. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** Lays a line to the database of a URL. `isDown`: it refuses until it is restored. */
export async function layLine(target: string, { isDown = false } = {}): Promise<Line> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let isSilent = false;
  const server = createServer((near) => {
    open.add(near);
    near.on('close', () => open.delete(near)).on('error', () => undefined);
    if (isSilent) return void near.resume();
    const far = connect(Number(port), hostname).on('error', () => undefined);
    near.on('close', () => far.destroy()).pipe(far);
    far.on('close', () => near.destroy()).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ours = (server.address() as AddressInfo).port;
  const url = new URL(target);
  url.port = String(ours);

  const cut = (): void => {
    for (const near of open) near.resetAndDestroy();
  };
  const stop = async (): Promise<void> => {
    cut();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  if (isDown) await stop();
  return {
    url: url.href,
    cut,
    refuse: stop,
    silence() {
      isSilent = true;
      for (const near of open) near.unpipe().resume();
    },
    async restore() {
      isSilent = false;
      if (server.listening) return;
      server.listen(ours, '127.0.0.1');
      await once(server, 'listening');
    },
    close: stop,
  };
}
