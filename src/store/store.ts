/**
 * The database: opened, migrated and checked; the transaction; the clock. Embedded PGlite without a URL, PostgreSQL
 * with one. Everybody else sees `Store` and never a driver.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MikroORM } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import type { RawBuilder } from 'kysely';
import { messageOf, SallyportError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { type Clock, createDatabaseClock } from './clock.ts';
import { entities } from './entities.ts';
import { lockDirectory } from './lock.ts';
import { migrations } from './migrations/index.ts';
import { ms, type Statements, sql } from './statement.ts';

export type { Clock } from './clock.ts';

export interface Store extends Statements {
  readonly kind: 'pglite' | 'postgres';
  readonly clock: Clock;
  /** One transaction, of at most `TRANSACTION_MS`. Never nested: on PGlite an inner one would wait for ever. */
  transaction<T>(work: (tx: Statements) => Promise<T>): Promise<T>;
  /** Does the database answer? */
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

export interface StoreParts {
  readonly clock?: Clock;
  readonly observe?: (statement: string) => void;
}

/** A statement that runs longer is cancelled; none of ours should take a tenth of it. */
const TRANSACTION_MS = 15_000;
/** A transaction that stands idle that long belongs to a frozen process; ending it frees the rows it holds. */
const IDLE_MS = 3_000;
/** How long the database may take to be reachable when the house is opened. */
const START_MS = 10_000;
const CLOCK_EVERY_MS = 60_000;
const CONNECTIONS = 10;

// biome-ignore lint/suspicious/noExplicitAny: the two drivers' managers share `getKysely`, which the core type lacks
type Manager = any;

export async function openStore(
  settings: Pick<Settings, 'database' | 'dataDirectory' | 'origin' | 'logger'>,
  parts: StoreParts = {},
): Promise<Store> {
  const unlock = settings.database === null ? lockEmbedded(settings.dataDirectory) : () => undefined;
  let orm: MikroORM | undefined;
  try {
    orm = await connect(settings);
    return await openOn(orm, settings, parts, unlock);
  } catch (error) {
    await orm?.close(true).catch(() => undefined);
    unlock();
    throw error;
  }
}

async function openOn(
  orm: MikroORM,
  settings: Pick<Settings, 'database' | 'origin' | 'logger'>,
  parts: StoreParts,
  unlock: () => void,
): Promise<Store> {
  const kind = settings.database === null ? 'pglite' : 'postgres';
  const em: Manager = orm.em.fork();
  const inTransaction = new AsyncLocalStorage<true>();
  const runOn = async <Row>(manager: Manager, statement: RawBuilder<Row>): Promise<Row[]> => {
    const kysely = manager.getKysely();
    parts.observe?.(statement.compile(kysely).sql);
    return (await statement.execute(kysely)).rows;
  };
  const run = <Row>(statement: RawBuilder<Row>): Promise<Row[]> => {
    if (kind === 'pglite' && inTransaction.getStore() === true)
      throw nested('a statement outside of the transaction');
    return runOn(em, statement);
  };

  const clock = createDatabaseClock(
    async () => (await run<{ at: number }>(sql`select ${ms('clock_timestamp()')} as at`))[0]?.at as number,
  );
  await migrate(orm, kind, run);
  await clock.read();
  await checkOrigin(run, settings.origin);
  if (kind === 'postgres') await checkTimeouts(run);
  const timer = setInterval(() => {
    clock
      .read()
      .catch((error: unknown) => settings.logger.warn('the clock was not read', { error: messageOf(error) }));
  }, CLOCK_EVERY_MS).unref();

  return {
    kind,
    clock: parts.clock ?? clock,
    run,
    transaction(work) {
      if (inTransaction.getStore() === true) throw nested('a transaction');
      const fork: Manager = orm.em.fork();
      const begun = fork.transactional((inner: Manager) =>
        inTransaction.run(true, () => work({ run: (statement) => runOn(inner, statement) })),
      );
      return withDeadline(begun, TRANSACTION_MS);
    },
    async ready() {
      return withDeadline(run(sql`select 1`), 2_000).then(
        () => true,
        () => false,
      );
    },
    async close() {
      clearInterval(timer);
      await orm.close(true);
      unlock();
    },
  };
}

function nested(what: string): SallyportError {
  return new SallyportError('ERR_INVALID', `${what} was begun inside a transaction`, {
    hint: 'use the transaction that was handed in',
  });
}

