/**
 * Once for the whole run, and only when a test asks: a real PostgreSQL with a migrated template, and a migrated PGlite
 * directory. A test file gets a copy of either in a fraction of a second. Test files run in processes of their own,
 * so they ask over HTTP.
 */
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { openStore } from '../../src/store/store.ts';
import { startPostgres, temporaryDirectory } from './postgres.ts';

/** The origin of every prepared database. */
export const PREPARED_ORIGIN = 'https://us.example';
export const TEMPLATE = 'prepared';

/** What is prepared for all test files. */
export interface Prepared {
  /** URL of the maintenance database. */
  readonly postgresUrl: string;
  readonly pgliteDirectory: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    preparedUrl: string;
  }
}

const logger = { debug() {}, info() {}, warn() {}, error: console.error };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let preparing: ReturnType<typeof prepare> | undefined;
  const server = createServer((_, response) => {
    preparing ??= prepare();
    preparing.then(
      ({ prepared }) => response.end(JSON.stringify(prepared)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  project.provide('preparedUrl', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    await (await preparing?.catch(() => undefined))?.drop();
  };
}

async function prepare(): Promise<{ prepared: Prepared; drop(): Promise<void> }> {
  const postgres = await startPostgres({ fsync: 'off', full_page_writes: 'off' });
  const pgliteDirectory = temporaryDirectory('sallyport-prepared-');
  const drop = async (): Promise<void> => {
    await postgres.stop();
    rmSync(pgliteDirectory, { recursive: true, force: true });
  };
  try {
    const database = await postgres.createDatabase(TEMPLATE);
    for (const place of [
      { database, dataDirectory: '' },
      { database: null, dataDirectory: pgliteDirectory },
    ]) {
      const store = await openStore({ ...place, origin: PREPARED_ORIGIN, logger });
      await store.close();
    }
    return { prepared: { postgresUrl: postgres.url, pgliteDirectory }, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}
