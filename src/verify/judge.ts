/**
 * The whole judgement of one request, on a worker thread, cheapest first: signature, strict JSON, JSON-LD, and
 * whether signer, actor and id belong together. An unauthenticated body is never expanded.
 */
import { hash } from 'node:crypto';
import { domainOf, type Facts, originOf } from '../activity.ts';
import type { Refusal } from '../verdict.ts';
import { understand } from './document.ts';
import { scan } from './scan.ts';
import { checkSignature, type SignaturePolicy, type SignedRequest } from './signature.ts';

/** A request and everything that is needed to judge it; nothing is looked up. */
export interface VerifyRequest extends SignedRequest, SignaturePolicy {
  /** The actor that owns the key, by the actor's own document. */
  readonly keyActor: string;
  /** Ids may be plain http and their hosts IP literals: tests and benchmarks only. */
  readonly allowPrivate: boolean;
}

export type VerifyAnswer =
  | { readonly ok: true; readonly facts: Facts; readonly normal: string }
  /** `isWrongKey`: the signature does not match the key, which may have been rotated. */
  | { readonly ok: false; readonly refusal: Refusal; readonly isWrongKey: boolean };

export async function judge(request: VerifyRequest): Promise<VerifyAnswer> {
  const bad = checkSignature(request, request);
  if (bad !== null) return refused({ type: 'not-authenticated', reason: bad.reason }, bad.isWrong);
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
  // ActivityPub 7: whoever signs must be the actor, and speak of its own activities.
  if (actor !== request.keyActor)
    return refused({ type: 'not-authenticated', reason: 'the signer is not the actor' });
  if (originOf(id) !== originOf(actor))
    return refused({ type: 'not-authenticated', reason: 'the id is on another origin than the actor' });
  return { ok: true, facts: { ...understood.facts, id, type }, normal: JSON.stringify(understood.normal) };
}

function refused(refusal: Refusal, isWrongKey = false): VerifyAnswer {
  return { ok: false, refusal, isWrongKey };
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
