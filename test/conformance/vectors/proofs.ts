/** Proofs that travel with documents: FEP-8b32, RsaSignature2017, canonical JSON, and the W3C's own EdDSA vectors. */
import { hash } from 'node:crypto';
import { pemOfMultikey } from '../../../src/keys/multikey.ts';
import { canonicalJson } from '../../../src/verify/jcs.ts';
import { isLinkedDataSigned, linkedDataKeyId } from '../../../src/verify/linked-data-signature.ts';
import { multibaseBytes } from '../../../src/verify/multibase.ts';
import { isProven, proofKeyId } from '../../../src/verify/proof.ts';
import { bytesOf, filesOf, isPresent } from '../material.ts';
import type { Counted } from '../table.ts';

type Document = Readonly<Record<string, unknown>>;
interface Vector {
  readonly id: string;
  readonly doc: Document;
  readonly expect: string;
  /** A Multikey of FEP-8b32, a PEM of a linked-data signature. */
  readonly key?: string;
  readonly publicKeyPem?: string;
}

const textOf = (part: string): string => Buffer.from(bytesOf(part)).toString();
const casesOf = (part: string): readonly Vector[] => (JSON.parse(textOf(part)) as { cases: Vector[] }).cases;

/** The moment after a proof was made, whatever it says of itself; else when most of them were made. */
function clockOf(created: unknown): { nowMs: number; futureMs: number } {
  const madeMs = typeof created === 'string' ? Date.parse(created) : Number.NaN;
  const nowMs = Number.isNaN(madeMs) ? Date.UTC(2023, 1, 25) : madeMs + 86_400_000;
  return { nowMs, futureMs: 300_000 };
}

async function count(
  part: string,
  isAccepted: (vector: Vector) => boolean | Promise<boolean>,
): Promise<Counted> {
  if (!isPresent(part)) return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const cases = casesOf(part);
  const failures: string[] = [];
  for (const vector of cases) {
    const isExpected = vector.expect.startsWith('accept');
    if ((await isAccepted(vector)) !== isExpected) failures.push(`${vector.id}: ${vector.expect}`);
  }
  return { passed: cases.length - failures.length, total: cases.length, failures };
}

export const integrityProofs = (): Promise<Counted> =>
  count('vectors/fep-8b32.json', ({ doc, key = '' }) => {
    const clock = clockOf((doc.proof as Document | undefined)?.created);
    return proofKeyId(doc, clock) !== null && isProven(doc, pemOfMultikey(key) ?? '');
  });

export const linkedDataSignatures = (): Promise<Counted> =>
  count('vectors/ld-signatures.json', async ({ doc, publicKeyPem = '' }) => {
    const clock = clockOf((doc.signature as Document | undefined)?.created);
    return linkedDataKeyId(doc, clock) !== null && (await isLinkedDataSigned(doc, publicKeyPem));
  });

/** RFC 8785: each input gives its output, and that byte for byte. */
export async function canonicalJsonVectors(): Promise<Counted> {
  const part = 'vectors/jcs/testdata';
  if (!isPresent(part)) return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const failures: string[] = [];
  const files = filesOf(`${part}/input`);
  for (const file of files) {
    const ours = canonicalJson(JSON.parse(textOf(`${part}/input/${file}`)));
    const hex = textOf(`${part}/outhex/${file.replace('.json', '.txt')}`).replace(/\s/g, '');
    if (Buffer.from(ours).toString('hex') !== hex) failures.push(file);
  }
  return { passed: files.length - failures.length, total: files.length, failures };
}

/** Each step on the way to the signature of the W3C's example, and the signature itself. */
export async function eddsaJcsSteps(): Promise<Counted> {
  const part = 'vectors/vc-di-eddsa/TestVectors/eddsa-jcs-2022';
  if (!isPresent(part)) return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const step = (name: string): string => textOf(`${part}/${name}`).trim();
  const signed = JSON.parse(step('signedJCS.json')) as Document & { proof: Document };
  const { proof, ...document } = signed;
  const { proofValue, ...options } = proof;
  const keys = JSON.parse(textOf('vectors/vc-di-eddsa/TestVectors/keyPair.json'));
  const texts = { document: canonicalJson(document), options: canonicalJson(options) };
  const hashes = { document: hash('sha256', texts.document), options: hash('sha256', texts.options) };
  const steps: Readonly<Record<string, boolean>> = {
    'canonDocJCS.txt': texts.document === step('canonDocJCS.txt'),
    'proofCanonJCS.txt': texts.options === step('proofCanonJCS.txt'),
    'proofConfigJCS.json': texts.options === canonicalJson(JSON.parse(step('proofConfigJCS.json'))),
    'docHashJCS.txt': hashes.document === step('docHashJCS.txt'),
    'proofHashJCS.txt': hashes.options === step('proofHashJCS.txt'),
    'combinedHashJCS.txt': hashes.options + hashes.document === step('combinedHashJCS.txt'),
    'sigBTC58JCS.txt': proofValue === step('sigBTC58JCS.txt'),
    'sigHexJCS.txt':
      Buffer.from(multibaseBytes(String(proofValue), 64) ?? []).toString('hex') === step('sigHexJCS.txt'),
    'signedJCS.json': isProven(signed, pemOfMultikey(keys.publicKeyMultibase) ?? ''),
  };
  const failures = Object.keys(steps).filter((name) => steps[name] !== true);
  return { passed: Object.keys(steps).length - failures.length, total: Object.keys(steps).length, failures };
}
