/** A first start copies the blank database that the installation made, whole, and touches nothing that is there. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { blankPlace, copyBlank } from '../../src/store/blank.ts';
import { makeBlank } from '../../src/store/connection.ts';
import { sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';
import { temporaryDirectory } from '../setup/postgres.ts';
import { quiet } from '../turn/mail.ts';

const MAJOR = '18';
const places: string[] = [];
const place = (): string => {
  const directory = temporaryDirectory('sallyport-blank-');
  places.push(directory);
  return directory;
};

beforeAll(makeBlank, 120_000);
afterEach(() => {
  for (const directory of places.splice(0)) rmSync(directory, { recursive: true, force: true });
});

test('a database that began as a copy is a database like any other', async () => {
  const dataDirectory = place();
  const settings = { database: null, dataDirectory, origin: 'https://us.example', logger: quiet };
  const store = await openStore(settings);
  expect(await store.run(sql`select value from meta where key = 'origin'`)).toEqual([
    { value: 'https://us.example' },
  ]);
  await store.close();
  expect(readdirSync(dataDirectory).filter((name) => name.startsWith('pglite'))).toEqual(['pglite']);
  // The blank one is as blank as before.
  expect(readdirSync(blankPlace(MAJOR))).toContain('PG_VERSION');
});

test('data that is there already is left as it is', () => {
  const path = join(place(), 'pglite');
  mkdirSync(path);
  writeFileSync(join(path, 'mine'), 'kept');
  copyBlank(path, MAJOR);
  expect(readdirSync(path)).toEqual(['mine']);
  expect(readFileSync(join(path, 'mine'), 'utf8')).toBe('kept');
});

test('where there is no blank database nothing is copied', () => {
  const path = join(place(), 'pglite');
  copyBlank(path, 'no-such-major');
  expect(readdirSync(join(path, '..'))).toEqual([]);
});
