/** Lists on the terminal: a page of the admin API as a table, as JSON, and what comes after it. */
import type { Client, Json } from './client.ts';
import { print, UsageError } from './verb.ts';

/** Every list takes these. */
export const PAGING = { limit: { type: 'string' }, all: { type: 'boolean' } } as const;
export const PAGING_HELP = `  --limit N      at most so many (50; at most 200)
  --all          every page, one after the other`;

/** The title of a column and what stands in it. */
export type Column = readonly [title: string, cell: (item: Json) => unknown];

export interface Paging {
  readonly limit?: string | undefined;
  readonly all?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Fetches a list and prints it. JSON is one array. */
export async function printList(
  client: Client,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  { limit, all, json }: Paging,
  columns: readonly Column[],
): Promise<void> {
  if (limit !== undefined && !/^[1-9]\d{0,5}$/.test(limit)) throw new UsageError('--limit is no number');
  const items: Json[] = [];
  let next: string | null | undefined;
  do {
    const page = await client.get(path, {
      ...query,
      limit: limit ?? (all ? '200' : undefined),
      cursor: next ?? undefined,
    });
    items.push(...(page.items as Json[]));
    next = page.next as string | null;
  } while (all === true && next !== null);
  if (json === true) return print(JSON.stringify(items, null, 2));
  if (items.length === 0) return print('None.');
  print(tableOf(items, columns));
  if (next !== null) print(`There are more: --all shows them.`);
}

/** A table with aligned columns; nothing in it can move the cursor or break a line. */
export function tableOf(items: readonly Json[], columns: readonly Column[]): string {
  const rows = [
    columns.map(([title]) => title),
    ...items.map((item) => columns.map(([, cell]) => plain(cell(item)))),
  ];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => (row[at] as string).length)));
  return rows
    .map((row) =>
      row
        .map((text, at) => text.padEnd(widths[at] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One record, a line for each field that says something. */
export function recordOf(record: Json): string {
  const fields = Object.entries(record).filter(([, value]) => value !== null && typeof value !== 'object');
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`).join('\n');
}

/** A value that came from outside, on one line: a terminal obeys control characters, whoever wrote them. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return String(value).replace(/\p{C}+/gu, ' ');
}
