/** The domain of an id: one canonical form, and none where no name could be. */
import { describe, expect, test } from 'vitest';
import { canonicalDomain, domainOf, withParents } from '../src/activity.ts';

describe('the domain of an id', () => {
  test('is a name that DNS may know, up to the longest, with or without a dot at its end', () => {
    const longest = `${`${'a'.repeat(61)}.`.repeat(4).slice(0, 245)}.example`;
    expect(longest).toHaveLength(253);
    for (const host of ['far.example', longest]) {
      expect(domainOf(`https://${host}/users/ann`)).toBe(host);
      expect(domainOf(`https://${host}./users/ann`)).toBe(host);
    }
  });

  test('is none where a header full of dots or labels stands: to look through them takes everybody’s time', () => {
    for (const host of [`${'.'.repeat(3_900)}a`, `${'a.'.repeat(1_950)}a`, `${'a.'.repeat(127)}aaaa`]) {
      expect(domainOf(`https://${host}/`)).toBeNull();
      expect(canonicalDomain(host)).toBeNull();
    }
  });

  test('is none where a person writes a pattern or a slip: it would be a rule about nobody', () => {
    for (const name of ['*.bad.example', 'b*d.example', '%2a.bad.example', 'bad..example', '.bad.example'])
      expect(canonicalDomain(name)).toBeNull();
    expect(canonicalDomain(' Bad.Example. ')).toBe('bad.example');
  });

  test('has parents, which a rule about them covers', () => {
    expect(withParents('a.b.example')).toEqual(['a.b.example', 'b.example', 'example']);
  });
});
