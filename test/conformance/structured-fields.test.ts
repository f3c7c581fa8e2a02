/** The published structured-field vectors, counted. */
import { describe, expect, test } from 'vitest';
import { isPresent } from './material.ts';
import { structuredFields } from './vectors/structured-fields.ts';

describe.skipIf(!isPresent('vectors/structured-fields/dictionary.json'))(
  'the structured-field vectors',
  () => {
    test('that are about dictionaries and their members are read as they say', async () => {
      const { passed, total, failures } = await structuredFields();
      expect(failures).toEqual([]);
      expect(passed).toBe(total);
      expect(total).toBeGreaterThan(1_000);
    });
  },
);
