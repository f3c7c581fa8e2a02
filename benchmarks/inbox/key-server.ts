/**
 * The rest of the Fediverse, in a process of its own: one port on as many loopback addresses as there are domains. It
 * serves the actor documents, counts what is fetched, and answers every POST (an Accept that came back) with 202.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerAsks } from './child.ts';

const { domains } = JSON.parse(process.argv[2] as string) as { domains: number };
let documents: Readonly<Record<string, string>> = {};
let fetched = 0;
let received = 0;

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'POST') {
    received++;
    request.resume().once('end', () => response.writeHead(202).end());
    return;
  }
  fetched++;
  const document = documents[`${request.headers.host}${request.url}`];
  if (document === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': 'application/activity+json' }).end(document);
}

/** One port on all addresses; another one is tried where somebody has it already. */
async function listenOnAll(addresses: readonly string[]): Promise<number> {
  for (let attempt = 0; attempt < 10; attempt++) {
    let port = 0;
    const servers = [];
    try {
      for (const address of addresses) {
        const server = createServer(answer).listen(port, address);
        servers.push(server);
        await once(server, 'listening');
        port = (server.address() as AddressInfo).port;
      }
      return port;
    } catch {
      for (const server of servers) server.close();
    }
  }
  throw new Error('no port is free on all addresses');
}

// The second element by process, so that other runs on this machine have other addresses.
const second = 1 + (process.pid % 250);
const addresses = Array.from(
  { length: domains },
  (_, at) => `127.${second}.${1 + (at >> 7)}.${1 + (at & 127)}`,
);
const port = await listenOnAll(addresses);

answerAsks({
  serve(given) {
    documents = given as Record<string, string>;
  },
  counts() {
    const counts = { fetched, received };
    fetched = 0;
    received = 0;
    return counts;
  },
});
process.send?.({ ready: { hosts: addresses.map((address) => `${address}:${port}`) } });
