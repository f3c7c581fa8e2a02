/**
 * Lists of domains as they travel between servers: every dialect that is met in the wild is read into what somebody wants
 * of rules, and rules are written in the three that everybody reads. Pure: texts in, values out.
 */

import type { ListFormat, ListKind } from '../api/lists.ts';
import { SallyportError } from '../errors.ts';
import { readCsv } from './csv.ts';
import { readJson } from './json.ts';
import { LIST_BYTES_MAX, type ReadList } from './reading.ts';

export type { ListFormat, ListKind, RowProblem } from '../api/lists.ts';
export { listedDomain } from './domain.ts';
export { digestOf, obfuscated } from './obfuscation.ts';
export {
  LIST_BYTES_MAX,
  LIST_FORMATS,
  LIST_KINDS,
  LIST_ROWS_MAX,
  type ReadList,
} from './reading.ts';
export { HARDNESS, isStricter, type MastodonSeverity, mastodonSeverity, severityOf } from './severity.ts';
export { isExported, type Listed, writeAllowList, writeCsv, writeJson, writePlain } from './writing.ts';

/**
 * Reads a list. Rows that are wrong become problems; what throws is `ERR_INVALID`: too many bytes or rows, no UTF-8, no
 * list at all.
 * @param options `format` is found out where it is absent; `kind` where the list says it itself, else `block`
 */
export function readList(
  given: string | Uint8Array,
  { format, kind }: { readonly format?: ListFormat | undefined; readonly kind?: ListKind | undefined } = {},
): ReadList {
  const text = textOf(given);
  const start = text.trimStart();
  if (/^<(?:!doctype|html|\?xml)/i.test(start))
    throw new SallyportError('ERR_INVALID', 'this is a web page, not a list');
  if (format === 'json' || (format === undefined && (start.startsWith('{') || /^\[\s*["{\]]/.test(start))))
    return readJson(text, kind);
  return readCsv(text, kind);
}

function textOf(given: string | Uint8Array): string {
  const bytes = typeof given === 'string' ? Buffer.byteLength(given) : given.byteLength;
  if (bytes > LIST_BYTES_MAX)
    throw new SallyportError('ERR_INVALID', `the list has more than ${LIST_BYTES_MAX} bytes`, {
      data: { bytes, bytesMax: LIST_BYTES_MAX },
    });
  if (typeof given === 'string') return given.replace(/^\ufeff/, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(given);
  } catch (error) {
    throw new SallyportError('ERR_INVALID', 'the list is not UTF-8', { cause: error });
  }
}
