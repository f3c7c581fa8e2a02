/** Published vectors of RFC 9421, counted. */
import { describe, expect, test } from 'vitest';
import { isPresent } from './material.ts';
import { appendixB, mastodonRequests } from './vectors/rfc9421.ts';

describe.skipIf(!isPresent('vectors/rfc9421.json'))('RFC 9421 Appendix B', () => {
  test('is built and judged as it says, but for what is out of scope', async () => {
    expect(await appendixB()).toMatchObject({ passed: 12, total: 12, failures: [] });
  });
});

describe.skipIf(!isPresent('vectors/rfc9421-mastodon.json'))("Mastodon's RFC 9421 requests", () => {
  test('are judged as Mastodon judges them', async () => {
    expect(await mastodonRequests()).toEqual({ passed: 13, total: 13, failures: [] });
  });
});
