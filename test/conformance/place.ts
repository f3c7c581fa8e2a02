/** Databases for a run outside the test runner: one PGlite is migrated, and each world gets a copy of it. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../src/store/store.ts';
import type { DatabaseKind } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';
import { temporaryDirectory } from '../setup/postgres.ts';

const logger = { debug() {}, info() {}, warn() {}, error: console.error };

export async function preparedPlace(): Promise<{ kind: DatabaseKind } & Disposable> {
  const prepared = temporaryDirectory('sallyport-conformance-');
  const store = await openStore({ database: null, dataDirectory: prepared, origin: PREPARED_ORIGIN, logger });
  await store.close();
  return {
    kind: {
      name: 'PGlite',
      async open() {
        const dataDirectory = temporaryDirectory('sallyport-conformance-');
        cpSync(join(prepared, 'pglite'), join(dataDirectory, 'pglite'), { recursive: true });
        const drop = async (): Promise<void> => rmSync(dataDirectory, { recursive: true, force: true });
        return { database: undefined, dataDirectory, drop };
      },
    },
    [Symbol.dispose]: () => rmSync(prepared, { recursive: true, force: true }),
  };
}
