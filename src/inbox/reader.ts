/**
 * Who signed a GET, where documents are only for those who do: the same keys, the same pool and the same gate as for what
 * is POSTed. A look at an unknown key is taken from the peer's budget.
 */
import { domainOf } from '../activity.ts';
import type { House } from '../house.ts';
import type { Refusal } from '../verdict.ts';
import { readSignature } from '../verify/signature.ts';
import { asking, signedBy } from './prove.ts';

/** A GET as it came. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly address: string | null;
}

const NO_BODY = new Uint8Array();

/** The id of the actor that signed it; null when nobody did; a refusal when it is not to be believed, or is blocked. */
export async function signerOf(house: House, request: ReadRequest): Promise<string | null | Refusal> {
  const { gate, keys, store } = house;
  const { rawHeaders, address } = request;
  if (!rawHeaders.some((name, at) => at % 2 === 0 && /^signature(-input)?$/i.test(name))) return null;
  const signature = readSignature(rawHeaders);
  if ('problem' in signature) return { type: 'not-authenticated', reason: signature.problem };
  const { keyId } = signature;
  const shut = gate.judgeClaimed([domainOf(keyId)], store.clock.now());
  if (shut !== null) return shut;
  const key = (await keys.known(keyId)) ?? (await keys.find(keyId, address));
  if ('refusal' in key) return key.refusal;
  const ask = asking(house, request, NO_BODY);
  const { answer, sender } = await signedBy(house, (one) => ask(one, { isRead: true }), key, address);
  if (!answer.ok) return answer.refusal;
  if (keys.isGone(sender.id)) return { type: 'not-authenticated', reason: 'the signer is gone' };
  const domain = domainOf(sender.actor) ?? sender.domain;
  const nowMs = store.clock.now();
  const barred =
    gate.judge([domain, sender.domain], nowMs) ?? gate.judgeActors([[sender.actor, domain]], nowMs);
  if (barred !== null) return barred;
  await keys.remember(sender);
  return sender.actor;
}
