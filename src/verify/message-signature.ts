/**
 * Checks and makes message signatures (RFC 9421) on node:crypto.
 *
 * What must be covered: `@method`, the whole target with our authority, `content-digest` on a request with a body,
 * and `created`. Scheme and authority are those of our configured origin: behind a proxy the target is https, and
 * what a forwarded header says counts for nothing. The algorithm follows from the key.
 */
import { constants, hash, type KeyObject, sign, verify } from 'node:crypto';
import { timeProblem } from './freshness.ts';
import type { Fields } from './header.ts';
import { importKey, privateKeyOf } from './key.ts';
import { signatureBase, valuesOf } from './signature-base.ts';
import type { Algorithm, MessageSignature } from './signature-input.ts';
import type {
  BadSignature,
  OutgoingRequest,
  SignaturePolicy,
  SignedRequest,
  SigningKey,
} from './signed-request.ts';
import {
  type BareItem,
  type InnerList,
  type Item,
  innerListText,
  parseDictionary,
} from './structured-fields.ts';

const bad = (reason: string): BadSignature => ({ reason, isWrong: false });

/** Null when the request was signed with this key, over these bytes, recently, and for us. */
export function checkMessageSignature(
  request: SignedRequest,
  fields: Fields,
  signature: MessageSignature,
  policy: SignaturePolicy,
): BadSignature | null {
  const { method, target, body } = request;
  const problem =
    coverageProblem(signature, request) ??
    timeProblem(signature, fields, policy) ??
    contentDigestProblem(fields.get('content-digest'), body, hasBody(request));
  if (problem !== null) return bad(problem);
  const base = signatureBase(signature.input, valuesOf({ method, target, origin: policy.origin, fields }));
  if (base === null) return bad('a component that is covered has no value');
  const key = importKey(policy.publicKeyPem);
  if (key === null) return bad('the key cannot be used');
  const algorithm = algorithmOf(key, signature.algorithm);
  if (algorithm === null) return { reason: 'the algorithm is not one for this key', isWrong: true };
  return isRight(algorithm, base, key, signature.signature)
    ? null
    : { reason: 'the signature does not match', isWrong: true };
}

const hasBody = ({ method, body }: Pick<SignedRequest, 'method' | 'body'>): boolean =>
  body.byteLength > 0 || (method !== 'GET' && method !== 'HEAD');

/** All that makes a request what it is must be covered. */
function coverageProblem({ input }: MessageSignature, request: SignedRequest): string | null {
  const names = new Set(input.items.map(({ bare }) => bare.value));
  if (!names.has('@method')) return '@method is not covered';
  const hasPath =
    names.has('@request-target') ||
    (names.has('@path') && (names.has('@query') || !request.target.includes('?')));
  if (!names.has('@target-uri') && !(names.has('@authority') && hasPath)) return 'the target is not covered';
  return hasBody(request) && !names.has('content-digest') ? 'content-digest is not covered' : null;
}

const DIGESTS: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' };

/** Every digest that can be computed must be that of the bytes that came, and there must be one. RFC 9530 2 */
function contentDigestProblem(field: string | undefined, body: Uint8Array, isNeeded: boolean): string | null {
  if (field === undefined) return isNeeded ? 'no content digest' : null;
  const digests = parseDictionary(field);
  if (digests === null) return 'the content digest cannot be read';
  let found = 0;
  for (const [name, member] of digests) {
    if (!('bare' in member) || member.bare.type !== 'bytes') return 'the content digest cannot be read';
    const algorithm = Object.hasOwn(DIGESTS, name) ? DIGESTS[name] : undefined;
    if (algorithm === undefined) continue;
    if (!hash(algorithm, body, 'buffer').equals(member.bare.value))
      return 'the content digest is not that of the body';
    found++;
  }
  return found === 0 ? 'no sha-256 or sha-512 content digest' : null;
}

/** What a key of this kind signs with, unless the sender names something else. RFC 9421 3.3 */
export function algorithmOf(key: KeyObject, named: Algorithm | null): Algorithm | null {
  // An RSA key serves both; all known servers that name none mean the older one.
  const possible: Readonly<Record<string, readonly Algorithm[]>> = {
    rsa: ['rsa-v1_5-sha256', 'rsa-pss-sha512'],
    ec: ['ecdsa-p256-sha256'],
    ed25519: ['ed25519'],
  };
  const algorithms = possible[key.asymmetricKeyType ?? ''] ?? [];
  return (named === null ? algorithms[0] : algorithms.find((algorithm) => algorithm === named)) ?? null;
}

/** Does this signature fit text and key? RFC 9421 3.3 */
export function isRight(algorithm: Algorithm, base: string, key: KeyObject, signature: Uint8Array): boolean {
  // node:http gives each byte of a header as one character: what was signed is those bytes.
  const bytes = Buffer.from(base, 'latin1');
  try {
    switch (algorithm) {
      case 'rsa-v1_5-sha256':
        return verify('sha256', bytes, key, signature);
      case 'rsa-pss-sha512':
        return verify(
          'sha512',
          bytes,
          { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 },
          signature,
        );
      case 'ecdsa-p256-sha256':
        return verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature);
      case 'ed25519':
        return verify(null, bytes, key, signature);
    }
  } catch {
    // OpenSSL has its own opinion of some keys that can be imported: an even modulus.
    return false;
  }
}

const text = (value: string): BareItem => ({ type: 'string', value });
const component = (name: string): Item => ({ bare: text(name), parameters: new Map() });

/**
 * The header fields to send, signature included, with our RSA key. No `alg`: it follows from the key, and Mastodon
 * reads only this one. Throws when the key cannot be read. RFC 9421 3.1
 */
export function signMessage(
  request: OutgoingRequest,
  key: SigningKey,
  nowMs: number,
): Record<string, string> {
  const { method, body } = request;
  const { origin, host, pathname, search } = new URL(request.url);
  const headers: Record<string, string> = { ...request.headers, host, date: new Date(nowMs).toUTCString() };
  const covered = ['@method', '@target-uri'];
  if (body !== null) {
    headers['content-digest'] = `sha-256=:${hash('sha256', body, 'base64')}:`;
    covered.push('content-digest');
    if (headers['content-type'] !== undefined) covered.push('content-type');
  }
  const input: InnerList = {
    items: covered.map(component),
    parameters: new Map([
      ['created', { type: 'integer', value: Math.floor(nowMs / 1_000) }],
      ['keyid', text(key.id)],
    ]),
  };
  const fields = new Map(Object.entries(headers));
  const base = signatureBase(input, valuesOf({ method, target: pathname + search, origin, fields }));
  if (base === null) throw new TypeError('a header that is to be signed holds a line break');
  headers['signature-input'] = `sig1=${innerListText(input)}`;
  headers.signature = `sig1=:${sign('sha256', Buffer.from(base, 'latin1'), privateKeyOf(key.privateKeyPem)).toString('base64')}:`;
  return headers;
}
