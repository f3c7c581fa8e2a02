/** Which keys are used at all. A key is an attack: one of 16384 bits costs 200 times what a good one costs. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkSignature, importKey } from '../../src/verify/signature.ts';
import { policy, signedRequest } from './signed-request.ts';

const check = (publicKeyPem: string) => checkSignature(signedRequest().request, { ...policy, publicKeyPem });

/** Made by OpenSSL with `-param_enc explicit`: who may describe the curve may describe one with another base point. */
const explicitCurve = [
  '-----BEGIN PUBLIC KEY-----',
  'MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA',
  'AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////',
  '///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd',
  'NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5',
  'RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA',
  '//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABBGAsXWx1Dcg2LUGo+441Dtc',
  'rYToFyMjGFFtnp82jCXW3R0pRNqZWniyUeZguwf2qhIRimfKg9pFJ8HosSEbepE=',
  '-----END PUBLIC KEY-----',
].join('\n');

describe('a key', () => {
  const pemOf = (key: KeyObject, type: 'spki' | 'pkcs1' = 'spki'): string =>
    key.export({ type: type as 'spki', format: 'pem' }).toString();
  const rsa = (modulusLength: number, publicExponent = 0x10001) =>
    generateKeyPairSync('rsa', { modulusLength, publicExponent });
  const fromNumbers = (modulus: Buffer, exponent: Buffer): string =>
    pemOf(
      createPublicKey({
        format: 'jwk',
        key: { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') },
      }),
    );
  const huge = (bits: number): Buffer => Buffer.alloc(bits / 8, 0xff);

  const privatePem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

  test.each([
    ['of 2048 bits', () => pemOf(rsa(2_048).publicKey)],
    ['of 2048 bits in the older form', () => pemOf(rsa(2_048).publicKey, 'pkcs1')],
    ['of 4096 bits', () => fromNumbers(huge(4_096), Buffer.from([1, 0, 1]))],
    ['with the exponent 3', () => pemOf(rsa(2_048, 3).publicKey)],
    ['with white space around it', () => `\n${pemOf(rsa(2_048).publicKey)}\n`],
  ])('%s is used', (_, make) => {
    expect(importKey(make())).not.toBeNull();
  });

  test.each([
    ['of 1024 bits', () => pemOf(rsa(1_024).publicKey)],
    ['of 2040 bits', () => fromNumbers(huge(2_040), Buffer.from([1, 0, 1]))],
    ['of 4104 bits', () => fromNumbers(huge(4_104), Buffer.from([1, 0, 1]))],
    ['of 16384 bits', () => fromNumbers(huge(16_384), Buffer.from([1, 0, 1]))],
    ['with an exponent of 33 bits', () => fromNumbers(huge(2_048), Buffer.from([1, 0, 0, 0, 1]))],
    ['with an exponent of 3000 bits', () => fromNumbers(huge(3_072), huge(3_000))],
    ['with the exponent 1', () => fromNumbers(huge(2_048), Buffer.from([1]))],
    ['of X25519', () => pemOf(generateKeyPairSync('x25519').publicKey)],
    ['of X448', () => pemOf(generateKeyPairSync('x448').publicKey)],
    ['of Ed448', () => pemOf(generateKeyPairSync('ed448').publicKey)],
    [
      'of DSA',
      () => pemOf(generateKeyPairSync('dsa', { modulusLength: 2_048, divisorLength: 256 }).publicKey),
    ],
    ...['P-384', 'P-521', 'secp256k1', 'SM2'].map((namedCurve): [string, () => string] => [
      `on the curve ${namedCurve}`,
      () => pemOf(generateKeyPairSync('ec', { namedCurve }).publicKey),
    ]),
    ['on P-256 that describes its curve instead of naming it', () => explicitCurve],
    ['that is a certificate', () => '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['that is a private one of Ed25519', () => privatePem(generateKeyPairSync('ed25519').privateKey)],
    ['of RSA-PSS', () => pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey)],
    ['that is a private one', () => privatePem(rsa(2_048).privateKey)],
    ['that is none', () => '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
    ['that is empty', () => ''],
  ])('%s is not used', (_, make) => {
    const publicKeyPem = make();
    expect(importKey(publicKeyPem)).toBeNull();
    expect(importKey(publicKeyPem)).toBeNull();
    expect(check(publicKeyPem)?.reason).toBe('the key cannot be used');
  });

  test.each([
    ['of Ed25519', () => generateKeyPairSync('ed25519').publicKey],
    ['on P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
  ])('%s is used for RFC 9421, and never for draft-cavage', (_, make) => {
    const publicKeyPem = pemOf(make());
    expect(importKey(publicKeyPem)?.export({ type: 'spki', format: 'pem' })).toBe(publicKeyPem);
    // Perhaps the actor has another key by now.
    expect(check(publicKeyPem)).toEqual({ reason: 'the key is none for draft-cavage', isWrong: true });
  });

  test('of another actor does not fit, and neither does one that OpenSSL finds no sense in', () => {
    const others = [pemOf(rsa(2_048).publicKey), fromNumbers(Buffer.alloc(256, 0xfe), Buffer.from([3]))];
    for (const publicKeyPem of others)
      expect(check(publicKeyPem)).toEqual({
        reason: 'the signature does not match',
        isWrong: true,
      });
  });
});
