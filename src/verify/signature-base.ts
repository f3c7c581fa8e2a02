/** The signature base of RFC 9421: the text that is signed, built from what came and from what we know ourselves. */
import type { Fields } from './header.ts';
import { type InnerList, type Item, innerListText, itemText } from './structured-fields.ts';

/** A request as it is covered. */
export interface CoveredRequest {
  readonly method: string;
  /** The raw target, a path: what is signed is what was sent. */
  readonly target: string;
  /** Of the server that it is for: our own by configuration, never by a header of the request. */
  readonly origin: string;
  readonly fields: Fields;
}

/** The value of a component, or null when there is none. */
export type ComponentValue = (component: Item) => string | null;

/** The text that is signed; null when a component has no value. RFC 9421 2.5 */
export function signatureBase(input: InnerList, read: ComponentValue): string | null {
  let base = '';
  for (const component of input.items) {
    const value = read(component);
    // A line break would be a second line of the base that nobody listed.
    if (value === null || !/^[\t -~\x80-\xff]*$/.test(value)) return null;
    base += `${itemText(component)}: ${value}\n`;
  }
  return `${base}"@signature-params": ${innerListText(input)}`;
}

/** The values of a request's components. RFC 9421 2.1, 2.2 */
export function valuesOf({ method, target, origin, fields }: CoveredRequest): ComponentValue {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  // Also without a query there is a question mark. RFC 9421 2.2.7
  const query = mark === -1 ? '?' : target.slice(mark);
  return (component) => {
    const name = String(component.bare.value);
    switch (name) {
      case '@method':
        return method;
      case '@target-uri':
        return origin + target;
      case '@authority':
        return new URL(origin).host;
      case '@scheme':
        return new URL(origin).protocol.slice(0, -1);
      case '@request-target':
        return target;
      case '@path':
        return path;
      case '@query':
        return query;
      case '@query-param':
        return queryParameter(query, String(component.parameters.get('name')?.value));
      default:
        return fields.get(name) ?? null;
    }
  };
}

/** The value of a parameter that the query has once; of one that it has twice nobody can say which. RFC 9421 2.2.8 */
function queryParameter(query: string, name: string): string | null {
  const found = [...new URLSearchParams(query)].filter(([key]) => percentEncoded(key) === name);
  return found.length === 1 ? percentEncoded(found[0]?.[1] as string) : null;
}

function percentEncoded(text: string): string {
  const encode = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()~]/g, encode);
}
