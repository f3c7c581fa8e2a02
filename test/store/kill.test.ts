/**
 * Embedded PGlite and a process that is killed: what was acknowledged is there, what was not is there whole or not
 * at all. (A power cut is another matter: PGlite does not call fsync.)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';
import { pglite } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };

test('PGlite keeps every acknowledged transaction when its process is killed, again and again', async () => {
  const place = await pglite.open();
  const settings = { database: null, dataDirectory: place.dataDirectory, origin: PREPARED_ORIGIN, logger };
  // Two rows in each transaction, so that half of one would show; the number is said only after the commit.
  const script = `
    const { openStore } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/store/store.ts'))});
    const { sql } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/store/statement.ts'))});
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const store = await openStore({ ...${JSON.stringify(settings)}, logger });
    for (let n = Number(process.argv[1]); ; n++) {
      await store.transaction(async (tx) => {
        for (const part of ['a', 'b'])
          await tx.run(sql\`insert into meta (key, value) values (\${\`row \${n} \${part}\`}, '')\`);
      });
      console.log(n);
    }`;
  let acknowledged = 0;
  for (const enough of [40, 3, 90]) {
    const args = ['--liftoff-only', '--input-type=module', '-e', script, String(acknowledged + 1_000_000)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: number[] = [];
    for await (const line of createInterface(child.stdout)) {
      if (said.push(Number(line)) === enough) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(said.length).toBeGreaterThanOrEqual(enough);
    acknowledged += said.length;

    const store = await openStore(settings);
    const rows = await store.run<{ n: string; parts: number }>(sql`
      select split_part(key, ' ', 2) as n, count(*)::int as parts from meta where key like 'row %' group by 1`);
    expect(rows.filter(({ parts }) => parts !== 2)).toEqual([]);
    const kept = new Set(rows.map(({ n }) => Number(n)));
    expect(said.filter((n) => !kept.has(n))).toEqual([]);
    // At most the one commit that was on its way when the process died; the next round counts on from there.
    expect(kept.size - acknowledged).toBeLessThanOrEqual(1);
    acknowledged = kept.size;
    await store.close();
  }
  await place.drop();
});
