/**
 * The flow of a request through the house, from the first byte to its answer.
 *
 * ```
 *   request ─► head ─► gate ─► body ─► key ─► verify ─► gate ─► intake ─► 202
 *              404      403    413     401     400       403      429
 *              405      429    408     503     401       429      503
 *              415                             503
 * ```
 * Accepting and acting are two transactions; the request ends after the first. What happens to accepted mail is in
 * `turn/`. One core serves both shells: `toNodeHandler`, which never builds a `Request`, and `fetch`.
 *
 * Invariants: 202 only after a durable write. What is not authenticated costs no row and counts against nobody.
 * The claimed domain may refuse early; the proven one must be asked. Every wait has a bound.
 */
import { domainOf } from './activity.ts';
import type { LocalActor } from './api.ts';
import { headOf, judgeHead } from './gate.ts';
import type { House } from './house.ts';
import { movingOf } from './inbox/moving.ts';
import { prove } from './inbox/prove.ts';
import { looksLikeSelfDelete } from './inbox/self-delete.ts';
import type { Refusal, RequestVerdict } from './verdict.ts';
import { readSignature } from './verify/signature.ts';

/** A request as it came: the raw target and the raw header lines (name, value, name, value …, as node:http has them). */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  /** Reads the body up to a bound; called at most once, and only when the head gave no reason to refuse. */
  body(bytesMax: number): Promise<Uint8Array | 'too-large' | 'too-slow'>;
  /** The peer's address, when the shell knows it. */
  readonly address: string | null;
}

/** A request to one of our inboxes: the shared one, or one whose path has the form of a local actor's. */
export async function receive(house: House, request: RawRequest, path: string): Promise<RequestVerdict> {
  const { settings, gate, keys, intake, locals, store } = house;

  // 1  the head: everything that can be refused before the body is read
  const { method, rawHeaders, address } = request;
  const refused = judgeHead(method, headOf(rawHeaders), settings.bodyBytesMax) ?? house.isFull();
  if (refused !== null) return refused;
  const owner = path === locals.sharedInboxPath ? null : await ownerOf(house, path);
  if (owner === undefined) return { type: 'no-such-inbox' };
  const signature = readSignature(rawHeaders);
  if ('problem' in signature) return unauthenticated(signature.problem);
  const shut = gate.judgeClaimed([domainOf(signature.keyId)], store.clock.now());
  if (shut !== null) return shut;
  const body = await request.body(settings.bodyBytesMax);
  if (body === 'too-large') return { type: 'too-large', bytesMax: settings.bodyBytesMax };
  if (body === 'too-slow') return { type: 'too-slow' };
  using place = house.hold(body.byteLength);
  if (place === null) return { type: 'overloaded', reason: 'too many bodies', retryAfterSeconds: 5 };

  // 2  the key. A Delete of itself by an actor that nobody here knows is believed without a fetch: there is nothing
  //    to delete, and its key is gone. Mastodon sends hundreds of these a day to everybody.
  const known = await keys.known(signature.keyId);
  const isStranger = known === null && !keys.hasExpired(signature.keyId);
  if (isStranger && looksLikeSelfDelete(body, signature.keyId)) return { type: 'accepted' };
  const key = known ?? (await keys.find(signature.keyId, address));
  if ('refusal' in key) return key.refusal;

  // 3  the proof: in the pool, on raw bytes. Who signed may be somebody else than the actor.
  const genuine = await prove(house, request, body, key);
  if (!('facts' in genuine)) return genuine;

  // 4  the gate again, by everything that is now proven
  const { facts, normal, raw, author, sender: signer } = genuine;
  const domain = domainOf(facts.actor);
  const sender = { actor: signer.actor, domain: domainOf(signer.actor) ?? signer.domain };
  if (domain === null) return unauthenticated('the actor has no domain');
  const receivedAt = store.clock.now();
  const barred = gate.judge([domain, sender.domain, signer.domain, domainOf(facts.id)], receivedAt);
  if (barred !== null) return barred;
  const senders = [
    [facts.actor, domain],
    [sender.actor, sender.domain],
  ] as const;
  const suspended = gate.judgeActors(senders, receivedAt);
  if (suspended !== null) return suspended;

  // 5  one commit, together with whatever else waits
  const named = await locals.factsOf(facts, owner).catch(() => null);
  if (named === null)
    return { type: 'overloaded', reason: 'the actor resolver failed', retryAfterSeconds: 30 };
  await Promise.all([signer, author].map((proof) => proof && keys.remember(proof)));
  const moving = await movingOf(house, facts, sender.domain);
  if (moving !== undefined && 'type' in moving) return moving;
  const inbox = settings.origin + path;
  return intake.accept({ facts, domain, sender, raw, normal, inbox, locals: named, moving, receivedAt });
}

/** The local actor whose inbox has this path. Throws when the service's resolver fails. */
async function ownerOf({ settings, locals }: House, path: string): Promise<LocalActor | undefined> {
  return (await locals.resolve(settings.origin + path.slice(0, -'/inbox'.length))) ?? undefined;
}

function unauthenticated(reason: string): Refusal {
  return { type: 'not-authenticated', reason };
}
