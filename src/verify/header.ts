/**
 * Who claims to have signed a request, and how: draft-cavage, or RFC 9421 message signatures.
 *
 * A request with a Signature-Input field is signed by RFC 9421 and by nothing else; one without it by draft-cavage.
 * Neither is ever tried after the other has failed, so a request has one signer, for the key, the checks and the log.
 */
import { type CavageSignature, readCavageHeader } from './cavage-header.ts';
import { type MessageSignature, readMessageSignature } from './signature-input.ts';

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

/** A signature that has one meaning. `keyId` is an http(s) URL, as it was spelled. */
export type SignatureHeader = CavageSignature | MessageSignature;

/** Who claims to have signed a request, before anything is proven. */
export function readSignature(rawHeaders: readonly string[]): SignatureHeader | { readonly problem: string } {
  const fields = readFields(rawHeaders);
  if ('problem' in fields) return fields;
  return signatureOf(fields);
}

/** The signature among these fields. */
export function signatureOf(fields: Fields): SignatureHeader | { readonly problem: string } {
  if (fields.has('authorization')) return { problem: 'an Authorization header beside the signature' };
  const signature = fields.get('signature');
  if (signature === undefined) return { problem: 'no Signature header' };
  const input = fields.get('signature-input');
  return input === undefined ? readCavageHeader(signature) : readMessageSignature(input, signature);
}
