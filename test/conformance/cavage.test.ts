/** Published draft-cavage vectors, counted. */
import { describe, expect, test } from 'vitest';
import { isPresent } from './material.ts';
import { cavage, comparedStrings, judgedCavage } from './vectors/cavage.ts';

describe.skipIf(!isPresent('vectors/cavage.json'))('the draft-cavage vectors', () => {
  test('are judged as they say, but for the ones listed with our reason', async () => {
    expect(await cavage()).toMatchObject({ passed: 19, total: 19, failures: [] });
    const agreed = judgedCavage.filter(
      ({ vector, verdict }) => vector.expect === 'accept' && verdict === null,
    );
    expect(agreed.length).toBeGreaterThan(0);
  });

  test('give the signing string that stands there, wherever the header can be read', () => {
    const { compared, failures } = comparedStrings();
    expect(failures).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(15);
  });
});
