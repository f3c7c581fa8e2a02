/** Strict JSON: any bytes are judged without a throw, and what is accepted has one meaning for every reader. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scan } from '../../src/verify/scan.ts';

const seed = Date.now() & 0xffff_ffff;
console.info(`scan.test.ts: seed ${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

const scanText = (text: string) => scan(Buffer.from(text));
const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
const list = (length: number, item = '1'): string => `[${Array(length).fill(item).join(',')}]`;
const keys = (count: number): string =>
  `{${Array.from({ length: count }, (_, at) => `"k${at}":1`).join(',')}}`;
const terms = (count: number): string => `{"@context":${keys(count)}}`;

describe('a body', () => {
  test.each([
    ['an empty object', '{}', {}],
    ['white space around it', ' \t\r\n{"a" : 1 }\n', { a: 1 }],
    ['the same key in two objects', '{"a":{"id":1},"b":{"id":2}}', { a: { id: 1 }, b: { id: 2 } }],
    ['a value that is spelled like a key', '{"a":"a","b":["a","a"]}', { a: 'a', b: ['a', 'a'] }],
    ['brackets and colons in strings', '{"a":"}]{[\\":,","b":1}', { a: '}]{[":,', b: 1 }],
    ['characters of any plane, escaped or not', '{"a":"\\ud83d\\ude00😀"}', { a: '😀😀' }],
    ['names of JavaScript', '{"constructor":1,"toString":2}', { constructor: 1, toString: 2 }],
    ['32 levels', nested(32), JSON.parse(nested(32))],
    ['2500 keys', keys(2_500), JSON.parse(keys(2_500))],
    ['1000 entries', `{"to":${list(1_000)}}`, { to: JSON.parse(list(1_000)) }],
    [
      '32 contexts',
      `{"@context":${list(32, '"https://a.example/"')}}`,
      { '@context': Array(32).fill('https://a.example/') },
    ],
    [
      'contexts that say what real ones say',
      '{"@context":[null,"x",{"as":"https://www.w3.org/ns/activitystreams#","id":"@id","type":"@type","a":{"@id":"as:a","@type":"@id","@container":"@list"},"@language":"und"}]}',
      null,
    ],
  ])('with %s is read', (_, text, document) => {
    const scanned = scanText(text);
    expect(scanned).toEqual({ document: document ?? JSON.parse(text) });
  });

  test.each([
    ...['[]', 'null', '"x"', '1', 'true', '[{}]'].map((text) => [text, text, 'the body is not an object']),
    ...[
      '',
      ' ',
      '{',
      '{"a":}',
      "{'a':1}",
      '{"a":1,}',
      '{"a":1}}',
      '{"a":1} {}',
      '{"a":01}',
      '{"a":NaN}',
      '{"a":"\t"}',
      '{"a":"\\x"}',
      '{"a',
      '{"a\\',
    ].map((text) => [`"${text}"`, text, 'the body is not JSON']),
    ['a byte order mark', '\ufeff{}', 'the body is not JSON'],
    ['a key that stands twice', '{"type":"Like","type":"Delete"}', 'a key stands twice'],
    ['a key that stands twice, once escaped', '{"actor":1,"\\u0061ctor":2}', 'a key stands twice'],
    ['a key that stands twice, with a slash', '{"a/b":1,"a\\/b":2}', 'a key stands twice'],
    ['a key that stands twice, deep inside', '{"a":[{"b":{"c":1,"d":{},"c":2}}]}', 'a key stands twice'],
    ['an empty key that stands twice', '{"":1,"":2}', 'a key stands twice'],
    ['__proto__', '{"__proto__":{"actor":"https://victim.example/"}}', 'a key is __proto__'],
    ['__proto__ in escapes', '{"a":[{"\\u005f_proto__":1}]}', 'a key is __proto__'],
    ['__proto__ in a context', '{"@context":{"__proto__":"https://x.example/"}}', 'a key is __proto__'],
    ['33 levels', nested(33), 'the body is nested too deeply'],
    ['20 000 levels', `${'['.repeat(20_000)}`, 'the body is nested too deeply'],
    ['2501 keys', keys(2_501), 'the body has too many keys'],
    ['1001 entries', `{"to":${list(1_001)}}`, 'too many entries in arrays'],
    ['6000 entries in all', `{"a":${list(6, list(999))}}`, 'too many entries in arrays'],
    ['33 contexts', `{"@context":${list(33, '""')}}`, 'the body has too many contexts'],
    [
      '33 contexts in as many objects',
      `{"a":${list(33, '{"@context":""}')}}`,
      'the body has too many contexts',
    ],
    ['501 terms', terms(501), 'the contexts define too many terms'],
    ['a NUL in a text', '{"a":"\\u0000"}', 'the body holds a NUL character'],
    ['a NUL in a key', '{"\\u0000":1}', 'the body holds a NUL character'],
    ['half a pair', '{"a":["\\ud83d"]}', 'the body holds half of a surrogate pair'],
    ['the other half', '{"a":"\\ude00\\ud83d"}', 'the body holds half of a surrogate pair'],
    ['half a pair in a key', '{"\\udead":1}', 'the body holds half of a surrogate pair'],
    ['a number beyond all numbers', '{"a":[1e400]}', 'a number is too large'],
    [
      'a context in a context',
      '{"@context":{"a":{"@id":"x:a","@context":{}}}}',
      'a context uses a keyword that it may not',
    ],
    ...['@base', '@import', '@propagate', '@graph', '@included', '@nest'].map((name) => [
      `${name} in a context`,
      `{"@context":[{"${name}":"https://evil.example/"}]}`,
      'a context uses a keyword that it may not',
    ]),
    [
      '@reverse in a term',
      '{"@context":{"a":{"@reverse":"as:actor"}}}',
      'a context uses a keyword that it may not',
    ],
    ...[
      '{"kind":"@type"}',
      '{"kind":{"@id":"@type"}}',
      '{"g":"@graph"}',
      '{"kind":"type"}',
      '{"ident":{"@id":"id"}}',
      '{"id":"@type"}',
    ].map((context) => [`the context ${context}`, `{"@context":${context}}`, 'a context renames a keyword']),
    ['another as:', '{"@context":{"as":"https://evil.example/#"}}', 'a context gives as: another meaning'],
    ['no as: any more', '{"@context":[{"as":null}]}', 'a context gives as: another meaning'],
  ])('with %s is refused', (_, text, problem) => {
    expect(scanText(text as string)).toEqual({ problem });
  });

  test.each([
    ['bytes that are no UTF-8', [0x7b, 0x22, 0xff, 0x22, 0x7d]],
    ['a character in more bytes than it needs', [0x22, 0xc0, 0xaf, 0x22]],
    ['half a pair in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a character that is cut off', [0x7b, 0x7d, 0xe2, 0x82]],
  ])('of %s is refused, and the next one is read', (_, bytes) => {
    expect(scan(Uint8Array.from(bytes))).toEqual({ problem: 'the body is not UTF-8' });
    expect(scanText('{"a":"é"}')).toEqual({ document: { a: 'é' } });
  });

  test('property: any JSON object within the bounds is what JSON.parse makes of it', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    const value = fc.object({
      key: text.filter((key) => !/^@|^__proto__$/.test(key)),
      values: [text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)],
      maxDepth: 5,
    });
    fc.assert(
      fc.property(value, fc.constantFrom('', ' ', '\n\t'), (document, space) => {
        const json = JSON.stringify(document, null, space);
        expect(scanText(json)).toEqual({ document: JSON.parse(json) });
      }),
    );
  });

  test('property: bytes near JSON never throw, and what is accepted is what JSON.parse makes of it', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '"\\u0061"',
      '"b"',
      '"',
      '\\',
      '1',
      'null',
      ' ',
      '\u0000',
      '"@context"',
    );
    const near = fc.array(pieces, { maxLength: 14 }).map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(
        fc.oneof(
          near,
          near.map((bytes) => Buffer.from(`{"a":${bytes}}`)),
          fc.uint8Array(),
        ),
        (bytes) => {
          const scanned = scan(bytes);
          if ('problem' in scanned) return;
          expect(scanned.document).toEqual(JSON.parse(Buffer.from(bytes).toString()));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('property: no object that is accepted has a key twice, in whatever spelling', () => {
    const spelled = (key: string): fc.Arbitrary<string> =>
      fc
        .tuple(
          ...[...key].map((character) =>
            fc.constantFrom(character, `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
          ),
        )
        .map((parts) => parts.join(''));
    const key = fc.constantFrom('ab', 'ac', 'id', 'i');
    const object = fc.array(
      key.chain((name) => spelled(name).map((text) => [name, text] as const)),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(object, (members) => {
        const scanned = scanText(`{"x":{${members.map(([, text]) => `"${text}":1`).join(',')}}}`);
        expect('problem' in scanned).toBe(new Set(members.map(([name]) => name)).size !== members.length);
      }),
    );
  });
});
