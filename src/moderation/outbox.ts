/**
 * What our actors send: stored, applied to what is known here, and put into the outgoing mailboxes of everybody that it
 * is addressed to, in one transaction. Inboxes that several share get it once. ActivityPub 7.1
 */
export { mintActivityId, mintObjectId } from '../activities/answer.ts';

import { isUnfollowing, objectIdOf, ownOf } from '../activities/own.ts';
import { World } from '../activities/world.ts';
import { domainOf, originOf } from '../activity.ts';
import type { LocalActor, Sent } from '../api.ts';
import type { RemoteInbox } from '../effects.ts';
import { SallyportError } from '../errors.ts';
import type { Locals } from '../locals.ts';
import { recordAudit } from '../store/audit.ts';
import { ownActivityRow } from '../store/collections.ts';
import { enqueue, followerInboxes, insertOwnActivities } from '../store/deliveries.ts';
import { objectsFor } from '../store/objects.ts';
import type { Store } from '../store/store.ts';
import { followRequestsFor, writeEffects } from '../store/turns.ts';
import { type ActingFor, actedFor } from './follow-requests.ts';

export interface OutboxParts {
  readonly store: Store;
  readonly locals: Locals;
  readonly origin: string;
  /** Where a remote actor's inbox is; asks its server when nobody here knows. */
  inboxOf(actor: string): Promise<(RemoteInbox & { readonly sharedInbox: string | null }) | null>;
  /** Ends the follow with this id, as a Reject of it does. */
  endFollow(activityId: string): Promise<unknown>;
  /** Something may be due to be sent. */
  onSend(): void;
}

/** Whom one activity may name; its followers are not counted. */
const ADDRESSEES_MAX = 1_000;
/** Servers that are asked at once where an addressee's inbox is. */
const ASKED_AT_ONCE = 8;

/**
 * Sends an activity of a local actor. `to` adds addressees to those that the activity names.
 * Throws `ERR_NOT_FOUND` for an actor, `ERR_INVALID` for an activity that cannot be sent.
 */
export async function send(
  parts: OutboxParts,
  handle: string,
  given: Readonly<Record<string, unknown>>,
  { to = [], by }: ActingFor & { readonly to?: readonly string[] } = {},
): Promise<Sent> {
  const { store, locals, origin } = parts;
  const actor = await locals.byHandle(handle);
  if (actor === null)
    throw new SallyportError('ERR_NOT_FOUND', `there is no local actor ${handle}`, {
      data: { what: 'actor', id: handle },
    });
  const atMs = store.clock.now();
  const about = objectIdOf(given);
  const [known] = await objectsFor(store, about === null ? [] : [about]);
  const past = about === null ? null : await ownActivityRow(store, about);
  const [reacted] = await objectsFor(store, past?.object == null ? [] : [past.object]);
  const outgoing = ownOf(
    actor,
    given,
    {
      object: (uri) => [known, reacted].find((object) => object?.uri === uri),
      activity: (id) => (id === about ? (past ?? undefined) : undefined),
    },
    { origin, atMs },
  );
  if ('problem' in outgoing)
    throw new SallyportError('ERR_INVALID', `this cannot be sent: ${outgoing.problem}`, { data: { handle } });
  const { activity, object, changes } = outgoing;
  const addressees = [...new Set([...outgoing.addressees, ...to])];
  if (addressees.length > ADDRESSEES_MAX)
    throw new SallyportError('ERR_INVALID', `an activity may name ${ADDRESSEES_MAX} addressees`);
  const { remote, local, toFollowers } = await resolve(parts, actor, addressees);
  if (isUnfollowing(actor.id, given.type, given.target)) await unfollow(parts, actor.id, about);

  const deliveries = await store.transaction(async (tx) => {
    const world = new World(atMs, { requests: [], inboxes: [] });
    for (const change of changes) world.apply(change);
    world.join(`${actor.id}/outbox`, activity.id);
    for (const id of local) world.join(`${id}/inbox`, activity.id);
    await writeEffects(tx, world.effects(), atMs);
    await insertOwnActivities(tx, [activity], atMs);
    const followers = toFollowers ? await followerInboxes(tx, `${actor.id}/followers`) : [];
    const list = oncePerInbox([...remote, ...followers]).map(({ inbox, domain }) => {
      return { domain, inbox, activityId: activity.id, actor: actor.id };
    });
    await enqueue(tx, list, atMs);
    await recordAudit(tx, actedFor(by, 'send', handle, activity.id), atMs);
    return list.length;
  });
  if (deliveries > 0) parts.onSend();
  return { activityId: activity.id, object, deliveries };
}

/** Takes somebody out of the followers of our actor. */
async function unfollow({ store, endFollow }: OutboxParts, following: string, follower: string | null) {
  if (follower === null) return;
  const [life] = await followRequestsFor(store, { pairs: [{ follower, following }] });
  if (life !== undefined) await endFollow(life.activityId);
}

/**
 * Each inbox once, in the outgoing mailbox of its own domain. An actor may name the inbox of another server as its own:
 * where no actor of that server gets it, the letter lies in the mailbox of each domain that names it, so that
 * nobody holds up what goes to others.
 */
function oncePerInbox(inboxes: readonly Pick<RemoteInbox, 'inbox' | 'domain'>[]) {
  return [...Map.groupBy(inboxes, ({ inbox }) => inbox)].flatMap(([inbox, those]) => {
    const domains = new Set(those.map(({ domain }) => domain));
    const own = domainOf(inbox);
    const chosen = own !== null && domains.has(own) ? [own] : [...domains];
    return chosen.map((domain) => ({ inbox, domain }));
  });
}

/** Which of the addressees are ours, which are remote actors with an inbox, and whether all followers are meant. */
async function resolve(
  { locals, origin, inboxOf }: OutboxParts,
  actor: LocalActor,
  addressees: readonly string[],
) {
  const remote: RemoteInbox[] = [];
  const local: string[] = [];
  const asked = addressees.values();
  const ask = async (): Promise<void> => {
    for (const id of asked) {
      if (originOf(id) === origin) {
        if ((await locals.byId(id)) !== null) local.push(id);
      } else if (originOf(id) !== null) {
        const found = await inboxOf(id);
        if (found !== null) remote.push({ ...found, inbox: found.sharedInbox ?? found.inbox });
      }
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask));
  return { remote, local, toFollowers: addressees.includes(`${actor.id}/followers`) };
}
