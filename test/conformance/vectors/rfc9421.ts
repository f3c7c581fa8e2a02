/**
 * RFC 9421 Appendix B through our own reader, base builder and verifier, and Mastodon's requests through the door.
 *
 * The examples of Appendix B are no requests to an inbox: their key ids are no URLs and most cover too little. So
 * their text goes through the parts that are general: the dictionary, the base, the algorithms.
 */
import { createPublicKey } from 'node:crypto';
import { type Fields, readFields } from '../../../src/verify/header.ts';
import { algorithmOf, isRight } from '../../../src/verify/message-signature.ts';
import { checkSignature } from '../../../src/verify/signature.ts';
import { signatureBase, valuesOf } from '../../../src/verify/signature-base.ts';
import { ALGORITHMS, type Algorithm } from '../../../src/verify/signature-input.ts';
import { type InnerList, parseDictionary } from '../../../src/verify/structured-fields.ts';
import { bytesOf, isPresent } from '../material.ts';
import type { Counted } from '../table.ts';

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

const ABSENT: Counted = { passed: 0, total: 0, failures: [], skipped: 'not found' };

export async function appendixB(): Promise<Counted> {
  if (!isPresent('vectors/rfc9421.json')) return ABSENT;
  const { keys, cases }: Vectors = json('vectors/rfc9421.json');
  const inScope = cases.filter(({ id }) => OUT_OF_SCOPE[id] === undefined);
  const failures = inScope.flatMap((vector) => {
    const ours = judged(keys, vector);
    return ours === vector.expect ? [] : [`${vector.id}: ${ours}, not ${vector.expect}`];
  });
  const notes = Object.entries(OUT_OF_SCOPE).map(([id, why]) => `${id} is out of scope: ${why}`);
  return { passed: inScope.length - failures.length, total: inScope.length, failures, notes };
}

function judged(keys: Vectors['keys'], { keyId, message, signatureBase: base }: Case): string {
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
  if (typeof base === 'string' && ours !== base) return 'another base';
  const key = createPublicKey(publicKeyPem);
  const named = ALGORITHMS.find((known) => known === alg) as Algorithm;
  if (algorithmOf(key, named) !== named) return 'another algorithm';
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

export async function mastodonRequests(): Promise<Counted> {
  if (!isPresent('vectors/rfc9421-mastodon.json')) return ABSENT;
  const { keys, cases }: MastodonVectors = json('vectors/rfc9421-mastodon.json');
  const failures = cases.flatMap(({ id, request, key, now, expect }) => {
    const { method, target, headers, body } = request;
    const host = headers.find(([name]) => name === 'Host')?.[1] ?? '';
    const verdict = checkSignature(
      { method, target, rawHeaders: headers.flat(), body: Buffer.from(body) },
      {
        ...{ host, origin: `https://${host}`, publicKeyPem: keys[key]?.publicKeyPem ?? '' },
        ...{ nowMs: Date.parse(now), pastMs: 3_600_000, futureMs: 300_000 },
      },
    );
    return (verdict === null ? 'accept' : 'reject') === expect
      ? []
      : [`${id}: ${verdict?.reason ?? 'accepted'}`];
  });
  return { passed: cases.length - failures.length, total: cases.length, failures };
}
