/** The version of the settings under which something was decided: it changes with them, and with nothing else. */
import { expect, test } from 'vitest';
import { checkOptions, type InboxOptions, policyVersion } from '../../src/options.ts';

const versionOf = (options: Partial<InboxOptions>): string =>
  policyVersion(checkOptions({ origin: 'https://us.example', ...options }));
const keywords = { use: 'keywords', words: ['buy now'] } as const;

test('the same settings have the same version, whatever they are written in', () => {
  const one = { rateLimit: { limit: 100, window: '1 hour' }, filters: [keywords] } as const;
  const other = {
    filters: [{ words: ['buy now'], use: 'keywords' }],
    rateLimit: { window: '60 m', limit: 100 },
  } as const;
  expect(versionOf(other)).toBe(versionOf(one));
  expect(versionOf({})).toMatch(/^[0-9a-f]{12}$/);
});

test('whatever decides changes it: filters, limits, strikes, who may come in, whom actors let follow', () => {
  const versions = [
    {},
    { filters: [keywords] },
    { filters: [{ ...keywords, verdict: 'drop' }] },
    { rateLimit: { limit: 100, window: '1 hour' } },
    { blockAfterStrikes: 3 },
    { federation: 'allowlist' },
    { actors: { alice: {} } },
    { actors: { alice: { locked: true } } },
    { actors: { alice: { followPolicy: [{ from: { domains: ['a.example'] }, answer: 'reject' }] } } },
  ] as const satisfies Partial<InboxOptions>[];
  expect(new Set(versions.map(versionOf)).size).toBe(versions.length);
});

test('where it runs, who is told, and what actors are called changes nothing', () => {
  const keys = { publicKeyPem: 'a', privateKeyPem: 'b' };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const version = versionOf({ actors: { alice: { locked: true } } });
  for (const more of [
    { workers: 3, dataDirectory: '/x', logger },
    { retention: { audit: '1 year' } },
  ] as const)
    expect(versionOf({ actors: { alice: { locked: true, name: 'Al', keys } }, ...more })).toBe(version);
});
