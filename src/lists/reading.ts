/** What a list says, gathered row by row: names made canonical, repetitions merged, and each row that is wrong named. */
import type { ListFormat, ListKind, RowProblem } from '../api/lists.ts';
import type { RuleWish, Severity } from '../api/rules.ts';
import { SallyportError } from '../errors.ts';
import { listedDomain } from './domain.ts';
import { HARDNESS, severityOf } from './severity.ts';

/** Mastodon's bound, and ours: a longer list is refused whole. */
export const LIST_ROWS_MAX = 20_000;
/** A list of 20 000 rows with a sentence on each is some 3 MB. In bytes of UTF-8. */
export const LIST_BYTES_MAX = 8_388_608;
/** What a comment may have; the rest is cut off, and said. */
const COMMENT_CHARACTERS_MAX = 5_000;
const LABELS_MAX = 50;
const SHOWN_CHARACTERS = 120;

export const LIST_KINDS = ['block', 'allow', 'retract'] as const satisfies readonly ListKind[];
export const LIST_FORMATS = ['csv', 'json', 'plain'] as const satisfies readonly ListFormat[];

/** A list that was read. */
export interface ReadList {
  readonly format: ListFormat;
  /** Whose way of writing lists it is: `mastodon`, `plain`, `gotosocial`, `rapidblock`, `akkoma` … */
  readonly dialect: string;
  readonly kind: ListKind;
  /** Rows that were meant to say something, wrong ones too. */
  readonly rows: number;
  /** One for each domain, in the order of the list. */
  readonly wishes: readonly RuleWish[];
  /** Domains that the list has taken back. */
  readonly retracted: readonly string[];
  readonly problems: readonly RowProblem[];
}

/** A row as it was found: cells are texts in CSV, anything in JSON. Absent, null and empty cells say nothing. */
export interface RawRow {
  readonly row: number;
  readonly text: string;
  readonly domain: unknown;
  readonly severity?: unknown;
  readonly rejectMedia?: unknown;
  readonly rejectReports?: unknown;
  readonly obfuscate?: unknown;
  readonly publicComment?: unknown;
  readonly privateComment?: unknown;
  readonly labels?: unknown;
}

export interface Gathering {
  add(row: RawRow): void;
  /** The list takes back what it has said of this domain. */
  retract(row: RawRow): void;
  /** A remark about a row, or about the whole list (row 0). */
  remark(row: number, text: string, problem: string): void;
  result(format: ListFormat, dialect: string, kind: ListKind): ReadList;
}

/** Thrown by a reader whose cell means nothing; never leaves this room. */
class Unreadable extends Error {}

/** `severity`: what a row means that does not say. */
export function gather(severity: Severity): Gathering {
  const wishes = new Map<string, { readonly row: number; readonly wish: RuleWish }>();
  const retracted = new Set<string>();
  const problems: RowProblem[] = [];
  let rows = 0;

  const remark = (row: number, text: string, problem: string): void => {
    problems.push({ row, text: shown(text), problem });
  };

  /** Counts the row and finds its domain, or says why there is none. */
  function domainOfRow({ row, text, domain: cell }: RawRow): string | null {
    rows++;
    if (rows > LIST_ROWS_MAX) throw tooLong();
    const found = typeof cell === 'string' ? listedDomain(cell) : { problem: 'names no domain' };
    if ('domain' in found) return found.domain;
    remark(row, text, found.problem);
    return null;
  }

  return {
    remark,
    add(raw) {
      const domain = domainOfRow(raw);
      if (domain === null) return;
      try {
        const wish = wishOf(domain, raw, severity, remark);
        const before = wishes.get(domain);
        if (before === undefined) return void wishes.set(domain, { row: raw.row, wish });
        remark(raw.row, raw.text, `says again what row ${before.row} says; the harder of both counts`);
        wishes.set(domain, { row: before.row, wish: harder(before.wish, wish) });
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        remark(raw.row, raw.text, error.message);
      }
    },
    retract(raw) {
      const domain = domainOfRow(raw);
      if (domain !== null) retracted.add(domain);
    },
    result: (format, dialect, kind) => ({
      ...{ format, dialect, kind, rows },
      problems: problems.sort((one, other) => one.row - other.row),
      wishes: [...wishes.values()].map(({ wish }) => wish),
      // What it blocks again it has not taken back.
      retracted: [...retracted].filter((domain) => !wishes.has(domain)),
    }),
  };
}

/** A list that nobody reads any further. */
export function tooLong(): SallyportError {
  return new SallyportError('ERR_INVALID', `the list has more than ${LIST_ROWS_MAX} rows`, {
    hint: 'cut it into several lists; nothing of it was taken',
    data: { rowsMax: LIST_ROWS_MAX },
  });
}

