/**
 * The signing string, against two other readings of the draft: the tests' own builder, and http-signature left to
 * itself on the requests that it can read. And what we sign, verified by both.
 */
import { createHash, verify } from 'node:crypto';
import fc from 'fast-check';
import httpSignature from 'http-signature';
import { describe, expect, test } from 'vitest';
import { signingStringOf } from '../../src/verify/cavage.ts';
import type { CavageSignature } from '../../src/verify/cavage-header.ts';
import { readFields, readSignature } from '../../src/verify/header.ts';
import { checkSignature, signRequest } from '../../src/verify/signature.ts';
import { KEY, KEY_ID, NOW_MS, type Parts, policy, signedRequest } from './signed-request.ts';

const seed = Date.now() & 0xffff_ffff;
console.info(`signing-string.test.ts: seed ${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

/** A value as it can stand in a header line: bytes, no white space around them. */
const value = fc
  .array(
    fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
    { maxLength: 30 },
  )
  .map((codes) => String.fromCharCode(...codes).replace(/^[ \t]+|[ \t]+$/g, ''));
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/).map((text) => `x-${text}`);
const target = fc
  .array(fc.constantFrom('/', 'a', 'B', '?', '=', '&', '%', '2', '~', ';', '#', '\u00e9'), { maxLength: 20 })
  .map((characters) => `/${characters.join('')}`);

/** Any request that is well formed, with what is signed in any order. */
const parts: fc.Arbitrary<Partial<Parts>> = fc
  .record({
    target,
    method: fc.constantFrom('POST', 'GET', 'put', 'PaTcH'),
    body: fc.uint8Array({ maxLength: 40 }),
    algorithm: fc.constantFrom('hs2019', null),
    created: fc.constantFrom(NOW_MS / 1_000, NOW_MS / 1_000 - 60),
    expires: fc.constantFrom(NOW_MS / 1_000, NOW_MS / 1_000 + 60),
    more: fc.array(fc.tuple(name, value), { maxLength: 5 }),
    order: fc.infiniteStream(fc.nat()),
  })
  .map(({ order, ...made }) => {
    const all = ['(request-target)', 'host', 'date', 'digest', 'content-type', '(created)', '(expires)'];
    const names = [...new Set([...all, ...made.more.map(([header]) => header)])];
    const places = new Map(names.map((header) => [header, order.next().value as number]));
    return { ...made, names: names.sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0)) };
  });

describe('the signing string', () => {
  test('property: is the one that an independent builder makes, and so the signature counts', () => {
    fc.assert(
      fc.property(parts, (change) => {
        const { request, string } = signedRequest(change);
        const header = readSignature(request.rawHeaders) as CavageSignature;
        const fields = readFields(request.rawHeaders) as ReadonlyMap<string, string>;
        expect(signingStringOf(request, fields, header)).toBe(string);
        expect(checkSignature(request, policy)).toBeNull();
      }),
    );
  });

  test('property: is the one of http-signature, when it is asked with the header as it was sent', () => {
    fc.assert(
      fc.property(parts, (change) => {
        // All that it can read: an algorithm that it knows, numbers not at the end, no new names beside it.
        const names =
          change.names?.filter((header) => header !== '(created)' && header !== '(expires)') ?? [];
        const old = { ...change, names, created: null, expires: null, algorithm: 'rsa-sha256' };
        const { request } = signedRequest(old);
        const headers: Record<string, string> = {};
        for (let at = 0; at < request.rawHeaders.length; at += 2) {
          const header = (request.rawHeaders[at] as string).toLowerCase();
          const text = request.rawHeaders[at + 1] as string;
          headers[header] = header in headers ? `${headers[header]}, ${text}` : text;
        }
        const asked = { method: request.method, url: request.target, httpVersion: '1.1', headers };
        const theirs = httpSignature.parseRequest(asked as never, { clockSkew: 1e15, headers: [] });
        const header = readSignature(request.rawHeaders) as CavageSignature;
        const fields = readFields(request.rawHeaders) as ReadonlyMap<string, string>;
        expect(signingStringOf(request, fields, header)).toBe(theirs.signingString);
        expect(header.keyId).toBe(theirs.params.keyId);
        expect(header.signature).toBe(theirs.params.signature);
      }),
    );
  });
});

/** One change of one character in a string. */
const change = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat({ max: Math.max(0, text.length - 1) }), fc.integer({ min: 1, max: 255 }))
    .map(([at, by]) => {
      const code = ((text.charCodeAt(at) || 0) ^ by) & 0xff;
      return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
    });

describe('a valid request', () => {
  const { request } = signedRequest({
    algorithm: 'hs2019',
    created: NOW_MS / 1_000,
    more: [['X-Trace', 'a, b']],
    names: ['(request-target)', 'host', 'date', 'digest', 'content-type', '(created)', 'x-trace'],
  });
  const header = request.rawHeaders.at(-1) as string;

  test('property: is refused after any change of one byte of the body', () => {
    const changed = fc.tuple(fc.nat({ max: request.body.length - 1 }), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(changed, ([at, by]) => {
        const body = new Uint8Array(request.body);
        body[at] = (body[at] as number) ^ by;
        expect(checkSignature({ ...request, body }, policy)).not.toBeNull();
      }),
    );
  });

  test('property: is refused after any change of one byte of the target or the method', () => {
    fc.assert(
      fc.property(change(request.target), change(request.method), (otherTarget, otherMethod) => {
        expect(checkSignature({ ...request, target: otherTarget }, policy)).not.toBeNull();
        if (otherMethod.toLowerCase() !== 'post')
          expect(checkSignature({ ...request, method: otherMethod }, policy)).not.toBeNull();
      }),
    );
  });

  test('property: is refused after any change of one byte of a signed header', () => {
    const signed = request.rawHeaders.flatMap((_, at) => (at % 2 === 1 && at < 11 ? [at] : []));
    const changed = fc
      .constantFrom(...signed)
      .chain((at) => change(request.rawHeaders[at] as string).map((text) => [at, text] as const));
    fc.assert(
      fc.property(changed, ([at, text]) => {
        // A host has no case, and white space around a value is none of it.
        fc.pre(text.trim().toLowerCase() !== (request.rawHeaders[at] as string).toLowerCase());
        const rawHeaders = request.rawHeaders.with(at, text);
        expect(checkSignature({ ...request, rawHeaders }, policy)).not.toBeNull();
      }),
    );
  });

  test('property: is refused, or says the same, after any change of one byte of its Signature header', () => {
    const before = readSignature(request.rawHeaders);
    fc.assert(
      fc.property(change(header), (text) => {
        const rawHeaders = request.rawHeaders.with(-1, text);
        if (checkSignature({ ...request, rawHeaders }, policy) !== null) return;
        // Who signed (the key decides that) and the name of the algorithm are not signed; nor are capitals.
        const after = readSignature(rawHeaders) as CavageSignature;
        expect({ ...after, keyId: KEY_ID, algorithm: 'hs2019' }).toEqual(before);
      }),
    );
  });

  test('property: anything at all is judged without a throw', () => {
    const lines = fc.array(
      fc.oneof(fc.constantFrom('Signature', 'Date', 'Host', 'Digest', 'x'), fc.string(), value),
    );
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        lines,
        fc.uint8Array(),
        fc.string(),
        (method, url, rawHeaders, body, pem) => {
          const wild = { method, target: url, rawHeaders, body };
          expect(checkSignature(wild, policy)).not.toBeNull();
          const almost = { ...request, rawHeaders: [...rawHeaders, ...request.rawHeaders] };
          checkSignature(almost, policy);
          expect(checkSignature(request, { ...policy, publicKeyPem: pem })).not.toBeNull();
        },
      ),
    );
  });
});

describe('what we sign', () => {
  const signer = { id: KEY_ID, privateKeyPem: KEY.privateKeyPem };
  const body = Buffer.from('{"type":"Accept"}');
  const url = 'https://us.example/users/bob/inbox?a=%20b#part';
  const headers = { 'content-type': 'application/activity+json', accept: 'text/html' };
  const signed = signRequest({ method: 'POST', url, headers, body }, signer, NOW_MS);

  test('carries host, date and digest, and covers them, the target and the content type', () => {
    expect(signed).toMatchObject({
      ...headers,
      host: 'us.example',
      date: 'Tue, 24 Nov 2026 13:37:00 GMT',
      digest: `SHA-256=${createHash('sha256').update(body).digest('base64')}`,
    });
    expect(signed.signature).toMatch(
      /^keyId="https:\/\/remote\.example\/users\/ana#main-key",algorithm="rsa-sha256",headers="\(request-target\) host date digest content-type",signature="[A-Za-z0-9+/]{342}=="$/,
    );
  });

  test('is verified by a builder of its own and node:crypto', () => {
    const string = [
      '(request-target): post /users/bob/inbox?a=%20b',
      'host: us.example',
      'date: Tue, 24 Nov 2026 13:37:00 GMT',
      `digest: ${signed.digest}`,
      'content-type: application/activity+json',
    ].join('\n');
    const bytes = Buffer.from(
      /signature="([^"]*)"/.exec(signed.signature as string)?.[1] as string,
      'base64',
    );
    expect(verify('sha256', Buffer.from(string), KEY.publicKeyPem, bytes)).toBe(true);
  });

  test('is verified by http-signature', () => {
    const asked = { method: 'POST', url: '/users/bob/inbox?a=%20b', httpVersion: '1.1', headers: signed };
    const parsed = httpSignature.parseRequest(asked as never, { clockSkew: 1e15 });
    expect(httpSignature.verifySignature(parsed, KEY.publicKeyPem)).toBe(true);
  });

  test('counts here', () => {
    const rawHeaders = Object.entries(signed).flat();
    const request = { method: 'POST', target: '/users/bob/inbox?a=%20b', rawHeaders, body };
    expect(checkSignature(request, policy)).toBeNull();
  });

  test('has no digest when there is no body, and no time but the one that is passed in', () => {
    const get = signRequest({ method: 'GET', url, headers: {}, body: null }, signer, 0);
    expect(get).not.toHaveProperty('digest');
    expect(get.date).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
    expect(get.signature).toContain('headers="(request-target) host date"');
  });

  test('with a key that is none throws, and says so', () => {
    const broken = { id: KEY_ID, privateKeyPem: 'no key' };
    expect(() => signRequest({ method: 'GET', url, headers: {}, body: null }, broken, NOW_MS)).toThrow();
  });
});
