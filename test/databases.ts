/** Both databases that every database test runs on: a fresh, migrated one of each kind in a fraction of a second. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { type Prepared, TEMPLATE } from './setup/global.ts';
import { temporaryDirectory } from './setup/postgres.ts';

/** A database of a test's own. `database` and `dataDirectory` are the options of `createInbox`. */
export interface TestDatabase {
  readonly database: string | undefined;
  readonly dataDirectory: string;
  drop(): Promise<void>;
}

export interface DatabaseKind {
  readonly name: 'PGlite' | 'PostgreSQL';
  open(): Promise<TestDatabase>;
}

let count = 0;
let asked: Promise<Prepared> | undefined;

/** Waits, in the first test file that asks, until the databases that all files copy are there. */
function prepared(): Promise<Prepared> {
  asked ??= fetch(inject('preparedUrl')).then(async (response) => {
    if (!response.ok) throw new Error(`the databases were not prepared: ${await response.text()}`);
    return (await response.json()) as Prepared;
  });
  return asked;
}

export const pglite: DatabaseKind = {
  name: 'PGlite',
  async open() {
    const { pgliteDirectory } = await prepared();
    const dataDirectory = temporaryDirectory('sallyport-test-');
    cpSync(join(pgliteDirectory, 'pglite'), join(dataDirectory, 'pglite'), { recursive: true });
    return {
      database: undefined,
      dataDirectory,
      drop: async () => rmSync(dataDirectory, { recursive: true, force: true }),
    };
  },
};

export const postgresql: DatabaseKind = {
  name: 'PostgreSQL',
  async open() {
    const name = `test_${process.pid}_${++count}`;
    const url = new URL((await prepared()).postgresUrl);
    await onPostgres(`create database ${name} template ${TEMPLATE}`);
    url.pathname = `/${name}`;
    return {
      database: url.href,
      dataDirectory: '',
      drop: () => onPostgres(`drop database if exists ${name} with (force)`),
    };
  },
};

/** An empty PostgreSQL database, for what migrates it; also a way to look at a test's database from outside. */
export async function emptyPostgres(): Promise<TestDatabase> {
  const name = `test_${process.pid}_${++count}`;
  const url = new URL((await prepared()).postgresUrl);
  await onPostgres(`create database ${name}`);
  url.pathname = `/${name}`;
  return {
    database: url.href,
    dataDirectory: '',
    drop: () => onPostgres(`drop database if exists ${name} with (force)`),
  };
}

export const databases: readonly DatabaseKind[] = [pglite, postgresql];

/** One statement on the maintenance database. A template that is being copied refuses a second copy: one at a time. */
async function onPostgres(statement: string): Promise<void> {
  const client = new pg.Client((await prepared()).postgresUrl);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(4680)');
    await client.query(statement);
  } finally {
    await client.end();
  }
}
