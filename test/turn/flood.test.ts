/** Floods: a turn holds a bounded number of mails, and however many domains flood, the others get their part of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTurns } from '../../src/turn/poison.ts';
import { databases } from '../databases.ts';
import { accepted, type Desk, ended, openDesk, quiet, verified } from './mail.ts';

describe.each(databases)('a flood on $name', (kind) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  afterAll(() => desk[Symbol.asyncDispose]());

  test('of many domains fills every turn, and does not starve one that sent a single activity', async () => {
    const floods = Array.from({ length: 20 }, (_, n) => `flood${String(n).padStart(2, '0')}.example`);
    await accepted(
      desk.store,
      floods.flatMap((domain) => Array.from({ length: 40 }, () => verified(domain))),
    );
    // Last by its name and last to come.
    const single = verified('zebra.example');
    await accepted(desk.store, [single]);
    await runTurns(desk.store, quiet, [...floods, 'zebra.example']);
    const done = await ended(desk.store);
    expect(done.map(({ key }) => key)).toContain(single.facts.id);
    expect(new Set(done.map(({ domain }) => domain)).size).toBe(21);
  });
});
