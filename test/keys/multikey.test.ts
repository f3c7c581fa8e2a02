/** Keys as FEP-521a lists them: in `assertionMethod`, in multibase, with a time at which they are over. */
import { ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { listedKey } from '../../src/keys/actor-document.ts';
import { pemOfMultikey } from '../../src/keys/multikey.ts';

const NOW_MS = Date.UTC(2026, 10, 25, 12);
const ANN = 'https://far.example/users/ann';
const KEY_ID = `${ANN}#key`;

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const multibase = (kind: string, bytes: Uint8Array): string =>
  `u${Buffer.concat([Buffer.from(kind, 'hex'), bytes]).toString('base64url')}`;

const ed25519 = generateKeyPairSync('ed25519').publicKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey;
const point = (key: KeyObject): Buffer =>
  ECDH.convertKey(derOf(key).subarray(-65), 'prime256v1', undefined, undefined, 'compressed') as Buffer;

const ED25519 = multibase('ed01', derOf(ed25519).subarray(-32));
const listed = (more: object = {}, id = KEY_ID) => ({
  ...{ id, type: 'Multikey', controller: ANN, publicKeyMultibase: ED25519 },
  ...more,
});
const keyIn = (document: object): string | null => listedKey({ id: ANN, ...document }, KEY_ID, NOW_MS);

describe('a Multikey', () => {
  test.each([
    ['Ed25519', ED25519, ed25519],
    ['P-256', multibase('8024', point(p256)), p256],
    ['RSA', multibase('8524', rsa.export({ type: 'pkcs1', format: 'der' })), rsa],
  ])('of %s is the key that it says', (_, text, key) => {
    expect(pemOfMultikey(text)).toBe(pemOf(key));
  });

  test('in base58, as the FEP prints it, is one of Ed25519', () => {
    expect(pemOfMultikey('z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2')).toContain('BEGIN PUBLIC KEY');
  });

  test('of another kind, cut short, or no multibase at all is none', () => {
    const bytes = derOf(ed25519).subarray(-32);
    for (const text of [
      '',
      'z',
      'z6Mk0',
      'did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2',
      multibase('ec01', bytes),
      multibase('ed01', bytes.subarray(1)),
      multibase('ed01', Buffer.concat([bytes, bytes])),
      multibase('8024', Buffer.alloc(33, 5)),
      multibase('8024', point(p256).subarray(1)),
      multibase('8524', Buffer.alloc(270, 1)),
      multibase('8524', Buffer.alloc(5_000, 1)),
    ])
      expect(pemOfMultikey(text)).toBeNull();
  });
});

describe('a key in an actor’s document', () => {
  test('stands in assertionMethod, alone or among others, beside publicKey', () => {
    const publicKey = { id: `${ANN}#main-key`, owner: ANN, publicKeyPem: pemOf(rsa) };
    for (const assertionMethod of [listed(), [listed()], ['https://x.example/', null, 5, listed()]])
      expect(keyIn({ publicKey, assertionMethod })).toBe(pemOf(ed25519));
    expect(listedKey({ id: ANN, publicKey, assertionMethod: [listed()] }, publicKey.id, NOW_MS)).toBe(
      pemOf(rsa),
    );
    const { controller, ...rest } = listed();
    expect(keyIn({ publicKey: { ...rest, owner: controller } })).toBe(pemOf(ed25519));
  });

  test('is none when it is somebody else’s, weak, or only named', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey;
    for (const entry of [
      listed({ controller: 'https://far.example/users/bea' }),
      listed({ controller: undefined }),
      listed({ publicKeyMultibase: undefined }),
      listed({ publicKeyMultibase: 5 }),
      listed({ publicKeyMultibase: multibase('8524', weak.export({ type: 'pkcs1', format: 'der' })) }),
      KEY_ID,
    ])
      expect(keyIn({ assertionMethod: [entry] })).toBeNull();
  });

  test('is none any more when its time is over or it was revoked', () => {
    const at = (ms: number): string => new Date(NOW_MS + ms).toISOString();
    for (const more of [{ expires: at(1) }, { revoked: at(1) }, { expires: null }])
      expect(keyIn({ assertionMethod: listed(more) })).toBe(pemOf(ed25519));
    for (const more of [{ expires: at(0) }, { revoked: at(-1) }, { expires: 'soon' }, { revoked: true }])
      expect(keyIn({ assertionMethod: listed(more) })).toBeNull();
  });

  test('is looked for among sixteen, of both lists together', () => {
    const others = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ id: `${ANN}#${n}`, owner: ANN, publicKeyPem: 'x' }));
    expect(keyIn({ publicKey: others(10), assertionMethod: [...others(5), listed()] })).toBe(pemOf(ed25519));
    expect(keyIn({ publicKey: others(10), assertionMethod: [...others(6), listed()] })).toBeNull();
  });
});
