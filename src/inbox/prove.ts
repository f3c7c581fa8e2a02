/** Who sent a request, and who speaks for the activity in it: mostly one and the same actor. */
import type { House } from '../house.ts';
import type { KnownKey } from '../keys.ts';
import type { RequestVerdict } from '../verdict.ts';
import type { VerifyAnswer, VerifyRequest } from '../verify/pool.ts';
import { type Genuine, vouch } from './forwarded.ts';
import { silenceOf } from './self-delete.ts';

/** A genuine activity, and the key that signed the request it came in. */
export interface Proven extends Genuine {
  readonly sender: KnownKey;
}

/** The head of a request, and where it came from. */
type Head = Pick<VerifyRequest, 'method' | 'target' | 'rawHeaders'> & { readonly address: string | null };

type Ask = (key: KnownKey, more?: Partial<VerifyRequest>) => Promise<VerifyAnswer>;

/** The activity in a request that claims to be signed with this key; a refusal when nobody speaks for it. */
export async function prove(
  house: House,
  request: Head,
  body: Uint8Array,
  key: KnownKey,
): Promise<Proven | RequestVerdict> {
  const { keys } = house;
  const ask = asking(house, request, body);
  const { answer, sender } = await signedBy(house, ask, key, request.address);
  if (answer.ok) {
    const silence = await silenceOf(keys, answer.facts, sender, request.address);
    if (silence !== null) return { type: 'not-authenticated', reason: silence };
    return { facts: answer.facts, normal: answer.normal, raw: body, author: sender, sender };
  }
  const { foreign, refusal } = answer;
  if (foreign === undefined) return refusal;
  if (keys.isGone(sender.id)) return { type: 'not-authenticated', reason: 'the signer is gone' };
  const again = (more: Partial<VerifyRequest>): Promise<VerifyAnswer> => ask(sender, more);
  const genuine = await vouch(house, { ...foreign, sender, body, ask: again });
  return 'facts' in genuine ? { ...genuine, sender } : genuine;
}

/** Asks the pool about this request. */
export function asking(
  { settings, pool, store, events }: House,
  { method, target, rawHeaders }: Head,
  body: Uint8Array,
): Ask {
  const { host, origin, signaturePastMs: pastMs, signatureFutureMs: futureMs } = settings;
  const nowMs = store.clock.now();
  const times = { pastMs, futureMs, nowMs };
  const question = { method, target, rawHeaders, body, host, origin, ...times };
  return async ({ publicKeyPem, actor: keyActor }, more = {}) => {
    const startedMs = performance.now();
    const allowPrivate = settings.allowPrivateAddress;
    const answer = await pool.verify({ ...question, allowPrivate, publicKeyPem, keyActor, ...more });
    events.metrics.verify((performance.now() - startedMs) / 1_000);
    return answer;
  };
}

/** When the key does not fit it may have been rotated, which costs one fresh look, at most. */
export async function signedBy(
  { keys }: House,
  ask: Ask,
  key: KnownKey,
  address: string | null,
): Promise<{ answer: VerifyAnswer; sender: KnownKey }> {
  const answer = await ask(key);
  if (answer.ok || !answer.isWrongKey) return { answer, sender: key };
  const rotated = await keys.refetch(key.id, address);
  if (rotated === null || rotated.publicKeyPem === key.publicKeyPem) return { answer, sender: key };
  return { answer: await ask(rotated), sender: rotated };
}
