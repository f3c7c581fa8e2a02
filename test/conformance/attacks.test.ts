/**
 * Attacks on an inbox, each played over TCP or through the public API against what a server would run, and judged by
 * its effect. `npm run conformance` plays the same ones in their long forms and prints them as one table.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import { PATIENCE } from '../inbox/served.ts';
import { play, type Row } from './attack.ts';
import { CLASSES } from './attacks/index.ts';
import { openWorld, type World } from './world.ts';

const settings = [...new Set(CLASSES.map(({ world }) => world))];

describe.each(settings)('an inbox', (options) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(pglite, options);
  }, PATIENCE);
  afterAll(() => world[Symbol.asyncDispose](), PATIENCE);

  test.each(CLASSES.filter((of) => of.world === options))(
    'holds off attacks on $name',
    async ({ cls, attacks }) => {
      const rows: Row[] = [];
      for (const [id, attack] of Object.entries(attacks)) rows.push(await play(cls, id, attack, world));
      for (const { id, status, effect, ms } of rows)
        console.info(`${id} ${status}: ${effect} (${Math.round(ms)} ms)`);
      expect(rows.filter(({ failure }) => failure !== null)).toEqual([]);
    },
    PATIENCE,
  );
});
