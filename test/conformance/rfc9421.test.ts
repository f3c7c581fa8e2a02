/**
 * RFC 9421 Appendix B through our own reader, base builder and verifier, and Mastodon's requests through the door.
 *
 * The examples of Appendix B are no requests to an inbox: their key ids are no URLs and most cover too little. So
 * their text goes through the parts that are general: the dictionary, the base, the algorithms.
 */
import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Fields, readFields } from '../../src/verify/header.ts';
import { algorithmOf, isRight } from '../../src/verify/message-signature.ts';
import { checkSignature } from '../../src/verify/signature.ts';
import { signatureBase, valuesOf } from '../../src/verify/signature-base.ts';
import { ALGORITHMS, type Algorithm } from '../../src/verify/signature-input.ts';
import { type InnerList, parseDictionary } from '../../src/verify/structured-fields.ts';
import { bytesOf, isPresent } from './material.ts';

interface Case {
  readonly id: string;
  readonly section: string;
  readonly keyId: string;
  readonly message: { startLine: string; headers: [string, string][]; body: string };
  readonly signatureBase?: string | null;
  readonly expect: 'valid' | 'invalid';
}
interface Vectors {
  readonly keys: Readonly<Record<string, { readonly alg: string; readonly publicKeyPem?: string }>>;
  readonly cases: readonly Case[];
}

/** Out of scope, and why: a shared secret authenticates nobody between servers that have never met. */
const OUT_OF_SCOPE: Readonly<Record<string, string>> = { 'sig-b25': 'hmac-sha256' };

const json = (part: string) => JSON.parse(Buffer.from(bytesOf(part)).toString());
const isThere = isPresent('vectors/rfc9421.json');
const { keys, cases }: Vectors = isThere ? json('vectors/rfc9421.json') : { keys: {}, cases: [] };

describe.skipIf(!isThere)('RFC 9421 Appendix B', () => {
  test('is built and judged as it says, but for what is out of scope', () => {
    const table = cases.map((vector) => {
      const { id, section, expect: theirs } = vector;
      if (OUT_OF_SCOPE[id] !== undefined) return { id, section, theirs, ours: `- (${OUT_OF_SCOPE[id]})` };
      return { id, section, theirs, ours: judged(vector) };
    });
    console.table(table);
    const inScope = table.filter(({ id }) => OUT_OF_SCOPE[id] === undefined);
    expect(inScope.filter(({ theirs, ours }) => theirs !== ours)).toEqual([]);
    console.info(`RFC 9421 Appendix B: ${inScope.length} of ${cases.length} in scope, all as expected`);
    expect(inScope).toHaveLength(12);
  });
});

function judged({ keyId, message, signatureBase: base }: Case): 'valid' | 'invalid' {
  const { alg, publicKeyPem = '' } = keys[keyId] ?? { alg: '' };
  const fields = readFields(message.headers.flat()) as Fields;
  const [label, input] = [...(parseDictionary(fields.get('signature-input') ?? '') ?? [])][0] ?? [];
  const signature = parseDictionary(fields.get('signature') ?? '')?.get(label ?? '');
  if (signature === undefined || !('bare' in signature) || signature.bare.type !== 'bytes') return 'invalid';
  const [method = '', target = ''] = message.startLine.split(' ');
  const origin = `https://${fields.get('host')}`;
  const ofRequest = valuesOf({ method, target, origin, fields });
  // The one answer among them: its status is what no request has.
  const ours = signatureBase(input as InnerList, (component) =>
    component.bare.value === '@status' ? target : ofRequest(component),
  );
  if (typeof base === 'string') expect(ours).toBe(base);
  const key = createPublicKey(publicKeyPem);
  const named = ALGORITHMS.find((known) => known === alg) as Algorithm;
  expect(algorithmOf(key, named)).toBe(named);
  return isRight(named, ours ?? '', key, signature.bare.value) ? 'valid' : 'invalid';
}

interface MastodonCase {
  readonly id: string;
  readonly request: { method: string; target: string; headers: [string, string][]; body: string };
  readonly key: string;
  readonly now: string;
  readonly expect: 'accept' | 'reject';
}
interface MastodonVectors {
  readonly keys: Readonly<Record<string, { readonly publicKeyPem: string }>>;
  readonly cases: readonly MastodonCase[];
}

const hasMastodon = isPresent('vectors/rfc9421-mastodon.json');

describe.skipIf(!hasMastodon)("Mastodon's RFC 9421 requests", () => {
  test('are judged as Mastodon judges them', () => {
    const { keys: pems, cases: requests }: MastodonVectors = json('vectors/rfc9421-mastodon.json');
    const table = requests.map(({ id, request, key, now, expect: theirs }) => {
      const { method, target, headers, body } = request;
      const host = headers.find(([name]) => name === 'Host')?.[1] ?? '';
      const verdict = checkSignature(
        { method, target, rawHeaders: headers.flat(), body: Buffer.from(body) },
        {
          ...{ host, origin: `https://${host}`, publicKeyPem: pems[key]?.publicKeyPem ?? '' },
          ...{ nowMs: Date.parse(now), pastMs: 3_600_000, futureMs: 300_000 },
        },
      );
      return { id, key, theirs, ours: verdict === null ? 'accept' : 'reject', why: verdict?.reason };
    });
    console.table(table);
    expect(table.filter(({ theirs, ours }) => theirs !== ours)).toEqual([]);
    expect(table).toHaveLength(13);
  });
});
