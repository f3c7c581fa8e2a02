/**
 * The whole judgement of one request, on a worker thread, cheapest first: signature, strict JSON, JSON-LD, and
 * whether signer, actor and id belong together. An unauthenticated body is never expanded.
 */
import { hash } from 'node:crypto';
import { domainOf, type Facts, originOf } from '../activity.ts';
import type { Refusal } from '../verdict.ts';
import { understand } from './document.ts';
import { isLinkedDataSigned, linkedDataKeyId } from './linked-data-signature.ts';
import { isProven, proofKeyId } from './proof.ts';
import { scan } from './scan.ts';
import { checkSignature, type SignaturePolicy, type SignedRequest } from './signature.ts';

/** A request and everything that is needed to judge it; nothing is looked up. */
export interface VerifyRequest extends SignedRequest, SignaturePolicy {
  /** The actor that owns the key, by the actor's own document. */
  readonly keyActor: string;
  /** Ids may be plain http and their hosts IP literals: tests and benchmarks only. */
  readonly allowPrivate: boolean;
  /** The key of a proof that the document carries, where its signer is not its actor. @default none */
  readonly proofKey?: ProofKey;
  /**
   * The body is no request's: it was fetched from this id, and its server is all that speaks for it. Then `keyActor`
   * is the actor that it has to be of. @default a signed request
   */
  readonly fetchedFrom?: string;
  /** A GET: there is no body, and only who signed it is asked. The facts are empty. @default false */
  readonly isRead?: boolean;
}

/** What a document may carry besides the signature of the request. */
export type ProofKind = 'integrity-proof' | 'linked-data-signature';

/** A proof that could hold, and the id of the key that it names. */
export interface NamedProof {
  readonly kind: ProofKind;
  readonly keyId: string;
}

export interface ProofKey {
  readonly kind: ProofKind;
  /** The actor that owns the key, by the actor's own document. */
  readonly actor: string;
  readonly publicKeyPem: string;
}

/** An activity that came from somebody else than its actor, and that nothing has spoken for yet. */
export interface Foreign {
  readonly facts: Facts;
  /** Cheapest first. */
  readonly proofs: readonly NamedProof[];
}

export type VerifyAnswer =
  /** `normal` is null where `plainNormal` says the same of the document, at any time. */
  | { readonly ok: true; readonly facts: Facts; readonly normal: string | null }
  | {
      readonly ok: false;
      readonly refusal: Refusal;
      /** The signature does not match the key, which may have been rotated. */
      readonly isWrongKey: boolean;
      /** The request was signed, but not by the activity's actor: it stands unless something else speaks for it. */
      readonly foreign?: Foreign;
    };

/** A normal form is kept beside the body and bounded by it: absolute names are longer than those that were sent. */
const NORMAL_CHARACTERS_MAX = 65_536;
const NORMAL_FACTOR_MAX = 4;

const NOTHING_SAID: Omit<Facts, 'actor'> = {
  ...{ id: '', type: '', objects: [], inner: null, target: null, addressees: [] },
};

export async function judge(request: VerifyRequest): Promise<VerifyAnswer> {
  const { fetchedFrom, keyActor } = request;
  const bad = fetchedFrom === undefined ? checkSignature(request, request) : null;
  if (bad !== null) return refused({ type: 'not-authenticated', reason: bad.reason }, bad.isWrong);
  if (request.isRead) return { ok: true, facts: { ...NOTHING_SAID, actor: keyActor }, normal: null };
  const scanned = scan(request.body);
  if ('problem' in scanned) return refused({ type: 'not-an-activity', reason: scanned.problem });
  const understood = await understand(scanned.document);
  if ('problem' in understood) return refused({ type: 'not-an-activity', reason: understood.problem });

  const { actor, type } = understood.facts;
  const id = understood.facts.id ?? madeId(actor, request.body);
  for (const [name, url] of [
    ['id', id],
    ['actor', actor],
  ] as const) {
    const problem = urlProblem(url, request.allowPrivate);
    if (problem !== null) return refused({ type: 'not-an-activity', reason: `the ${name} ${problem}` });
  }
  if (originOf(id) !== originOf(actor)) return denied('the id is on another origin than the actor');
  if (fetchedFrom !== undefined && id !== fetchedFrom) return denied('another activity is at this id');
  // ActivityPub 7: whoever signs must be the actor. Of anybody else it takes more.
  if (actor !== keyActor) {
    const isOwn = understood.facts.id !== null;
    if (!isOwn || fetchedFrom !== undefined) return denied('the signer is not the actor');
    const { proofKey } = request;
    if (proofKey === undefined) return foreign({ ...understood.facts, id }, scanned.document, request);
    if (proofKey.actor !== actor) return denied('the proof is by a key of another actor');
    if (!(await holds(proofKey, scanned.document))) return denied('the proof does not hold');
  }
  const normal = understood.isPlain ? null : JSON.stringify(understood.normal);
  if (normal !== null && normal.length > NORMAL_CHARACTERS_MAX + NORMAL_FACTOR_MAX * request.body.byteLength)
    return refused({ type: 'not-an-activity', reason: 'it means far more than it says' });
  const digest = hash('sha256', request.body, 'hex');
  return { ok: true, facts: { ...understood.facts, id, type, digest }, normal };
}

/** What an activity of somebody else than the signer carries that could speak for it. */
function foreign(
  facts: Facts,
  document: Readonly<Record<string, unknown>>,
  request: VerifyRequest,
): VerifyAnswer {
  const named: readonly [ProofKind, string | null][] = [
    ['integrity-proof', proofKeyId(document, request)],
    ['linked-data-signature', linkedDataKeyId(document, request)],
  ];
  const proofs = named.flatMap(([kind, keyId]) => (keyId === null ? [] : [{ kind, keyId }]));
  return { ...denied('the signer is not the actor'), foreign: { facts, proofs } };
}

function holds({ kind, publicKeyPem }: ProofKey, document: Readonly<Record<string, unknown>>) {
  return kind === 'integrity-proof'
    ? isProven(document, publicKeyPem)
    : isLinkedDataSigned(document, publicKeyPem);
}

function denied(reason: string) {
  return refused({ type: 'not-authenticated', reason });
}

function refused(refusal: Refusal, isWrongKey = false) {
  return { ok: false as const, refusal, isWrongKey };
}

/** The id of an activity that has none: the same for the same bytes, so a repetition is known as one. */
function madeId(actor: string, body: Uint8Array): string {
  const url = URL.parse(actor);
  if (url === null) return actor;
  url.hash = `sha-256=${hash('sha256', body, 'hex')}`;
  return url.href;
}

function urlProblem(url: string, allowPrivate: boolean): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || domainOf(url) === null) return 'is not an absolute URL';
  if (/[\s\p{Cc}]/u.test(url)) return 'holds white space or control characters';
  if (parsed.username !== '' || parsed.password !== '') return 'holds credentials';
  if (allowPrivate) return null;
  if (parsed.protocol !== 'https:') return 'is not https';
  return /^(\[.*\]|[\d.]+)$/.test(parsed.hostname) ? 'names an address instead of a host' : null;
}
