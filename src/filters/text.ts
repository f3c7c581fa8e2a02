/** The text of an activity as a reader sees it, for filters that look for words. */
import type { NormalActivity } from '../activity.ts';

/** Properties that people read; each may come in languages too. */
const READABLE = ['name', 'summary', 'content'] as const;
/** What is worth decoding: the rest of HTML's two thousand names is left as it stands. */
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', shy: '', zwnj: '', zwj: '' },
  ...{ hellip: '…', ndash: '–', mdash: '—', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”' },
  ...{ laquo: '«', raquo: '»', bull: '•', middot: '·', copy: '©', reg: '®', trade: '™', euro: '€' },
  ...{ auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é' },
};
/** Tags between which words end. */
const BREAKING = /^\/?(?:p|br|div|li|ul|ol|h[1-6]|blockquote|pre|tr|td|th|hr|table|section|article)$/;

/** Every readable text in an activity and in what it holds, one a line, without repetition. */
export function readableText(activity: NormalActivity): string {
  const lines = new Set<string>();
  const add = (value: unknown): void => {
    for (const text of Array.isArray(value) ? value : [value]) {
      if (typeof text !== 'string') continue;
      const line = plainText(text);
      if (line !== '') lines.add(line);
    }
  };
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const node = value as Readonly<Record<string, unknown>>;
    for (const property of READABLE) {
      add(node[property]);
      for (const text of Object.values(node[`${property}Map`] ?? {})) add(text);
    }
    for (const property in node) if (!property.endsWith('Map')) walk(node[property]);
  };
  walk(activity);
  return [...lines].join('\n');
}

/** Text without its tags, entities read, blanks in a row made one. Linear in its length, whatever it holds. */
export function plainText(html: string): string {
  return decoded(withoutTags(html)).replace(/\s+/g, ' ').trim();
}

function withoutTags(html: string): string {
  let text = '';
  let from = 0;
  for (let at = html.indexOf('<'); at !== -1; at = html.indexOf('<', from)) {
    text += html.slice(from, at);
    from = at + 1;
    if (!/[a-z/!?]/i.test(html.charAt(from))) {
      text += '<';
      continue;
    }
    const isComment = html.startsWith('!--', from);
    const end = html.indexOf(isComment ? '-->' : '>', from);
    // Never closed: nothing from here on is a tag. It may be shown where text is not HTML, such as in a name.
    if (end === -1) return `${text}<${html.slice(from)}`;
    const name = /^\/?[a-z0-9]*/i.exec(html.slice(from, from + 16))?.[0] ?? '';
    if (BREAKING.test(name.toLowerCase())) text += ' ';
    from = end + (isComment ? 3 : 1);
  }
  return text + html.slice(from);
}

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] as string) : whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : '�';
  });
}

/** Marks that may follow each other; Unicode's own bound for streams is 30 (UAX 15, 13). */
const MARKS = /([\p{M}\uff9e\uff9f]{30})[\p{M}\uff9e\uff9f]+/gu;

/**
 * A text in which the same reads the same: one form of each letter, one blank for many, nothing invisible. Marks in a long
 * row are cut, because bringing a row of n marks into order takes n².
 */
export function legible(text: string): string {
  const visible = text.replace(/\p{Default_Ignorable_Code_Point}+/gu, '').replace(MARKS, '$1');
  return visible.normalize('NFKC').replace(/[^\S\n]{2,}|[^\S\n ]/g, ' ');
}

/** A legible text without upper case: by way of it, so that ß and ss, and both forms of the Greek s, are the same. */
export function folded(text: string): string {
  return text.toUpperCase().toLowerCase().normalize('NFKC').replaceAll('ς', 'σ');
}
