/**
 * Published draft-cavage vectors. Some are examples of the format, not of a request to an inbox, and are refused here
 * by policy: each has our verdict and its reason by name. Where the vector says that the signature is right and the
 * request covers enough, it is accepted.
 */
import { signingStringOf } from '../../../src/verify/cavage.ts';
import type { CavageSignature } from '../../../src/verify/cavage-header.ts';
import { readFields, readSignature } from '../../../src/verify/header.ts';
import { checkSignature } from '../../../src/verify/signature.ts';
import { bytesOf, isPresent } from '../material.ts';
import type { Counted } from '../table.ts';

interface Vector {
  readonly id: string;
  readonly request: { method: string; target: string; headers: [string, string][]; body: string };
  readonly key: string;
  readonly signatureHeader: string;
  readonly now?: string;
  readonly expect?: 'accept' | 'reject';
  readonly checked?: { readonly cryptoVerified: boolean; readonly signingString: string };
}

interface Vectors {
  readonly keys: Readonly<Record<string, { readonly publicKeyPem: string }>>;
  readonly cases: readonly Vector[];
}

/** Our verdict where it is not the vector's, or where the vector has none; and why. Null is accepted. */
const OURS: Readonly<Record<string, string>> = {
  'joyent-Default': 'the keyId is no URL',
  'joyent-All-Headers': 'the keyId is no URL',
  'cavage-10-C.1': 'the keyId is no URL',
  'cavage-10-C.2': 'the keyId is no URL',
  'cavage-10-C.3': 'the keyId is no URL',
  // WebFinger for a key id is one more fetch for a stranger; nobody has been seen to need it.
  'mastodon-with-an-acct-key-id': 'the keyId is no URL',
  // Old Mastodons signed the target without its query; the query would be whatever somebody makes of it.
  'mastodon-when-the-query-string-is-missing-from-the-signature-verification-compatibility-quirk-':
    'the signature does not match',
};

const isThere = isPresent('vectors/cavage.json');
const { keys, cases }: Vectors = isThere
  ? JSON.parse(Buffer.from(bytesOf('vectors/cavage.json')).toString())
  : { keys: {}, cases: [] };

export const judgedCavage = cases.map((vector) => {
  const { method, target, headers, body } = vector.request;
  const lines = headers.filter(([name]) => name.toLowerCase() !== 'signature');
  const rawHeaders = [...lines, ['Signature', vector.signatureHeader ?? ''] as const].flat();
  const host = lines.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '';
  const request = { method, target, rawHeaders, body: Buffer.from(body) };
  const nowMs = Date.parse(vector.now ?? lines.find(([name]) => name.toLowerCase() === 'date')?.[1] ?? '');
  const publicKeyPem = keys[vector.key]?.publicKeyPem ?? '';
  const policy = {
    host,
    origin: `https://${host}`,
    publicKeyPem,
    nowMs,
    pastMs: 3_600_000,
    futureMs: 300_000,
  };
  return { vector, request, policy, verdict: checkSignature(request, policy) };
});

/** What is wrong with the verdict on a vector, or null: it is the vector's, or the one listed above with its reason. */
function mistake({ vector, verdict }: (typeof judgedCavage)[number]): string | null {
  const { id } = vector;
  const expect: string = vector.expect ?? 'none';
  const ours = verdict?.reason ?? 'accept';
  const differs = (verdict === null ? 'accept' : 'reject') !== expect;
  if (differs !== (OURS[id] !== undefined)) return `${id}: ${ours}, not ${expect}`;
  return !differs || ours === OURS[id] ? null : `${id}: ${ours}`;
}

/** The signing string of each vector whose signature is right is the one that stands there. */
export function comparedStrings(): { readonly compared: number; readonly failures: string[] } {
  let compared = 0;
  const failures: string[] = [];
  for (const { vector, request } of judgedCavage) {
    // Some name their key in a way that we do not take; the string does not depend on it.
    const rawHeaders = request.rawHeaders.map((text) =>
      text.replace(/keyId="[^"]*"/, 'keyId="https://a.example/k"'),
    );
    const header = readSignature(rawHeaders);
    if ('problem' in header || vector.checked === undefined) continue;
    const fields = readFields(rawHeaders) as ReadonlyMap<string, string>;
    const string = signingStringOf({ ...request, rawHeaders }, fields, header as CavageSignature);
    // What is checked there is what was signed; a request that was tampered with gives another string.
    if (vector.checked.cryptoVerified && string !== vector.checked.signingString)
      failures.push(`${vector.id}: the signing string is another one`);
    compared++;
  }
  return { compared, failures };
}

export async function cavage(): Promise<Counted> {
  if (!isThere) return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const mistakes = judgedCavage.flatMap((judged) => mistake(judged) ?? []);
  const reasons = new Map<string, number>();
  for (const reason of Object.values(OURS)) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  return {
    passed: judgedCavage.length - mistakes.length,
    total: judgedCavage.length,
    failures: [...mistakes, ...comparedStrings().failures],
    notes: [...reasons].map(([reason, count]) => `${count} refused by policy: ${reason}`),
  };
}