/** Connects; a database that is not there gets some time to come up. */
async function connect(settings: Pick<Settings, 'database' | 'dataDirectory' | 'logger'>): Promise<MikroORM> {
  const options = {
    entities,
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, disableForeignKeys: false },
    logger: () => undefined,
  };
  if (settings.database === null) {
    const { MikroORM: Embedded } = await import('@mikro-orm/pglite');
    const dbName = settings.dataDirectory.startsWith('memory://')
      ? settings.dataDirectory
      : join(settings.dataDirectory, 'pglite');
    return (await Embedded.init({ ...options, dbName } as never)) as unknown as MikroORM;
  }
  const { MikroORM: Server } = await import('@mikro-orm/postgresql');
  const clientUrl = settings.database;
  const driverOptions = {
    idle_in_transaction_session_timeout: IDLE_MS,
    statement_timeout: TRANSACTION_MS,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  };
  const pool = { min: 0, max: CONNECTIONS };
  const deadlineMs = performance.now() + START_MS;
  for (let attempts = 1; ; attempts++) {
    const orm = (await Server.init({
      ...options,
      clientUrl,
      driverOptions,
      pool,
    } as never)) as unknown as MikroORM;
    try {
      await (orm.em as Manager).getConnection().execute('select 1');
      return orm;
    } catch (error) {
      await orm.close(true).catch(() => undefined);
      if (performance.now() > deadlineMs || !isEnvironmentError(error)) {
        throw new SallyportError(
          'ERR_DATABASE_UNAVAILABLE',
          `the database cannot be reached: ${messageOf(error)}`,
          {
            hint: 'check DATABASE_URL and that PostgreSQL accepts connections',
            data: { attempts },
            cause: error,
          },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** Two processes may start at once: the second one waits for the first one's migrations. */
async function migrate(orm: MikroORM, kind: Store['kind'], run: Statements['run']): Promise<void> {
  const migrator = new Migrator(orm.em as Manager);
  if (kind === 'pglite') await migrator.up();
  else {
    await orm.em.fork().transactional(async (tx: Manager) => {
      // This transaction only holds the lock, idle, for as long as the migrations run on connections of their own.
      await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx.getKysely());
      await sql`select pg_advisory_xact_lock(4680, 0)`.execute(tx.getKysely());
      await migrator.up();
    });
  }
  const known = new Set(migrations.map(({ name }) => name));
  const found = await run<{ name: string }>(sql`select name from mikro_orm_migrations`);
  const unknown = found.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new SallyportError('ERR_SCHEMA_MISMATCH', 'the database has been migrated by a newer version', {
      hint: 'start the newer version, or restore a backup that this version wrote',
      data: { expected: [...known], found: found.map(({ name }) => name) },
    });
  }
}

/** Ids are made of the origin, so data of another one would speak with the wrong name. */
async function checkOrigin(run: Statements['run'], origin: string): Promise<void> {
  await run(sql`insert into meta (key, value) values ('origin', ${origin}) on conflict do nothing`);
  const [row] = await run<{ value: string }>(sql`select value from meta where key = 'origin'`);
  if (row === undefined || row.value === origin) return;
  throw new SallyportError(
    'ERR_CONFIG',
    `this data belongs to the origin ${row.value}, and the configured origin is ${origin}`,
    {
      hint: 'set SALLYPORT_ORIGIN to the origin of the data, or use other data',
      data: { stored: row.value, configured: origin },
    },
  );
}

/** Without this a frozen process would hold its rows for ever; connection URLs have been seen to lose it. */
async function checkTimeouts(run: Statements['run']): Promise<void> {
  const [row] = await run<{ idle_in_transaction_session_timeout: string }>(
    sql`show idle_in_transaction_session_timeout`,
  );
  if (row?.idle_in_transaction_session_timeout === '0')
    throw new Error('idle_in_transaction_session_timeout is not in force');
}

function lockEmbedded(directory: string): () => void {
  if (directory.startsWith('memory://')) return () => undefined;
  const unlock = lockDirectory(directory);
  try {
    checkMajor(directory);
  } catch (error) {
    unlock();
    throw error;
  }
  return unlock;
}

/** The major of PostgreSQL that the bundled PGlite is. */
const PGLITE_MAJOR = '18';

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

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error(`the database took longer than ${ms} ms`), { code: '57014' })),
      ms,
    ).unref();
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Is it the environment's fault, not the data's? Connection lost or refused, resources, operator intervention,
 * serialisation, deadlock. Such work is tried again whole; halving it would blame the innocent.
 */
export function isEnvironmentError(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at !== null && at !== undefined && depth < 5; depth++) {
    const { code, message, cause } = at as { code?: unknown; message?: unknown; cause?: unknown };
    if (
      typeof code === 'string' &&
      /^(08...|53...|57P..|57014|40001|40P01|25P03|25P04|E[A-Z]{3,})$/.test(code)
    )
      return true;
    if (
      typeof message === 'string' &&
      /Connection terminated|timeout exceeded when trying to connect|ECONNREFUSED|ECONNRESET/.test(message)
    )
      return true;
    at = cause;
  }
  return false;
}
