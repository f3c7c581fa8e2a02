/**
 * Public keys in the form that FEP-521a lists them, a Multikey: a prefix that says which kind of key it is, and its
 * bytes, in multibase. Here they become SPKI PEM, the one form in which keys are kept.
 */
import { createPublicKey, ECDH, type JsonWebKey } from 'node:crypto';
import { multibaseBytes } from '../verify/multibase.ts';

/** An RSA key of 4096 bits with its prefix. */
const BYTES_MAX = 600;
/** What SPKI writes before the 32 bytes of an Ed25519 key. RFC 8410 4 */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** The key as SPKI PEM, or null when it is of no kind that is used here. */
export function pemOfMultikey(multibase: string): string | null {
  const bytes = multibaseBytes(multibase, BYTES_MAX);
  if (bytes === null || bytes.length < 3) return null;
  // A varint of two bytes: 0xed ed25519, 0x1200 P-256, 0x1205 RSA.
  const kind = ((bytes[0] as number) << 8) | (bytes[1] as number);
  const body = bytes.subarray(2);
  try {
    if (kind === 0xed01) return ed25519(body);
    if (kind === 0x8024) return p256(body);
    if (kind === 0x8524) return pem({ key: Buffer.from(body), format: 'der', type: 'pkcs1' });
    return null;
  } catch {
    return null;
  }
}

function ed25519(body: Uint8Array): string | null {
  if (body.length !== 32) return null;
  return pem({ key: Buffer.concat([ED25519_SPKI, body]), format: 'der', type: 'spki' });
}

/** A point in its short form: a sign and one coordinate. */
function p256(body: Uint8Array): string | null {
  if (body.length !== 33) return null;
  const point = ECDH.convertKey(body, 'prime256v1', undefined, undefined, 'uncompressed') as Buffer;
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  return pem({ key: { kty: 'EC', crv: 'P-256', x, y } as JsonWebKey, format: 'jwk' });
}

function pem(input: Parameters<typeof createPublicKey>[0]): string {
  return createPublicKey(input).export({ type: 'spki', format: 'pem' }).toString();
}
