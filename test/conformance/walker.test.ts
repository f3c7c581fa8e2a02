/** Real documents: the fast path takes most of them, and reads them as jsonld does. */
import { describe, expect, test } from 'vitest';
import { scan } from '../../src/verify/scan.ts';
import { isTaken } from '../verify/walker/agreement.ts';
import { bytesOf, filesOf, isPresent } from './material.ts';

describe.skipIf(!isPresent('corpus'))('the corpus', () => {
  test('at least 80 % of the activities take the fast path, and none is read otherwise', async () => {
    const activities = { taken: 0, left: [] as string[] };
    const others = { taken: 0, left: [] as string[] };
    for (const file of filesOf('corpus')) {
      const scanned = scan(bytesOf(`corpus/${file}`));
      if ('problem' in scanned) continue;
      const counts = scanned.document.actor === undefined ? others : activities;
      if (await isTaken(scanned.document)) counts.taken++;
      else counts.left.push(file);
    }
    console.info('the fast path over the corpus: activities', activities, 'others', others);
    const { taken, left } = activities;
    expect(taken / (taken + left.length)).toBeGreaterThanOrEqual(0.8);
  });
});

describe.skipIf(!isPresent('vectors/activitystreams'))('the test documents of ActivityStreams', () => {
  test('are not read otherwise', async () => {
    for (const file of filesOf('vectors/activitystreams')) {
      const scanned = scan(bytesOf(`vectors/activitystreams/${file}`));
      if ('document' in scanned) await isTaken(scanned.document);
    }
  });
});
