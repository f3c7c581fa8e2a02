/**
 * Our side as a peer meets it: a real server with TLS on a loopback address of its own, and a database of its own.
 * The address is known before there is anybody to answer, because the origin of an inbox is one of its options.
 */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';
import type { DatabaseKind, TestDatabase } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';
import type { Certificate } from './certificate.ts';

export interface Door {
  readonly origin: string;
  /** Who answers from now on. Before that there is a 503. */
  serve(listener: RequestListener): void;
  close(): Promise<void>;
}

/** Listens on a free port. From then on `fetch` in this process believes the certificate. */
export async function openDoor(
  address: string,
  { certificatePem, privateKeyPem }: Certificate,
): Promise<Door> {
  let listener: RequestListener = (_, response) => void response.writeHead(503).end();
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) =>
    listener(request, response),
  );
  setDefaultCACertificates([...getCACertificates('default'), certificatePem]);
  server.listen(0, address);
  await once(server, 'listening');
  return {
    origin: `https://${address}:${(server.address() as AddressInfo).port}`,
    serve(next) {
      listener = next;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

let count = 0;

/** A loopback address that nobody else in this process uses; the tests' remote domains stay below 200. */
export function freshAddress(): string {
  return `127.${1 + (process.pid % 250)}.200.${++count}`;
}

const logger = { debug() {}, info() {}, warn() {}, error: console.error };

/** A fresh database for another origin than the one that the prepared databases belong to. */
export async function databaseOf(kind: DatabaseKind, origin: string): Promise<TestDatabase> {
  const place = await kind.open();
  const { database = null, dataDirectory } = place;
  const store = await openStore({ database, dataDirectory, origin: PREPARED_ORIGIN, logger });
  await store.run(sql`update meta set value = ${origin} where key = 'origin'`);
  await store.close();
  return place;
}
