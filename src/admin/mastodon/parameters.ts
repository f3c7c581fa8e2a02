/** What a request to Mastodon's API is asked with: a query, a form or JSON, all of them one bag as in Rails. */
import { textOf } from '../input.ts';
import { badRequest } from '../problems.ts';

export type Parameters = Readonly<Record<string, unknown>>;

/** Fields of a form; more are nobody's. */
const FIELDS_MAX = 200;

/** The body's fields beat the query's. `a[b]=c` is a field of an object, `a[]=b` an item of a list. */
export async function readParameters(url: URL, request: Request): Promise<Parameters> {
  const fromQuery = nested([...url.searchParams]);
  if (request.method === 'GET' || request.method === 'HEAD') return fromQuery;
  return { ...fromQuery, ...(await fromBody(request)) };
}

async function fromBody(request: Request): Promise<Parameters> {
  const type = request.headers.get('content-type') ?? '';
  const text = await textOf(request);
  if (text.trim() === '') return {};
  if (/^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) {
    const form = await new Response(text, { headers: { 'content-type': type } }).formData().catch(() => {
      throw badRequest('the body is no form');
    });
    return nested([...form].map(([name, value]) => [name, typeof value === 'string' ? value : '']));
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('the body is not a JSON object');
  return body as Parameters;
}

function nested(fields: readonly (readonly [string, string])[]): Parameters {
  const found: Record<string, unknown> = Object.create(null);
  for (const [name, value] of fields.slice(0, FIELDS_MAX)) {
    const [, outer = name, inner] = /^([^[\]]+)\[([^[\]]*)\]$/.exec(name) ?? [];
    if (inner === undefined) found[outer] = value;
    else if (inner === '') found[outer] = [...(Array.isArray(found[outer]) ? found[outer] : []), value];
    else found[outer] = { ...(typeof found[outer] === 'object' ? found[outer] : {}), [inner]: value };
  }
  return found;
}

/** A text; undefined where nothing is said, null where it is said to be nothing. */
export function textIn(parameters: Parameters, name: string): string | null | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  if (text.includes('\0') || !text.isWellFormed()) throw badRequest(`${name} has characters that are none`);
  return text.trim() === '' ? null : text;
}

const NO = new Set(['0', 'f', 'false', 'off']);

/** True and false as Rails takes them; undefined where nothing is said. */
export function flagIn(parameters: Parameters, name: string): boolean | undefined {
  const value = parameters[name];
  if (value === undefined || value === null || value === '') return undefined;
  return !NO.has(String(typeof value === 'object' ? true : value).toLowerCase());
}
