/**
 * The package as others get it: the command and every door, from the checkout and from the packed tarball. It is
 * built and packed in a copy, so that nobody's `dist` is touched.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, preparedDirectory, serve, watch } from './cli/command.ts';

const SLOW = 300_000;
const root = path.resolve(import.meta.dirname, '..');
const { name, version, exports: doors } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** Everything that can be imported. What is added or taken away here is seen by every user. */
const EXPORTS: Readonly<Record<string, readonly string[]>> = {
  sallyport: ['SallyportError', 'createInbox', 'drop', 'fromEnv', 'hold', 'reject', 'shadow'],
  'sallyport/machines': [
    'DOMAIN_VERSION',
    'FOLLOW_REQUEST_VERSION',
    'SnapshotError',
    'chart',
    'domainMachine',
    'followRequestMachine',
    'step',
  ],
  'sallyport/node': ['shutdownOn', 'toNodeHandler'],
  'sallyport/testing': ['createTestInbox', 'fixtures', 'matchers'],
};

/** A program that prints the names of a door's exports, and dies when one of them is nothing. */
const listing = (door: string): string => `
  const door = await import('${door}');
  if (Object.values(door).some((value) => value === undefined)) throw new Error('an export is nothing');
  console.log(JSON.stringify(Object.keys(door).sort()));`;

/** As if this Node were old. */
const OLD = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });",
)}`;

let workshop: string;
let packed: string[];
const consumer = (): string => path.join(workshop, 'consumer');
const installed = (): string => path.join(consumer(), 'node_modules', name);

beforeAll(() => {
  workshop = mkdtempSync(path.join(tmpdir(), 'sallyport-package-'));
  const copy = path.join(workshop, 'copy');
  const parts = [
    'package.json',
    'tsconfig.json',
    'src',
    'machines',
    'README.md',
    'ARCHITECTURE.md',
    'FEDERATION.md',
    'LICENSE',
  ];
  for (const part of parts) cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  const options = { cwd: copy, encoding: 'utf8' } as const;
  const compiler = path.join(root, 'node_modules/.bin/tsc');
  execFileSync(compiler, ['-p', 'src/tsconfig.json'], options);
  const [{ filename, files }] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json'], options),
  );
  packed = files.map((file: { path: string }) => file.path);
  mkdirSync(installed(), { recursive: true });
  execFileSync('tar', ['xzf', path.join(copy, filename), '-C', installed(), '--strip-components=1']);
  for (const entry of readdirSync(path.join(root, 'node_modules'))) {
    if (entry !== name && !entry.startsWith('.'))
      symlinkSync(path.join(root, 'node_modules', entry), path.join(consumer(), 'node_modules', entry));
  }
  // The copy of an empty database, which takes ten seconds to make, is the checkout's.
  mkdirSync(path.join(root, 'node_modules/.cache'), { recursive: true });
  symlinkSync(path.join(root, 'node_modules/.cache'), path.join(consumer(), 'node_modules/.cache'));
}, SLOW);
afterAll(() => rmSync(workshop, { recursive: true, force: true }));

test('the doors are those that are pinned', () => {
  const names = Object.keys(doors).filter((door) => door !== './package.json');
  expect(names.map((door) => door.replace(/^\./, name)).sort()).toEqual(Object.keys(EXPORTS).sort());
});

test('the tarball holds what was built and the launchers, and no sources', () => {
  expect(
    packed.filter((file) => /^(src|machines|test)\//.test(file) && !file.startsWith('src/launch/')),
  ).toEqual([]);
  for (const { types } of Object.values(doors) as { types?: string }[]) {
    if (types !== undefined) expect(packed).toContain(types.replace('./', ''));
  }
});

describe.each([
  ['checkout', () => root, () => LAUNCHER],
  ['tarball', consumer, () => path.join(installed(), 'src/launch/sallyport.js')],
])('from the %s', (_, folder, launcher) => {
  test.each(Object.entries(EXPORTS))(
    '%s can be imported',
    async (door, names) => {
      const args = ['--input-type=module', '--eval', listing(door)];
      const { code, stdout, stderr } = await watch(args, {}, folder()).finished();
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual(names);
    },
    SLOW,
  );

  test(
    'the command tells its version',
    async () => {
      const { code, stdout } = await watch([launcher(), '--version'], {}, folder()).finished();
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${version}\n` });
    },
    SLOW,
  );

  test(
    'the server starts, is ready, and ends',
    async () => {
      using place = await preparedDirectory();
      await using server = await serve(place.directory, {}, launcher());
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      server.child.kill('SIGTERM');
      expect((await server.finished()).code).toBe(0);
    },
    SLOW,
  );

  test(
    'a Node that is too old is told so, by the command and by every door: code 2',
    async () => {
      const started = [
        watch(['--import', OLD, launcher(), 'start'], {}, folder()),
        ...Object.keys(EXPORTS).map((door) =>
          watch(['--import', OLD, '--input-type=module', '--eval', `await import('${door}')`], {}, folder()),
        ),
      ];
      for (const running of started) {
        const { code, stderr } = await running.finished();
        expect(code).toBe(2);
        expect(stderr).toMatch(/^sallyport needs Node 22\.18 or newer; this is 20\.20\.2/);
      }
    },
    SLOW,
  );
});
