/** The audit log as a file: one record a line, as JSON or as CSV, written as it is read. */
import type { AuditRecord } from '../api/audit.ts';
import { guarded } from '../lists/spreadsheet.ts';

const COLUMNS: readonly (readonly [name: string, of: (record: AuditRecord) => unknown])[] = [
  ['seq', ({ seq }) => seq],
  ['at', ({ at }) => at],
  ['by', ({ by }) => by],
  ['verb', ({ verb }) => verb],
  ['subject', ({ subject }) => subject.kind],
  ['id', ({ subject }) => subject.id],
  ['domain', ({ domain }) => domain],
  ['from', ({ from }) => from],
  ['to', ({ to }) => to],
  ['reason', ({ reason }) => reason],
  ['policy', ({ policy }) => policy],
  ['batch', ({ batch }) => batch],
  ['filter', ({ filter }) => filter],
];

export const EXPORT_FORMATS = ['ndjson', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

/** The answer; what is read follows how fast the client reads. */
export function exportOf(records: AsyncIterable<AuditRecord>, format: ExportFormat): Response {
  const lines = linesOf(records, format)[Symbol.asyncIterator]();
  const text = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      const { value, done } = await lines.next();
      if (done) stream.close();
      else stream.enqueue(text.encode(value));
    },
    async cancel() {
      await lines.return?.();
    },
  });
  return new Response(body, {
    headers: {
      'content-type': TYPES[format],
      'content-disposition': `attachment; filename="audit.${format}"`,
      'cache-control': 'no-store',
    },
  });
}

/** In pieces of many lines: a line each would cost more than reading it. */
const LINES_IN_ONE = 500;

async function* linesOf(
  records: AsyncIterable<AuditRecord>,
  format: ExportFormat,
): AsyncGenerator<string, void> {
  let lines: string[] = format === 'csv' ? [COLUMNS.map(([name]) => name).join(',')] : [];
  const end = format === 'csv' ? '\r\n' : '\n';
  for await (const record of records) {
    lines.push(
      format === 'csv' ? COLUMNS.map(([, of]) => cellOf(of(record))).join(',') : JSON.stringify(record),
    );
    if (lines.length < LINES_IN_ONE) continue;
    yield lines.join(end) + end;
    lines = [];
  }
  if (lines.length > 0) yield lines.join(end) + end;
}

/** Quoted, and no formula: spreadsheets run what begins like one, and some of these texts come from strangers. */
function cellOf(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return `"${guarded(text).replaceAll('"', '""')}"`;
}
