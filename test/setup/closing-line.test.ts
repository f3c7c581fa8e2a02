/** CI believes the last line of a run, so it must not be green when anything went wrong, in a test or beside one. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');
const reporter = join(import.meta.dirname, 'closing-line.ts');

/** Runs these test files with the reporter; says the last line of the output and the exit code. */
async function run(
  files: Record<string, string>,
): Promise<{ line: string | undefined; code: number | null }> {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-closing-'));
  mkdirSync(join(root, 'test'));
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(root, 'test', `${name}.test.ts`), text);
  const args = [vitest, 'run', '--root', root, '--globals', `--reporter=${reporter}`];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  rmSync(root, { recursive: true, force: true });
  return { line: output.trimEnd().split('\n').at(-1), code };
}

const OK = `test('ok', () => {});`;
const FAILING = `() => { throw new Error('no'); }`;

test('ends with the number of tests, alone on a line', async () => {
  const files = { one: OK, two: `${OK}; test.skip('later', () => {});` };
  expect(await run(files)).toEqual({ line: '2 passed, 0 failed, 1 skipped', code: 0 });
});

test.each([
  ['a test', `test('fails', ${FAILING}); ${OK}`, '1 passed, 1 failed'],
  [
    'what comes before the tests',
    `describe('of', () => { beforeAll(${FAILING}); ${OK} }); ${OK}`,
    '1 passed, 1 failed, 1 skipped',
  ],
  ['what comes after them', `describe('of', () => { afterAll(${FAILING}); ${OK} });`, '1 passed, 1 failed'],
  ['what comes after a file', `afterAll(${FAILING}); ${OK}`, '1 passed, 1 failed'],
  ['a file', `throw new Error('no');`, '0 passed, 1 failed'],
  [
    'something that nobody awaited',
    `test('ok', () => { setTimeout(${FAILING}, 0); });`,
    '1 passed, 1 failed',
  ],
])('counts a failure of %s', async (_, text, line) => {
  expect(await run({ only: text })).toEqual({ line, code: 1 });
});
