/** Object integrity proofs by themselves: what is signed is every byte of meaning, and only one reading of it counts. */
import { generateKeyPairSync, hash, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/verify/jcs.ts';
import { multibaseBytes } from '../../src/verify/multibase.ts';
import { isProven, proofKeyId } from '../../src/verify/proof.ts';
import { type ProofKey, proven } from '../conformance/document-signature.ts';
import { CONTEXT } from '../fediverse/index.ts';

type Json = Readonly<Record<string, unknown>>;

const NOW_MS = Date.UTC(2026, 10, 25, 12);
const CLOCK = { nowMs: NOW_MS, futureMs: 300_000 };
const DAY_MS = 86_400_000;
const at = (ms: number): string => new Date(ms).toISOString();

const pair = generateKeyPairSync('ed25519');
const key: ProofKey = { id: 'https://far.example/users/ann#proof', privateKey: pair.privateKey };
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const NOTE = {
  '@context': [CONTEXT, 'https://w3id.org/security/data-integrity/v2'],
  id: 'https://far.example/a/1',
  type: 'Create',
  actor: 'https://far.example/users/ann',
  object: { type: 'Note', content: 'Good morning.', tag: [] },
};
const signed = (more: Json = {}) => proven(NOTE, key, NOW_MS, more);
const accepted = (document: Json): boolean => proofKeyId(document, CLOCK) !== null && isProven(document, pem);

describe('a proof', () => {
  test('holds for the document that it was made for, in any order of keys, and names its key', () => {
    const document = signed();
    expect(proofKeyId(document, CLOCK)).toBe(key.id);
    expect(isProven(document, pem)).toBe(true);
    expect(isProven(Object.fromEntries(Object.entries(document).toReversed()), pem)).toBe(true);
    expect(accepted({ ...document, proof: [document.proof] })).toBe(true);
    expect(accepted(signed({ expires: at(NOW_MS + 1_000) }))).toBe(true);
  });

  test('with the contexts that are the document’s, or none of its own, but with no others', () => {
    const { '@context': _, ...bare } = signed().proof;
    const unsigned = proven(NOTE, key, NOW_MS, {});
    expect(accepted({ ...unsigned, proof: bare })).toBe(false);
    expect(accepted(withoutProofContext())).toBe(true);
    // Data Integrity lets a document go on with contexts after those of its proof, and they would not be signed.
    const longer = [...NOTE['@context'], { actor: 'https://evil.example/#nobody', victim: 'as:actor' }];
    expect(accepted({ ...signed(), '@context': longer })).toBe(false);
    expect(accepted({ ...signed(), '@context': NOTE['@context'].toReversed() })).toBe(false);
  });

  test('is none when there are two, or none that is understood', () => {
    const { proof } = signed();
    for (const other of [[proof, proof], [], null, 'proof', [[proof]], undefined])
      expect(accepted({ ...signed(), proof: other })).toBe(false);
    for (const more of [
      { type: 'Ed25519Signature2020' },
      { cryptosuite: 'eddsa-rdfc-2022' },
      { cryptosuite: undefined },
      { proofPurpose: 'authentication' },
      { verificationMethod: { id: key.id } },
    ])
      expect(proofKeyId(signed(more), CLOCK)).toBeNull();
  });

  test('counts for thirty days, not before it was made, and not after it expires', () => {
    const made = (ms: number): boolean => proofKeyId(signed({ created: at(ms) }), CLOCK) !== null;
    expect([made(NOW_MS - 30 * DAY_MS), made(NOW_MS - 30 * DAY_MS - 1)]).toEqual([true, false]);
    expect([made(NOW_MS + 300_000), made(NOW_MS + 300_001)]).toEqual([true, false]);
    for (const created of [
      undefined,
      null,
      5,
      '',
      'yesterday',
      '2026-11-25',
      'Wed, 25 Nov 2026 12:00:00 GMT',
    ])
      expect(proofKeyId(signed({ created }), CLOCK)).toBeNull();
    for (const expires of [at(NOW_MS), null, 5, 'never', ''])
      expect(proofKeyId(signed({ expires }), CLOCK)).toBeNull();
    expect(proofKeyId(signed({ created: '2026-11-25T13:00:00.123456789+01:00' }), CLOCK)).not.toBeNull();
  });

  test('with another key, a key of another kind, or a value that is no signature does not hold', () => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const rsaPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    for (const wrong of [other, rsaPem, '', 'PEM']) expect(isProven(signed(), wrong)).toBe(false);
    const value = String(signed().proof.proofValue);
    for (const proofValue of ['', 'z', value.slice(1), `${value}1`, value.slice(0, -1), `m${value}`, 5, null])
      expect(isProven({ ...signed(), proof: { ...signed().proof, proofValue } }, pem)).toBe(false);
    expect(
      isProven({ ...signed(), proof: { ...signed().proof, proofValue: `z${'1'.repeat(1e6)}` } }, pem),
    ).toBe(false);
  });

  test('property: of any document holds, and of none that differs in one place', () => {
    const json = fc.dictionary(fc.string({ maxLength: 6 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });
    fc.assert(
      fc.property(json, fc.nat(), fc.jsonValue({ maxDepth: 1 }), (object, place, other) => {
        const document = proven({ ...NOTE, object: wellFormed(object) }, key, NOW_MS) as Json;
        expect(isProven(document, pem)).toBe(true);
        expect(isProven(JSON.parse(JSON.stringify(document)), pem)).toBe(true);
        const changed = changeAt(document.object as Json, place, wellFormed(other));
        if (canonicalJson(changed) === canonicalJson(document.object)) return;
        expect(isProven({ ...document, object: changed }, pem)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe('canonical JSON', () => {
  test('sorts keys by code units, leaves texts alone, and writes numbers as they are read', () => {
    expect(
      canonicalJson({ b: 1e21, a: [-0, 0.1, 1e-7, 100, null], '\ud83d\ude00': 1, '\ufb33': 2, '': 3 }),
    ).toBe('{"":3,"a":[0,0.1,1e-7,100,null],"b":1e+21,"😀":1,"\ufb33":2}');
    expect(canonicalJson('é\u2028"\\\n\u0001')).toBe('"é\u2028\\"\\\\\\n\\u0001"');
    for (const wrong of ['\ud800', { '\udc00': 1 }, undefined, [undefined]])
      expect(() => canonicalJson(wrong)).toThrow(TypeError);
  });

  test('property: says the same, and says it in one way', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = canonicalJson(wellFormed(value));
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(wellFormed(value))));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(text).toBe(canonicalJson(reversed(wellFormed(value))));
      }),
    );
  });
});

test('property: bytes in multibase are read as they were written', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(multibaseBytes(`u${Buffer.from(bytes).toString('base64url')}`, 80)).toEqual(Buffer.from(bytes));
      expect(multibaseBytes(`z${base58(bytes)}`, 80)).toEqual(new Uint8Array(bytes));
    }),
  );
  for (const text of ['', 'x', 'z0', 'zO', 'zI', 'zl', 'u+', 'u=', `z${'2'.repeat(200)}`])
    expect(multibaseBytes(text, 80)).toBeNull();
});

