/** Keys as node:crypto wants them: which ones are used at all, imported once. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';

const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 4_096;
/** A key on P-256 that names its curve, in DER; one that describes a curve of its own is longer. */
const P256_BYTES = [91, 59];

/** Imported keys by their PEM: importing costs as much as verifying. False for a key that must not be used. */
const imported = new LRUCache<string, KeyObject | false>({ max: 5_000 });

/**
 * The key, unless it is none of ours to use: RSA of 2048 to 4096 bits, Ed25519, or P-256. A huge key or exponent
 * makes one verification cost milliseconds.
 */
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
    return isUsable(key) ? key : null;
  } catch {
    return null;
  }
}

function isUsable(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength < RSA_BITS_MIN || modulusLength > RSA_BITS_MAX) return false;
      return publicExponent >= 3n && publicExponent <= 0xffff_ffffn;
    case 'ec':
      if (namedCurve !== 'prime256v1') return false;
      return P256_BYTES.includes(key.export({ type: 'spki', format: 'der' }).byteLength);
    default:
      return key.asymmetricKeyType === 'ed25519';
  }
}

/** Our own keys by their PEM: reading one costs a third of signing with it. */
const privateKeys = new LRUCache<string, KeyObject>({ max: 1_000 });

/** Throws when it is no private key. */
export function privateKeyOf(pem: string): KeyObject {
  const before = privateKeys.get(pem);
  if (before !== undefined) return before;
  const key = createPrivateKey(pem);
  privateKeys.set(pem, key);
  return key;
}
