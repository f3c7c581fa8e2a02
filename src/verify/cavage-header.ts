/**
 * Reads a draft-cavage Signature header, and refuses whatever can be understood in two ways. Cheap enough for the
 * main thread, which needs the keyId before anything else.
 *
 * http-signature is not asked to parse what a stranger wrote: it takes the last of two equal parameters, drops a
 * number at the end, and prefers an Authorization header that the signer's server never looked at.
 */
import { domainOf } from '../activity.ts';

/** A Signature header that has one meaning. */
export interface CavageSignature {
  readonly scheme: 'draft-cavage';
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

/** A 4096-bit signature takes 684 characters, a key id some 200. */
const HEADER_CHARACTERS_MAX = 4_096;

export function readCavageHeader(header: string): CavageSignature | { readonly problem: string } {
  if (header.length > HEADER_CHARACTERS_MAX) return { problem: 'the Signature header is too long' };
  const parameters = parametersOf(header);
  return parameters instanceof Map ? headerOf(parameters) : parameters;
}

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

function headerOf(parameters: ReadonlyMap<string, string>): CavageSignature | { readonly problem: string } {
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
  return { scheme: 'draft-cavage', keyId, algorithm, headers, signature, created, expires };
}

/** Base64 in its one spelling: decoders take others, so that a changed character would change nothing. */
function isBase64(text: string): boolean {
  return text !== '' && Buffer.from(text, 'base64').toString('base64') === text;
}

function secondsOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
