/**
 * JSONTestSuite. What must fail is refused; what must pass is what JSON.parse makes of it, or is refused for a rule
 * of ours; what may go either way must only not throw. Each text is read alone, and as a value of an object; and it
 * is sent to an inbox, signed, alone and inside an activity.
 */
import { scan } from '../../../src/verify/scan.ts';
import type { DatabaseKind } from '../../databases.ts';
import { activityOf, openStage } from '../attack.ts';
import { bytesOf, filesOf, isPresent } from '../material.ts';
import type { Counted } from '../table.ts';
import { openWorld } from '../world.ts';

const FOLDER = 'vectors/json-parsing/test_parsing';
const OURS = /stands twice|is not an object|NUL|surrogate|nested|__proto__/;

/** What is wrong with how this text was scanned, or null. */
function mistake(file: string, body: Uint8Array, isAlone: boolean): string | null {
  const scanned = scan(body);
  const problem = 'problem' in scanned ? scanned.problem : null;
  if (file.startsWith('n_') && problem === null && isAlone) return `${file}: read, and must not be`;
  if (file.startsWith('y_') && problem !== null && !OURS.test(problem)) return `${file}: ${problem}`;
  if (problem !== null) return null;
  const expected = JSON.stringify(JSON.parse(Buffer.from(body).toString()));
  return JSON.stringify((scanned as { document: unknown }).document) === expected
    ? null
    : `${file}: read otherwise`;
}

export function scannedTexts(): { readonly files: readonly string[]; readonly failures: string[] } {
  const files = filesOf(FOLDER);
  const failures = files.flatMap((file) => {
    const bytes = bytesOf(`${FOLDER}/${file}`);
    const inside = Buffer.concat([Buffer.from('{"x":'), bytes, Buffer.from('}')]);
    return mistake(file, bytes, true) ?? mistake(file, inside, false) ?? [];
  });
  return { files, failures };
}

export async function jsonParsing(kind: DatabaseKind): Promise<Counted> {
  if (!isPresent(FOLDER)) return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const { files, failures } = scannedTexts();
  await using world = await openWorld(kind);
  const stage = openStage(world);
  const anna = await stage.victim.actor('anna');
  for (const file of files) {
    const bytes = bytesOf(`${FOLDER}/${file}`);
    const [before = '', after = ''] = JSON.stringify(activityOf(anna, 'Like', { extra: 0 })).split(
      '"extra":0',
    );
    const inside = Buffer.concat([Buffer.from(`${before}"extra":`), bytes, Buffer.from(after)]);
    const statuses: number[] = [];
    for (const body of [bytes, inside]) statuses.push((await stage.post(body, anna)).status);
    // A text that ends its object early may be an activity all the same; alone it never is.
    const isGood = statuses[0] === 400 && (statuses[1] === 400 || (statuses[1] === 202 && !/^n_/.test(file)));
    const isSplice = file.startsWith('n_') && statuses[0] === 400 && statuses[1] === 202;
    if (!isGood && !(isSplice && isValid(inside)))
      failures.push(`${file}: answered ${statuses.join(' and ')}`);
  }
  await stage.settled();
  const failed = new Set(failures.map((line) => line.split(':')[0]));
  return { passed: files.length - failed.size, total: files.length, failures };
}

function isValid(body: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
    return true;
  } catch {
    return false;
  }
}
