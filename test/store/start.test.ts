/** What a store does before it is handed out: migrate, once, whoever else starts; and refuse data that is not its own. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { databases, emptyPostgres, pglite, postgresql, type TestDatabase } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';
import { temporaryDirectory } from '../setup/postgres.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const places: TestDatabase[] = [];
const keep = (place: TestDatabase): TestDatabase => {
  places.push(place);
  return place;
};
afterEach(async () => {
  for (const place of places.splice(0)) await place.drop();
});
const settingsOf = ({ database, dataDirectory }: TestDatabase, origin = PREPARED_ORIGIN) => ({
  database: database ?? null,
  dataDirectory,
  origin,
  logger,
});

/** A process of its own that opens the database, says how that went, and leaves. */
function opener(place: TestDatabase, origin = PREPARED_ORIGIN): Promise<string> {
  const script = `
    const { openStore } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/store/store.ts'))});
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const settings = { ...${JSON.stringify(settingsOf(place, origin))}, logger };
    try { const store = await openStore(settings); await store.close(); console.log('opened'); }
    catch (error) { console.log(error.code ?? error.message); }`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--liftoff-only', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.once('error', reject).once('close', () => resolve(output.trim()));
  });
}

describe('a fresh PostgreSQL', () => {
  test('is migrated once by processes that start at the same time', async () => {
    const place = keep(await emptyPostgres());
    expect(await Promise.all([opener(place), opener(place), opener(place)])).toEqual([
      'opened',
      'opened',
      'opened',
    ]);
    const store = await openStore(settingsOf(place));
    const names = await store.run<{ name: string }>(sql`select name from sallyport_migrations order by id`);
    expect(new Set(names.map(({ name }) => name)).size).toBe(names.length);
    await store.close();
  });

  test('belongs to one of two origins that start at the same time', async () => {
    const place = keep(await emptyPostgres());
    const said = await Promise.all([
      opener(place, 'https://one.example'),
      opener(place, 'https://two.example'),
    ]);
    expect(said.sort()).toEqual(['ERR_CONFIG', 'opened']);
  });

  test('may hold the tables and the MikroORM migrations of an application', async () => {
    const place = keep(await emptyPostgres());
    const { MikroORM } = await import('@mikro-orm/postgresql');
    const orm = await MikroORM.init({
      clientUrl: place.database as string,
      entities: [],
      discovery: { warnWhenNoEntities: false },
    });
    const execute = (statement: string) => orm.em.getConnection().execute(statement);
    await execute('create table mikro_orm_migrations (id serial primary key, name text)');
    await execute(`insert into mikro_orm_migrations (name) values ('theirs')`);
    const store = await openStore(settingsOf(place));
    expect(await store.run(sql`select name from mikro_orm_migrations`)).toEqual([{ name: 'theirs' }]);
    await store.close();
    await orm.close(true);
  });
});

describe.each(databases)('data on $name', (kind) => {
  const opened = async (place: TestDatabase, then: (store: Store) => Promise<unknown>): Promise<void> => {
    const store = await openStore(settingsOf(place));
    try {
      await then(store);
    } finally {
      await store.close();
    }
  };

  test('of another origin is refused, with both named', async () => {
    const place = keep(await kind.open());
    await expect(openStore(settingsOf(place, 'https://other.example'))).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/https:\/\/us\.example.*https:\/\/other\.example/),
      data: { stored: 'https://us.example', configured: 'https://other.example' },
    });
    await opened(place, async (store) => expect(await store.ready()).toBe(true));
  });

  test('of a newer version is refused, and left as it is', async () => {
    const place = keep(await kind.open());
    await opened(place, (store) =>
      store.run(sql`insert into sallyport_migrations (name) values ('9999-from-the-future')`),
    );
    await expect(openStore(settingsOf(place))).rejects.toMatchObject({
      code: 'ERR_SCHEMA_MISMATCH',
      data: { found: expect.arrayContaining(['9999-from-the-future']) },
    });
    await expect(openStore(settingsOf(place))).rejects.toMatchObject({ code: 'ERR_SCHEMA_MISMATCH' });
  });

  test('is there again after closing and opening', async () => {
    const place = keep(await kind.open());
    await opened(place, (store) => store.run(sql`insert into meta (key, value) values ('kept', 'yes')`));
    await opened(place, async (store) =>
      expect(await store.run(sql`select value from meta where key = 'kept'`)).toEqual([{ value: 'yes' }]),
    );
  });
});

