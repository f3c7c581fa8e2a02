/**
 * Structured fields (RFC 8941), as far as signatures and digests need them: dictionaries, with everything that may
 * stand in one. Strict: what can be understood in two ways is not understood at all. A key that stands twice is
 * refused where RFC 8941 3.2 lets the last one win, and base64 has one spelling.
 *
 * Our own, as the reader of draft-cavage is: it bounds what it reads, and what it gives back can be written again
 * letter by letter, which is what a signature covers.
 */

/** A value by itself. */
export type BareItem =
  | { readonly type: 'integer' | 'decimal'; readonly value: number }
  | { readonly type: 'string' | 'token'; readonly value: string }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'boolean'; readonly value: boolean };

export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  readonly bare: BareItem;
  readonly parameters: Parameters;
}

export interface InnerList {
  readonly items: readonly Item[];
  readonly parameters: Parameters;
}

export type Dictionary = ReadonlyMap<string, Item | InnerList>;

interface Cursor {
  readonly text: string;
  at: number;
}

/** Every pattern below is sticky and cannot be entered in two ways, so reading takes linear time. */
function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  if (match !== null) cursor.at = pattern.lastIndex;
  return match;
}

function takeCharacter(cursor: Cursor, character: string): boolean {
  const isThere = cursor.text[cursor.at] === character;
  if (isThere) cursor.at++;
  return isThere;
}

const SPACES = / */y;
/** White space between the members of a dictionary. RFC 9110 5.6.3 */
const BLANKS = /[ \t]*/y;
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y;
const NUMBER = /-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])/y;
const BYTES = /:([A-Za-z0-9+/]*={0,2}):/y;
const BOOLEAN = /\?([01])/y;

/** The dictionary in a field of at most `charactersMax`, or null when it is none. RFC 8941 4.2.2 */
export function parseDictionary(text: string, charactersMax = 4_096): Dictionary | null {
  if (text.length > charactersMax) return null;
  const cursor: Cursor = { text, at: 0 };
  const dictionary = new Map<string, Item | InnerList>();
  take(cursor, SPACES);
  while (cursor.at < cursor.text.length) {
    const key = take(cursor, KEY)?.[0];
    if (key === undefined || dictionary.has(key)) return null;
    const member = takeMember(cursor);
    if (member === null) return null;
    dictionary.set(key, member);
    take(cursor, BLANKS);
    if (cursor.at === cursor.text.length) break;
    if (!takeCharacter(cursor, ',')) return null;
    take(cursor, BLANKS);
    // A comma at the end promises a member that may have been lost.
    if (cursor.at === cursor.text.length) return null;
  }
  return dictionary;
}

function takeMember(cursor: Cursor): Item | InnerList | null {
  if (takeCharacter(cursor, '=')) return cursor.text[cursor.at] === '(' ? takeList(cursor) : takeItem(cursor);
  const parameters = takeParameters(cursor);
  return parameters && { bare: { type: 'boolean', value: true }, parameters };
}

/** RFC 8941 4.2.1.2 */
function takeList(cursor: Cursor): InnerList | null {
  const items: Item[] = [];
  takeCharacter(cursor, '(');
  for (;;) {
    const hadSpace = (take(cursor, SPACES)?.[0] ?? '') !== '';
    if (takeCharacter(cursor, ')')) break;
    if (items.length > 0 && !hadSpace) return null;
    const item = takeItem(cursor);
    if (item === null) return null;
    items.push(item);
  }
  const parameters = takeParameters(cursor);
  return parameters && { items, parameters };
}

function takeItem(cursor: Cursor): Item | null {
  const bare = takeBareItem(cursor);
  const parameters = bare && takeParameters(cursor);
  return parameters && { bare: bare as BareItem, parameters };
}

function takeParameters(cursor: Cursor): Parameters | null {
  const parameters = new Map<string, BareItem>();
  while (takeCharacter(cursor, ';')) {
    take(cursor, SPACES);
    const key = take(cursor, KEY)?.[0];
    if (key === undefined || parameters.has(key)) return null;
    const isTrue = !takeCharacter(cursor, '=');
    const bare: BareItem | null = isTrue ? { type: 'boolean', value: true } : takeBareItem(cursor);
    if (bare === null) return null;
    parameters.set(key, bare);
  }
  return parameters;
}

function takeBareItem(cursor: Cursor): BareItem | null {
  const text = take(cursor, STRING)?.[1];
  if (text !== undefined) return { type: 'string', value: text.replace(/\\(.)/g, '$1') };
  const base64 = take(cursor, BYTES)?.[1];
  if (base64 !== undefined) {
    const value = Buffer.from(base64, 'base64');
    return value.toString('base64') === base64 ? { type: 'bytes', value } : null;
  }
  const number = take(cursor, NUMBER)?.[0];
  if (number !== undefined) {
    // Adding 0 makes the minus of a zero go, which has no place in what is written.
    return { type: number.includes('.') ? 'decimal' : 'integer', value: Number(number) + 0 };
  }
  const token = take(cursor, TOKEN)?.[0];
  if (token !== undefined) return { type: 'token', value: token };
  const digit = take(cursor, BOOLEAN)?.[1];
  return digit === undefined ? null : { type: 'boolean', value: digit === '1' };
}

/** An item in its one canonical spelling. RFC 8941 4.1.3 */
export function itemText({ bare, parameters }: Item): string {
  return bareText(bare) + parametersText(parameters);
}

/** An inner list in its one canonical spelling. RFC 8941 4.1.1.1 */
export function innerListText({ items, parameters }: InnerList): string {
  return `(${items.map(itemText).join(' ')})${parametersText(parameters)}`;
}

function parametersText(parameters: Parameters): string {
  let text = '';
  for (const [key, bare] of parameters) {
    const isTrue = bare.type === 'boolean' && bare.value;
    text += isTrue ? `;${key}` : `;${key}=${bareText(bare)}`;
  }
  return text;
}

function bareText(bare: BareItem): string {
  switch (bare.type) {
    case 'string':
      return `"${bare.value.replace(/["\\]/g, '\\$&')}"`;
    case 'bytes':
      return `:${Buffer.from(bare.value).toString('base64')}:`;
    case 'boolean':
      return bare.value ? '?1' : '?0';
    case 'decimal':
      return Number.isInteger(bare.value) ? `${bare.value}.0` : String(bare.value);
    default:
      return String(bare.value);
  }
}
