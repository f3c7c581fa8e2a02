/**
 * Our side's decisions about follow requests, and the follows that our own actors ask for. Like every verb they take
 * the remote domain's row lock: a follow request is driven under the lock of its domain, by mail and by people.
 */
import { World } from '../activities/world.ts';
import { canonicalDomain, domainOf, originOf, withParents } from '../activity.ts';
import type { AuditEntry } from '../api/audit.ts';
import type { FollowRequestRecord, LocalActor, Page, PageQuery } from '../api.ts';
import type { FollowFacts, RemoteInbox } from '../effects.ts';
import { SallyportError } from '../errors.ts';
import type { Locals } from '../locals.ts';
import { recordAudit } from '../store/audit.ts';
import { followRequestById, listFollowRequests } from '../store/lists.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { followRequestsFor, holdDomainsWaiting, remoteInboxes, writeEffects } from '../store/turns.ts';
import { userBlocksOf } from '../store/user-blocks.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

export interface FollowRequestsDesk {
  /** Newest first, in both directions; `actor` is one of the two sides. */
  list(
    query?: PageQuery & { readonly state?: string | undefined; readonly actor?: string | undefined },
  ): Promise<Page<FollowRequestRecord>>;
  /**
   * Accepts a pending incoming request, by its id or its Follow's id; one Accept is sent. Throws `ERR_NOT_FOUND`, and
   * `ERR_NOT_ALLOWED_IN_STATE` where it is not pending.
   */
  accept(
    id: string,
    note?: { readonly by?: string | undefined; readonly reason?: string | undefined },
  ): Promise<FollowRequestRecord>;
  /** Rejects a pending request, or ends an accepted one; one Reject is sent. Throws as `accept` does. */
  reject(
    id: string,
    note?: { readonly by?: string | undefined; readonly reason?: string | undefined },
  ): Promise<FollowRequestRecord>;
}

export interface FollowParts {
  readonly store: Store;
  readonly locals: Locals;
  /** Makes sure that the domain has a row, which is then locked. */
  ensureDomain(db: Statements, name: string): Promise<void>;
  /** Where a remote actor's inbox is; asks its server when nobody here knows. */
  inboxOf(actor: string): Promise<RemoteInbox | null>;
  /** The log has grown, something may be due to be sent, and this domain's row is not held any more. */
  onChange(domain: string): void;
}

export function createFollowRequests(parts: FollowParts): FollowRequestsDesk {
  const { store } = parts;

  async function answer(
    id: string,
    type: 'follow.accepted' | 'follow.rejected',
    reason: string | null,
    by: string,
  ) {
    const found = await followRequestById(store, id);
    if (found === undefined) {
      throw new SallyportError('ERR_NOT_FOUND', 'there is no such follow request', {
        data: { what: 'follow-request', id },
      });
    }
    const { activityId, domain } = found;
    await store.transaction(async (tx) => {
      await parts.ensureDomain(tx, domain);
      await holdDomainsWaiting(tx, [domain]);
      const lives = await followRequestsFor(tx, { followRequestIds: [activityId] });
      const world = new World(store.clock.now(), {
        requests: lives,
        inboxes: await remoteInboxes(tx, [found.follower]),
      });
      const isOurs = found.direction === 'incoming';
      if (!isOurs || !world.apply({ type: 'send', activityId, event: { type, reason, by } })) {
        const state = world.followRequest(activityId)?.state ?? found.state;
        throw new SallyportError(
          'ERR_NOT_ALLOWED_IN_STATE',
          `the ${found.direction} follow request is ${state}`,
          {
            hint: isOurs
              ? 'look at it again: it may have been answered or withdrawn'
              : 'only the followed actor can answer it',
            data: { machine: 'follow-request', key: activityId, state, event: type },
          },
        );
      }
      const atMs = store.clock.now();
      await writeEffects(tx, world.effects(), atMs);
      const verb = type === 'follow.accepted' ? 'accept' : 'reject';
      const states = { from: found.state, to: world.followRequest(activityId)?.state ?? null };
      const subject = { kind: 'follow-request', id: activityId } as const;
      await recordAudit(tx, [{ by, verb, subject, domain, ...states, reason }], atMs);
    });
    parts.onChange(domain);
    const {
      stored: _,
      sinceMs,
      domain: __,
      ...record
    } = (await followRequestById(store, activityId)) as typeof found;
    return { ...record, since: new Date(sinceMs).toISOString() };
  }

  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const { state = null, actor = null } = query;
      const found = await listFollowRequests(store, {
        state,
        actor,
        below: numberCursor(query),
        limit: limit + 1,
      });
      return pageOf(found, limit, ({ id }) => id);
    },
    accept: (id, note = {}) =>
      answer(id, 'follow.accepted', note.reason ?? 'a moderator said yes', note.by ?? 'admin'),
    reject: (id, note = {}) =>
      answer(id, 'follow.rejected', note.reason ?? 'a moderator said no', note.by ?? 'admin'),
  };
}

