/**
 * Signatures of requests: the two doors for checking them, and the one for making them.
 *
 * ```
 * readSignature(head) ─► keyId, or why there is no signature that counts            main thread, before the body
 * checkSignature(request, policy) ─► null, or why it does not count                 worker
 *        ├─ cavage.ts              a Signature header alone
 *        └─ message-signature.ts   a Signature-Input header beside it (RFC 9421)
 * ```
 */
import { checkCavage, signCavage } from './cavage.ts';
import { readFields, signatureOf } from './header.ts';
import { checkMessageSignature, signMessage } from './message-signature.ts';
import type {
  BadSignature,
  OutgoingRequest,
  Scheme,
  SignaturePolicy,
  SignedRequest,
  SigningKey,
} from './signed-request.ts';

export { readSignature } from './header.ts';
export { importKey } from './key.ts';
export type {
  BadSignature,
  OutgoingRequest,
  Scheme,
  SignaturePolicy,
  SignedRequest,
  SigningKey,
} from './signed-request.ts';
export { SCHEMES } from './signed-request.ts';

const bad = (reason: string): BadSignature => ({ reason, isWrong: false });

/** Null when the request was signed with this key, over these bytes, recently, and for us. */
export function checkSignature(request: SignedRequest, policy: SignaturePolicy): BadSignature | null {
  const fields = readFields(request.rawHeaders);
  if ('problem' in fields) return bad(fields.problem);
  const signature = signatureOf(fields);
  if ('problem' in signature) return bad(signature.problem);
  // An absolute-form target (RFC 9112 3.2.2) names a host that nobody checks.
  if (!/^\/[!-~\x80-\xff]*$/.test(request.target)) return bad('the target is not a path');
  return signature.scheme === 'rfc9421'
    ? checkMessageSignature(request, fields, signature, policy)
    : checkCavage(request, fields, signature, policy);
}

/** The header fields to send, signature included. Throws when the key cannot be read. */
export function signRequest(
  request: OutgoingRequest,
  key: SigningKey,
  nowMs: number,
  scheme: Scheme = 'draft-cavage',
): Record<string, string> {
  return scheme === 'rfc9421' ? signMessage(request, key, nowMs) : signCavage(request, key, nowMs);
}
