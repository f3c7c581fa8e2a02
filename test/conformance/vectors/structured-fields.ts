/**
 * The published structured-field vectors, for what our reader claims to read: dictionaries, and everything that may
 * stand in one. A vector of an item is read as the one member of a dictionary. Ours is stricter in two things, which
 * the vectors allow or we want: a key that stands twice, and base64 in another spelling than its one.
 */
import {
  type BareItem,
  type InnerList,
  type Item,
  innerListText,
  itemText,
  parseDictionary,
} from '../../../src/verify/structured-fields.ts';
import { bytesOf, isPresent } from '../material.ts';
import type { Counted } from '../table.ts';

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

/** What is wrong with how a vector was read, or null. */
function mistake({
  name,
  raw,
  header_type: kind,
  expected,
  must_fail,
  can_fail,
  canonical,
}: Vector): string | null {
  const text = raw.join(', ');
  const dictionary = parseDictionary(kind === 'item' ? `a=${text.replace(/^ +/, '')}` : text, 100_000);
  const isRead = dictionary !== null && (kind === 'dictionary' || dictionary.size === 1);
  if (must_fail === true) return isRead ? `${name}: read, and must not be` : null;
  if (!isRead) {
    const isMeant = can_fail === true || Object.values(STRICTER).flat().includes(name);
    return isMeant ? null : `${name}: not read`;
  }
  const members = [...dictionary].map(([key, member]) => [key, written(member)]);
  const wanted = kind === 'item' ? [['a', expected]] : expected;
  if (JSON.stringify(members) !== JSON.stringify(wanted))
    return `${name}: read as ${JSON.stringify(members)}`;
  // One member is enough to compare: a dictionary of ours is never written as a whole.
  const [member] = dictionary.values();
  if (kind !== 'item' || member === undefined) return null;
  const again = 'items' in member ? innerListText(member) : itemText(member);
  return again === (canonical ?? raw).join(', ') ? null : `${name}: written again as ${again}`;
}

export async function structuredFields(): Promise<Counted> {
  if (!isPresent(`${folder}/dictionary.json`))
    return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const all = READ.flatMap(vectorsOf);
  const read = all.filter(({ header_type: kind }) => kind !== 'list');
  const others = all.length - read.length + NOT_READ.flatMap(vectorsOf).length;
  const failures = read.flatMap((vector) => mistake(vector) ?? []);
  const notes = [
    `${others} are about lists, which are no dictionaries, or about RFC 9651`,
    ...Object.entries(STRICTER).map(([why, names]) => `${names.length} are refused on purpose: ${why}`),
  ];
  return { passed: read.length - failures.length, total: read.length, failures, notes };
}
