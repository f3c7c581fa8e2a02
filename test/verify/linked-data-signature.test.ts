/**
 * Linked-data signatures by themselves. A graph can be written down in many ways: those that every reader takes for
 * the same activity hold, and everything that somebody could make another activity of does not.
 */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { isLinkedDataSigned, linkedDataKeyId } from '../../src/verify/linked-data-signature.ts';
import { ldSigned } from '../conformance/document-signature.ts';
import { CONTEXT, create, follow, MASTODON_CONTEXT, type Sent, undo } from '../fediverse/index.ts';

type Json = Readonly<Record<string, unknown>>;

const NOW_MS = Date.UTC(2026, 10, 25, 12);
const CLOCK = { nowMs: NOW_MS, futureMs: 300_000 };
const ANN = 'https://far.example/users/ann';
const BOB = 'https://us.example/users/bob';
const SECURITY = 'https://w3id.org/security/v1';

const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ann = { keyId: `${ANN}#main-key`, privateKey: pair.privateKey };
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const accepted = async (document: Json): Promise<boolean> =>
  linkedDataKeyId(document, CLOCK) === ann.keyId && (await isLinkedDataSigned(document, pem));

let signed: Sent & { readonly signature: Json };
beforeAll(async () => {
  signed = await ldSigned(create(ANN, { mentions: [BOB] }), ann, NOW_MS);
});

