/** The Delete of itself by an actor: the last thing that it signs, sent to everybody, mostly to those who never met it. */
import { type Facts, originOf } from '../activity.ts';
import type { Keys, KnownKey } from '../keys.ts';

/** Bodies up to this size are looked at for the Delete of an actor whose key nobody here knows, in bytes. */
const BYTES_MAX = 8_192;

/**
 * The only look at a body on the main thread: is it the Delete of itself by an actor of the key's origin? Nothing is
 * done with the answer.
 */
export function looksLikeSelfDelete(body: Uint8Array, keyId: string): boolean {
  if (body.byteLength > BYTES_MAX) return false;
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof document !== 'object' || document === null) return false;
    const { type, actor, object } = document as Record<string, unknown>;
    const deleted = typeof object === 'object' && object !== null ? (object as { id?: unknown }).id : object;
    if (type !== 'Delete' || typeof actor !== 'string' || actor !== deleted) return false;
    return originOf(actor) === originOf(keyId);
  } catch {
    return false;
  }
}

/** Is this an actor's Delete of itself? */
export function isSelfDelete({ type, actor, objects }: Facts): boolean {
  return type === 'Delete' && objects.length === 1 && objects[0] === actor;
}

/**
 * Why the signer may not say this, or null. An actor that is gone (410) says nothing any more, but that it is gone;
 * and that is confirmed by its server: one that knows nothing of the actor (404) does not confirm it.
 */
export async function silenceOf(
  keys: Keys,
  facts: Facts,
  key: KnownKey,
  address: string | null,
): Promise<string | null> {
  if (!isSelfDelete(facts)) return keys.isGone(key.id) ? 'the actor is gone' : null;
  const now = await keys.refetch(key.id, address);
  return now?.publicKeyPem === key.publicKeyPem ? null : 'the actor is missing, or has another key';
}
