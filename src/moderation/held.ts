/**
 * What filters have held for a moderator: looked at, approved or rejected. Approved, the stored activity goes through a
 * turn like any mail, once and past the filters; nobody decides twice, because whoever decides takes it out.
 */

import { refuseFollow } from '../activities/refusal.ts';
import { World } from '../activities/world.ts';
import type { HeldRecord, HistoryEntry, Page, PageQuery } from '../api.ts';
import { SallyportError } from '../errors.ts';
import {
  activityIdOf,
  approveMail,
  decideHeld,
  expiredHeld,
  heldKey,
  listHeld,
  type NewHeld,
  takeAllHeld,
  takeHeld,
} from '../store/held.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import {
  activitiesById,
  followRequestsFor,
  holdDomainsWaiting,
  remoteInboxes,
  writeEffects,
} from '../store/turns.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

/** Who decides, and why. */
export interface HeldNote {
  readonly reason?: string | undefined;
  /** The moderator's name. @default 'admin' */
  readonly by?: string | undefined;
}

export interface HeldDesk {
  /** Newest first. What nobody decides about is dropped after 30 days. */
  list(query?: PageQuery): Promise<Page<HeldRecord>>;
  /**
   * Lets the activity act, once, past the filters. By our id or the activity's own.
   * Throws `ERR_NOT_FOUND`, and `ERR_NOT_ALLOWED_IN_STATE` where it is not held any more.
   */
  approve(id: string, note?: HeldNote): Promise<HeldDecision>;
  /** Ends it as `rejected`, without effect; a Follow is answered with a Reject. Throws as `approve` does. */
  reject(id: string, note?: HeldNote): Promise<HeldDecision>;
}

/** What was decided. */
export interface HeldDecision {
  readonly id: string;
  readonly activityId: string;
  /** `accepted`: a turn will take it. */
  readonly status: 'accepted' | 'rejected';
}

/** Those that one look drops. */
const EXPIRED_MAX = 500;

export function createHeld(parts: {
  store: Store;
  /** Mail of this domain may be taken, something may be due to be sent, and the log may have grown. */
  onChange(domain: string): void;
}): HeldDesk & {
  /** Drops what nobody has decided about in time. */
  expire(): Promise<void>;
} {
  const { store } = parts;

  /** Takes a held activity out under its domain's lock, as a turn would, and decides. */
  async function decide(
    id: string,
    work: (tx: Statements, held: NewHeld, atMs: number) => Promise<void>,
  ): Promise<NewHeld> {
    const key = await heldKey(store, id);
    if (key === undefined) throw await absent(store, id);
    const held = await store.transaction(async (tx) => {
      await holdDomainsWaiting(tx, [key.domain]);
      const taken = await takeHeld(tx, key.id);
      if (taken !== undefined) await work(tx, taken, store.clock.now());
      return taken;
    });
    if (held === undefined) throw await absent(store, id);
    parts.onChange(held.domain);
    return held;
  }

  return {
    async list(query = {}) {
      const limit = limitOf(query);
      return pageOf(await listHeld(store, numberCursor(query), limit + 1), limit, ({ id }) => id);
    },
    async approve(id, { by = 'admin', reason } = {}) {
      const held = await decide(id, async (tx, taken, atMs) => {
        await decideHeld(tx, [taken.id], 'accepted', null, entryOf('approved', by, reason, atMs));
        await approveMail(tx, taken);
      });
      return { id: held.id, activityId: held.activityId, status: 'accepted' };
    },
    async reject(id, { by = 'admin', reason = 'a moderator said no' } = {}) {
      const held = await decide(id, async (tx, taken, atMs) => {
        await decideHeld(tx, [taken.id], 'rejected', reason, entryOf('rejected', by, reason, atMs));
        if (taken.type === 'Follow') await answer(tx, taken, { by, reason, atMs });
      });
      return { id: held.id, activityId: held.activityId, status: 'rejected' };
    },
    async expire() {
      const atMs = store.clock.now();
      const expired = await expiredHeld(store, atMs, EXPIRED_MAX);
      if (expired.length === 0) return;
      const reason = 'nobody decided in time';
      await store.transaction(async (tx) => {
        await holdDomainsWaiting(tx, [...new Set(expired.map(({ domain }) => domain))]);
        const taken = await takeAllHeld(
          tx,
          expired.map(({ id }) => id),
        );
        const at = new Date(atMs).toISOString();
        await decideHeld(tx, taken, 'dropped', reason, { at, what: 'dropped', reason });
      });
    },
  };
}

function entryOf(
  what: 'approved' | 'rejected',
  by: string,
  reason: string | undefined,
  atMs: number,
): HistoryEntry {
  const at = new Date(atMs).toISOString();
  return { at, what, by, ...(reason === undefined ? {} : { reason }) };
}

/** Answers a Follow that a moderator has refused. */
async function answer(
  tx: Statements,
  { mail, actor }: NewHeld,
  refusal: { readonly reason: string; readonly by: string; readonly atMs: number },
): Promise<void> {
  const facts = mail[0]?.facts;
  if (facts === undefined) return;
  const pairs = facts.objects.slice(0, 1).map((following) => ({ follower: actor, following }));
  const world = new World(refusal.atMs, {
    requests: await followRequestsFor(tx, { pairs }),
    inboxes: await remoteInboxes(tx, [actor]),
  });
  refuseFollow(world, { facts, locals: facts.locals }, refusal);
  await writeEffects(tx, world.effects(), refusal.atMs);
}

/** Why there is nothing to decide: it was decided before, or never held. */
async function absent(store: Store, given: string): Promise<SallyportError> {
  const id = /^\d{1,18}$/.test(given) ? ((await activityIdOf(store, given)) ?? given) : given;
  const [found] = await activitiesById(store, [id]);
  if (found?.history.some(({ what }) => what === 'held') !== true) {
    return new SallyportError('ERR_NOT_FOUND', 'there is no such held activity', {
      data: { what: 'held', id },
    });
  }
  const { status, activityId } = found;
  return new SallyportError(
    'ERR_NOT_ALLOWED_IN_STATE',
    `the activity is ${status}, it is not held any more`,
    {
      hint: 'look at it again: somebody else may have decided, or its time was over',
      data: { what: 'held', key: activityId, state: status },
    },
  );
}