describe('a linked-data signature', () => {
  test('holds for the document that it was made for, and for its keys in another order', async () => {
    expect(await accepted(signed)).toBe(true);
    expect(await accepted(Object.fromEntries(Object.entries(signed).toReversed()))).toBe(true);
    const undone = await ldSigned(undo(ANN, follow(ANN, BOB)), ann, NOW_MS);
    expect(await accepted(undone)).toBe(true);
    // The two aliases that everybody has, written out.
    const aliases = [
      ...MASTODON_CONTEXT,
      { id: '@id', type: '@type', ostatus: { '@id': 'http://ostatus.org#' } },
    ];
    expect(await accepted({ ...signed, '@context': aliases })).toBe(true);
  });

  test('counts for thirty days, by a usable RSA key', async () => {
    const at = (ms: number) => ldSigned(create(ANN), ann, ms);
    expect(await accepted(await at(NOW_MS - 29 * 86_400_000))).toBe(true);
    expect(await accepted(await at(NOW_MS - 31 * 86_400_000))).toBe(false);
    expect(await accepted(await at(NOW_MS + 600_000))).toBe(false);
    const other = (type: 'rsa' | 'ed25519') =>
      (type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
        : generateKeyPairSync('ed25519')
      ).publicKey
        .export({ type: 'spki', format: 'pem' })
        .toString();
    for (const wrong of [other('rsa'), other('ed25519'), '', 'PEM'])
      expect(await isLinkedDataSigned(signed, wrong)).toBe(false);
  });

  test('is none without its parts, or with parts that are something else', async () => {
    const { signature, ...bare } = signed;
    expect(linkedDataKeyId(bare, CLOCK)).toBeNull();
    const { created } = signature;
    for (const change of [
      { type: 'RsaSignature2016' },
      { creator: undefined },
      { creator: { id: ann.keyId } },
      { created: undefined },
      { created: [created, created] },
      { signatureValue: 5 },
      { signatureValue: 'A'.repeat(2_000) },
      { '@id': 'https://far.example/' },
      { '@graph': [] },
    ])
      expect(linkedDataKeyId({ ...bare, signature: { ...signature, ...change } }, CLOCK)).toBeNull();
    for (const other of [null, 'signature', [signature]])
      expect(linkedDataKeyId({ ...bare, signature: other }, CLOCK)).toBeNull();
    // What it says of itself is signed, too.
    for (const change of [
      { created: '2026-11-25T11:00:00Z' },
      { nonce: 'x' },
      { domain: 'x' },
      { 'dc:title': 'x' },
    ])
      expect(await isLinkedDataSigned({ ...bare, signature: { ...signature, ...change } }, pem)).toBe(false);
  });

  test('property: does not hold for a document that differs in one place', async () => {
    const places = placesOf(signed).filter(([first]) => first !== 'signature' && first !== '@context');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), async (path) => {
        expect(await accepted(changedAt(signed, path) as Json)).toBe(false);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe('a signed document written anew as another one', () => {
  /** `signed` with something more that is in no graph. */
  const with_ = (more: Json): Json => ({ ...signed, ...more });

  test('with a keyword, at the top or inside, does not count', async () => {
    const { object, ...rest } = signed;
    const other = { type: 'Note', content: 'Never said.' };
    for (const keyword of [
      '@graph',
      '@included',
      '@reverse',
      '@index',
      '@nest',
      '@id',
      '@type',
      '@value',
      '@set',
    ]) {
      expect(linkedDataKeyId(with_({ [keyword]: other }), CLOCK), keyword).toBeNull();
      expect(await isLinkedDataSigned(with_({ [keyword]: other }), pem), keyword).toBe(false);
      const inside = { ...rest, object: { ...(object as Json), [keyword]: other } };
      expect(await isLinkedDataSigned(inside, pem), keyword).toBe(false);
    }
  });

  test('with a term that stands for a keyword, whatever chain leads there, does not count', async () => {
    const contexts: unknown[] = [
      { graph: '@graph' },
      { a: 'b', b: '@graph' },
      { a: { '@id': '@included' } },
      { a: { '@reverse': 'as:object' } },
      { a: { '@id': 'as:a', '@container': '@graph' } },
      { a: { '@id': 'as:a', '@container': ['@graph', '@id'] } },
      { a: { '@id': 'as:a', '@context': { b: '@graph' } } },
      { a: { '@id': 'as:a', '@type': '@json' } },
      { a: '@nest' },
      { type: '@id' },
      { name: '@type' },
      { '@base': 'https://evil.example/' },
      { '@vocab': 'https://evil.example/' },
      { '@import': CONTEXT },
      { '@propagate': false },
      { '@version': 1.1, a: 'as:a' },
      { content: null },
      null,
      5,
      'https://evil.example/context',
      'https://far.example/schemas/litepub-0.1.jsonld',
      'https://far.example/contexts',
    ];
    for (const context of contexts) {
      const document = { ...signed, '@context': [...MASTODON_CONTEXT, context] };
      expect(linkedDataKeyId(document, CLOCK), JSON.stringify(context)).toBeNull();
      expect(await isLinkedDataSigned(document, pem), JSON.stringify(context)).toBe(false);
      const inside = { ...signed, object: { ...(signed.object as Json), '@context': context } };
      expect(await isLinkedDataSigned(inside, pem), JSON.stringify(context)).toBe(false);
    }
    // Without the context of ActivityStreams it would be read as if it had it, and signed as if it had not.
    expect(linkedDataKeyId({ ...signed, '@context': [SECURITY] }, CLOCK)).toBeNull();
    expect(linkedDataKeyId({ ...signed, '@context': [CONTEXT, SECURITY] }, CLOCK)).not.toBeNull();
  });

  test('with its root below another one, carried along by a term that means nothing, does not count', async () => {
    const asked = follow(ANN, BOB);
    const undone = await ldSigned(undo(ANN, asked), ann, NOW_MS);
    const { '@context': context, signature, object, ...root } = undone;
    // The graph of jsonld holds all that stands below an undefined term, only the term is not in it.
    const turned = {
      ...{ '@context': context, signature },
      ...(object as Json),
      undefinedTerm: { ...root, object: asked.id },
    };
    expect(await accepted(turned)).toBe(false);
    // And what nobody signed is carried along in vain: it is not read either.
    expect(await accepted({ ...undone, undefinedTerm: { type: 'Note', content: 'Never said.' } })).toBe(true);
  });

  test('with something that a graph drops and a reader of the tree sees does not count', async () => {
    const tags = ((signed.object as Json).tag ?? []) as unknown[];
    const inNote = (more: Json) => ({ ...signed, object: { ...(signed.object as Json), ...more } });
    for (const document of [
      inNote({ attachment: [{ id: 'relative', type: 'Document', url: 'https://evil.example/' }] }),
      inNote({ tag: [tags, { type: 'relative type' }].flat() }),
      inNote({ attachment: [{ id: '_:b0', type: 'Document' }] }),
      with_({ type: ['Create', 'Unheard'] }),
      with_({ type: ['Create', 'Create'] }),
      with_({ object: [signed.object, 'relative'] }),
      inNote({ content: { '@value': 'x', '@direction': 'rtl' } }),
    ])
      expect(await accepted(document)).toBe(false);
    const unheard = await ldSigned({ ...create(ANN), type: 'Unheard' }, ann, NOW_MS);
    expect(await accepted(unheard)).toBe(false);
    const two = await ldSigned({ ...create(ANN), object: [`${ANN}/1`, `${ANN}/2`] }, ann, NOW_MS);
    expect(await accepted(two)).toBe(false);
  });

  test('does not count when it has a graph in it, or more nameless parts than any real one', async () => {
    const context = [...MASTODON_CONTEXT, 'https://w3id.org/security/data-integrity/v1'];
    const both = { ...create(ANN), '@context': context, proof: { type: 'DataIntegrityProof' } };
    expect(await accepted(await ldSigned(both, ann, NOW_MS))).toBe(false);
    const tagged = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ type: 'Mention', href: `${BOB}/${n}` }));
    expect(await accepted(await ldSigned({ ...create(ANN), tag: tagged(250) }, ann, NOW_MS))).toBe(true);
    expect(await accepted(await ldSigned({ ...create(ANN), tag: tagged(260) }, ann, NOW_MS))).toBe(false);
  });

  test('in order to keep us busy costs a moment', async () => {
    const alike = (count: number, depth: number): Json[] =>
      Array.from({ length: count }, () => ({
        type: 'Note',
        ...(depth > 0 ? { tag: alike(count, depth - 1) } : {}),
      }));
    for (const [count, depth] of [
      [12, 1],
      [6, 2],
      [3, 4],
      [200, 0],
      [600, 0],
    ] as const) {
      const startedMs = performance.now();
      const poison = { ...signed, tag: alike(count, depth) };
      expect(await isLinkedDataSigned(poison, pem)).toBe(false);
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    }
  });
});

/** Where the values of a document are. */
function placesOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return value === null ? [] : [[...path]];
  return Object.entries(value).flatMap(([key, item]) => placesOf(item, [...path, key]));
}

/** The document with another value at this place: another id where there was one, another word where there was none. */
function changedAt(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return typeof value === 'string' ? `${value}x` : !value;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const at = copy as Record<string, unknown>;
  at[key] = changedAt(at[key], rest);
  return copy;
}