function wishOf(
  domain: string,
  raw: RawRow,
  severity: Severity,
  remark: (row: number, text: string, problem: string) => void,
): RuleWish {
  const comment = (name: string, cell: unknown): string | null => {
    const text = textOf(name, cell);
    if (text === null || text.trim() === '') return null;
    if (text.length <= COMMENT_CHARACTERS_MAX) return text;
    remark(raw.row, raw.text, `has a ${name} that is cut after ${COMMENT_CHARACTERS_MAX} characters`);
    return text.slice(0, COMMENT_CHARACTERS_MAX).toWellFormed();
  };
  const publicComment = comment('public comment', raw.publicComment);
  return {
    domain,
    severity: severityIn(raw.severity) ?? severity,
    rejectMedia: flagIn('reject_media', raw.rejectMedia),
    rejectReports: flagIn('reject_reports', raw.rejectReports),
    obfuscate: flagIn('obfuscate', raw.obfuscate),
    publicComment,
    privateComment: comment('private comment', raw.privateComment),
    labels: labelsIn(raw.labels, publicComment),
  };
}

/** The harder of two rows about one domain, with the flags of both, and the other's words where it has none. */
function harder(one: RuleWish, other: RuleWish): RuleWish {
  const hardness = ({ severity = 'block' }: RuleWish): number => HARDNESS[severity];
  const [hard, mild] = hardness(other) > hardness(one) ? [other, one] : [one, other];
  return {
    ...hard,
    rejectMedia: hard.rejectMedia === true || mild.rejectMedia === true,
    rejectReports: hard.rejectReports === true || mild.rejectReports === true,
    obfuscate: hard.obfuscate === true || mild.obfuscate === true,
    publicComment: hard.publicComment ?? mild.publicComment ?? null,
    privateComment: hard.privateComment ?? mild.privateComment ?? null,
    labels: [...new Set([...(hard.labels ?? []), ...(mild.labels ?? [])])],
  };
}

/** Absent, null and empty are one: the row does not say. */
const isEmpty = (cell: unknown): boolean =>
  cell === undefined || cell === null || (typeof cell === 'string' && cell.trim() === '');

function severityIn(cell: unknown): Severity | null {
  if (isEmpty(cell)) return null;
  const severity = typeof cell === 'string' ? severityOf(cell) : null;
  if (severity === null) throw new Unreadable(`has the severity ${brief(cell)}, which is none`);
  return severity;
}

const YES = new Set(['true', 't', 'yes', 'y', '1']);
const NO = new Set(['false', 'f', 'no', 'n', '0']);

function flagIn(name: string, cell: unknown): boolean {
  if (isEmpty(cell)) return false;
  if (typeof cell === 'boolean') return cell;
  const word = typeof cell === 'string' || typeof cell === 'number' ? String(cell).trim().toLowerCase() : '';
  if (YES.has(word)) return true;
  if (NO.has(word)) return false;
  throw new Unreadable(`has ${brief(cell)} for ${name}, which is neither true nor false`);
}

function textOf(name: string, cell: unknown): string | null {
  if (cell === undefined || cell === null) return null;
  if (typeof cell !== 'string') throw new Unreadable(`has a ${name} that is no text`);
  // The database's text cannot hold these.
  if (cell.includes('\0') || !cell.isWellFormed())
    throw new Unreadable(`has characters in its ${name} that are none`);
  return cell;
}

/** Labels of their own, or a comment that is nothing else: `iftas:hate-speech;online-harassment`. */
function labelsIn(cell: unknown, comment: string | null): string[] {
  if (Array.isArray(cell)) {
    const labels = cell.filter(
      (label): label is string => typeof label === 'string' && label.length <= 300 && label.isWellFormed(),
    );
    return [...new Set(labels.filter((label) => label !== '' && !label.includes('\0')))].slice(0, LABELS_MAX);
  }
  const [, scheme, names] =
    /^([a-z][a-z0-9-]{0,30}):([\w-]+(?:;[\w-]+)*)$/i.exec(comment?.trim() ?? '') ?? [];
  if (scheme === undefined) return [];
  return [...new Set((names as string).split(';').map((name) => `${scheme}:${name}`))].slice(0, LABELS_MAX);
}

/** Any value of JSON, as far as it can be shown: what is nested too deeply cannot be written. */
export function brief(value: unknown): string {
  if (typeof value === 'string') return shown(value);
  try {
    return shown(JSON.stringify(value));
  } catch {
    return '(nested too deeply)';
  }
}

/** A row as it can be shown: its beginning, on one line. */
function shown(text: string): string {
  const line = text.replace(/\p{C}+/gu, ' ').toWellFormed();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS).toWellFormed()}…` : line;
}
