/**
 * Makes the driver prepare statements: a text is parsed and planned once for each connection instead of at every
 * call, which for our small statements is most of the server's work. Kysely has no option for it.
 *
 * The texts are fixed and few; what a caller might make up is left alone once there are `NAMES_MAX`. A name is made
 * of the text, so that it means the same on every connection, also behind a pooler (PgBouncer from 1.21 on).
 */
import { createHash } from 'node:crypto';

/** The part of a driver's connection that this changes. */
interface Client {
  query(...given: unknown[]): unknown;
}

const NAMES_MAX = 500;
const names = new Map<string, string>();

export function prepareStatements(client: Client): void {
  const query = client.query.bind(client);
  client.query = (text, values, ...more) => {
    const hasValues = typeof text === 'string' && Array.isArray(values) && values.length > 0;
    const name = hasValues ? nameOf(text) : undefined;
    return name === undefined ? query(text, values, ...more) : query({ name, text, values }, ...more);
  };
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= NAMES_MAX) return known;
  const name = `sallyport_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
  names.set(text, name);
  return name;
}
