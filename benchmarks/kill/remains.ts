/** What a killed process left in its database, looked at before its successor touches it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';
import type { Place } from './server-process.ts';

/** A mail that no turn has handled. */
export interface LeftMail {
  readonly id: string;
  readonly inbox: string;
}

const logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Takes the remains: at once, by copying an embedded database; the returned function then reads them. */
export async function takeRemains({
  database,
  dataDirectory,
}: Place): Promise<(origin: string) => Promise<LeftMail[]>> {
  if (database !== undefined) {
    const client = new pg.Client(database);
    await client.connect();
    try {
      const { rows } = await client.query<LeftMail>('select activity_id as id, inbox from mail');
      return async () => rows;
    } finally {
      await client.end();
    }
  }
  // The copy is recovered here, the original by the next server.
  const copy = mkdtempSync(join(tmpdir(), 'sallyport-remains-'));
  cpSync(join(dataDirectory, 'pglite'), join(copy, 'pglite'), { recursive: true });
  return async (origin) => {
    const store = await openStore({ database: null, dataDirectory: copy, origin, logger });
    try {
      return await store.run<LeftMail>(sql`select activity_id as id, inbox from mail`);
    } finally {
      await store.close();
      rmSync(copy, { recursive: true, force: true });
    }
  };
}
