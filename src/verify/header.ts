/**
 * Reads a draft-cavage Signature header, and refuses whatever can be understood in two ways. Cheap enough for the
 * main thread, which needs the keyId before anything else.
 *
 * http-signature is not asked to parse what a stranger wrote: it takes the last of two equal parameters, drops a
 * number at the end, and prefers an Authorization header that the signer's server never looked at.
 */

import { domainOf } from '../activity.ts';

/** A Signature header that has one meaning. */
export interface SignatureHeader {
  /** An http(s) URL, as it was spelled. */
  readonly keyId: string;
  /** `rsa-sha256`, `hs2019`, or null when the sender left it out: all three mean RSA with SHA-256 here. */
  readonly algorithm: 'rsa-sha256' | 'hs2019' | null;
  /** Lower case, in the order of the signing string, without repetition. */
  readonly headers: readonly string[];
  readonly signature: string;
  /** Seconds since the epoch. */
  readonly created: number | null;
  readonly expires: number | null;
}

/** A header field that decides what a request means must be there once. RFC 9110 5.3 lets the others be lists. */
const SINGLE = ['signature', 'date', 'host', 'content-type', 'content-length', 'authorization'] as const;

/** Header fields by lower-case name; repeated ones are joined as node:http joins them. */
export type Fields = ReadonlyMap<string, string>;

/** The fields of a request, or what is wrong with them. */
export function readFields(rawHeaders: readonly string[]): Fields | { readonly problem: string } {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = trimmed(rawHeaders[at + 1] as string);
    const before = fields.get(name);
    if (before !== undefined && (SINGLE as readonly string[]).includes(name))
      return { problem: `two ${name} headers` };
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

/**
 * A field's value without the white space around it, which is not part of it. RFC 9110 5.5
 * Not `trim()`, which also takes characters that were signed; no pattern, which would be quadratic in spaces.
 */
function trimmed(value: string): string {
  const isSpace = (at: number): boolean => value[at] === ' ' || value[at] === '\t';
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return value.slice(start, end);
}

/** Who claims to have signed a request, before anything is proven. */
export function readSignature(rawHeaders: readonly string[]): SignatureHeader | { readonly problem: string } {
  const fields = readFields(rawHeaders);
  if ('problem' in fields) return fields;
  return signatureOf(fields);
}

/** The Signature header among these fields. */
export function signatureOf(fields: Fields): SignatureHeader | { readonly problem: string } {
  if (fields.has('authorization')) return { problem: 'an Authorization header beside the signature' };
  if (fields.has('signature-input')) return { problem: 'a message signature (RFC 9421): send draft-cavage' };
  const header = fields.get('signature');
  if (header === undefined) return { problem: 'no Signature header' };
  if (header.length > HEADER_CHARACTERS_MAX) return { problem: 'the Signature header is too long' };
  const parameters = parametersOf(header);
  return parameters instanceof Map ? headerOf(parameters) : parameters;
}

/** A 4096-bit signature takes 684 characters, a key id some 200. */
const HEADER_CHARACTERS_MAX = 4_096;

/** One `name="value"` or `name=123`, up to a comma or the end. draft-cavage 4.1 */
const PARAMETER = /[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(?:"([^"\\]*)"|(\d{1,15}))[ \t]*(?:,|$)/y;

function parametersOf(header: string): Map<string, string> | { readonly problem: string } {
  const parameters = new Map<string, string>();
  const seen = new Set<string>();
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < header.length) {
    const match = PARAMETER.exec(header);
    if (match === null) return { problem: 'the Signature header cannot be read' };
    const [, name = '', quoted, digits] = match;
    // `keyid` beside `keyId` is two key ids for a reader that is less strict than we are.
    if (seen.has(name.toLowerCase())) return { problem: `the parameter ${name} stands twice` };
    seen.add(name.toLowerCase());
    parameters.set(name, quoted ?? digits ?? '');
  }
  if (/,[ \t]*$/.test(header)) return { problem: 'the Signature header ends in a comma' };
  return parameters;
}

/** The names of draft-cavage 2.3 that are no header fields. Others that libraries know are nobody's habit. */
const PSEUDO_HEADERS: readonly string[] = ['(request-target)', '(created)', '(expires)'];

function headerOf(parameters: ReadonlyMap<string, string>): SignatureHeader | { readonly problem: string } {
  const keyId = parameters.get('keyId');
  const signature = parameters.get('signature');
  const algorithm = parameters.get('algorithm') ?? null;
  if (keyId === undefined || domainOf(keyId) === null) return { problem: 'the keyId is no URL' };
  if (/\s/.test(keyId)) return { problem: 'the keyId holds white space' };
  if (signature === undefined || !isBase64(signature)) return { problem: 'the signature is not base64' };
  if (algorithm !== null && algorithm !== 'rsa-sha256' && algorithm !== 'hs2019') {
    return { problem: 'the algorithm is unknown' };
  }
  // Without `headers` only the date would be covered. Names should come in lower case. draft-cavage 2.1.6
  const headers = (parameters.get('headers') ?? 'date').toLowerCase().split(' ');
  if (headers.some((name) => !/^[a-z0-9-]+$/.test(name) && !PSEUDO_HEADERS.includes(name)))
    return { problem: 'the headers parameter cannot be read' };
  if (new Set(headers).size !== headers.length) return { problem: 'a header is listed twice' };
  if (headers.includes('signature')) return { problem: 'the signature cannot sign itself' };
  const created = secondsOf(parameters.get('created'));
  const expires = secondsOf(parameters.get('expires'));
  if (created === undefined || expires === undefined) return { problem: 'created or expires is no number' };
  return { keyId, algorithm, headers, signature, created, expires };
}

/** Base64 in its one spelling: decoders take others, so that a changed character would change nothing. */
function isBase64(text: string): boolean {
  return text !== '' && Buffer.from(text, 'base64').toString('base64') === text;
}

function secondsOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
