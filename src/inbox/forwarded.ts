/**
 * Activities that come from somebody else than their actor: forwarded from an inbox (ActivityPub 7.1.2), or relayed.
 * The signer is known and has proved nothing but that it sent this; so who speaks for the activity?
 *
 * ```
 * a proof in it, by a key of its actor ─ holds ───────────────► the activity as it was sent
 *    │ none
 * its own id, asked for at its origin ── is there, the actor's ► the activity as it is there
 *    │ a Delete: its object's id ─────── is gone ──────────────► a Delete of that object, and nothing else of what was sent
 *    │ none
 *    401
 * ```
 * A request that its actor signed never comes here. All fetches are paid for by the signer's domain.
 */
import { hash } from 'node:crypto';
import { domainOf, type Facts, originOf } from '../activity.ts';
import type { House } from '../house.ts';
import type { KnownKey } from '../keys.ts';
import type { RequestVerdict } from '../verdict.ts';
import type { Foreign, NamedProof, VerifyAnswer, VerifyRequest } from '../verify/judge.ts';
import { isSelfDelete } from './self-delete.ts';

/** An activity that somebody has spoken for. */
export interface Genuine {
  readonly facts: Facts;
  readonly normal: string | null;
  /** The document that was spoken for: what was sent, or what was found in its place. */
  readonly raw: Uint8Array;
  /** The key that proved it, when it was none of the request's. */
  readonly author?: KnownKey;
}

/** A forwarded activity on its way to somebody who speaks for it. */
export interface Forwarded extends Foreign {
  /** The key that signed the request. */
  readonly sender: KnownKey;
  readonly body: Uint8Array;
  /** Asks the pool about this request again, with something besides. */
  ask(more: Partial<VerifyRequest>): Promise<VerifyAnswer>;
}

/** Finds out who speaks for it; a refusal when nobody does. */
export async function vouch(house: House, forwarded: Forwarded): Promise<Genuine | RequestVerdict> {
  const { facts, sender } = forwarded;
  // Nobody brings us what we are said to have said ourselves, and nobody is asked about it.
  if (originOf(facts.actor) === house.settings.origin) return untrusted('the actor is ours');
  const { gate, store } = house;
  const proven = [sender.domain, domainOf(sender.actor)];
  const claimed = [domainOf(facts.actor), domainOf(facts.id)];
  const shut = gate.judge(proven, store.clock.now()) ?? gate.judgeClaimed(claimed, store.clock.now());
  if (shut !== null) return shut;
  // There is nothing to delete of an actor that nobody here has met.
  if (isSelfDelete(facts) && !(await house.keys.hasMet(facts.actor))) return { type: 'accepted' };
  return (
    (await byProof(house, forwarded)) ??
    (facts.type === 'Delete' ? byAbsence(house, forwarded) : byOrigin(house, forwarded))
  );
}

/** Null when no proof holds. */
async function byProof(house: House, forwarded: Forwarded): Promise<Genuine | RequestVerdict | null> {
  const { facts, proofs, sender, body, ask } = forwarded;
  for (const proof of proofs) {
    const key = await keyOf(house, proof, facts, sender);
    if (key === 'busy') return busy(sender);
    if (key === null) continue;
    const { actor, publicKeyPem } = key;
    const answer = await ask({ proofKey: { kind: proof.kind, actor, publicKeyPem } });
    if (answer.ok) return { facts: answer.facts, normal: answer.normal, raw: body, author: key };
    if (answer.refusal.type === 'overloaded') return answer.refusal;
  }
  return null;
}

/** The key of a proof, when it is the actor's: known here, or fetched at the signer's expense. */
async function keyOf(
  { keys, origins }: House,
  { keyId }: NamedProof,
  facts: Facts,
  sender: KnownKey,
): Promise<KnownKey | 'busy' | null> {
  // Whoever wrote the proof's name of its key may send us nowhere else than to the actor's own server.
  if (originOf(keyId) !== originOf(facts.actor)) return null;
  let key = await keys.known(keyId);
  if (key === null) {
    if (!origins.take(payerOf(sender))) return 'busy';
    const found = await keys.find(keyId);
    if ('refusal' in found) return found.refusal.type === 'not-authenticated' ? null : 'busy';
    key = found;
  }
  if (keys.isGone(keyId) && !isSelfDelete(facts)) return null;
  return key.actor === facts.actor ? key : null;
}

async function byOrigin(house: House, { facts, sender, ask }: Forwarded): Promise<Genuine | RequestVerdict> {
  const { id, actor: keyActor } = facts;
  // What stands behind a # never reaches a server.
  if (id.includes('#')) return untrusted('nothing speaks for the activity, and its id cannot be asked for');
  const word = await house.origins.ask(id, payerOf(sender));
  if (word.type === 'busy') return busy(sender);
  if (word.type !== 'document')
    return untrusted('nothing speaks for the activity, and it is not at its origin');
  const answer = await ask({ body: word.body, fetchedFrom: id, keyActor });
  if (!answer.ok)
    return answer.refusal.type === 'overloaded' ? answer.refusal : untrusted('another activity is there');
  return { facts: answer.facts, normal: answer.normal, raw: word.body };
}

/** A Delete is believed for what can be seen: that the object is gone. Who said so, and what else, is not. */
async function byAbsence(house: House, { facts, sender, ask }: Forwarded): Promise<Genuine | RequestVerdict> {
  const { actor, objects } = facts;
  const [object] = objects;
  if (object === undefined || objects.length > 1 || originOf(object) !== originOf(actor))
    return untrusted('the actor does not speak for what is deleted');
  const word = await house.origins.ask(object, payerOf(sender));
  if (word.type === 'busy') return busy(sender);
  if (word.type !== 'gone') return untrusted('nothing speaks for the Delete, and its object is not gone');
  // An id of our making: the one that was sent may be that of an activity that is yet to come.
  const id = new URL(actor);
  id.hash = `deleted=${hash('sha256', object, 'hex')}`;
  const document = { '@context': AS_CONTEXT, id: id.href, type: 'Delete', actor, object };
  const raw = Buffer.from(JSON.stringify(document));
  const answer = await ask({ body: raw, fetchedFrom: id.href, keyActor: actor });
  return answer.ok ? { facts: answer.facts, normal: answer.normal, raw } : answer.refusal;
}

const AS_CONTEXT = 'https://www.w3.org/ns/activitystreams';

/** The domain that pays for what a sender causes. */
function payerOf({ actor, domain }: KnownKey): string {
  return domainOf(actor) ?? domain;
}

function busy(sender: KnownKey): RequestVerdict {
  return { type: 'rate-limited', domain: payerOf(sender), retryAfterSeconds: 30 };
}

function untrusted(reason: string): RequestVerdict {
  return { type: 'not-authenticated', reason };
}
