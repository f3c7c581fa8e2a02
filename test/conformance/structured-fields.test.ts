/**
 * The published structured-field vectors, for what our reader claims to read: dictionaries, and everything that may
 * stand in one. A vector of an item is read as the one member of a dictionary. Ours is stricter in two things, which
 * the vectors allow or we want: a key that stands twice, and base64 in another spelling than its one.
 */
import { describe, expect, test } from 'vitest';
import {
  type BareItem,
  type InnerList,
  type Item,
  innerListText,
  itemText,
  parseDictionary,
} from '../../src/verify/structured-fields.ts';
import { bytesOf, isPresent } from './material.ts';

interface Vector {
  readonly name: string;
  readonly raw: readonly string[];
  readonly header_type: 'item' | 'list' | 'dictionary';
  readonly expected?: unknown;
  readonly must_fail?: boolean;
  readonly can_fail?: boolean;
  readonly canonical?: readonly string[];
}

/** Files by what they are about. */
const READ = [
  'binary',
  'boolean',
  'dictionary',
  'examples',
  'key-generated',
  'large-generated',
  'number',
  'number-generated',
  'param-dict',
  'string',
  'string-generated',
  'token',
  'token-generated',
];
/** Lists are no dictionaries, `item` is about the ends of a field that is one, the first two are RFC 9651. */
const NOT_READ = ['date', 'display-string', 'item', 'list', 'listlist', 'param-list', 'param-listlist'];

/** What we refuse although the vector reads it, by the reason. */
const STRICTER: Readonly<Record<string, readonly string[]>> = {
  'a key that stands twice': ['duplicate key dictionary', '0x2c in dictionary key'],
};

const folder = 'vectors/structured-fields';
const isThere = isPresent(`${folder}/dictionary.json`);
const vectorsOf = (file: string): Vector[] =>
  JSON.parse(Buffer.from(bytesOf(`${folder}/${file}.json`)).toString());

/** The vectors' way of writing what was read. */
function written(member: Item | InnerList): unknown {
  const bare = (item: BareItem): unknown => {
    if (item.type === 'token') return { __type: 'token', value: item.value };
    if (item.type === 'bytes') return { __type: 'binary', value: base32(item.value) };
    return item.value;
  };
  const parameters = [...member.parameters].map(([key, item]) => [key, bare(item)]);
  return 'items' in member ? [member.items.map(written), parameters] : [bare(member.bare), parameters];
}

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = bits.match(/.{1,5}/g) ?? [];
  const text = digits.map(
    (five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)],
  );
  return text.join('').padEnd(Math.ceil(text.length / 8) * 8, '=');
}

describe.skipIf(!isThere)('the structured-field vectors', () => {
  const rows: Record<string, { read: number; refused: number; stricter: number; outOfScope: number }> = {};

  test.each(isThere ? READ : [])('%s', (file) => {
    const row = { read: 0, refused: 0, stricter: 0, outOfScope: 0 };
    rows[file] = row;
    for (const vector of vectorsOf(file)) {
      const { name, header_type: kind, expected, must_fail: mustFail, can_fail: canFail } = vector;
      if (kind === 'list') {
        row.outOfScope++;
        continue;
      }
      const raw = vector.raw.join(', ');
      const text = kind === 'item' ? `a=${raw.replace(/^ +/, '')}` : raw;
      const dictionary = parseDictionary(text, 100_000);
      const isRead = dictionary !== null && (kind === 'dictionary' || dictionary.size === 1);
      if (mustFail === true) {
        expect([name, isRead]).toEqual([name, false]);
        row.refused++;
      } else if (!isRead) {
        const isListed = Object.values(STRICTER).flat().includes(name);
        expect([name, canFail === true || isListed]).toEqual([name, true]);
        row.stricter++;
      } else {
        const members = [...dictionary].map(([key, member]) => [key, written(member)]);
        expect([name, members]).toEqual([name, kind === 'item' ? [['a', expected]] : expected]);
        const again = [...dictionary.values()].map((member) =>
          'items' in member ? innerListText(member) : itemText(member),
        );
        // One member is enough to compare: a dictionary of ours is never written as a whole.
        const canonical = (vector.canonical ?? vector.raw).join(', ');
        if (kind === 'item') expect([name, ...again]).toEqual([name, canonical]);
        row.read++;
      }
    }
  });

  test('are all counted, those too that are about something else', () => {
    for (const file of NOT_READ) {
      rows[file] = { read: 0, refused: 0, stricter: 0, outOfScope: vectorsOf(file).length };
    }
    const sum = { read: 0, refused: 0, stricter: 0, outOfScope: 0 };
    for (const row of Object.values(rows))
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += row[key];
    console.table({ ...rows, sum });
    expect(sum.read + sum.refused + sum.stricter + sum.outOfScope).toBeGreaterThan(1_400);
    expect(sum.read).toBeGreaterThan(500);
  });
});
