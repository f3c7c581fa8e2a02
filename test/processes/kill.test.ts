/** The short form of `npm run kill`: two kills on each database; see benchmarks/kill/rounds.ts for the method. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runRounds } from '../../benchmarks/kill/rounds.ts';
import { databases } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';
import { temporaryDirectory } from '../setup/postgres.ts';

/** Processes are started and killed for real, which takes its time on a machine that has other things to do. */
const PATIENCE_MS = 600_000;

test.each(databases)(
  '$name loses nothing acknowledged and doubles no effect when its process is killed under load, twice',
  async (kind) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const place = await kind.open();
    const folder = temporaryDirectory('sallyport-kill-');
    try {
      const totals = await runRounds({
        ...{ place, seed, rounds: 2, origin: PREPARED_ORIGIN, journal: join(folder, 'journal') },
        ...{ domains: 6, actorsEach: 2, acknowledgedMax: 200, awaitsAnswers: false },
        onRound: ({ number, unanswered, unprocessed, acknowledged }) =>
          console.log(
            `${kind.name}, seed ${seed}, round ${number}: ${unanswered} unanswered, ${unprocessed} unprocessed, ${acknowledged} acknowledged`,
          ),
      });
      expect(totals.lost).toEqual([]);
      expect(totals.doubled).toEqual([]);
      expect(totals.kills - totals.repeated).toBe(2);
      expect(totals.acknowledged).toBeGreaterThan(0);
    } finally {
      await place.drop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  PATIENCE_MS,
);
