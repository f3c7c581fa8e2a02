/**
 * The simulated Fediverse: a process of its own with one HTTP server, which is a different domain under each name
 * (`birds.localhost`, `chatty.localhost` …). Keys, documents, signatures and requests are real. It lives no longer
 * than its parent: when the channel between them breaks, by whatever cause, it ends.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkSignature } from '../../verify/signature.ts';
import { ask } from './ask.ts';
import type { Arrived, Begin } from './message.ts';
import { type RemoteActor, remoteActor } from './remote-actor.ts';
import { CAST, type Name, type Scene, scenes } from './scenes.ts';

const BODY_BYTES_MAX = 1_048_576;

process.once('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group of processes; the parent says when it is over.
process.on('SIGINT', () => undefined);

const begun = once(process, 'message') as Promise<[Begin]>;
const actors = new Map<string, RemoteActor>();
const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const cast = Object.fromEntries(
  await Promise.all(
    CAST.map(async ([name, domain, isForger]) => {
      const actor = await remoteActor(name, `${domain}.localhost:${port}`, isForger);
      actors.set(actor.id, actor);
      return [name, actor] as const;
    }),
  ),
) as Record<Name, RemoteActor>;

const [begin] = await begun;
for (const scene of scenes(cast, begin)) playOn(scene, scene.afterMs);

function playOn(scene: Scene, inMs: number): void {
  setTimeout(() => {
    // A server that is away or busy is nothing special in this trade: the next time comes anyway.
    void scene
      .play()
      .catch(() => undefined)
      .then(() => {
        if (scene.everyMs !== null) playOn(scene, scene.everyMs);
      });
  }, inMs);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { host = '', ...headers } = request.headers;
  const url = new URL(request.url ?? '/', `http://${host}`);
  if (request.method === 'POST' && url.pathname.endsWith('/inbox')) return arrive(request, response, host);
  const found =
    url.pathname === '/.well-known/webfinger'
      ? webfinger(url.searchParams.get('resource') ?? '')
      : actors.get(`http://${host}${url.pathname}`)?.document;
  if (found === undefined) return void response.writeHead(404).end();
  const isActor = url.pathname !== '/.well-known/webfinger';
  const type = isActor ? 'application/activity+json' : 'application/jrd+json';
  response.writeHead(200, { 'content-type': type, vary: headers.accept === undefined ? '' : 'accept' });
  response.end(JSON.stringify(found));
}

/** RFC 7033 4.4 */
function webfinger(resource: string): object | undefined {
  for (const { name, host, id } of actors.values()) {
    if (resource !== `acct:${name}@${host}` && resource !== id) continue;
    const links = [{ rel: 'self', type: 'application/activity+json', href: id }];
    return { subject: `acct:${name}@${host}`, aliases: [id], links };
  }
  return undefined;
}

/** Takes what comes, and looks whether it is genuine, as a server should. */
async function arrive(request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) return void response.writeHead(413, { connection: 'close' }).end();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const { type, actor } = JSON.parse(body.toString()) as { type: string; actor: string };
  const isGenuine = await verify(request, body, host, actor);
  response.writeHead(isGenuine ? 202 : 401).end();
  process.send?.({ domain: host.replace(/:\d+$/, ''), type, actor, isGenuine } satisfies Arrived);
}

async function verify(request: IncomingMessage, body: Buffer, host: string, actor: string): Promise<boolean> {
  const [begin] = await begun;
  const { origin } = begin;
  if (!actor.startsWith(`${origin}/`)) return false;
  const headers = { accept: 'application/activity+json', host: new URL(origin).host };
  const { text } = await ask('GET', begin, actor.slice(origin.length), headers);
  const { publicKey } = JSON.parse(text) as { publicKey: { publicKeyPem: string } };
  const { method = '', url: target = '', rawHeaders } = request;
  const policy = { host, origin: `http://${host}`, publicKeyPem: publicKey.publicKeyPem, nowMs: Date.now() };
  const times = { pastMs: 3_600_000, futureMs: 300_000 };
  return checkSignature({ method, target, rawHeaders, body }, { ...policy, ...times }) === null;
}
