/** The message signatures that we make: read by the tests' own reader, and by our own door. */
import { generateKeyPairSync, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSignature, signRequest } from '../../src/verify/signature.ts';
import { sha256Of } from './signed-message.ts';
import { KEY, KEY_ID, NOW_MS, policy } from './signed-request.ts';

const seed = Date.now() & 0xffff_ffff;
console.info(`signed-by-us.test.ts: seed ${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

const signer = { id: KEY_ID, privateKeyPem: KEY.privateKeyPem };
const body = Buffer.from('{"type":"Accept"}');
const url = 'https://us.example/users/bob/inbox?a=%20b#part';
const plain = { 'content-type': 'application/activity+json', accept: 'text/html' };
const sign = (change: object = {}) =>
  signRequest({ method: 'POST', url, headers: plain, body, ...change }, signer, NOW_MS + 999, 'rfc9421');
const bytesOf = (headers: Record<string, string>): Buffer =>
  Buffer.from(/^sig1=:(.*):$/.exec(headers.signature ?? '')?.[1] ?? '', 'base64');

describe('what we sign by RFC 9421', () => {
  test('covers the method, the URL without its fragment, the digest and the type, and says when and by whom', () => {
    const headers = sign();
    const input = `("@method" "@target-uri" "content-digest" "content-type");created=${NOW_MS / 1_000};keyid="${KEY_ID}"`;
    expect(headers).toEqual({
      ...plain,
      host: 'us.example',
      date: 'Tue, 24 Nov 2026 13:37:00 GMT',
      'content-digest': sha256Of(body),
      'signature-input': `sig1=${input}`,
      signature: expect.any(String),
    });
    const base = [
      '"@method": POST',
      '"@target-uri": https://us.example/users/bob/inbox?a=%20b',
      `"content-digest": ${sha256Of(body)}`,
      '"content-type": application/activity+json',
      `"@signature-params": ${input}`,
    ].join('\n');
    expect(verify('sha256', Buffer.from(base), KEY.publicKeyPem, bytesOf(headers))).toBe(true);
  });

  test('has no digest when there is no body', () => {
    const headers = sign({ method: 'GET', body: null, headers: { accept: 'text/html' } });
    expect(Object.keys(headers).sort()).toEqual(['accept', 'date', 'host', 'signature', 'signature-input']);
    expect(headers['signature-input']).toContain('("@method" "@target-uri");');
    const rawHeaders = Object.entries(headers).flat();
    const request = { method: 'GET', target: '/users/bob/inbox?a=%20b', rawHeaders, body: new Uint8Array() };
    expect(checkSignature(request, policy)).toBeNull();
  });

  test('with a key that is none, or no RSA key, throws, and says so', () => {
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const privateKeyPem of ['no key', ed25519.toString()]) {
      const request = { method: 'GET', url, headers: {}, body: null } as const;
      expect(() => signRequest(request, { id: KEY_ID, privateKeyPem }, NOW_MS, 'rfc9421')).toThrow();
    }
  });

  test('holds no line that was not meant: a header with a line break is not signed', () => {
    expect(() => sign({ headers: { 'content-type': 'a\nb' } })).toThrow('line break');
  });

  test('property: counts at the server that it is for, whatever URL, body and key id', () => {
    const keyIds = fc.webUrl({ withFragments: true, withQueryParameters: true });
    fc.assert(
      fc.property(
        fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['https', 'http'] }),
        fc.uint8Array({ maxLength: 50 }),
        keyIds,
        (to, bytes, id) => {
          const key = { ...signer, id };
          const headers = signRequest(
            { method: 'POST', url: to, headers: plain, body: bytes },
            key,
            NOW_MS,
            'rfc9421',
          );
          const { origin, host, pathname, search } = new URL(to);
          const rawHeaders = Object.entries(headers).flat();
          const request = { method: 'POST', target: pathname + search, rawHeaders, body: bytes };
          expect(checkSignature(request, { ...policy, origin, host })).toBeNull();
          expect(
            checkSignature({ ...request, body: Buffer.from('other') }, { ...policy, origin, host }),
          ).not.toBeNull();
        },
      ),
    );
  });
});
