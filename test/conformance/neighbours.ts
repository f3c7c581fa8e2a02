/**
 * Remote domains with names: one loopback server that is another domain under each name, and a resolver that leads
 * every name to it. So an attack can be played with parents, spellings and redirects between hosts, over real TCP.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Parts } from '../../src/house.ts';
import { CONTEXT, type RemoteActor, rsaKey } from '../fediverse/index.ts';

export type Serving = (request: IncomingMessage, response: ServerResponse) => void;

/** A remote domain under a name of its own. */
export interface Site {
  /** The host name, without port. */
  readonly name: string;
  readonly origin: string;
  /** Requests that came, as `GET /path`, oldest first. */
  readonly asked: readonly string[];
  /** How often this path was fetched, or all of them. */
  fetches(path?: string): number;
  /** What was POSTed here, parsed. */
  readonly received: readonly Record<string, unknown>[];
  /** A new actor; the same name again is the same id with another key. */
  actor(name: string): Promise<RemoteActor>;
  /** Serves a document, or answers by hand. Null takes it back. */
  serve(path: string, what: Serving | object | null, contentType?: string): void;
}

export interface Neighbours extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** What an inbox is made with so that it finds these names and nothing else. */
  readonly policy: NonNullable<Parts['policy']>;
  /** Names that were looked up. */
  readonly lookedUp: readonly string[];
  /** From now on look-ups of this name give what this gives. */
  answerFor(name: string, addresses: () => { address: string; family: number }[]): void;
  /** The domain of this name, made when it is asked for the first time. */
  site(name: string): Site;
}

const ACTIVITY_JSON = 'application/activity+json';
/** Keys cost a tenth of a second each, so actors share a few; two that are made one after the other never do. */
const KEYS = 8;
const keys: ReturnType<typeof rsaKey>[] = [];
let actors = 0;

function nextKey(): ReturnType<typeof rsaKey> {
  const at = actors++ % KEYS;
  keys[at] ??= rsaKey();
  return keys[at];
}

interface Place extends Site {
  answer(request: IncomingMessage, response: ServerResponse): void;
}

export async function openNeighbours(): Promise<Neighbours> {
  const address = `127.${1 + (process.pid % 250)}.250.1`;
  const sites = new Map<string, Place>();
  const sockets = new Set<Socket>();
  const lookedUp: string[] = [];
  const answers = new Map<string, () => { address: string; family: number }[]>();
  const server = createServer((request, response) => {
    const name = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
    const site = sites.get(name);
    if (site === undefined) response.writeHead(404).end();
    else site.answer(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address,
    port,
    lookedUp,
    policy: {
      async resolve(name) {
        lookedUp.push(name);
        const own = answers.get(name);
        if (own !== undefined) return own();
        if (!sites.has(name)) throw Object.assign(new Error(`no such name: ${name}`), { code: 'ENOTFOUND' });
        return [{ address, family: 4 }];
      },
    },
    answerFor: (name, addresses) => void answers.set(name, addresses),
    site(name) {
      const site = sites.get(name) ?? createSite(name, port);
      sites.set(name, site);
      return site;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function createSite(name: string, port: number): Place {
  const origin = `http://${name}:${port}`;
  const asked: string[] = [];
  const received: Record<string, unknown>[] = [];
  const documents = new Map<string, RemoteActor>();
  const served = new Map<string, Serving>();
  const pathOf = ({ url = '/' }: IncomingMessage): string => url.replace(/\?.*$/s, '');

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push(JSON.parse(Buffer.concat(chunks).toString()));
    response.writeHead(202).end();
  }

  return {
    ...{ name, origin, asked, received },
    fetches: (path) =>
      asked.filter((line) => (path === undefined ? line.startsWith('GET ') : line === `GET ${path}`)).length,
    async actor(handle) {
      const { privateKey, publicKeyPem } = await nextKey();
      const id = `${origin}/users/${handle}`;
      const keyId = `${id}#main-key`;
      const inbox = `${id}/inbox`;
      const document = {
        '@context': [CONTEXT, 'https://w3id.org/security/v1'],
        ...{ id, type: 'Person', preferredUsername: handle, name: handle, inbox },
        ...{ outbox: `${id}/outbox`, followers: `${id}/followers`, following: `${id}/following` },
        publicKey: { id: keyId, owner: id, publicKeyPem },
      };
      const actor = { id, inbox, keyId, privateKey, publicKeyPem, document };
      documents.set(`/users/${handle}`, actor);
      return actor;
    },
    serve(path, what, contentType = ACTIVITY_JSON) {
      if (what === null) served.delete(path);
      else if (typeof what === 'function') served.set(path, what as Serving);
      else
        served.set(path, (_, response) =>
          response.writeHead(200, { 'content-type': contentType }).end(JSON.stringify(what)),
        );
    },
    answer(request, response) {
      const path = pathOf(request);
      asked.push(`${request.method} ${path}`);
      const own = served.get(path);
      if (own !== undefined) return own(request, response);
      if (request.method === 'POST') return void take(request, response);
      const actor = documents.get(path);
      if (actor === undefined) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': ACTIVITY_JSON }).end(JSON.stringify(actor.document));
    },
  };
}
