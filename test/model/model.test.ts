/**
 * Random stories of follows, reactions, notes and blocks, with what comes twice, what overtakes what it refers to, and
 * servers that are killed in between, against the reference. `npm run model` plays thousands.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyPostgres, pglite } from '../databases.ts';
import { temporaryDirectory } from '../setup/postgres.ts';
import { lineOf, playStories, show } from './stories.ts';

const seed = Number(process.env.SALLYPORT_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const PATIENCE_MS = 240_000;

let folder: string;
beforeAll(() => {
  folder = temporaryDirectory('sallyport-model-');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  { where: 'PGlite, and a process that is killed', open: () => pglite.open(), stories: 40, processes: 1 },
  {
    where: 'PostgreSQL, and two processes, one of them killed',
    open: emptyPostgres,
    stories: 20,
    processes: 2,
  },
])('every story ends as the reference has it, on $where', { timeout: PATIENCE_MS }, async (given) => {
  const { open, stories, processes } = given;
  const place = await open();
  const played = await playStories({
    place,
    journal: join(folder, `${processes}`),
    stories,
    seed,
    processes,
  });
  console.log(lineOf(played));
  expect(played.divergences.map(show)).toEqual([]);
  expect(played).toMatchObject({ stories, kills: 1 });
  await place.drop();
});
