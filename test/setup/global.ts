/**
 * Once for the whole run: a real PostgreSQL with a migrated template, and a migrated PGlite directory. A test file
 * gets a copy of either in a fraction of a second.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openStore } from '../../src/store/store.ts';
import { startPostgres, temporaryDirectory } from './postgres.ts';

/** The origin of every prepared database. */
export const PREPARED_ORIGIN = 'https://us.example';
export const TEMPLATE = 'prepared';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
    pgliteDirectory: string;
  }
}

const logger = { debug() {}, info() {}, warn() {}, error: console.error };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ fsync: 'off', full_page_writes: 'off' });
  const database = await postgres.createDatabase(TEMPLATE);
  const pgliteDirectory = temporaryDirectory('sallyport-prepared-');
  const settings = { origin: PREPARED_ORIGIN, logger };
  await Promise.all([
    openStore({ ...settings, database, dataDirectory: '' }).then((store) => store.close()),
    openStore({ ...settings, database: null, dataDirectory: pgliteDirectory }).then((store) => store.close()),
  ]);
  project.provide('postgresUrl', postgres.url);
  project.provide('pgliteDirectory', join(pgliteDirectory));
  return async () => {
    await postgres.stop();
    rmSync(pgliteDirectory, { recursive: true, force: true });
  };
}
