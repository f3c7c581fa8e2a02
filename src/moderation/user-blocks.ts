/**
 * Whom our actors want to hear nothing from: an actor, or a domain with its subdomains. Nobody is told of a block; what
 * it ends is: the other's follow is rejected, and our own undone, as a Block from there would do it. ActivityPub 6.9
 *
 * No follow outlives a block: the locks of the domains are taken first, so a turn that had not heard of the block has
 * committed before the follows are looked for. A domain that was met only meanwhile is found by looking once more.
 */
import { World } from '../activities/world.ts';
import { canonicalDomain, domainOf, originOf } from '../activity.ts';
import type { LocalActor, Page, PageQuery, UserBlockRecord } from '../api.ts';
import type { FollowFacts } from '../effects.ts';
import { SallyportError } from '../errors.ts';
import { recordAudit } from '../store/audit.ts';
import { domainsUnder, followRequestsWith } from '../store/follow-requests.ts';
import type { Statements } from '../store/statement.ts';
import { followRequestsFor, holdDomainsWaiting, remoteInboxes, writeEffects } from '../store/turns.ts';
import { type BlockRow, deleteBlock, insertBlock, listBlocks } from '../store/user-blocks.ts';
import { type ActingFor, actedFor, type FollowParts, localActor } from './follow-requests.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

/** Whom a block is about: one of the two. */
export type BlockTarget = { readonly actor: string } | { readonly domain: string };

export interface UserBlocksDesk {
  /**
   * From now on nothing of theirs reaches this actor of ours, and no follow of theirs; follows between them end. Again
   * is no error. `ERR_NOT_FOUND` for the handle, `ERR_INVALID` for what is no remote actor and no domain.
   */
  block(handle: string, target: BlockTarget, acting?: ActingFor): Promise<UserBlockRecord>;
  /** False when there was no such block. What the block has ended does not come back. */
  unblock(handle: string, target: BlockTarget, acting?: ActingFor): Promise<boolean>;
  /** Newest first. */
  blocks(handle: string, query?: PageQuery): Promise<Page<UserBlockRecord>>;
}

export function createUserBlocks(parts: FollowParts & { readonly origin: string }): UserBlocksDesk {
  const { store, locals, origin } = parts;

  /** The domains whose locks are needed. An actor's own may never have been met. */
  async function hold(tx: Statements, target: string, isDomain: boolean): Promise<string[]> {
    const name = isDomain ? target : (domainOf(target) as string);
    if (!isDomain) await parts.ensureDomain(tx, name);
    const names = isDomain ? await domainsUnder(tx, name) : [name];
    await holdDomainsWaiting(tx, names);
    return names;
  }

  async function blockOnce(local: LocalActor, target: string, isDomain: boolean, by?: string) {
    return store.transaction(async (tx) => {
      const atMs = store.clock.now();
      const names = await hold(tx, target, isDomain);
      const pairs = [
        { follower: target, following: local.id },
        { follower: local.id, following: target },
      ];
      const requests = await (isDomain
        ? followRequestsWith(tx, local.id, names)
        : followRequestsFor(tx, { pairs }));
      const others = requests.map(({ follower, following }) =>
        follower === local.id ? following : follower,
      );
      const world = new World(atMs, { requests, inboxes: await remoteInboxes(tx, others) });
      for (const request of requests) world.apply(ending(request, local.id));
      const row = await insertBlock(tx, { actor: local.id, target }, atMs);
      await writeEffects(tx, world.effects(), atMs);
      await recordAudit(tx, actedFor(by, 'block', local.handle, target), atMs);
      return { row, changed: new Set(requests.map(({ domain }) => domain)), names };
    });
  }

  return {
    async block(handle, target, { by } = {}) {
      const local = await localActor(locals, handle);
      const name = nameOf(target, origin);
      const isDomain = 'domain' in target;
      const { row, names, changed } = await blockOnce(local, name, isDomain, by);
      const again = isDomain ? await blockOnce(local, name, isDomain) : { names: [], changed: [] };
      // A turn may have passed them over while their rows were held.
      for (const domain of new Set([...names, ...again.names, ...changed, ...again.changed]))
        parts.onChange(domain);
      return recordOf(row);
    },
    async unblock(handle, given, { by } = {}) {
      const local = await localActor(locals, handle);
      const target = nameOf(given, origin);
      return store.transaction(async (tx) => {
        const isGone = await deleteBlock(tx, { actor: local.id, target });
        if (isGone) await recordAudit(tx, actedFor(by, 'unblock', handle, target), store.clock.now());
        return isGone;
      });
    },
    async blocks(handle, query = {}) {
      const local = await localActor(locals, handle);
      const limit = limitOf(query);
      const page = pageOf(
        await listBlocks(store, local.id, numberCursor(query), limit + 1),
        limit,
        ({ seq }) => seq,
      );
      return { ...page, items: page.items.map(recordOf) };
    },
  };
}

/** Our side ends a follow: we are followed no more, or follow no more. */
function ending({ activityId, following }: FollowFacts, local: string) {
  const reason = 'blocked';
  const event =
    following === local
      ? ({ type: 'follow.rejected', reason, by: local } as const)
      : ({ type: 'follow.undone', reason } as const);
  return { type: 'send', activityId, event } as const;
}

function nameOf(target: BlockTarget, origin: string): string {
  const given = (target ?? {}) as { actor?: unknown; domain?: unknown };
  const invalid = (problem: string, hint: string): SallyportError =>
    new SallyportError('ERR_INVALID', problem, { hint, data: { ...given } });
  if ((given.actor == null) === (given.domain == null))
    throw invalid('a block is about an actor or a domain', 'give exactly one of the two');
  if (given.domain != null) {
    const name = canonicalDomain(String(given.domain));
    if (name === null) throw invalid('domain is no domain', 'a host name alone: no scheme, port, path or *');
    if (name === domainOf(origin)) throw invalid('the domain is ours', 'a block is about others');
    return name;
  }
  const id = String(given.actor);
  if (domainOf(id) === null)
    throw invalid('actor is not the URL of an actor', 'give the id of a remote actor');
  if (originOf(id) === origin) throw invalid('the actor is one of ours', 'a block is about others');
  return id;
}

function recordOf({ target, atMs }: BlockRow): UserBlockRecord {
  const isActor = target.includes('/');
  const since = new Date(atMs).toISOString();
  return { actor: isActor ? target : null, domain: isActor ? null : target, since };
}
