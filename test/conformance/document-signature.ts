/** Signs documents as other servers do, with code of the tests' own: FEP-8b32 proofs, and RsaSignature2017. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import jsonld from 'jsonld';
import { contextOf } from '../../src/verify/contexts/index.ts';
import type { RemoteActor } from '../fediverse/index.ts';

type Json = Readonly<Record<string, unknown>>;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** JCS for what tests sign. RFC 8785 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

const DIGITS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

function base58(bytes: Uint8Array): string {
  let number = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = DIGITS[Number(number % 58n)] + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return '1'.repeat(zeros === -1 ? bytes.length : zeros) + text;
}

/** An Ed25519 key that an actor lists for assertions. */
export interface ProofKey {
  readonly id: string;
  readonly privateKey: KeyObject;
}

/** Gives the actor such a key and lists it in its document (FEP-521a). */
export function addProofKey(actor: RemoteActor, name = 'ed25519-key'): ProofKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const id = `${actor.id}#${name}`;
  const publicKeyMultibase = `z${base58(Buffer.concat([Buffer.from([0xed, 0x01]), raw]))}`;
  const method = { id, type: 'Multikey', controller: actor.id, publicKeyMultibase };
  actor.document.assertionMethod = [...((actor.document.assertionMethod as unknown[]) ?? []), method];
  return { id, privateKey };
}

/** The document with a proof. `more` changes what the proof says of itself, before it is signed. */
export function proven<Document extends Json>(
  document: Document,
  key: ProofKey,
  nowMs: number,
  more: Json = {},
) {
  const options = {
    '@context': document['@context'],
    ...{ type: 'DataIntegrityProof', cryptosuite: 'eddsa-jcs-2022', verificationMethod: key.id },
    ...{ proofPurpose: 'assertionMethod', created: `${new Date(nowMs).toISOString().slice(0, 19)}Z` },
    ...more,
  };
  const signed = Buffer.concat([sha256(canonical(options)), sha256(canonical(document))]);
  const proof = { ...options, proofValue: `z${base58(sign(null, signed, key.privateKey))}` };
  return { ...document, proof };
}

const documentLoader = async (url: string) => ({
  contextUrl: undefined,
  documentUrl: url,
  document: contextOf(url),
});

async function canonize(document: Json): Promise<string> {
  const options = { algorithm: 'URDNA2015', documentLoader, safe: false };
  return (await jsonld.canonize(document as never, options as never)) as unknown as string;
}

/** The document with a linked-data signature as Mastodon makes them. */
export async function ldSigned<Document extends Json>(
  document: Document,
  signer: { readonly keyId: string; readonly privateKey: KeyObject },
  nowMs: number,
) {
  const created = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const options = { '@context': 'https://w3id.org/identity/v1', creator: signer.keyId, created };
  const hex = async (it: Json) => sha256(await canonize(it)).toString('hex');
  const signed = `${await hex(options)}${await hex(document)}`;
  const signatureValue = sign('sha256', Buffer.from(signed), signer.privateKey).toString('base64');
  return {
    ...document,
    signature: { type: 'RsaSignature2017', creator: signer.keyId, created, signatureValue },
  };
}
