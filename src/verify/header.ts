/**
 * Reads a draft-cavage Signature header, and refuses whatever can be understood in two ways. Cheap enough for the
 * main thread, which needs the keyId before anything else.
 *
 * http-signature is not asked to parse what a stranger wrote: it takes the last of two equal parameters, drops a
 * number at the end, and prefers an Authorization header that the signer's server never looked at.
 */

/** A Signature header that has one meaning. */
export interface SignatureHeader {
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
    const value = (rawHeaders[at + 1] as string).trim();
    const before = fields.get(name);
    if (before !== undefined && (SINGLE as readonly string[]).includes(name)) return { problem: `two ${name} headers` };
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
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
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < header.length) {
    const match = PARAMETER.exec(header);
    if (match === null) return { problem: 'the Signature header cannot be read' };
    const [, name, quoted, digits] = match as unknown as [string, string, string | undefined, string | undefined];
    if (parameters.has(name)) return { problem: `the parameter ${name} stands twice` };
    parameters.set(name, (quoted ?? digits) as string);
    if (PARAMETER.lastIndex === 0) break;
  }
  if (/,[ \t]*$/.test(header)) return { problem: 'the Signature header ends in a comma' };
  return parameters;
}

function headerOf(parameters: ReadonlyMap<string, string>): SignatureHeader | { readonly problem: string } {
  const keyId = parameters.get('keyId');
  const signature = parameters.get('signature');
  const algorithm = parameters.get('algorithm') ?? null;
  if (keyId === undefined || URL.parse(keyId) === null) return { problem: 'the keyId is no URL' };
  if (signature === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return { problem: 'the signature is not base64' };
  if (algorithm !== null && algorithm !== 'rsa-sha256' && algorithm !== 'hs2019') {
    return { problem: 'the algorithm is unknown' };
  }
  // Without `headers` only the date would be covered. draft-cavage 2.1.6
  const headers = (parameters.get('headers') ?? 'date').split(' ');
  if (headers.some((name) => !/^(\([a-z-]+\)|[a-z0-9-]+)$/.test(name))) return { problem: 'the headers parameter cannot be read' };
  if (new Set(headers).size !== headers.length) return { problem: 'a header is listed twice' };
  const created = secondsOf(parameters.get('created'));
  const expires = secondsOf(parameters.get('expires'));
  if (created === undefined || expires === undefined) return { problem: 'created or expires is no number' };
  return { keyId, algorithm, headers, signature, created, expires };
}

function secondsOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
