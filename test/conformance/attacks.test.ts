/**
 * Attacks on an inbox, each played over TCP or through the public API against what a server would run, and judged by
 * its effect. `npm run conformance` plays the same ones in their long forms and prints them as one table.
 */
import { describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import { PATIENCE } from '../inbox/served.ts';
import { play } from './attack.ts';
import { CLASSES } from './attacks/index.ts';
import { openWorld } from './world.ts';

describe.each(CLASSES)('$name', ({ cls, attacks, world: options }) => {
  test(
    'is held off',
    async () => {
      await using world = await openWorld(pglite, options);
      const rows = [];
      for (const [id, attack] of Object.entries(attacks)) rows.push(await play(cls, id, attack, world));
      console.table(
        rows.map(({ id, status, effect, ms, delayMs }) => ({
          id,
          status,
          effect,
          ms: Math.round(ms),
          delayMs,
        })),
      );
      expect(rows.filter(({ failure }) => failure !== null)).toEqual([]);
    },
    PATIENCE,
  );
});
