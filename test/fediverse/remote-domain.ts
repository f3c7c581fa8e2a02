/**
 * A small Fediverse server on a loopback address of its own: each address is a domain of its own under
 * `allowPrivateAddress`. It serves actor documents with real keys, keeps what is POSTed to its inboxes, and counts
 * what is fetched from it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { CONTEXT } from './activities.ts';
import { rsaKey, type Signer } from './signer.ts';

/** An actor of a remote domain. It can sign, because it is its own key. */
export interface RemoteActor extends Signer {
  readonly id: string;
  readonly inbox: string;
  readonly publicKeyPem: string;
  /** The document as it is served; a test may change it. */
  document: Record<string, unknown>;
}

/** A request that came to an inbox. */
export interface Delivered {
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly activity: Record<string, unknown>;
}

/** How an inbox answers: a status, or `hang` for never. */
export type InboxAnswer = number | 'hang';

export interface RemoteDomain extends AsyncDisposable {
  /** The name under which domain machines know it: the bare address. */
  readonly domain: string;
  readonly origin: string;
  /** Everything that was delivered, oldest first. */
  readonly received: readonly Delivered[];
  /** How often a path was fetched, or all of them. */
  fetches(path?: string): number;
  /** A new actor with a new key. */
  actor(name: string): Promise<RemoteActor>;
  /** Another key under the same key id, as after a rotation. */
  rotate(actor: RemoteActor): Promise<RemoteActor>;
  /** The next delivery that fits, also one that has come already. Rejects after a deadline. */
  delivery(fits?: (delivered: Delivered) => boolean, withinMs?: number): Promise<Delivered>;
  /** From now on inboxes answer like this. @default 202 */
  answer(with_: InboxAnswer): void;
  /** Serves something else at a path: a wrong document, a redirect, nothing for ever. Null takes it back. */
  serve(path: string, handler: ((request: IncomingMessage, response: ServerResponse) => void) | null): void;
  close(): Promise<void>;
}

let addresses = 1;

/** Starts a remote domain on the next free loopback address, port 0. */
export async function remoteDomain(): Promise<RemoteDomain> {
  // Second element by process: test files run side by side. The rest counts, 127.0.0.1 never comes.
  const number = ++addresses;
  const address = `127.${1 + (process.pid % 250)}.${number >> 8}.${number & 255}`;
  const documents = new Map<string, RemoteActor>();
  const overrides = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const fetched = new Map<string, number>();
  const received: Delivered[] = [];
  const watchers = new Set<() => void>();
  const sockets = new Set<Socket>();
  let inboxAnswer: InboxAnswer = 202;

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const override = overrides.get(path);
    if (request.method === 'GET') fetched.set(path, (fetched.get(path) ?? 0) + 1);
    if (override !== undefined) return override(request, response);
    if (request.method === 'POST') return void deliver(request, response, path);
    const actor = documents.get(path);
    if (actor === undefined) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': 'application/activity+json' })
      .end(JSON.stringify(actor.document));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  async function deliver(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (inboxAnswer === 'hang') return;
    const body = Buffer.concat(chunks).toString();
    response.writeHead(inboxAnswer).end();
    if (inboxAnswer >= 300) return;
    const { rawHeaders, headers } = request;
    received.push({ path, rawHeaders, headers, body, activity: JSON.parse(body) });
    for (const watcher of watchers) watcher();
  }

  server.listen(0, address);
  await once(server, 'listening');
  const origin = `http://${address}:${(server.address() as AddressInfo).port}`;

  const makeActor = async (name: string): Promise<RemoteActor> => {
    const { privateKey, publicKeyPem } = await rsaKey();
    const id = `${origin}/users/${name}`;
    const keyId = `${id}#main-key`;
    const inbox = `${id}/inbox`;
    const document = {
      '@context': [CONTEXT, 'https://w3id.org/security/v1'],
      id,
      type: 'Person',
      preferredUsername: name,
      name,
      inbox,
      outbox: `${id}/outbox`,
      followers: `${id}/followers`,
      following: `${id}/following`,
      url: `${origin}/@${name}`,
      endpoints: { sharedInbox: `${origin}/inbox` },
      publicKey: { id: keyId, owner: id, publicKeyPem },
    };
    const actor = { id, inbox, keyId, privateKey, publicKeyPem, document };
    documents.set(`/users/${name}`, actor);
    return actor;
  };

  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };

  return {
    domain: address,
    origin,
    received,
    fetches: (path) =>
      path === undefined ? [...fetched.values()].reduce((a, b) => a + b, 0) : (fetched.get(path) ?? 0),
    actor: makeActor,
    rotate: (actor) => makeActor(actor.id.split('/').at(-1) as string),
    delivery(fits = () => true, withinMs = 10_000) {
      const found = received.find(fits);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve, reject) => {
        const deadline = setTimeout(() => {
          watchers.delete(watcher);
          const types = received.map(({ activity }) => activity.type).join(', ') || 'nothing';
          reject(new Error(`no such delivery to ${address} within ${withinMs} ms; it got ${types}`));
        }, withinMs);
        const watcher = (): void => {
          const delivered = received.find(fits);
          if (delivered === undefined) return;
          clearTimeout(deadline);
          watchers.delete(watcher);
          resolve(delivered);
        };
        watchers.add(watcher);
      });
    },
    answer(with_) {
      inboxAnswer = with_;
    },
    serve(path, handler) {
      if (handler === null) overrides.delete(path);
      else overrides.set(path, handler);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