/** As it was made before proofs had contexts of their own: it covers the document's. */
function withoutProofContext(): Json {
  const { '@context': _, proofValue: __, ...options } = signed().proof;
  return { ...NOTE, proof: { ...options, proofValue: signedValue(options) } };
}

function signedValue(options: Json): string {
  const parts = [options, NOTE].map((part) => hash('sha256', canonicalJson(part), 'buffer'));
  return `z${base58(sign(null, Buffer.concat(parts), key.privateKey))}`;
}

function base58(bytes: Uint8Array): string {
  const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let number = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = digits[Number(number % 58n)] + text;
  const first = bytes.findIndex((byte) => byte !== 0);
  return '1'.repeat(first === -1 ? bytes.length : first) + text;
}

/** Texts that have a spelling, at every depth; what a body with others in it is refused for. */
function wellFormed<Value>(value: Value): Value {
  return JSON.parse(
    JSON.stringify(value)
      .toWellFormed()
      .replace(/\\ud[89a-f]../gi, ''),
  );
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, reversed(item)])
      .toReversed(),
  );
}

/** The object with another value at one of its keys, or with one more. */
function changeAt(object: Json, place: number, other: unknown): Json {
  const keys = [...Object.keys(object), 'added'];
  return { ...object, [keys[place % keys.length] as string]: other };
}
