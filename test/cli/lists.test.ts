/**
 * Lists by the command, against a server that runs: many rows on the embedded database, shown before, applied and
 * undone as one with its progress; fewer on PostgreSQL; and the client library `masto` at its door.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRestAPIClient } from 'masto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresql } from '../databases.ts';
import { type Env, emptyDirectory, preparedDirectory, run, type Server, serve } from './command.ts';

const SLOW = 300_000;
const HEAD = '#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n';

/** The long form, `npm run lists`, has ten thousand. */
const ROWS = Number(process.env.SALLYPORT_LIST_ROWS ?? 1_200);

/** Mastodon's own way of writing so many rows, by name. */
function listOf(rows: number): string {
  const lines = Array.from({ length: rows }, (_, n) => {
    const severity = n % 3 === 0 ? 'silence' : 'suspend';
    return `d${String(n).padStart(5, '0')}.example,${severity},${n % 5 === 0},false,"row ${n}, of many",${n % 7 === 0}\n`;
  });
  return HEAD + lines.join('');
}

/** How far the command said it was, in the order in which it did. */
const steps = (stderr: string, state: string): number[] =>
  [...stderr.matchAll(new RegExp(`^(?:${state}): (\\d+) of`, 'gm'))].map(([, done]) => Number(done));

describe.each([
  { name: 'PGlite', kind: null, rows: ROWS },
  { name: 'PostgreSQL', kind: postgresql, rows: 300 },
])('lists by the command ($name)', ({ kind, rows }) => {
  let server: Server;
  let place: { directory: string } & Disposable;
  let drop = async (): Promise<void> => undefined;
  let env: Env;
  beforeAll(async () => {
    const database = await kind?.open();
    if (database !== undefined) drop = () => database.drop();
    place = kind === null ? await preparedDirectory() : emptyDirectory();
    server = await serve(place.directory, {
      ...{ DATABASE_URL: database?.database, SALLYPORT_ACTORS: 'alice', SALLYPORT_PUBLIC_BLOCKLIST: '1' },
      SALLYPORT_MODERATORS: 'maria:moderator:marias-word',
    });
    env = { SALLYPORT_DATA: place.directory };
  }, SLOW);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await drop();
    place?.[Symbol.dispose]();
  }, SLOW);

  const command = async (...args: string[]) => {
    const done = await run(args, env, place.directory);
    return { ...done, shown: `${done.code}\n${done.stdout}\n${done.stderr}` };
  };
  test(
    `a list of ${rows} rows is shown, applied, given out as it came, and undone as one`,
    async () => {
      const file = join(place.directory, 'list.csv');
      writeFileSync(file, `${listOf(rows)},,,,,\nap.invalid,suspend,FALSE,FALSE,iftas:canary,FALSE\n`);
      const tried = await command('lists', 'import', file, '--dry-run');
      expect(tried.stdout).toContain(`${rows + 1} rows of block (mastodon)`);
      expect(tried.stdout).toContain(`add ${rows}, update 0, remove 0, same 0`);
      expect(tried.stdout).toContain(`${rows + 3}: ap.invalid`);
      expect((await command('batches', 'ls')).stdout).toBe('None.\n');

      const applied = await command('lists', 'import', file, '--reason', 'shared by friends');
      expect(applied.code, applied.shown).toBe(0);
      expect(applied.stdout).toContain(`Batch 1: ${rows} of ${rows} domains changed.`);
      const done = steps(applied.stderr, 'applying|applied');
      expect(done.at(-1)).toBe(rows);
      if (rows > 1_000) expect(done.filter((count) => count > 0 && count < rows).length).toBeGreaterThan(2);
      expect((await command('domains', 'show', 'd00001.example', '--json')).stdout).toContain('"blocked"');

      expect((await command('domains', 'export')).stdout).toBe(listOf(rows));
      const again = await command('domains', 'import', file, '--replace', '--yes');
      expect([again.code, again.stdout]).toEqual([
        0,
        expect.stringContaining('There was nothing to change.'),
      ]);

      const undone = await command('batches', 'undo', '1', '--json');
      expect(undone.code, undone.shown).toBe(0);
      expect(JSON.parse(undone.stdout)).toMatchObject({
        kind: 'import',
        state: 'undone',
        total: rows,
        done: rows,
      });
      expect(steps(undone.stderr, 'undoing|undone').at(-1)).toBe(rows);
      expect((await command('lists', 'export')).stdout).toBe(HEAD);
    },
    SLOW,
  );

  // What follows knows nothing of the database.
  if (kind !== null) return;

  test(
    'a client of the library masto, and everybody else, meets the same at the same server',
    async () => {
      const { v1 } = createRestAPIClient({ url: server.url, accessToken: 'marias-word' });
      const made = await v1.admin.domainBlocks.create({ domain: 'spam.example', severity: 'suspend' });
      expect(await v1.admin.domainBlocks.list()).toEqual([made]);
      expect((await command('domains', 'show', 'spam.example')).stdout).toMatch(/^by +maria$/m);
      expect((await command('lists', 'export', '--format', 'plain')).stdout).toBe('spam.example\n');
      await v1.admin.domainBlocks.$select(made.id).remove();
      expect(await v1.admin.domainBlocks.list()).toEqual([]);
    },
    SLOW,
  );

  test(
    'a file that would take back nearly everything changes nothing without force, and what is no file says so',
    async () => {
      const names = Array.from({ length: 20 }, (_, n) => `many${n}.example\n`).join('');
      const file = join(place.directory, 'names.txt');
      writeFileSync(file, names);
      expect((await command('lists', 'import', file)).code).toBe(0);
      writeFileSync(file, 'many0.example\n');
      const refused = await command('lists', 'import', file, '--replace');
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('--force')]);
      expect((await command('lists', 'export', '--format', 'plain')).stdout.split('\n')).toHaveLength(21);
      const forced = await command('lists', 'import', file, '--replace', '--force', '--json');
      expect(JSON.parse(forced.stdout)).toMatchObject({ state: 'applied', total: 19 });

      expect((await command('lists', 'import', join(place.directory, 'nothing.csv'))).code).toBe(2);
      writeFileSync(file, Uint8Array.of(0xff, 0xfe, 0x00));
      expect((await command('lists', 'import', file)).stderr).toContain('is not UTF-8');
      expect((await command('lists', 'import')).code).toBe(2);
      expect((await command('lists', 'look')).code).toBe(2);
      const unknown = await command('batches', 'show', '99');
      expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('404')]);
    },
    SLOW,
  );
});
