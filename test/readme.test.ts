/** The README is true: its tables are the options' own, its examples are files that the tests run, its commands exist. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type ErrorCode, SallyportError } from '../src/errors.ts';
import { markdownOf, OPTIONS, VARIABLES } from '../src/options/tables.ts';
import { OPTION_NAMES } from '../src/options.ts';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const readme = read('README.md');

test('lists every variable and every option, with what the code says of them', () => {
  expect(readme).toContain(markdownOf(VARIABLES, 'variable'));
  expect(readme).toContain(markdownOf(OPTIONS, 'option'));
  expect(OPTIONS.map(([name]) => name).sort()).toEqual([...OPTION_NAMES].sort());
});

test('shows examples that are files of the tests, word for word', () => {
  const shown = [...readme.matchAll(/```ts\n\/\/ (test\/\S+)\n([\s\S]*?)\n```/g)];
  expect(shown.map(([, file]) => file)).toEqual([
    'test/embedding/hono-app.ts',
    'test/embedding/express-app.ts',
    'test/recipes/notify-by-mail.ts',
    'test/recipes/sync-likes.ts',
    'test/recipes/daily-statistics.ts',
    'test/recipes/alert-moderators.ts',
    'test/recipes/webhook.ts',
    'test/recipes/interaction-policy.ts',
    'test/recipes/auto-accept.ts',
    'test/testing/page.test.ts',
    'test/testing/examples.test.ts',
  ]);
  for (const [, file, text] of shown) expect(`${text}\n`).toBe(read(file as string));
});

test('names only npm scripts and files that exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const commands = [...readme.matchAll(/npm (?:run (\w+)|(start|test))/g)].map(
    ([, run, short]) => run ?? short,
  );
  expect(commands.filter((name) => !(String(name) in scripts))).toEqual([]);
  for (const [, file] of readme.matchAll(/`((?:src|machines)\/[\w/-]+\.ts)`/g))
    expect(read(file as string)).not.toBe('');
});

/** Every code once: the compiler holds this list and the union together. */
const CODES: Record<ErrorCode, true> = {
  ERR_CONFIG: true,
  ERR_BODY_CONSUMED: true,
  ERR_DATA_DIRECTORY_IN_USE: true,
  ERR_DATABASE_UNAVAILABLE: true,
  ERR_SCHEMA_MISMATCH: true,
  ERR_SNAPSHOT_UNKNOWN: true,
  ERR_NOT_ALLOWED_IN_STATE: true,
  ERR_IN_TRANSACTION: true,
  ERR_NOT_FOUND: true,
  ERR_INVALID: true,
  ERR_REMOTE: true,
  ERR_SEQUENCE_EXPIRED: true,
  ERR_OVERFLOW: true,
  ERR_WORKERS: true,
  ERR_CLOSED: true,
};

test('explains every error code', () => {
  const table = readme.slice(readme.indexOf('| code | when |'));
  expect(Object.keys(CODES).filter((code) => !table.includes(`\`${code}\``))).toEqual([]);
  expect(new SallyportError('ERR_CLOSED', 'over').code in CODES).toBe(true);
});
