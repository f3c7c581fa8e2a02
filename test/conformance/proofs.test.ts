/** Published vectors of proofs on documents, counted. */
import { describe, expect, test } from 'vitest';
import { isPresent } from './material.ts';
import {
  canonicalJsonVectors,
  eddsaJcsSteps,
  integrityProofs,
  linkedDataSignatures,
} from './vectors/proofs.ts';

describe.skipIf(!isPresent('vectors'))('the vectors of proofs on documents', () => {
  test.each([
    ['integrity proofs', integrityProofs, 11],
    ['linked-data signatures', linkedDataSignatures, 3],
    ['canonical JSON', canonicalJsonVectors, 6],
    ['the steps of eddsa-jcs-2022', eddsaJcsSteps, 9],
  ] as const)('%s come out as they say', async (_, count, total) => {
    expect(await count()).toEqual({ passed: total, total, failures: [] });
  });
});
