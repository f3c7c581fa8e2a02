/** Message signatures under every change: nothing that is covered can be altered, and no text makes anything throw. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSignature, readSignature, type SignedRequest } from '../../src/verify/signature.ts';
import { COVERED, type MessageParts, publicPem, signedMessage } from './signed-message.ts';
import { KEY_ID, NOW_MS, policy } from './signed-request.ts';

const seed = Date.now() & 0xffff_ffff;
console.info(`message-signature-properties.test.ts: seed ${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

const value = fc
  .array(
    fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
    { maxLength: 30 },
  )
  .map((codes) => String.fromCharCode(...codes).replace(/^[ \t]+|[ \t]+$/g, ''));
const target = fc
  .array(fc.constantFrom('/', 'a', 'B', '?', '=', '&', '%41', '2', '~', ';', '\u00e9'), { maxLength: 20 })
  .map((pieces) => `/${pieces.join('')}`);
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/).map((text) => `x-${text}`);

/** Any request that is well formed, covered in any way that suffices and in any order, with any algorithm. */
const parts: fc.Arbitrary<Partial<MessageParts>> = fc
  .record({
    target,
    method: fc.constantFrom('POST', 'GET', 'put', 'PaTcH'),
    body: fc.uint8Array({ maxLength: 40 }),
    algorithm: fc.constantFrom('rsa-v1_5-sha256', 'rsa-pss-sha512', 'ecdsa-p256-sha256', 'ed25519'),
    created: fc.integer({ min: -3_600, max: 300 }).map((by) => String(NOW_MS / 1_000 + by)),
    more: fc.array(fc.tuple(name, value), { maxLength: 4 }),
    nonce: fc.stringMatching(/^[ !#-[\]-~]{0,12}$/),
    whole: fc.constantFrom(
      ['@target-uri'],
      ['@authority', '@request-target'],
      ['@authority', '@path', '@query'],
    ),
    order: fc.infiniteStream(fc.nat()),
  })
  .map(({ order, whole, nonce, ...made }) => {
    const names = new Set([
      '@method',
      'content-digest',
      'content-type',
      ...whole,
      ...made.more.map(([header]) => header),
    ]);
    const places = [...names].map((header) => [order.next().value as number, header] as const);
    const covered = places.sort(([a], [b]) => a - b).map(([, header]) => header);
    return { ...made, covered, parameters: `;alg="${made.algorithm}";nonce="${nonce}"` };
  });

const policyOf = (change: Partial<MessageParts>) => ({
  ...policy,
  publicKeyPem: publicPem(change.algorithm ?? ''),
});

/** One change of one character. */
const changed = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat({ max: Math.max(0, text.length - 1) }), fc.integer({ min: 1, max: 255 }))
    .map(([at, by]) => {
      const code = ((text.charCodeAt(at) || 0) ^ by) & 0xff;
      return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
    });

test('property: every request that is well formed counts, whatever it covers besides', () => {
  fc.assert(
    fc.property(parts, (change) => {
      expect(checkSignature(signedMessage(change), policyOf(change))).toBeNull();
    }),
  );
});

describe('a request that counts', () => {
  const request = signedMessage({
    target: '/users/bob/inbox?page=1',
    more: [['X-Trace', 'a, b']],
    covered: [...COVERED, '@authority', '@query', 'content-type', 'x-trace'],
    parameters: ';nonce="n";tag="t"',
  });
  const counts = (change: Partial<SignedRequest>): boolean =>
    checkSignature({ ...request, ...change }, policy) === null;
  const indexOf = (header: string): number => request.rawHeaders.indexOf(header) + 1;

  test('property: is refused after any change of one byte of the body, the target or the method', () => {
    const bytes = fc.tuple(fc.nat({ max: request.body.length - 1 }), fc.integer({ min: 1, max: 255 }));
    expect(counts({})).toBe(true);
    fc.assert(
      fc.property(bytes, changed(request.target), changed(request.method), ([at, by], path, method) => {
        const body = new Uint8Array(request.body);
        body[at] = (body[at] as number) ^ by;
        expect(counts({ body })).toBe(false);
        expect(counts({ target: path })).toBe(false);
        expect(counts({ method })).toBe(false);
      }),
    );
  });

  test('property: is refused after any change of one byte of a header that is covered', () => {
    const places = ['Content-Digest', 'Content-Type', 'X-Trace'].map(indexOf);
    const change = fc
      .constantFrom(...places)
      .chain((at) => changed(request.rawHeaders[at] as string).map((text) => [at, text] as const));
    fc.assert(
      fc.property(change, ([at, text]) => {
        // White space around a value is none of it.
        fc.pre(text.replace(/^[ \t]+|[ \t]+$/g, '') !== request.rawHeaders[at]);
        expect(counts({ rawHeaders: request.rawHeaders.with(at, text) })).toBe(false);
      }),
    );
  });

  test('property: is refused, or says the same, after any change of one byte of its two signature headers', () => {
    const before = readSignature(request.rawHeaders);
    const change = fc
      .constantFrom(indexOf('Signature-Input'), indexOf('Signature'))
      .chain((at) => changed(request.rawHeaders[at] as string).map((text) => [at, text] as const));
    fc.assert(
      fc.property(change, ([at, text]) => {
        const rawHeaders = request.rawHeaders.with(at, text);
        if (counts({ rawHeaders })) expect(readSignature(rawHeaders)).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  test('property: is refused by every origin but ours, and at any time out of the window', () => {
    const origins = fc.tuple(
      fc.constantFrom('http', 'https'),
      fc.domain(),
      fc.integer({ min: 1, max: 9_999 }),
    );
    const times = fc.integer({ min: 3_600_001, max: 1e12 }).chain((ms) => fc.constantFrom(-ms, ms));
    fc.assert(
      fc.property(origins, times, ([scheme, host, port], ms) => {
        const origin = `${scheme}://${host}:${port}`;
        expect(checkSignature(request, { ...policy, origin })).not.toBeNull();
        expect(checkSignature(request, { ...policy, nowMs: NOW_MS + ms })).not.toBeNull();
      }),
    );
  });

  test('property: headers of any text are judged without a throw', () => {
    const header = fc.constantFrom('Signature-Input', 'Signature', 'Content-Digest', 'Date', 'Host', 'x');
    const pieces = fc.constantFrom(
      ...'=;,:?"\\()*. 1-',
      'sig1',
      '"@method"',
      '"@target-uri"',
      '"@query-param";name="a"',
      'created',
      'keyid',
      `"${KEY_ID}"`,
      'alg',
      '"ed25519"',
      ':AAAA:',
    );
    const text = fc.oneof(
      fc.string(),
      value,
      fc.array(pieces, { maxLength: 25 }).map((all) => all.join('')),
    );
    const lines = fc.array(fc.tuple(header, text), { maxLength: 6 }).map((all) => all.flat());
    fc.assert(
      fc.property(fc.string(), fc.string(), lines, fc.string(), (method, path, rawHeaders, pem) => {
        expect(counts({ method, target: path, rawHeaders })).toBe(false);
        readSignature([...rawHeaders, ...request.rawHeaders]);
        counts({ rawHeaders: [...request.rawHeaders, ...rawHeaders] });
        expect(checkSignature(request, { ...policy, publicKeyPem: pem })).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});
