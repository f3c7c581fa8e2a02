/**
 * `npm run model`: random stories against the reference, in batches; a server is killed in each. Exit code 1 when any
 * story diverges.
 *
 * Options: --stories N (2000) on the embedded database, --pairs N (100) on PostgreSQL with two processes, --seed N.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres, temporaryDirectory } from '../setup/postgres.ts';
import { lineOf, type Played, playStories, show } from './stories.ts';

const { values } = parseArgs({
  options: {
    stories: { type: 'string', default: '2000' },
    pairs: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const [stories, pairs, seed] = [values.stories, values.pairs, values.seed].map(Number) as [
  number,
  number,
  number,
];
if (![stories, pairs, seed].every(Number.isInteger)) throw new Error('not a number');

const folder = temporaryDirectory('sallyport-model-');
const played: Played[] = [];
try {
  console.log(`model: seed ${seed}, Node ${process.version}`);
  const dataDirectory = join(folder, 'data');
  mkdirSync(dataDirectory);
  if (stories > 0) {
    const place = { database: undefined, dataDirectory };
    played.push(await playStories({ place, journal: join(folder, 'one'), stories, seed, processes: 1 }));
    console.log(`PGlite, one process: ${lineOf(played.at(-1) as Played)}`);
  }
  if (pairs > 0) {
    const postgres = await startPostgres();
    try {
      const place = { database: await postgres.createDatabase('model'), dataDirectory: '' };
      played.push(
        await playStories({ place, journal: join(folder, 'two'), stories: pairs, seed, processes: 2 }),
      );
      console.log(`PostgreSQL, two processes: ${lineOf(played.at(-1) as Played)}`);
    } finally {
      await postgres.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const divergences = played.flatMap((one) => one.divergences);
for (const divergence of divergences.slice(0, 3)) console.log(show(divergence));
process.exit(divergences.length === 0 ? 0 : 1);
