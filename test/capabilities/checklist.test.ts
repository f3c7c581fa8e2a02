/** The checklist itself: every row that is built has a test named by it, and none of them is skipped. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Rows of the capabilities, first and last. */
const RANGES = [[1, 88]] as const;
const TESTS = join(import.meta.dirname, '..');

const sources = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((file) => /^(capabilities|recipes|testing)\/.*\.test\.ts$/.test(file.replaceAll('\\', '/')))
  .map((file) => readFileSync(join(TESTS, file), 'utf8'));
const titles = sources.flatMap((source) =>
  [...source.matchAll(/(?:describe|test)(?:\.\w+(?:\([^)]*\))?)*\(\s*(['"`])(.*?)\1/gs)].map((match) => ({
    title: match[2] as string,
    isSkipped: match[0].includes('.skip') || match[0].includes('.todo'),
  })),
);

test('every row has a test of its name, and none is skipped', () => {
  const named = new Set(
    titles.filter(({ isSkipped }) => !isSkipped).flatMap(({ title }) => title.match(/\bS\d+\b/g) ?? []),
  );
  const rows = RANGES.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => `S${first + at}`),
  );
  expect(rows.filter((row) => !named.has(row))).toEqual([]);
  expect(titles.filter(({ isSkipped }) => isSkipped)).toEqual([]);
});
