/**
 * The two databases behind one face: MikroORM on embedded PGlite or on PostgreSQL, connected and migrated. Only the
 * driver in use is loaded.
 *
 * Statements and transactions go to the Kysely of MikroORM's connection. Its own `transactional` costs an
 * `EntityManager` each time (120 µs of 450 on PostgreSQL, 80 of 540 on PGlite, measured, and this store has no entities
 * in hand); and it rests on a Kysely transaction that keeps its connection when BEGIN or ROLLBACK fails, so that each
 * outage would cost a place in the pool for good (kysely 0.29.6, `startTransaction`).
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { MikroORM } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import type { PgliteConnection } from '@mikro-orm/pglite';
import type { AbstractSqlConnection } from '@mikro-orm/postgresql';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { messageOf, SallyportError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { blankPlace, copyBlank } from './blank.ts';
import { entities } from './entities.ts';
import { isEnvironmentError } from './environment-error.ts';
import { migrations } from './migrations/index.ts';
import { prepareStatements } from './prepared.ts';

/** What runs statements: a connection of the pool for each, or the one of a transaction. */
export type Runner = Kysely<unknown>;

export interface Connection {
  readonly kind: 'pglite' | 'postgres';
  readonly runner: Runner;
  transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface ConnectionLimits {
  /** How long the database may take to be reachable, in milliseconds. */
  readonly startMs: number;
  /** A statement that runs longer is cancelled, in milliseconds. */
  readonly statementMs: number;
}

/** A transaction that stands idle that long belongs to a frozen process; ending it frees the rows it holds. */
const IDLE_MS = 3_000;
/** How long to wait for a connection: for a free one of the pool, or for a new one to be made. */
const CONNECTION_MS = 5_000;
const CONNECTIONS = 10;
/** How long another process may hold the migrations' lock, or a table that they change. */
const MIGRATION_LOCK_MS = 60_000;
/** The major of PostgreSQL that the bundled PGlite is. */
const PGLITE_MAJOR = '18';
/** Of our own, because an application may keep its tables, and MikroORM's table of its migrations, beside ours. */
const MIGRATIONS_TABLE = 'sallyport_migrations';

const options = {
  entities,
  extensions: [Migrator],
  migrations: {
    migrationsList: migrations,
    tableName: MIGRATIONS_TABLE,
    snapshot: false,
    disableForeignKeys: false,
  },
  logger: () => undefined,
};

/** What PGlite takes besides the place of its data. */
export interface EmbeddedOptions {
  /** Arguments of initdb. */
  readonly initDbStartParams?: readonly string[];
  /** A tar archive of a data directory, for a database in memory. A `Blob` would not survive MikroORM's options. */
  readonly loadDataDir?: Pick<Blob, 'arrayBuffer' | 'type'>;
  /** Lines of postgresql.conf. */
  readonly postgresqlconf?: readonly string[];
}

/** PostgreSQL's default of 128 MB is cleared at each start, which takes longer than everything else about it. */
const SMALL_BUFFERS: EmbeddedOptions = { postgresqlconf: ['shared_buffers=32MB'] };

/** Opens the embedded database of a directory, or one in memory. */
export async function openEmbedded(
  directory: string,
  driverOptions: EmbeddedOptions = {},
  indices: readonly RawBuilder<unknown>[] = [],
): Promise<Connection> {
  const isMemory = directory.startsWith('memory://');
  const dbName = isMemory ? directory : join(directory, 'pglite');
  if (!isMemory) {
    checkMajor(directory);
    copyBlank(dbName, PGLITE_MAJOR);
  }
  const { MikroORM: Embedded } = await import('@mikro-orm/pglite');
  const given = isMemory ? driverOptions : { ...SMALL_BUFFERS, ...driverOptions };
  const orm = (await Embedded.init({
    ...options,
    dbName,
    driverOptions: given,
  } as never)) as unknown as MikroORM;
  return whole(
    async () => {
      const { runner, transaction } = on(orm);
      await new Migrator(orm.em as never).up();
      for (const index of indices) await index.execute(runner);
      await checkMigrations(runner);
      return {
        kind: 'pglite',
        runner,
        transaction,
        async close() {
          // Behind the last transaction: closing under it would leave its caller waiting for ever.
          await runner.connection().execute(async () => undefined);
          await orm.close(true);
        },
      };
    },
    () => orm.close(true),
  );
}

/** A migrated, empty database as `dumpDataDir` gives it, a tar archive. */
export async function dumpEmbedded(driverOptions: EmbeddedOptions): Promise<Uint8Array> {
  const { MikroORM: Embedded } = await import('@mikro-orm/pglite');
  const orm = await Embedded.init({ ...options, dbName: 'memory://', driverOptions } as never);
  try {
    await new Migrator(orm.em as never).up();
    const pglite = await (orm.em.getConnection() as PgliteConnection).getNativeClient();
    // So that nothing is left to be replayed when it is loaded.
    await pglite.exec('checkpoint');
    return await (await pglite.dumpDataDir('none')).bytes();
  } finally {
    await orm.close(true);
  }
}

/** Makes the blank database that first starts copy, unless it is there. */
export async function makeBlank(): Promise<void> {
  const place = blankPlace(PGLITE_MAJOR);
  if (existsSync(place)) return;
  const { MikroORM: Embedded } = await import('@mikro-orm/pglite');
  const dbName = `${place}.${process.pid}`;
  mkdirSync(dirname(place), { recursive: true });
  try {
    const orm = await Embedded.init({ ...options, dbName } as never);
    await sql`select 1`.execute(on(orm as unknown as MikroORM).runner);
    await orm.close(true);
    renameSync(dbName, place);
  } finally {
    rmSync(dbName, { recursive: true, force: true });
  }
}

/**
 * Connects to PostgreSQL; a server that is not there gets some time to come up. `indices` are made besides those of the
 * migrations, for who needs them.
 */
export async function openServer(
  url: string,
  limits: ConnectionLimits,
  logger: Settings['logger'],
  indices: readonly RawBuilder<unknown>[] = [],
): Promise<Connection> {
  const pool = guardPool(limits.statementMs);
  const orm = await reach(url, limits, pool.guard);
  const close = async (): Promise<void> => {
    const late = setTimeout(pool.endAll, limits.statementMs * 1.5);
    await orm.close(true).finally(() => clearTimeout(late));
  };
  return whole(async () => {
    const { runner, transaction } = on(orm);
    await migrateServer(orm, indices);
    pool.start(logger);
    await checkMigrations(runner);
    await checkTimeouts(runner);
    return { kind: 'postgres', runner, transaction, close };
  }, close);
}

/** Opens the rest of a connection, or closes it. */
async function whole(open: () => Promise<Connection>, close: () => Promise<void>): Promise<Connection> {
  try {
    return await open();
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

function driverOf(orm: MikroORM): AbstractSqlConnection {
  return orm.em.getConnection() as unknown as AbstractSqlConnection;
}

function on(orm: MikroORM): Pick<Connection, 'runner' | 'transaction'> {
  const runner: Runner = driverOf(orm).getClient();
  return { runner, transaction: (work) => runner.transaction().execute(work) };
}

async function reach(url: string, limits: ConnectionLimits, guard: PoolGuard): Promise<MikroORM> {
  const { MikroORM: Server } = await import('@mikro-orm/postgresql');
  const driverOptions = {
    // MikroORM reads host, port, user, password and database from its own `clientUrl` and forgets the rest, such as
    // `sslmode`, or a socket's directory in `host`; the driver reads all of it.
    connectionString: url,
    idle_in_transaction_session_timeout: IDLE_MS,
    statement_timeout: limits.statementMs,
    connectionTimeoutMillis: Math.min(CONNECTION_MS, limits.startMs),
    keepAlive: true,
    onPoolCreated: guard,
  };
  const pool = { min: 0, max: CONNECTIONS };
  const deadlineMs = performance.now() + limits.startMs;
  for (let attempts = 1; ; attempts++) {
    let orm: MikroORM | undefined;
    try {
      orm = (await Server.init({
        ...options,
        clientUrl: url,
        driverOptions,
        pool,
      } as never)) as unknown as MikroORM;
      await sql`select 1`.execute(on(orm).runner);
      return orm;
    } catch (error) {
      await orm?.close(true).catch(() => undefined);
      if (performance.now() > deadlineMs || !isEnvironmentError(error)) throw unavailable(error, attempts);
      await new Promise((resolve) => setTimeout(resolve, Math.min(500, limits.startMs / 4)));
    }
  }
}

/** Without the error itself: one about a malformed URL carries the URL, and the URL a password. */
function unavailable(error: unknown, attempts: number): SallyportError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  // Where a name has several addresses and none answers, the message is empty and the code says it.
  const what = message === '' && typeof code === 'string' ? code : messageOf(error);
  return new SallyportError('ERR_DATABASE_UNAVAILABLE', `the database cannot be reached: ${what}`, {
    hint: 'check DATABASE_URL and that PostgreSQL accepts connections',
    data: { attempts, ...(typeof code === 'string' && { code }) },
  });
}

type PoolGuard = (pool: { on(event: 'connect', listener: (client: unknown) => void): unknown }) => void;

/**
 * Ends connections whose other end has vanished. Such a one reports nothing, and its statement would stand, and keep
 * one of the pool's places, until TCP gives up after a quarter of an hour; but no statement may be silent for longer
 * than its timeout. Migrations may be, so it starts after them.
 */
function guardPool(statementMs: number): {
  guard: PoolGuard;
  start(logger: Settings['logger']): void;
  endAll(): void;
} {
  let warn: Settings['logger'] | null = null;
  const silenceMs = statementMs * 1.25;
  const streams = new Set<Socket>();
  return {
    guard(pool) {
      pool.on('connect', (client) => {
        prepareStatements(client as never);
        const { stream } = (client as { connection: { stream: Socket } }).connection;
        streams.add(stream);
        stream.once('close', () => streams.delete(stream));
        stream.setTimeout(silenceMs, () => {
          if (warn === null) return;
          warn.warn('a connection to the database was silent for too long and is ended', { silenceMs });
          stream.destroy(
            Object.assign(new Error('the database was silent for too long'), { code: 'ETIMEDOUT' }),
          );
        });
      });
    },
    start(logger) {
      warn = logger;
    },
    endAll() {
      for (const stream of streams) stream.destroy();
    },
  };
}

/** Two processes may start at once: the second one waits for the first one's migrations, and then finds them done. */
async function migrateServer(orm: MikroORM, indices: readonly RawBuilder<unknown>[]): Promise<void> {
  await driverOf(orm).transactional(async (runner) => {
    await sql`select set_config('statement_timeout', '0', true),
      set_config('idle_in_transaction_session_timeout', '0', true),
      set_config('lock_timeout', ${String(MIGRATION_LOCK_MS)}, true)`.execute(runner);
    await sql`select pg_advisory_xact_lock(4680, 0)`.execute(runner);
    await new Migrator(orm.em as never).up({ transaction: runner });
    for (const index of indices) await index.execute(runner);
  });
}

async function checkMigrations(runner: Runner): Promise<void> {
  const expected = migrations.map(({ name }) => name);
  const { rows } = await sql<{
    name: string;
  }>`select name from ${sql.table(MIGRATIONS_TABLE)} order by id`.execute(runner);
  const found = rows.map(({ name }) => name);
  if (found.every((name) => expected.includes(name))) return;
  throw new SallyportError('ERR_SCHEMA_MISMATCH', 'the database has been migrated by a newer version', {
    hint: 'start the newer version, or restore a backup that this version wrote',
    data: { expected, found },
  });
}

/** Without this a frozen process would hold its rows for ever; connection URLs and poolers have been seen to lose it. */
async function checkTimeouts(runner: Runner): Promise<void> {
  const name = 'idle_in_transaction_session_timeout';
  const { rows } = await sql<{ value: string }>`select current_setting(${name}) as value`.execute(runner);
  if (rows[0]?.value !== '0') return;
  throw new SallyportError('ERR_CONFIG', `${name} is not in force on the connection to the database`, {
    hint: `set it for the role: alter role … set ${name} = '${IDLE_MS / 1_000}s'`,
  });
}

function checkMajor(directory: string): void {
  mkdirSync(directory, { recursive: true });
  let found: string;
  try {
    found = readFileSync(join(directory, 'pglite', 'PG_VERSION'), 'utf8').trim();
  } catch {
    return;
  }
  if (found === PGLITE_MAJOR) return;
  throw new SallyportError(
    'ERR_SCHEMA_MISMATCH',
    `${directory} was written by PostgreSQL ${found}, this version embeds ${PGLITE_MAJOR}`,
    {
      hint: 'dump it with the version that wrote it (pg_dump through PGlite), and restore the dump into a new directory',
      data: { expected: PGLITE_MAJOR, found },
    },
  );
}
