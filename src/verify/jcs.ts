/**
 * One spelling for a JSON value (RFC 8785): keys sorted by UTF-16 code units, no blanks, numbers and texts as
 * JSON.stringify writes them. Depth and size are the caller's to bound; `scan` has done so for a body.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return primitive(value);
  const object = value as Readonly<Record<string, unknown>>;
  // The order of code units is that of JavaScript's own sort.
  const members = Object.keys(object)
    .sort()
    .map((key) => `${primitive(key)}:${canonicalJson(object[key])}`);
  return `{${members.join(',')}}`;
}

/** RFC 8785 3.2.2.2: a lone surrogate has no spelling. JSON.stringify would write an escape, which others do not. */
function primitive(value: unknown): string {
  if (typeof value === 'string' && !value.isWellFormed()) throw new TypeError('a lone surrogate');
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
}
