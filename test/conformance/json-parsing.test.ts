/** JSONTestSuite, as it is scanned. `npm run conformance` also sends every text to an inbox. */
import { describe, expect, test } from 'vitest';
import { isPresent } from './material.ts';
import { scannedTexts } from './vectors/json-parsing.ts';

describe.skipIf(!isPresent('vectors/json-parsing/test_parsing'))('JSONTestSuite', () => {
  test('is read as it says, but for what we refuse on purpose', () => {
    const { files, failures } = scannedTexts();
    expect(failures).toEqual([]);
    expect(files).toHaveLength(318);
  });
});
