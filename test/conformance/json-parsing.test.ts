/**
 * JSONTestSuite. What must fail is refused; what must pass is what JSON.parse makes of it, or is refused for a rule
 * of ours; what may go either way must only not throw.
 */
import { describe, expect, test } from 'vitest';
import { scan } from '../../src/verify/scan.ts';
import { bytesOf, filesOf, isPresent } from './material.ts';

const FOLDER = 'vectors/json-parsing/test_parsing';

describe.skipIf(!isPresent(FOLDER))('JSONTestSuite', () => {
  test('is read as it says, but for what we refuse on purpose', () => {
    const counts: Record<string, number> = {};
    const mistaken: string[] = [];
    for (const file of filesOf(FOLDER)) {
      const bytes = bytesOf(`${FOLDER}/${file}`);
      // An activity is an object: the text itself, and the text as a value of an object.
      const inside = Buffer.concat([Buffer.from('{"x":'), bytes, Buffer.from('}')]);
      for (const body of [bytes, inside]) {
        const scanned = scan(body);
        const outcome = 'problem' in scanned ? scanned.problem : 'read';
        const key = `${file[0]} ${outcome}`;
        counts[key] = (counts[key] ?? 0) + 1;
        if (outcome === 'read')
          expect(scan(body)).toEqual({ document: JSON.parse(Buffer.from(body).toString()) });
        const isOurs = /stands twice|is not an object|NUL|surrogate|nested|__proto__/.test(outcome);
        if (file.startsWith('n_') && outcome === 'read' && body === bytes) mistaken.push(file);
        if (file.startsWith('y_') && outcome !== 'read' && !isOurs) mistaken.push(`${file}: ${outcome}`);
      }
    }
    console.info('JSONTestSuite, each text alone and as a value:', counts);
    expect(mistaken).toEqual([]);
  });
});
