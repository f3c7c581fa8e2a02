/**
 * The database: opened, migrated and checked; the transaction; the clock. Embedded PGlite without a URL, PostgreSQL
 * with one. Everybody else sees `Store` and never a driver.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CompiledQuery, type RawBuilder } from 'kysely';
import { messageOf, SallyportError } from '../errors.ts';
import { policyVersion, type Settings } from '../options.ts';
import { type Clock, createDatabaseClock } from './clock.ts';
import {
  type Connection,
  type EmbeddedOptions,
  openEmbedded,
  openServer,
  type Runner,
} from './connection.ts';
import { CONTACT_INDEX } from './contacts.ts';
import { lockDirectory } from './lock.ts';
import { ms, type Statements, sql } from './statement.ts';

export type { Clock } from './clock.ts';
export { isEnvironmentError } from './environment-error.ts';

export interface Store extends Statements {
  readonly kind: 'pglite' | 'postgres';
  readonly clock: Clock;
  /**
   * One transaction, of at most `transactionMs`. Never nested: on PGlite an inner one would wait for ever. A
   * statement that failed in it fails all of it, also when its error was caught: PostgreSQL would turn the COMMIT
   * into a ROLLBACK and say nothing.
   */
  transaction<T>(work: (tx: Statements) => Promise<T>): Promise<T>;
  /**
   * One transaction in which the service's own statements run beside ours, of at most `withinMs`. Whoever asks for the
   * store inside of it, by whatever way, is refused with `ERR_IN_TRANSACTION`.
   */
  guestTransaction<T>(withinMs: number, work: (tx: GuestStatements) => Promise<T>): Promise<T>;
  /** Is this called inside of such a transaction? */
  isInGuestTransaction(): boolean;
  /** Does the database answer? */
  ready(): Promise<boolean>;
  /** Lets running transactions end. From then on every call is refused with `ERR_CLOSED`. */
  close(): Promise<void>;
}

/** Statements of a transaction that the service's own code shares. */
export interface GuestStatements extends Statements {
  /** One statement as text, with `$1`, `$2` … for its parameters. Throws `ERR_INVALID` for one that ends the transaction. */
  execute<Row>(text: string, parameters: readonly unknown[]): Promise<Row[]>;
}

export interface StoreParts {
  /** In place of the database's clock. */
  readonly clock?: Clock;
  /** Sees the text of every statement before it runs. */
  readonly observe?: (statement: string) => void;
  /** How long the database may take to be reachable when the store is opened, in milliseconds. @default 10000 */
  readonly startMs?: number;
  /** The most that a statement or a transaction may take, in milliseconds; ours take a hundredth. @default 15000 */
  readonly transactionMs?: number;
  /** Options for the driver of the embedded database, such as a copy to load into memory. */
  readonly embedded?: EmbeddedOptions;
}

const START_MS = 10_000;
const TRANSACTION_MS = 15_000;
const READY_MS = 2_000;
const CLOCK_EVERY_MS = 60_000;

/** A transaction as long as it runs; what it started and left behind may still ask for it afterwards. */
interface Life {
  /** The service's own code runs in it. */
  readonly isGuest: boolean;
  isOver: boolean;
  failure: { readonly error: unknown } | null;
}

/**
 * Opens the database: waits for it, locks the directory of an embedded one, migrates, and checks that the data is of
 * this origin. Throws `ERR_DATABASE_UNAVAILABLE`, `ERR_DATA_DIRECTORY_IN_USE`, `ERR_SCHEMA_MISMATCH` or `ERR_CONFIG`.
 */
export async function openStore(
  settings: Pick<Settings, 'database' | 'dataDirectory' | 'origin' | 'logger'> &
    Partial<Pick<Settings, 'filters' | 'shadowFilters'>>,
  parts: StoreParts = {},
): Promise<Store> {
  const { database, dataDirectory, logger, filters = [], shadowFilters = [] } = settings;
  const asksForContacts = [...filters, ...shadowFilters].some(({ use }) => use === 'first-contact');
  const indices = asksForContacts ? [CONTACT_INDEX] : [];
  const { startMs = START_MS, transactionMs = TRANSACTION_MS } = parts;
  const isLocked = database === null && !dataDirectory.startsWith('memory://');
  const unlock = isLocked ? lockDirectory(dataDirectory) : () => undefined;
  let connection: Connection | undefined;
  try {
    connection =
      database === null
        ? await openEmbedded(dataDirectory, parts.embedded, indices)
        : await openServer(database, { startMs, statementMs: transactionMs }, logger, indices);
    return await openOn(connection, settings, parts, unlock);
  } catch (error) {
    await connection?.close().catch(() => undefined);
    unlock();
    throw error;
  }
}

