/** Real documents: every one is read without a throw, and none of them is taken for a lie. */
import { describe, expect, test } from 'vitest';
import { understand } from '../../src/verify/document.ts';
import { scan } from '../../src/verify/scan.ts';
import { pglite } from '../databases.ts';
import { PATIENCE } from '../inbox/served.ts';
import { bytesOf, filesOf, isPresent } from './material.ts';
import { corpus } from './vectors/corpus.ts';

/** Documents of actors, posts and collections are no activities. */
const NO_ACTIVITY = 'the activity has no actor';

describe.skipIf(!isPresent('corpus'))('the corpus', () => {
  test('is read; what is refused is listed', async () => {
    const counts: Record<string, number> = {};
    const refused: string[] = [];
    for (const file of filesOf('corpus')) {
      const scanned = scan(bytesOf(`corpus/${file}`));
      const read = 'problem' in scanned ? scanned : await understand(scanned.document);
      const outcome = 'problem' in read ? read.problem : 'an activity';
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      // A text in place of an actor's URL: a template that was never filled in.
      const hasActor = 'document' in scanned && scanned.document.actor !== undefined;
      if (outcome !== 'an activity' && (outcome !== NO_ACTIVITY || hasActor))
        refused.push(`${file}: ${outcome}`);
    }
    console.info('the corpus:', counts, refused);
    expect(counts['an activity']).toBeGreaterThanOrEqual(200);
    expect(refused.length).toBeLessThanOrEqual(9);
    expect(refused.filter((line) => !/no actor|several actors/.test(line))).toEqual([]);
  });
});

describe.skipIf(!isPresent('corpus'))('every activity of the corpus', () => {
  test(
    'is taken from its own host and comes to an end; the few that are refused are listed',
    async () => {
      const { passed, total, failures, notes } = await corpus(pglite);
      console.info(`${passed} of ${total} taken`, notes);
      expect(failures).toEqual([]);
      expect(total - passed).toBeLessThanOrEqual(9);
      expect(passed).toBeGreaterThan(180);
    },
    PATIENCE,
  );
});

describe.skipIf(!isPresent('vectors/activitystreams'))('the test documents of ActivityStreams', () => {
  test('are read or refused without a throw', async () => {
    const counts: Record<string, number> = {};
    for (const file of filesOf('vectors/activitystreams')) {
      const scanned = scan(bytesOf(`vectors/activitystreams/${file}`));
      const read = 'problem' in scanned ? scanned : await understand(scanned.document);
      const outcome = 'problem' in read ? read.problem : 'an activity';
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      expect(outcome).not.toBe('JSON and JSON-LD say different things');
    }
    console.info('the test documents of ActivityStreams:', counts);
  });
});
