/**
 * Lists as CSV, in the dialects that are met: Mastodon's (`#domain`), fediblockhole's (`domain`), others (`instance`), and
 * one column without a header. Spreadsheets leave blank rows, CRLF, capitals and quotes behind; all of that is read.
 */
import { parse } from 'csv-parse/sync';
import type { ListKind } from '../api/lists.ts';
import { gather, LIST_ROWS_MAX, type RawRow, type ReadList, tooLong } from './reading.ts';
import { severityOf } from './severity.ts';
import { unguarded } from './spreadsheet.ts';

/** A row longer than this is no row: a quote was opened and never closed. In characters. */
const ROW_CHARACTERS_MAX = 65_536;
/** Rows with those that say nothing, such as remarks: of more none is looked at, for each costs some 20 µs. */
const LINES_MAX = 2 * LIST_ROWS_MAX;

interface Line {
  /** Where it begins, counted from 1. */
  readonly row: number;
  readonly cells: readonly string[];
}

const SETTINGS = {
  bom: true,
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  trim: true,
  max_record_size: ROW_CHARACTERS_MAX,
  record_delimiter: ['\r\n', '\n', '\r'],
};

/** What a column is for, by the words of its header. */
const COLUMNS: Readonly<Record<string, keyof RawRow>> = {
  domain: 'domain',
  instance: 'domain',
  severity: 'severity',
  reject_media: 'rejectMedia',
  reject_reports: 'rejectReports',
  obfuscate: 'obfuscate',
  public_comment: 'publicComment',
  comment: 'publicComment',
  reason: 'publicComment',
  private_comment: 'privateComment',
};

/** The order of Mastodon's columns, for rows that come without a header. */
const MASTODON: readonly (keyof RawRow)[] = [
  ...(['domain', 'severity', 'rejectMedia', 'rejectReports', 'publicComment', 'obfuscate'] as const),
];

export function readCsv(text: string, kindGiven: ListKind | undefined): ReadList {
  const broken: { row: number; text: string }[] = [];
  const lines = linesOf(text, broken).filter(({ cells }) => cells.some((cell) => cell !== ''));
  const at = lines.findIndex((line) => isHeader(line) || !isRemark(line));
  const header = at !== -1 && isHeader(lines[at] as Line) ? headerOf(lines[at] as Line) : null;
  const kind = kindGiven ?? header?.kind ?? 'block';
  const gathering = gather(kind === 'allow' ? 'allow' : 'block');
  for (const { row, text } of broken) gathering.remark(row, text, 'has a quote that is never closed');
  if (header !== null && kindGiven === undefined && header.kind !== 'block')
    gathering.remark((lines[at] as Line).row, header.text, MILDER[header.kind]);
  for (const line of header === null ? lines : lines.slice(at + 1)) {
    if (isRemark(line)) continue;
    const raw = rowOf(line, header?.columns ?? bareColumns(line));
    // An allowed domain is allowed, whatever else stands in its row.
    if (kind === 'retract') gathering.retract(raw);
    else gathering.add(kind === 'allow' ? { ...raw, severity: undefined } : raw);
  }
  const isOneColumn = header === null && lines.every(({ cells }) => cells.length === 1);
  return gathering.result(isOneColumn ? 'plain' : 'csv', header?.dialect ?? 'plain', kind);
}

/** Where a header fits lists of two kinds, the milder one is taken, and said. */
const MILDER = {
  allow:
    'only the column #domain: read as a list of allowed domains, as Mastodon writes them; say kind "block" if it is none',
  retract:
    'only the columns domain and comment: read as what a list takes back, as FIRES writes it; say kind "block" if it is not',
} as const;

/** A comment line, unless it is a header of Mastodon's. */
const isRemark = ({ cells }: Line): boolean => (cells[0] ?? '').startsWith('#');

const wordOf = (cell: string): string =>
  cell
    .replace(/^#/, '')
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');

function isHeader({ cells }: Line): boolean {
  return cells.some((cell) => COLUMNS[wordOf(cell)] === 'domain');
}

function headerOf({ cells }: Line) {
  const words = cells.map(wordOf);
  const columns = words.map((word) =>
    Object.hasOwn(COLUMNS, word) ? (COLUMNS[word] as keyof RawRow) : null,
  );
  const isMastodon = cells.some((cell) => /^#\s*domain$/i.test(cell));
  const text = cells.join(',');
  const kind: ListKind =
    text.toLowerCase() === '#domain'
      ? 'allow'
      : text.toLowerCase() === 'domain,comment'
        ? 'retract'
        : 'block';
  const dialect = isMastodon
    ? 'mastodon'
    : kind === 'retract'
      ? 'fires'
      : words.includes('domain')
        ? 'fediblockhole'
        : 'csv';
  return { columns, dialect, kind, text };
}

/** Without a header: Mastodon's columns where the second cell is a severity, else the first one alone. */
function bareColumns({ cells }: Line): readonly (keyof RawRow | null)[] {
  return cells.length > 1 && severityOf(cells[1] as string) !== null ? MASTODON : ['domain'];
}

function rowOf({ row, cells }: Line, columns: readonly (keyof RawRow | null)[]): RawRow {
  const found: Record<string, string> = {};
  columns.forEach((column, at) => {
    const cell = cells[at];
    // Of two columns with one meaning the first one that says something counts.
    if (column !== null && cell !== undefined && cell !== '') found[column] ??= cell;
  });
  const { domain = '', publicComment, privateComment } = found;
  return {
    ...found,
    ...(publicComment !== undefined && { publicComment: unguarded(publicComment) }),
    ...(privateComment !== undefined && { privateComment: unguarded(privateComment) }),
    // A remark after the name, as plain lists have it.
    domain: domain.replace(/\s+#.*$/s, ''),
    row,
    text: cells.join(','),
  };
}

/** All rows; one by one where the whole cannot be read, because a quote is never closed. */
function linesOf(text: string, broken: { row: number; text: string }[]): Line[] {
  let parsed: readonly Parsed[];
  try {
    parsed = parse(text, { ...SETTINGS, info: true, to: LINES_MAX + 1 }) as unknown as Parsed[];
  } catch {
    const lines = text.split(/\r\n|\n|\r/, LINES_MAX + 1);
    if (lines.length > LINES_MAX) throw tooLong();
    return lines.flatMap((line, at): Line[] => {
      try {
        const [cells] = parse(line, SETTINGS);
        return cells === undefined ? [] : [{ row: at + 1, cells }];
      } catch {
        broken.push({ row: at + 1, text: line });
        return [];
      }
    });
  }
  if (parsed.length > LINES_MAX) throw tooLong();
  let end = 0;
  return parsed.map(({ info, record }) => {
    const within = record.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
    const row = Math.max(end + 1, info.lines - within);
    end = info.lines;
    return { row, cells: record };
  });
}

interface Parsed {
  readonly info: { readonly lines: number };
  readonly record: string[];
}
