/**
 * An appeal that a blocked domain has signed: the one request that the gate lets pass for it.
 *
 * ```
 *   head ─► blocked? ─► body ─► key ─► signature ─► is it the domain's own actor? ─► what it says
 *   405 413   409        413    401      401          403                              400
 * ```
 * Who may appeal is the actor that stands for the whole domain, and no other actor of it: its type is Application or
 * Service, and the domain itself says that it is this one (`isInstanceActor`). People who run bots have actors of the
 * type Service, so the type alone is not enough.
 *
 * Invariants: nothing is written before the signature holds. A look at an unknown key is taken from the peer's budget;
 * the domain is asked for its actor only once the signature holds, and a few times an hour at most.
 */
import { domainOf, originOf } from '../activity.ts';
import { headOf } from '../gate.ts';
import type { House } from '../house.ts';
import type { RawRequest } from '../inbox.ts';
import { createBuckets } from '../keys/buckets.ts';
import type { Refusal } from '../verdict.ts';
import { readSignature } from '../verify/signature.ts';
import { asking, signedBy } from './prove.ts';

/** What was signed, and by whom. */
export interface SignedAppeal {
  readonly domain: string;
  /** The domain's instance actor. */
  readonly actor: string;
  readonly reason: string;
  readonly contact: string | null;
}

export type AppealRefusal =
  | Refusal
  | { readonly type: 'not-blocked' }
  | { readonly type: 'not-the-instance-actor'; readonly reason: string };

const BODY_BYTES_MAX = 32_768;
/** Looks at a domain's own documents: so many at once, and one more in each quarter of an hour. */
const LOOKS_MAX = 4;
const LOOKS_PER_SECOND = 1 / 900;
const DOCUMENT_BYTES_MAX = 262_144;

export function createAppealing(
  house: House,
): (request: RawRequest) => Promise<SignedAppeal | AppealRefusal> {
  const { gate, keys, store, settings } = house;
  const isSecret = settings.blockedAnswer === 202;
  const looks = createBuckets(LOOKS_MAX, LOOKS_PER_SECOND);

  return async (request) => {
    const { method, rawHeaders, address } = request;
    if (method !== 'POST') return { type: 'method-not-allowed', allow: 'POST' };
    const { contentType, contentLength, contentEncoding = 'identity' } = headOf(rawHeaders);
    if (!/^application\/([a-z]+\+)?json\s*(;|$)/i.test(contentType ?? '') || contentEncoding !== 'identity')
      return { type: 'wrong-content-type' };
    if (Number(contentLength ?? 0) > BODY_BYTES_MAX) return { type: 'too-large', bytesMax: BODY_BYTES_MAX };
    const signature = readSignature(rawHeaders);
    if ('problem' in signature) return { type: 'not-authenticated', reason: signature.problem };
    const domain = domainOf(signature.keyId);
    if (domain === null) return { type: 'not-authenticated', reason: 'the keyId has no domain' };
    const isBlocked = gate.isBlocked(domain);
    // Where blocks are kept secret, only a key of the domain learns that there is none.
    if (!isBlocked && !isSecret) return { type: 'not-blocked' };

    const body = await request.body(BODY_BYTES_MAX);
    if (body === 'too-large') return { type: 'too-large', bytesMax: BODY_BYTES_MAX };
    if (body === 'too-slow') return { type: 'too-slow' };
    using place = house.hold(body.byteLength);
    if (place === null) return { type: 'overloaded', reason: 'too many bodies', retryAfterSeconds: 5 };
    const key = (await keys.known(signature.keyId)) ?? (await keys.find(signature.keyId, address));
    if ('refusal' in key) return key.refusal;
    const ask = asking(house, request, body);
    const { answer, sender } = await signedBy(house, (one) => ask(one, { isRead: true }), key, address);
    if (!answer.ok) return answer.refusal;
    if (keys.isGone(sender.id)) return { type: 'not-authenticated', reason: 'the signer is gone' };
    if (!isBlocked) return { type: 'not-blocked' };

    const said = readAppeal(body);
    if ('problem' in said) return { type: 'bad-request', reason: said.problem };
    const { actor } = sender;
    if (domainOf(actor) !== domain)
      return { type: 'not-the-instance-actor', reason: 'the key is of an actor elsewhere' };
    const type = (await keys.actor(actor))?.document.type;
    if (type !== 'Application' && type !== 'Service')
      return { type: 'not-the-instance-actor', reason: `its type is ${type ?? 'unknown'}` };
    if (!looks.take(domain, store.clock.now()))
      return { type: 'rate-limited', domain, retryAfterSeconds: 1 / LOOKS_PER_SECOND };
    if (!(await isInstanceActor(house, actor, domain)))
      return { type: 'not-the-instance-actor', reason: 'its domain does not say that it is' };
    await keys.remember(sender);
    return { domain, actor, ...said };
  };
}

/**
 * Does a domain call this its own actor?
 * - It is at the root of its origin: Lemmy.
 * - NodeInfo names it as the application. FEP-2677
 * - WebFinger of the domain's own name leads to it: Mastodon, GoToSocial (`acct:host@host`), and FEP-d556 (the origin).
 * - WebFinger of `instance.actor`, a name that no person can have there: Misskey and its forks.
 */
async function isInstanceActor(house: House, actor: string, domain: string): Promise<boolean> {
  const origin = originOf(actor) as string;
  if (actor === origin || actor === `${origin}/`) return true;
  const finger = (resource: string): string =>
    `${origin}/.well-known/webfinger?resource=${encodeURIComponent(resource)}`;
  const places: readonly (readonly [url: string, rel: RegExp])[] = [
    [`${origin}/.well-known/nodeinfo`, APPLICATION],
    [finger(`acct:${domain}@${domain}`), SELF],
    [finger(`${origin}/`), SELF_OR_APPLICATION],
    [finger(`acct:instance.actor@${domain}`), SELF],
  ];
  for (const [url, rel] of places) if ((await linksAt(house, url, rel)).includes(actor)) return true;
  return false;
}

const APPLICATION = /^https?:\/\/www\.w3\.org\/ns\/activitystreams#(Application|Service)$/;
const SELF = /^self$/;
const SELF_OR_APPLICATION = new RegExp(`${SELF.source}|${APPLICATION.source}`);

/** Where the links with this relation lead, in a document of links. RFC 7033 4.4 */
async function linksAt({ remote }: House, url: string, rel: RegExp): Promise<string[]> {
  const found = await remote.get(url, { accept: 'application/jrd+json, application/json' });
  if (!found.ok || found.status !== 200 || found.body.byteLength > DOCUMENT_BYTES_MAX) return [];
  try {
    const { links } = JSON.parse(new TextDecoder().decode(found.body)) as { links?: unknown };
    return (Array.isArray(links) ? links : []).flatMap((link: { rel?: unknown; href?: unknown } | null) => {
      const isMeant = typeof link?.rel === 'string' && rel.test(link.rel);
      return isMeant && typeof link.href === 'string' ? [link.href] : [];
    });
  } catch {
    return [];
  }
}

function readAppeal(
  body: Uint8Array,
): { readonly reason: string; readonly contact: string | null } | { readonly problem: string } {
  let said: { reason?: unknown; contact?: unknown } | null;
  try {
    said = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as typeof said;
  } catch {
    return { problem: 'the body is not JSON' };
  }
  const { reason, contact = null } = said ?? {};
  if (typeof reason !== 'string') return { problem: 'an appeal has a reason' };
  if (contact !== null && typeof contact !== 'string') return { problem: 'the contact is no text' };
  return { reason, contact };
}
