/** Reading structured fields: one meaning or none, and what was read can be written again. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BareItem,
  type InnerList,
  type Item,
  innerListText,
  itemText,
  parseDictionary,
} from '../../src/verify/structured-fields.ts';

const seed = Date.now() & 0xffff_ffff;
console.info(`structured-fields.test.ts: seed ${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

const textOf = (member: Item | InnerList): string =>
  'items' in member ? innerListText(member) : itemText(member);

describe('a dictionary', () => {
  test.each([
    ['', {}],
    ['  ', {}],
    ['a', { a: '?1' }],
    ['a;x, b=?0', { a: '?1;x', b: '?0' }],
    ['a=1,\tb=-2.50 ,c="q\\"\\\\"', { a: '1', b: '-2.5', c: '"q\\"\\\\"' }],
    ['a=-0, b=007, c=1.0', { a: '0', b: '7', c: '1.0' }],
    ['*a=*t:/, b=:aGk=:', { '*a': '*t:/', b: ':aGk=:' }],
    ['s=( "a"  "b";x=1 );  created=1', { s: '("a" "b";x=1);created=1' }],
    ['s=()', { s: '()' }],
    ['a=999999999999999, b=999999999999.999', { a: '999999999999999', b: '999999999999.999' }],
  ])('%s can be read, and is written in one way', (text, expected) => {
    const found = parseDictionary(text);
    expect(Object.fromEntries([...(found ?? [])].map(([key, member]) => [key, textOf(member)]))).toEqual(
      expected,
    );
    expect(found).not.toBeNull();
  });

  test.each([
    'a,',
    'a, ',
    ',a',
    'a,,b',
    'a b',
    'a=',
    'a= 1',
    'a =1',
    'A=1',
    'a=1, a=2',
    'a;x=1;x=2',
    'a;',
    'a; X',
    'a=(',
    'a=("a"',
    'a=("a""b")',
    'a=("a",)',
    'a=("a"\t"b")',
    'a=(("a"))',
    'a="',
    'a="\\a"',
    'a="\u00e9"',
    'a="\t"',
    'a=:aGk:',
    'a=:aGl=:',
    'a=:aG k=:',
    'a=:aGk=',
    'a=?2',
    'a=1.',
    'a=.1',
    'a=1.2345',
    'a=1234567890123456',
    'a=1234567890123.1',
    'a=--1',
    'a=1e3',
    'a=@123',
    'a=%"x"',
    '\ta',
  ])('%j is none', (text) => {
    expect(parseDictionary(text)).toBeNull();
  });

  test('has no zero below zero', () => {
    const zero = parseDictionary('a=-0, b=-0.0');
    for (const member of zero?.values() ?? []) expect(member).toMatchObject({ bare: { value: 0 } });
    expect(zero?.size).toBe(2);
  });

  test('is not read at all when it is too long', () => {
    const text = `a="${'x'.repeat(5_000)}"`;
    expect(parseDictionary(text)).toBeNull();
    expect(parseDictionary(text, 6_000)).not.toBeNull();
  });
});

const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,6}$/);
const bare: fc.Arbitrary<BareItem> = fc.oneof(
  fc.integer().map((value): BareItem => ({ type: 'integer', value })),
  fc.integer().map((value): BareItem => ({ type: 'decimal', value: value / 8 })),
  fc.stringMatching(/^[ -~]{0,9}$/).map((value): BareItem => ({ type: 'string', value })),
  fc.stringMatching(/^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]{0,6}$/).map((value): BareItem => {
    return { type: 'token', value };
  }),
  fc.uint8Array({ maxLength: 9 }).map((value): BareItem => ({ type: 'bytes', value: Buffer.from(value) })),
  fc.boolean().map((value): BareItem => ({ type: 'boolean', value })),
);
const parameters = fc
  .uniqueArray(fc.tuple(key, bare), { maxLength: 3, selector: ([name]) => name })
  .map((entries) => new Map(entries));
const item = fc.record({ bare, parameters });
const list = fc.record({ items: fc.array(item, { maxLength: 4 }), parameters });

test('property: what was written can be read, and is the same', () => {
  fc.assert(
    fc.property(key, fc.oneof(item, list), (name, member) => {
      const text = `${name}=${textOf(member)}`;
      const read = parseDictionary(text);
      expect([...(read ?? [])]).toEqual([[name, member]]);
    }),
  );
});

test('property: any text is read or not, without a throw, and what was read is written so that it reads the same', () => {
  const pieces = fc
    .array(fc.oneof(fc.constantFrom(...'ab*=;,:?"\\() \t1-.@'), fc.string({ maxLength: 3 })), {
      maxLength: 30,
    })
    .map((characters) => characters.join(''));
  fc.assert(
    fc.property(pieces, (text) => {
      const read = parseDictionary(text);
      if (read === null) return;
      const again = [...read].map(([name, member]) => `${name}=${textOf(member)}`).join(', ');
      expect(parseDictionary(again, 10_000)).toEqual(read);
    }),
    { numRuns: 1_000 },
  );
});
