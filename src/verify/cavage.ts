/**
 * Checks and makes draft-cavage signatures (draft-cavage-http-signatures-12).
 *
 * A header that `cavage-header.ts` has understood is written anew in one canonical form and handed to http-signature
 * for the signing string only. Everything else is ours: what must be covered, the clock, the digest, the key's size.
 * The signature itself is verified by node:crypto with an imported key.
 *
 * RSA with SHA-256 only, which is what `hs2019` and no algorithm mean among the servers that send them. Ed25519 and
 * P-256 come with RFC 9421: nobody has been seen to sign the draft with them.
 */
import { hash, type KeyObject, sign, verify } from 'node:crypto';
import httpSignature from 'http-signature';
import type { CavageSignature } from './cavage-header.ts';
import { timeProblem } from './freshness.ts';
import type { Fields } from './header.ts';
import { importKey, privateKeyOf } from './key.ts';
import type {
  BadSignature,
  OutgoingRequest,
  SignaturePolicy,
  SignedRequest,
  SigningKey,
} from './signed-request.ts';

const bad = (reason: string): BadSignature => ({ reason, isWrong: false });

/** Null when the request was signed with this key, over these bytes, recently, and for us. */
export function checkCavage(
  request: SignedRequest,
  fields: Fields,
  header: CavageSignature,
  policy: SignaturePolicy,
): BadSignature | null {
  const problem =
    coverageProblem(header, hasBody(request)) ??
    listedTimeProblem(header, fields, policy) ??
    hostProblem(fields, policy) ??
    (hasBody(request) ? digestProblem(fields, request.body) : null);
  if (problem !== null) return bad(problem);
  const signingString = signingStringOf(request, fields, header);
  if (signingString === null) return bad('the signing string cannot be built');
  const key = importKey(policy.publicKeyPem);
  if (key === null) return bad('the key cannot be used');
  if (key.asymmetricKeyType !== 'rsa') return { reason: 'the key is none for draft-cavage', isWrong: true };
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

/** Of a GET there are no bytes to sign. */
const hasBody = ({ method, body }: Pick<SignedRequest, 'method' | 'body'>): boolean =>
  body.byteLength > 0 || (method !== 'GET' && method !== 'HEAD');

/** All that makes a request what it is must be signed. */
function coverageProblem(
  { headers, algorithm, created }: CavageSignature,
  hasDigest: boolean,
): string | null {
  for (const name of ['(request-target)', 'host', ...(hasDigest ? ['digest'] : [])])
    if (!headers.includes(name)) return `${name} is not signed`;
  const hasTime = headers.includes('date') || (headers.includes('(created)') && created !== null);
  if (!hasTime) return 'neither date nor (created) is signed';
  // draft-cavage 2.3: these two are an error where the algorithm has a hash in its name.
  const hasNewNames = headers.includes('(created)') || headers.includes('(expires)');
  return hasNewNames && algorithm === 'rsa-sha256' ? '(created) and (expires) need hs2019' : null;
}

/** What is listed must be there, and fresh. */
function listedTimeProblem(header: CavageSignature, fields: Fields, policy: SignaturePolicy): string | null {
  const { headers, created, expires } = header;
  if (headers.includes('date') && !fields.has('date')) return 'the date cannot be read';
  if (headers.includes('(created)') && created === null) return 'created is signed and not given';
  if (headers.includes('(expires)') && expires === null) return 'expires is signed and not given';
  return timeProblem(header, fields, policy);
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
  header: CavageSignature,
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

/**
 * The header fields to send, signature included: http-signature writes, node:crypto signs. Throws when the key
 * cannot be read. draft-cavage 3.1
 */
export function signCavage(request: OutgoingRequest, key: SigningKey, nowMs: number): Record<string, string> {
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
