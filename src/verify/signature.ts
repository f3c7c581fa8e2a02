/**
 * Checks and makes draft-cavage signatures (draft-cavage-http-signatures-12).
 *
 * A header that `header.ts` has understood is written anew in one canonical form and handed to http-signature for
 * the signing string only. Everything else is ours: what must be covered, the clock, the digest, the key's size.
 * The signature itself is verified by node:crypto with an imported key.
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import httpSignature from 'http-signature';
import { LRUCache } from 'lru-cache';
import { type Fields, readFields, type SignatureHeader, signatureOf } from './header.ts';

export { readSignature } from './header.ts';

/** A request as its signature sees it. */
export interface SignedRequest {
  readonly method: string;
  /** The raw target: what is signed is what was sent. */
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

/** What must hold for a signature to count. */
export interface SignaturePolicy {
  /** Our `host[:port]`, by configuration. */
  readonly host: string;
  readonly publicKeyPem: string;
  readonly nowMs: number;
  readonly pastMs: number;
  readonly futureMs: number;
}

/** Why a signature does not count; `isWrong` when it does not match its key, which may have been rotated. */
export interface BadSignature {
  readonly reason: string;
  readonly isWrong: boolean;
}

const bad = (reason: string): BadSignature => ({ reason, isWrong: false });

/** Null when the request was signed with this key, over these bytes, recently, and for us. */
export function checkSignature(request: SignedRequest, policy: SignaturePolicy): BadSignature | null {
  const fields = readFields(request.rawHeaders);
  if ('problem' in fields) return bad(fields.problem);
  const header = signatureOf(fields);
  if ('problem' in header) return bad(header.problem);
  // An absolute-form target (RFC 9112 3.2.2) names a host that nobody checks.
  if (!/^\/[!-~\x80-\xff]*$/.test(request.target)) return bad('the target is not a path');
  const problem =
    coverageProblem(header) ??
    timeProblem(header, fields, policy) ??
    hostProblem(fields, policy) ??
    digestProblem(fields, request.body);
  if (problem !== null) return bad(problem);

  const signingString = signingStringOf(request, fields, header);
  if (signingString === null) return bad('the signing string cannot be built');
  const key = importKey(policy.publicKeyPem);
  if (key === null) return bad('the key cannot be used');
  return isRight(signingString, header.signature, key)
    ? null
    : { reason: 'the signature does not match', isWrong: true };
}

function isRight(signingString: string, signature: string, key: KeyObject): boolean {
  try {
    // node:http gives each byte of a header as one character: what was signed is those bytes.
    return verify('sha256', Buffer.from(signingString, 'latin1'), key, Buffer.from(signature, 'base64'));
  } catch {
    // OpenSSL has its own opinion of some keys that can be imported: an even modulus.
    return false;
  }
}

/** All that makes a POST what it is must be signed. */
function coverageProblem({ headers, algorithm, created }: SignatureHeader): string | null {
  for (const name of ['(request-target)', 'host', 'digest'])
    if (!headers.includes(name)) return `${name} is not signed`;
  const hasTime = headers.includes('date') || (headers.includes('(created)') && created !== null);
  if (!hasTime) return 'neither date nor (created) is signed';
  // draft-cavage 2.3: these two are an error where the algorithm has a hash in its name.
  const hasNewNames = headers.includes('(created)') || headers.includes('(expires)');
  return hasNewNames && algorithm === 'rsa-sha256' ? '(created) and (expires) need hs2019' : null;
}

/** The strict clock. A time that is given counts whether it is signed or not. */
function timeProblem(
  { headers, created, expires }: SignatureHeader,
  fields: Fields,
  policy: SignaturePolicy,
): string | null {
  const { nowMs, pastMs, futureMs } = policy;
  const times: number[] = [];
  const date = fields.get('date');
  if (headers.includes('date') || date !== undefined) times.push(httpDateMs(date));
  if (created !== null) times.push(created * 1_000);
  for (const ms of times) {
    if (Number.isNaN(ms)) return 'the date cannot be read';
    if (ms < nowMs - pastMs) return 'the signature is too old';
    if (ms > nowMs + futureMs) return 'the signature is from the future';
  }
  if (headers.includes('(created)') && created === null) return 'created is signed and not given';
  if (headers.includes('(expires)') && expires === null) return 'expires is signed and not given';
  if (expires !== null && expires * 1_000 < nowMs) return 'the signature has expired';
  return null;
}

/** `Tue, 24 Nov 2026 13:37:00 GMT` and no other form. RFC 9110 5.6.7 */
function httpDateMs(date: string | undefined): number {
  if (date === undefined || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(date))
    return Number.NaN;
  const ms = Date.parse(date);
  // Date.parse takes "30 Feb" for 2 March.
  return new Date(ms).toUTCString() === date ? ms : Number.NaN;
}

function hostProblem(fields: Fields, policy: SignaturePolicy): string | null {
  return fields.get('host')?.toLowerCase() === policy.host ? null : 'the request was signed for another host';
}

/** Every SHA-256 digest listed must be that of the bytes that came, and there must be one. RFC 3230 4.3.2 */
function digestProblem(fields: Fields, body: Uint8Array): string | null {
  const sha256 = hash('sha256', body, 'base64');
  let found = 0;
  for (const part of (fields.get('digest') ?? '').split(',')) {
    const match = /^[ \t]*([A-Za-z0-9-]+)=([A-Za-z0-9+/=]+)[ \t]*$/.exec(part);
    if (match === null) return 'the digest cannot be read';
    if (match[1]?.toLowerCase() !== 'sha-256') continue;
    if (match[2] !== sha256) return 'the digest is not that of the body';
    found++;
  }
  return found === 0 ? 'no sha-256 digest' : null;
}

/**
 * The signing string, built by http-signature from one canonical header; null when a header that it names did not
 * come. draft-cavage 2.3
 */
export function signingStringOf(
  request: SignedRequest,
  fields: Fields,
  header: SignatureHeader,
): string | null {
  const headers: Record<string, string> = Object.create(null);
  for (const name of header.headers) {
    if (name.startsWith('(')) continue;
    const value = fields.get(name);
    // A line break would be a second line of the string that nobody listed.
    if (value === undefined || !/^[\t -~\x80-\xff]*$/.test(value)) return null;
    headers[name] = value;
  }
  const number = (name: string, value: number | null): string => (value === null ? '' : `${name}=${value},`);
  // It wants a signature and a key id and uses neither: what they are does not change the string.
  headers.signature =
    `${number('created', header.created)}${number('expires', header.expires)}keyId="-",` +
    `algorithm="rsa-sha256",headers="${header.headers.join(' ')}",signature="-"`;
  const asked = { method: request.method, url: request.target, httpVersion: '1.1', headers };
  try {
    // Without a name here it looks for a header called "undefined", and a stranger may send one.
    const options = { authorizationHeaderName: 'signature', clockSkew: 1e15, headers: [], strict: true };
    return httpSignature.parseRequest(asked as never, options).signingString;
  } catch {
    return null;
  }
}

const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 4_096;

/** Imported keys by their PEM: importing costs as much as verifying. False for a key that must not be used. */
const imported = new LRUCache<string, KeyObject | false>({ max: 5_000 });

/** The key, unless it is none of ours to use: a huge key or exponent makes one verification cost milliseconds. */
export function importKey(pem: string): KeyObject | null {
  const before = imported.get(pem);
  if (before !== undefined) return before === false ? null : before;
  const key = usableKey(pem);
  imported.set(pem, key ?? false);
  return key;
}

function usableKey(pem: string): KeyObject | null {
  // node:crypto also takes a certificate, and a private key that somebody published by mistake.
  if (!/^\s*-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(pem)) return null;
  try {
    const key = createPublicKey(pem);
    const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
    if (key.asymmetricKeyType !== 'rsa' || modulusLength < RSA_BITS_MIN || modulusLength > RSA_BITS_MAX)
      return null;
    return publicExponent >= 3n && publicExponent <= 0xffff_ffffn ? key : null;
  } catch {
    return null;
  }
}

/** A request that we are about to send. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Header fields by lower-case name, sent as they are; `host`, `date` and `digest` are added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** Our own keys by their PEM: reading one costs a third of signing with it. */
const privateKeys = new LRUCache<string, KeyObject>({ max: 1_000 });

function privateKeyOf(pem: string): KeyObject {
  const before = privateKeys.get(pem);
  if (before !== undefined) return before;
  const key = createPrivateKey(pem);
  privateKeys.set(pem, key);
  return key;
}

/**
 * The header fields to send, signature included: http-signature writes, node:crypto signs. Throws when the key
 * cannot be read. draft-cavage 3.1
 */
export function signRequest(
  request: OutgoingRequest,
  key: { readonly id: string; readonly privateKeyPem: string },
  nowMs: number,
): Record<string, string> {
  const url = new URL(request.url);
  const headers: Record<string, string> = {
    ...request.headers,
    host: url.host,
    date: new Date(nowMs).toUTCString(),
  };
  const signed = ['host', 'date'];
  if (request.body !== null) {
    headers.digest = `SHA-256=${hash('sha256', request.body, 'base64')}`;
    signed.push('digest');
    if (headers['content-type'] !== undefined) signed.push('content-type');
  }
  const signer = httpSignature.createSigner({
    sign(data: string, done: (error: unknown, signature: object) => void) {
      const signature = sign('sha256', Buffer.from(data), privateKeyOf(key.privateKeyPem)).toString('base64');
      done(null, { keyId: key.id, algorithm: 'rsa-sha256', signature });
    },
  } as never);
  signer.writeTarget(request.method, url.pathname + url.search);
  for (const name of signed) signer.writeHeader(name, headers[name] as string);
  // It answers before it returns, because our signer does.
  signer.sign((error, authorization) => {
    if (error) throw error;
    headers.signature = authorization.replace(/^Signature /, '');
  });
  return headers;
}
