/** A place for the tests of one block: a database, a clock that is set by hand, and a way out to loopback. */
import { afterAll, beforeAll } from 'vitest';
import { createKeys, type Keys, type KeysParts, type KnownKey, type NoKey } from '../../src/keys.ts';
import { createRemote, type Remote, type RemoteLimits } from '../../src/remote.ts';
import { sql } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import type { DatabaseKind, TestDatabase } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

export interface Place {
  readonly store: Store;
  /** Moves the clock. */
  pass(ms: number): void;
  /** Keys with an empty memory, as after a restart. */
  keys(parts?: Partial<KeysParts>, limits?: Partial<RemoteLimits>): Keys;
  /** Everything that was logged. */
  readonly logged: string[];
  /** The rows of keys and actors. */
  rows(): Promise<{ keys: string[]; actors: string[] }>;
  /** Statements so far. */
  readonly statements: number;
}

export function placeOn(kind: DatabaseKind): Place {
  let database: TestDatabase | undefined;
  let store: Store | undefined;
  let nowMs = Date.UTC(2026, 10, 25, 12);
  let statements = 0;
  const logged: string[] = [];
  const opened: Remote[] = [];
  const log = (message: string) => void logged.push(message);
  const logger = { debug() {}, info() {}, warn: log, error: log };
  beforeAll(async () => {
    database = await kind.open();
    store = await openStore(
      {
        database: database.database ?? null,
        dataDirectory: database.dataDirectory,
        origin: PREPARED_ORIGIN,
        logger,
      },
      { clock: { now: () => nowMs }, observe: () => void statements++ },
    );
  });
  afterAll(async () => {
    await Promise.all(opened.map((remote) => remote.close()));
    await store?.close();
    await database?.drop();
  });
  return {
    get store() {
      return store as Store;
    },
    get statements() {
      return statements;
    },
    logged,
    pass(ms) {
      nowMs += ms;
    },
    keys(parts = {}, limits = {}) {
      const remote = createRemote({ origin: PREPARED_ORIGIN, allowPrivateAddress: true }, { limits });
      opened.push(remote);
      return createKeys({
        settings: { allowPrivateAddress: true, logger },
        store: this.store,
        remote,
        ...parts,
      });
    },
    async rows() {
      const ids = async (table: string): Promise<string[]> =>
        (await this.store.run<{ id: string }>(sql`select id from ${sql.table(table)} order by id`)).map(
          ({ id }) => id,
        );
      return { keys: await ids('remote_key'), actors: await ids('remote_actor') };
    },
  };
}

/** The key, or an error that says why there is none. */
export function keyIn(found: KnownKey | NoKey): KnownKey {
  if ('refusal' in found) throw new Error(`no key: ${JSON.stringify(found)}`);
  return found;
}

/** Why there is no key; an error where there is one. */
export function refusalIn(found: KnownKey | NoKey): string {
  if (!('refusal' in found)) throw new Error(`a key: ${found.id} of ${found.actor}`);
  return 'reason' in found.refusal ? found.refusal.reason : found.refusal.type;
}