async function openOn(
  connection: Connection,
  settings: Pick<Settings, 'origin' | 'logger'> & Partial<Settings>,
  { transactionMs = TRANSACTION_MS, ...parts }: StoreParts,
  unlock: () => void,
): Promise<Store> {
  const { origin, logger } = settings;
  const policy = policyVersion(settings);
  const current = new AsyncLocalStorage<Life>();
  let closing: Promise<void> | undefined;

  const execute = async <Row>(runner: Runner, statement: RawBuilder<Row>): Promise<Row[]> => {
    parts.observe?.(statement.compile(runner).sql);
    return (await statement.execute(runner)).rows;
  };
  const refuse = (what: string): void => {
    if (closing !== undefined) throw new SallyportError('ERR_CLOSED', 'the store is closed');
    const life = current.getStore();
    if (life?.isOver !== false) return;
    throw life.isGuest ? inTransaction() : misuse(`${what} was begun inside a transaction`);
  };
  const run = async <Row>(statement: RawBuilder<Row>): Promise<Row[]> => {
    refuse('a statement outside of the transaction');
    return execute(connection.runner, statement);
  };

  async function begin<T>(
    withinMs: number,
    isGuest: boolean,
    work: (tx: GuestStatements) => Promise<T>,
  ): Promise<T> {
    refuse('a transaction');
    const life: Life = { isGuest, isOver: false, failure: null };
    const deadline = createDeadline(withinMs);
    const begun = connection.transaction(async (runner) => {
      try {
        const done = await Promise.race([
          current.run(life, () => work({ policy, ...statementsOf(runner, life, execute) })),
          deadline.passed,
        ]);
        if (life.failure !== null) throw life.failure.error;
        return done;
      } finally {
        life.isOver = true;
      }
    });
    try {
      return await Promise.race([begun, deadline.passed]);
    } finally {
      deadline.clear();
    }
  }

  const clock = createDatabaseClock(
    async () => (await run<{ at: number }>(sql`select ${ms('clock_timestamp()')} as at`))[0]?.at as number,
  );
  await clock.read();
  await checkOrigin(run, origin);
  const timer = setInterval(() => {
    const failed = (error: unknown): void =>
      logger.warn('the clock was not read', { error: messageOf(error) });
    clock.read().catch(failed);
  }, CLOCK_EVERY_MS).unref();

  return {
    policy,
    kind: connection.kind,
    clock: parts.clock ?? clock,
    run,
    transaction: (work) => begin(transactionMs, false, work),
    guestTransaction: (withinMs, work) => begin(withinMs, true, work),
    isInGuestTransaction() {
      const life = current.getStore();
      return life?.isGuest === true && !life.isOver;
    },
    async ready() {
      const deadline = createDeadline(READY_MS);
      const asked = current.exit(() => run(sql`select 1`));
      return Promise.race([asked, deadline.passed])
        .then(
          () => true,
          () => false,
        )
        .finally(deadline.clear);
    },
    close() {
      clearInterval(timer);
      closing ??= connection.close().finally(unlock);
      return closing;
    },
  };
}

/** What would end the transaction, or begin another one, under our hands. */
const CONTROL = /^\s*(?:begin|start\s+transaction|commit|end|rollback|abort|prepare\s+transaction)\b/i;

/** The statements of one transaction. */
function statementsOf(
  runner: Runner,
  life: Life,
  execute: <Row>(runner: Runner, statement: RawBuilder<Row>) => Promise<Row[]>,
): GuestStatements {
  const within = async <T>(work: () => Promise<T>): Promise<T> => {
    if (life.isOver) throw misuse('a statement came after the end of its transaction');
    try {
      return await work();
    } catch (error) {
      life.failure ??= { error };
      throw error;
    }
  };
  return {
    run: (statement) => within(() => execute(runner, statement)),
    execute<Row>(text: string, parameters: readonly unknown[]) {
      return within(async () => {
        if (CONTROL.test(text)) throw misuse('a statement would end or begin a transaction');
        const { rows } = await runner.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]));
        return rows;
      });
    },
  };
}

/** The inbox was called from inside of a transaction that it shares with the service's own statements. */
export function inTransaction(): SallyportError {
  return new SallyportError('ERR_IN_TRANSACTION', 'the inbox was called inside of ctx.transaction', {
    hint: 'call it before or after; inside, only the statements of the transaction run',
  });
}

function misuse(what: string): SallyportError {
  return new SallyportError('ERR_INVALID', what, {
    hint: 'use the transaction that was handed in, and only until its function returns',
  });
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

/** A promise that fails after `afterMs` as PostgreSQL does when it cancels: 57014, an error of the environment. */
function createDeadline(afterMs: number): { readonly passed: Promise<never>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(Object.assign(new Error(`the database took longer than ${afterMs} ms`), { code: '57014' }));
    }, afterMs);
  });
  // It may pass while nobody looks, between the two races that it takes part in.
  passed.catch(() => undefined);
  return { passed, clear: () => clearTimeout(timer) };
}
