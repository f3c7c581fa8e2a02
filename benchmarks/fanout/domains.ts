/**
 * The remote side, in a process of its own: one server behind all addresses of a loopback network, each of which is a
 * domain. It takes what comes, never answers, or answers 503, by address; and notes when what came.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the parent asks; `take` empties the notes. */
export type Order = { readonly order: 'take' };
/** When the first copy of something came to an inbox, in milliseconds of `performance.timeOrigin + now`. */
export interface Arrival {
  readonly inbox: string;
  readonly activityId: string;
  readonly atMs: number;
}
export type Told = { readonly port: number } | { readonly arrivals: readonly Arrival[] };

const { hanging, failing } = JSON.parse(process.argv[2] as string) as Record<'hanging' | 'failing', string[]>;
const hangs = new Set(hanging);
const fails = new Set(failing);
let arrivals: Arrival[] = [];

const server = createServer({ keepAlive: true }, (request, response) => {
  const address = request.socket.localAddress ?? '';
  if (hangs.has(address)) return void request.resume();
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(fails.has(address) ? 503 : 202).end();
    if (fails.has(address)) return;
    const atMs = performance.timeOrigin + performance.now();
    const { id } = JSON.parse(Buffer.concat(chunks).toString()) as { id: string };
    arrivals.push({ inbox: `${address}${request.url}`, activityId: id, atMs });
  });
});
server.listen(0, '0.0.0.0', () => {
  process.send?.({ port: (server.address() as AddressInfo).port } satisfies Told);
});
process.on('message', (_: Order) => {
  process.send?.({ arrivals } satisfies Told);
  arrivals = [];
});
process.once('disconnect', () => process.exit());