describe('an embedded directory', () => {
  test('is made when it is not there, and locked only while it is open', async () => {
    const parent = temporaryDirectory('sallyport-fresh-');
    const dataDirectory = join(parent, 'deeper', 'data');
    const store = await openStore({ database: null, dataDirectory, origin: PREPARED_ORIGIN, logger });
    expect(store.kind).toBe('pglite');
    expect(JSON.parse(readFileSync(join(dataDirectory, 'sallyport.lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
    await store.close();
    expect(existsSync(join(dataDirectory, 'sallyport.lock'))).toBe(false);
    rmSync(parent, { recursive: true });
  });

  test('is refused to a second process, whatever it calls it, and given free after a refusal', async () => {
    const place = keep(await pglite.open());
    const store = await openStore(settingsOf(place));
    expect(await opener(place)).toBe('ERR_DATA_DIRECTORY_IN_USE');
    await store.close();
    expect(await opener(place, 'https://other.example')).toBe('ERR_CONFIG');
    expect(await opener(place)).toBe('opened');
  });

  test('of another PostgreSQL major is refused, with the way to migrate', async () => {
    const place = keep(await pglite.open());
    writeFileSync(join(place.dataDirectory, 'pglite', 'PG_VERSION'), '17\n');
    await expect(openStore(settingsOf(place))).rejects.toMatchObject({
      code: 'ERR_SCHEMA_MISMATCH',
      hint: expect.stringContaining('dump'),
      data: { expected: '18', found: '17' },
    });
    writeFileSync(join(place.dataDirectory, 'pglite', 'PG_VERSION'), '18\n');
    await (await openStore(settingsOf(place))).close();
  });

  test('is of the major that this version embeds', async () => {
    const place = keep(await pglite.open());
    const store = await openStore(settingsOf(place));
    const [row] = await store.run<{ version: string }>(
      sql`select current_setting('server_version_num') as version`,
    );
    expect(row?.version.slice(0, 2)).toBe('18');
    await store.close();
  });

  test('in memory leaves no trace and takes no lock', async () => {
    const settings = { database: null, dataDirectory: 'memory://', origin: PREPARED_ORIGIN, logger };
    const [one, two] = await Promise.all([openStore(settings), openStore(settings)]);
    await one.run(sql`insert into meta (key, value) values ('mine', '')`);
    expect(await two.run(sql`select from meta where key = 'mine'`)).toEqual([]);
    await Promise.all([one.close(), two.close()]);
    expect(existsSync('memory:')).toBe(false);
  });
});

test('the store loads only the driver that it uses', async () => {
  const place = keep(await postgresql.open());
  const script = `
    const { openStore } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/store/store.ts'))});
    const { registerHooks } = await import('node:module');
    const seen = [];
    registerHooks({ load(url, context, next) { seen.push(url); return next(url, context); } });
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const store = await openStore({ ...${JSON.stringify(settingsOf(place))}, logger });
    await store.close();
    console.log(JSON.stringify([seen.some((url) => url.includes('/pg/')), seen.some((url) => url.includes('electric-sql'))]));`;
  const child = spawn(process.execPath, ['--liftoff-only', '--input-type=module', '-e', script], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await new Promise<Buffer[]>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve([chunk])),
  )) as [Buffer];
  expect(JSON.parse(line.toString())).toEqual([true, false]);
});