/** Our actor follows a remote one: a pending outgoing request, and one signed Follow. */
export async function follow(
  parts: FollowParts,
  handle: string,
  object: string,
  { by }: ActingFor = {},
): Promise<{ activityId: string }> {
  const { store } = parts;
  const local = await localActor(parts.locals, handle);
  const domain = domainOf(object);
  if (domain === null || canonicalDomain(domain) === null)
    throw new SallyportError('ERR_INVALID', 'object is not the URL of an actor', { data: { object } });
  if (originOf(object) === originOf(local.id))
    throw new SallyportError('ERR_INVALID', 'the actor is one of ours', {
      hint: 'follows between your own actors are for your service to keep',
      data: { object },
    });
  const remote = await parts.inboxOf(object);
  if (remote === null) {
    throw new SallyportError('ERR_REMOTE', 'the actor could not be fetched', {
      hint: 'check the URL, and that its server answers',
      data: { object },
    });
  }
  const pair = { follower: local.id, following: remote.id };
  const activityId = await store.transaction(async (tx) => {
    const atMs = store.clock.now();
    await parts.ensureDomain(tx, domain);
    await holdDomainsWaiting(tx, [domain]);
    const requests = await followRequestsFor(tx, { pairs: [pair] });
    const blocks = await userBlocksOf(tx, [remote.id, ...withParents(domain)]);
    const world = new World(atMs, { requests, inboxes: [remote], blocks });
    if (world.isBlockedBy(local.id, remote.id)) {
      throw new SallyportError('ERR_INVALID', `${handle} blocks this actor`, {
        hint: 'unblock it first',
        data: { handle, object },
      });
    }
    const before = world.liveBetween(pair);
    if (before !== undefined) return before.activityId;
    world.apply({ type: 'ask', pair, to: remote });
    await writeEffects(tx, world.effects(), atMs);
    await recordAudit(tx, actedFor(by, 'follow', handle, object), atMs);
    return (world.liveBetween(pair) as FollowFacts).activityId;
  });
  parts.onChange(domain);
  return { activityId };
}

/** Our actor takes its follow back, or its request to follow; one Undo is sent. ActivityPub 7.12 */
export async function unfollow(
  parts: FollowParts,
  handle: string,
  object: string,
  { by }: ActingFor = {},
): Promise<{ activityId: string }> {
  const { store } = parts;
  const local = await localActor(parts.locals, handle);
  const domain = domainOf(object);
  const activityId =
    domain === null
      ? undefined
      : await store.transaction(async (tx) => {
          const atMs = store.clock.now();
          await holdDomainsWaiting(tx, [domain]);
          const pair = { follower: local.id, following: object };
          const requests = await followRequestsFor(tx, { pairs: [pair] });
          const world = new World(atMs, { requests, inboxes: await remoteInboxes(tx, [object]) });
          const live = world.liveBetween(pair);
          if (live === undefined) return undefined;
          const event = { type: 'follow.undone', reason: 'undone' } as const;
          world.apply({ type: 'send', activityId: live.activityId, event });
          await writeEffects(tx, world.effects(), atMs);
          await recordAudit(tx, actedFor(by, 'unfollow', handle, object), atMs);
          return live.activityId;
        });
  if (activityId === undefined) {
    throw new SallyportError('ERR_NOT_FOUND', `${handle} does not follow this actor`, {
      data: { what: 'follow-request', id: object },
    });
  }
  parts.onChange(domain as string);
  return { activityId };
}

/** A moderator acts in the name of a local actor; absent where the service acts for its own user. */
export interface ActingFor {
  /** The moderator's name, for the audit log. */
  readonly by?: string | undefined;
}

/** What is entered where a moderator does something that is a local actor's own affair. */
export function actedFor(
  by: string | undefined,
  verb: string,
  handle: string,
  about: string | null,
): AuditEntry[] {
  if (by === undefined) return [];
  const domain = about === null ? null : (domainOf(about) ?? canonicalDomain(about));
  return [{ by, verb, subject: { kind: 'local-actor', id: handle }, domain, reason: about }];
}

/** A local actor by its handle, or `ERR_NOT_FOUND`. */
export async function localActor(locals: Locals, handle: string): Promise<LocalActor> {
  const local = await locals.byHandle(handle);
  if (local !== null) return local;
  throw new SallyportError('ERR_NOT_FOUND', `there is no local actor ${handle}`, {
    data: { what: 'actor', id: handle },
  });
}
