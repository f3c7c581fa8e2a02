/** Which message signatures count. Each request is signed with the right key unless the case says otherwise. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkSignature, readSignature } from '../../src/verify/signature.ts';
import {
  ahead,
  beside,
  COVERED,
  ED25519,
  type MessageParts,
  P256,
  pemOf,
  publicPem,
  sha256Of,
  sha512Of,
  signedMessage,
} from './signed-message.ts';
import { KEY, KEY_ID, NOW_MS, policy, signedRequest } from './signed-request.ts';

const body = '{"type":"Like"}';
const seconds = NOW_MS / 1_000;
const check = (change: Partial<MessageParts>, more: Partial<typeof policy> = {}) =>
  checkSignature(signedMessage(change), {
    ...policy,
    publicKeyPem: publicPem(change.algorithm ?? ''),
    ...more,
  });
const FORMS = ['@method', '@authority', '@path', '@query', 'content-digest'];

describe('a message signature counts', () => {
  const accepted: Record<string, Partial<MessageParts>> = {
    'with an RSA key': {},
    'with an RSA key that is named': { parameters: ';alg="rsa-v1_5-sha256"' },
    'with an RSA key and PSS, when that is named': {
      algorithm: 'rsa-pss-sha512',
      parameters: ';alg="rsa-pss-sha512"',
    },
    'with P-256': { algorithm: 'ecdsa-p256-sha256' },
    'with P-256 that is named': { algorithm: 'ecdsa-p256-sha256', parameters: ';alg="ecdsa-p256-sha256"' },
    'with Ed25519': { algorithm: 'ed25519' },
    'with Ed25519 that is named': { algorithm: 'ed25519', parameters: ';alg="ed25519"' },
    'with authority and request target instead of the URI': {
      covered: ['@method', '@authority', '@request-target', 'content-digest'],
      target: '/inbox?a=b',
    },
    'with authority, path and query': { covered: FORMS, target: '/inbox?a=b&c=%20?' },
    'with authority, path and an empty query': { covered: FORMS, target: '/inbox?' },
    'with authority and path alone, where there is no query': {
      covered: ['@method', '@authority', '@path', 'content-digest'],
    },
    'with the parts that Fedify covers': {
      covered: ['@method', '@target-uri', '@authority', 'host', 'date', 'content-digest'],
      more: [['Date', new Date(NOW_MS).toUTCString()]],
      parameters: ';alg="rsa-v1_5-sha256"',
    },
    'with scheme, content type and a parameter of the query': {
      covered: [...COVERED, '@scheme', 'content-type', '@query-param;name="Pet"'],
      target: '/inbox?Pet=dog&x=1',
    },
    'with a header that came in two lines': {
      more: [
        ['X-Trace', 'a'],
        ['x-trace', ' b '],
      ],
      covered: [...COVERED, 'x-trace'],
    },
    'with an empty header': { more: [['X-Empty', '']], covered: [...COVERED, 'x-empty'] },
    'with bytes beyond ASCII in a header': {
      more: [['X-Name', 'J\u00fcrgen']],
      covered: [...COVERED, 'x-name'],
    },
    'with a nonce, a tag and a parameter that nobody knows': {
      parameters: ';nonce="a\\"b\\\\c";tag="app";x=1.5;y;z=?0;t=*a/b',
    },
    'in the second in which it expires': { parameters: `;expires=${seconds}` },
    'an hour old to the second': { created: String(seconds - 3_600) },
    'five minutes from the future': { created: String(seconds + 300) },
    'with the parameters in another order': {
      created: null,
      keyId: null,
      parameters: `;keyid="${KEY_ID}";created=${seconds}`,
    },
    'with white space that a proxy made': {
      tamperInput: (input) => input.replace('("', '(  "').replace('" "', '"   "').replace(';', ';  '),
    },
    'with SHA-512 as digest': { digest: sha512Of(body) },
    'with both digests': { digest: `${sha256Of(body)}, ${sha512Of(body)}` },
    'with a digest that nobody here can compute beside it': { digest: `md5=:AAAA:, ${sha256Of(body)}` },
    'over an empty body': { body: '' },
    'on a GET, which has no body': {
      method: 'GET',
      body: '',
      digest: null,
      covered: ['@method', '@target-uri'],
    },
    'on a HEAD': { method: 'HEAD', body: '', digest: null, covered: ['@method', '@target-uri'] },
    'under another label': { label: '*a.b-c_1' },
    'whatever the Host header says: the proxy may have changed it': { host: 'backend.internal:8080' },
    'beside one with a key id that is no URL': ahead('proxy', `("@method");created=1;keyid="gateway"`),
    'beside one with an algorithm that nobody here knows': ahead(
      'post-quantum',
      `("@method");created=1;keyid="${KEY_ID}";alg="ml-dsa-65"`,
    ),
    'as the first of two of the same domain': beside('sig2', `("@method");created=1;keyid="${KEY_ID}-2"`),
  };
  test.each(Object.entries(accepted))('%s', (_, change) => {
    expect(check(change)).toBeNull();
  });

  test('for the scheme and port of our origin, and no other', () => {
    const origins = ['https://us.example', 'http://us.example', 'https://us.example:8443'];
    for (const origin of origins)
      for (const ours of origins)
        for (const covered of [COVERED, ['@method', '@authority', '@scheme', '@path', 'content-digest']])
          expect(check({ origin, covered }, { origin: ours }) === null).toBe(origin === ours);
  });

  test('whatever a stranger says was forwarded', () => {
    const more = [
      ['X-Forwarded-Host', 'other.example'],
      ['X-Forwarded-Proto', 'http'],
      ['Forwarded', 'host=other.example;proto=http'],
    ] as const;
    expect(check({ more })).toBeNull();
    expect(check({ more, origin: 'http://other.example' })?.isWrong).toBe(true);
  });
});

const WRONG = 'the signature does not match';

describe('the algorithm follows from the key', () => {
  const keys: readonly (readonly [kind: string, pem: string, algorithms: readonly string[]])[] = [
    ['RSA', KEY.publicKeyPem, ['rsa-v1_5-sha256', 'rsa-pss-sha512']],
    ['P-256', pemOf(P256.publicKey), ['ecdsa-p256-sha256']],
    ['Ed25519', pemOf(ED25519.publicKey), ['ed25519']],
  ];
  const named = keys.flatMap(([, , algorithms]) => algorithms);

  test.each(keys)('%s is never used for an algorithm that is not its own', (_, publicKeyPem, own) => {
    for (const algorithm of named) {
      const bad = check({ algorithm, parameters: `;alg="${algorithm}"` }, { publicKeyPem });
      if (own.includes(algorithm)) expect(bad).toBeNull();
      // Perhaps the key has been replaced by one of another kind: that is worth a fresh look.
      else expect(bad).toEqual({ reason: 'the algorithm is not one for this key', isWrong: true });
    }
  });

  test('and PSS has to be named, because an RSA key alone means the older one', () => {
    expect(check({ algorithm: 'rsa-pss-sha512' })).toEqual({ reason: WRONG, isWrong: true });
    expect(check({ parameters: ';alg="rsa-pss-sha512"' })).toEqual({ reason: WRONG, isWrong: true });
  });

  test('and the public key is no shared secret', () => {
    const signer = (base: Buffer) => createHmac('sha256', KEY.publicKeyPem).update(base).digest();
    expect(check({ signer })).toEqual({ reason: WRONG, isWrong: true });
  });

  test('and a P-256 signature has one form, two numbers of 32 bytes', () => {
    const der = (base: Buffer) => sign('sha256', base, P256.privateKey);
    expect(check({ algorithm: 'ecdsa-p256-sha256', signer: der })).toEqual({ reason: WRONG, isWrong: true });
  });

  test('and PSS has a salt of 64 bytes', () => {
    const signer = (base: Buffer) =>
      sign('sha512', base, { key: KEY.privateKey, padding: 6, saltLength: 32 });
    expect(check({ signer, parameters: ';alg="rsa-pss-sha512"' })?.reason).toBe(WRONG);
  });

  test('and a key that must not be used is not used', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const signer = (base: Buffer) => sign('sha256', base, small.privateKey);
    const bad = check({ signer }, { publicKeyPem: pemOf(small.publicKey) });
    expect(bad).toEqual({ reason: 'the key cannot be used', isWrong: false });
  });
});

describe('who claims to have signed', () => {
  test('is known from the headers alone', () => {
    const { rawHeaders } = signedMessage({ parameters: ';alg="ed25519"' });
    expect(readSignature(rawHeaders)).toMatchObject({
      scheme: 'rfc9421',
      keyId: KEY_ID,
      algorithm: 'ed25519',
      created: seconds,
      expires: null,
    });
  });

  test('is the one whose signature is verified, when there are two', () => {
    const two = beside('sig2', `("@method");created=1;keyid="${KEY_ID}-2"`);
    expect(readSignature(signedMessage(two).rawHeaders)).toMatchObject({ keyId: KEY_ID });
    const other = ahead('sig0', `("@method");created=1;keyid="${KEY_ID}-2"`);
    expect(readSignature(signedMessage(other).rawHeaders)).toMatchObject({ keyId: `${KEY_ID}-2` });
  });

  test('is not found by taking the Signature-Input away, or by adding one', () => {
    const message = signedMessage();
    const stripped = message.rawHeaders.filter(
      (_, at, all) => ![all[at], all[at - (at % 2)]].includes('Signature-Input'),
    );
    expect(checkSignature({ ...message, rawHeaders: stripped }, policy)?.reason).toBe(
      'the Signature header cannot be read',
    );
    const { request } = signedRequest();
    const added = ['Signature-Input', `sig1=("@method");created=${seconds};keyid="${KEY_ID}"`];
    expect(
      checkSignature({ ...request, rawHeaders: [...request.rawHeaders, ...added] }, policy)?.reason,
    ).toBe('the Signature header is no dictionary (RFC 9421)');
  });
});
