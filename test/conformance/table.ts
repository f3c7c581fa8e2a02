/** Prints the table. Every row says what was answered, what was looked at, and whether it held. */
import type { Row } from './attack.ts';

/** How many of something passed. `notes` are said whatever came of it: what is refused on purpose, and why. */
export interface Counted {
  readonly passed: number;
  readonly total: number;
  readonly failures: readonly string[];
  readonly notes?: readonly string[];
  /** Present when it could not be counted at all. */
  readonly skipped?: string;
}
export interface Count extends Counted {
  readonly name: string;
}

/** The catalogue's limit for the event loop's delay, in milliseconds. */
const DELAY_MS_MAX = 100;
const STATUS_WIDTH = 20;

export function printAttacks(rows: readonly Row[]): void {
  console.log(
    `\n${'id'.padEnd(6)} ${'result'.padEnd(6)} ${'status'.padEnd(STATUS_WIDTH)} ${'p99 ms'.padStart(6)}  effect`,
  );
  let cls = '';
  for (const row of rows) {
    if (row.cls !== cls) {
      cls = row.cls;
      const of = rows.filter((other) => other.cls === cls);
      console.log(`-- ${cls}: ${of.filter(({ failure }) => failure === null).length} of ${of.length}`);
    }
    const result = row.failure === null ? 'held' : 'FAILED';
    const delay = row.delayMs > DELAY_MS_MAX ? `${row.delayMs}!` : String(row.delayMs);
    const words = row.failure ?? row.effect;
    console.log(
      `${row.id.padEnd(6)} ${result.padEnd(6)} ${row.status.padEnd(STATUS_WIDTH)} ${delay.padStart(6)}  ${words}`,
    );
  }
  console.log('p99: delay of the event loop that the inbox shares with its attackers; ! is over 100 ms');
}

export function printCounts(counts: readonly Count[]): void {
  if (counts.length > 0) console.log(`\n${'vectors and corpus'.padEnd(44)} passed of total`);
  for (const { name, passed, total, failures, notes = [], skipped } of counts) {
    const result = skipped ?? `${passed} of ${total}${failures.length > 0 ? '  FAILED' : ''}`;
    console.log(`${name.padEnd(44)} ${result}`);
    for (const note of notes) console.log(`    ${note}`);
    for (const failure of failures) console.log(`    FAILED ${failure}`);
  }
}
