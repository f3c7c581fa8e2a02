/**
 * `npm run conformance`: every published attack on an inbox, by the id of the catalogue, with what was answered and
 * the effect that was looked at; the published vectors with counts; the corpus of real documents, by software. One
 * table, and exit code 1 when a row of it fails or is missing. The material is read from beside the checkout.
 *
 * `npm run conformance -- AU FO-08` plays only what begins so; `--short` plays the short forms.
 */
import { play, type Row } from './attack.ts';
import { CLASSES } from './attacks/index.ts';
import { bytesOf, isPresent } from './material.ts';
import { preparedPlace } from './place.ts';
import { type Count, printAttacks, printCounts } from './table.ts';
import { VECTORS } from './vectors/index.ts';
import { openWorld } from './world.ts';

const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const length = process.argv.includes('--short') ? 'short' : 'long';
const isWanted = (id: string): boolean => wanted.length === 0 || wanted.some((word) => id.startsWith(word));
const startedMs = performance.now();
// Opened now: a world that ends complains of whatever has been opened since it began.
for (const stream of [process.stdout, process.stderr]) stream.write('');
using place = await preparedPlace();

async function attacks(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const options of new Set(CLASSES.map(({ world }) => world))) {
    const chosen = CLASSES.filter(({ world }) => world === options).flatMap(({ cls, attacks }) =>
      Object.entries(attacks).flatMap(([id, attack]) => (isWanted(id) ? [{ cls, id, attack }] : [])),
    );
    if (chosen.length === 0) continue;
    await using world = await openWorld(place.kind, { ...options, length });
    for (const { cls, id, attack } of chosen) {
      const row = await play(cls, id, attack, world);
      rows.push(row);
      process.stderr.write(row.failure === null ? '.' : `\n${id} failed\n`);
    }
  }
  process.stderr.write('\n');
  return rows;
}

/** Rows in the order of the catalogue; one that nobody plays is a failure, and so is one that it does not have. */
function inCatalogue(rows: readonly Row[]): Row[] {
  if (!isPresent('attacks.json')) return [...rows];
  const catalogue: { id: string; cls: string }[] = JSON.parse(
    Buffer.from(bytesOf('attacks.json')).toString(),
  );
  const played = new Map(rows.map((row) => [row.id, row]));
  const strange = rows.filter(({ id }) => !catalogue.some((entry) => entry.id === id));
  const missing = { status: '', effect: '', ms: 0, delayMs: 0, failure: 'nobody plays it' };
  const known = catalogue
    .filter(({ id }) => isWanted(id))
    .map(({ id, cls }) => ({ ...(played.get(id) ?? { id, ...missing }), cls }));
  return [...known, ...strange.map((row) => ({ ...row, failure: row.failure ?? 'not in the catalogue' }))];
}

const rows = inCatalogue(await attacks());
printAttacks(rows);
const counts: Count[] = [];
for (const [name, count] of Object.entries(VECTORS)) {
  if (isWanted(name)) counts.push({ name, ...(await count(place.kind)) });
}
printCounts(counts);
const failed =
  rows.filter(({ failure }) => failure !== null).length +
  counts.filter((it) => it.failures.length > 0).length;
console.log(
  `\n${rows.length - rows.filter(({ failure }) => failure !== null).length} of ${rows.length} attacks held off`,
);
console.log(
  `${failed} rows failed, ${Math.round((performance.now() - startedMs) / 1_000)} s, node ${process.version}`,
);
process.exitCode = failed === 0 ? 0 : 1;
