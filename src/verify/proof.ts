/**
 * Object integrity proofs (FEP-8b32) of one kind: `eddsa-jcs-2022`, an Ed25519 signature over the JSON document in
 * canonical form. Such a proof travels with an activity that somebody else forwards.
 *
 * What is read here is narrower than Data Integrity allows, so that what was signed is what is understood:
 * - exactly one proof, in an object of its own or alone in an array;
 * - the proof's `@context`, when it has one, is the document's. Data Integrity lets the document go on with contexts
 *   of its own after it, and these would give the signed terms another meaning;
 * - `created` is there and within bounds: a proof that never grows old could be replayed when its id is forgotten.
 */
import { createPublicKey, hash, verify } from 'node:crypto';
import { canonicalJson } from './jcs.ts';
import { multibaseBytes } from './multibase.ts';

type Json = Readonly<Record<string, unknown>>;

/** When a statement may have been made, and what the time is. */
export interface ProofClock {
  readonly nowMs: number;
  readonly futureMs: number;
}

/** Older ones are not taken: the activity is asked for at its origin. Forwarding takes days at most. */
export const PROOF_PAST_MS = 30 * 86_400_000;
const SIGNATURE_BYTES = 64;

/** The id of the key that a document's proof names, when it is a proof that could hold; else null. */
export function proofKeyId(document: Json, clock: ProofClock): string | null {
  const proof = proofOf(document);
  if (proof === null) return null;
  const { type, cryptosuite, proofPurpose, verificationMethod, created, expires } = proof;
  if (type !== 'DataIntegrityProof' || cryptosuite !== 'eddsa-jcs-2022') return null;
  if (proofPurpose !== 'assertionMethod' || typeof verificationMethod !== 'string') return null;
  return isCurrent(created, expires, clock) && isSameContext(document, proof) ? verificationMethod : null;
}

/** Is the document's proof a signature of exactly this document by this Ed25519 key? */
export function isProven(document: Json, publicKeyPem: string): boolean {
  const proof = proofOf(document);
  if (proof === null || typeof proof.proofValue !== 'string') return false;
  const signature = multibaseBytes(proof.proofValue, SIGNATURE_BYTES);
  if (signature === null || signature.length !== SIGNATURE_BYTES) return false;
  const { proof: _proof, ...unsecured } = document;
  const { proofValue: _value, ...options } = proof;
  try {
    const key = createPublicKey(publicKeyPem);
    if (key.asymmetricKeyType !== 'ed25519') return false;
    const signed = Buffer.concat(
      [options, unsecured].map((part) => hash('sha256', canonicalJson(part), 'buffer')),
    );
    return verify(null, signed, key, signature);
  } catch {
    return false;
  }
}

/** The one proof of a document, or null. */
function proofOf(document: Json): Json | null {
  const { proof } = document;
  const one = Array.isArray(proof) && proof.length === 1 ? proof[0] : proof;
  return typeof one === 'object' && one !== null && !Array.isArray(one) ? (one as Json) : null;
}

function isSameContext(document: Json, proof: Json): boolean {
  const theirs = proof['@context'];
  return theirs === undefined || canonicalJson(theirs) === canonicalJson(document['@context'] ?? null);
}

/** Made recently enough, and not over. RFC 3339 */
export function isCurrent(created: unknown, expires: unknown, { nowMs, futureMs }: ProofClock): boolean {
  const createdMs = timeMs(created);
  if (!(createdMs >= nowMs - PROOF_PAST_MS && createdMs <= nowMs + futureMs)) return false;
  return expires === undefined || timeMs(expires) > nowMs;
}

function timeMs(value: unknown): number {
  if (typeof value !== 'string') return Number.NaN;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
}
