/**
 * What filters have held for a moderator: looked at, approved, rejected, or left to wait longer. Approved, the stored
 * activity goes through a turn like any mail, once, past the filters that were asked about it; nobody decides twice,
 * because whoever decides takes it out.
 */
import type { HeldBulk, HeldBulkResult, HeldDetail, HeldQuery, Trust } from '../api/held.ts';
import type { DomainRecord, HeldRecord, Page } from '../api.ts';
import { SallyportError } from '../errors.ts';
import { recordAudit } from '../store/audit.ts';
import {
  activityIdOf,
  countHeld,
  decideHeld,
  expiredHeld,
  extendHeld,
  type HeldMail,
  heldKey,
  takeHeld,
} from '../store/held.ts';
import { type HeldCursor, listHeld, wholeHeld } from '../store/held-lists.ts';
import { appendEvents } from '../store/log.ts';
import type { Store } from '../store/store.ts';
import { activitiesById, holdDomainsWaiting } from '../store/turns.ts';
import { decideMany } from './held-bulk.ts';
import { decideAll, entryOf, eventsOf, type HeldDecided } from './held-decisions.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

/** Who decides, and why. */
export interface HeldNote {
  readonly reason?: string | undefined;
  /** The moderator's name. @default 'admin' */
  readonly by?: string | undefined;
}

/** Who approves, why, and whether filters hold nothing of this actor or its domain from now on. */
export interface ApprovalNote extends HeldNote {
  /** @default nobody */
  readonly trust?: Trust | undefined;
}

export interface HeldDesk {
  /** Newest first, unless it is said otherwise. What nobody decides about is dropped after 30 days, or when its filter says. */
  list(query?: HeldQuery): Promise<Page<HeldRecord>>;
  /** One with its document, what the filters said, and what is known of who sent it. By our id or its own. `ERR_NOT_FOUND`. */
  get(id: string): Promise<HeldDetail>;
  /**
   * Lets the activity act, once: the filters that were asked about it are not asked again, the others are, and may hold
   * it anew, drop or reject it. By our id or the activity's own. Throws `ERR_NOT_FOUND`, and `ERR_NOT_ALLOWED_IN_STATE`
   * where it is not held any more.
   */
  approve(id: string, note?: ApprovalNote): Promise<HeldDecision>;
  /** Ends it as `rejected`, without effect; a Follow is answered with a Reject. Throws as `approve` does. */
  reject(id: string, note?: HeldNote): Promise<HeldDecision>;
  /** Lets it wait until then, at most a year from now. Throws as `approve` does, and `ERR_INVALID` for another time. */
  extend(id: string, until: Date, note?: HeldNote): Promise<HeldRecord>;
  /**
   * One decision about all that fit: at least one field or a list of ids. `matched` is how many there are, `changed` for
   * how many it was this call that decided. Throws `ERR_INVALID`.
   */
  bulk(wish: HeldBulk, note?: HeldNote): Promise<HeldBulkResult>;
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
const EXTENSION_MS_MAX = 366 * 86_400_000;

export interface HeldParts {
  readonly store: Store;
  /** The record of a domain, null where there is none. */
  domainOf(domain: string): Promise<DomainRecord | null>;
  /** Mail of this domain may be taken, something may be due to be sent, and the log may have grown. */
  onChange(domain: string): void;
  /** Somebody is trusted from now on. */
  onTrust(): void;
}

export function createHeld(parts: HeldParts): HeldDesk {
  const { store } = parts;

  async function decideOne(id: string, decided: HeldDecided): Promise<HeldMail> {
    const key = await heldKey(store, id);
    const [held] = key === undefined ? [] : await decideAll(store, [key], decided);
    if (held === undefined) throw await absent(store, id);
    parts.onChange(held.domain);
    if (decided.verb === 'approve' && decided.trust !== null) parts.onTrust();
    return held;
  }

  async function detail(id: string): Promise<HeldDetail> {
    const key = await heldKey(store, id);
    const whole = key === undefined ? undefined : await wholeHeld(store, key.id);
    if (whole === undefined) throw await absent(store, id);
    const { record, inboxes, receivedMs, history, asked, raw, actorFacts } = whole;
    const { ofActor, ofDomain } = await countHeld(store, record);
    return {
      ...record,
      ...{ inboxes, asked, document: raw, heldOfActor: ofActor, heldOfDomain: ofDomain },
      receivedAt: new Date(receivedMs).toISOString(),
      chain: history.filter(({ what, filter }) => what === 'filtered' || filter !== undefined),
      domainRecord: await parts.domainOf(record.domain),
      actorRecord: actorFacts && {
        ...{ type: actorFacts.type, preferredUsername: actorFacts.preferredUsername },
        ...{ name: actorFacts.name, published: actorFacts.published },
      },
    };
  }

  return {
    async list({ order = 'newest', ...query } = {}) {
      const limit = limitOf(query);
      const after = order === 'expiring' ? pairCursor(query) : idCursor(query);
      const found = await listHeld(store, query, order, after, limit + 1);
      return pageOf(found, limit, ({ id, expiresAt }) =>
        order === 'expiring' ? `${Date.parse(expiresAt)}.${id}` : id,
      );
    },
    get: detail,
    async approve(id, { by = 'admin', reason = null, trust = null } = {}) {
      const held = await decideOne(id, { verb: 'approve', by, reason, trust });
      return { id: held.id, activityId: held.activityId, status: 'accepted' };
    },
    async reject(id, { by = 'admin', reason = REFUSAL } = {}) {
      const held = await decideOne(id, { verb: 'reject', by, reason });
      return { id: held.id, activityId: held.activityId, status: 'rejected' };
    },
    async extend(id, until, { by = 'admin', reason = null } = {}) {
      const key = await heldKey(store, id);
      if (key === undefined) throw await absent(store, id);
      const atMs = store.clock.now();
      const untilMs = until.getTime();
      if (!(untilMs > atMs && untilMs <= atMs + EXTENSION_MS_MAX))
        throw new SallyportError('ERR_INVALID', 'that is not within a year from now', { data: { until } });
      const extended = await store.transaction(async (tx) => {
        await holdDomainsWaiting(tx, [key.domain]);
        const ids = await extendHeld(tx, [key.id], untilMs, entryOf('extended', by, reason, atMs));
        const subject = { kind: 'held', id: key.id } as const;
        if (ids.length > 0)
          await recordAudit(tx, [{ by, verb: 'extend', subject, domain: key.domain, reason }], atMs);
        return ids;
      });
      if (extended.length === 0) throw await absent(store, id);
      const whole = await wholeHeld(store, key.id);
      if (whole === undefined) throw await absent(store, id);
      return whole.record;
    },
    async bulk({ action, trust = null, ...wish }, { by = 'admin', reason } = {}) {
      const decided: HeldDecided =
        action === 'approve'
          ? { verb: action, by, reason: reason ?? null, trust }
          : { verb: action, by, reason: reason ?? REFUSAL };
      const result = await decideMany(store, wish, decided, parts.onChange);
      if (action === 'approve' && trust !== null) parts.onTrust();
      return result;
    },
  };
}

const REFUSAL = 'a moderator said no';

/** Drops what nobody has decided about in time. */
export async function dropExpired(store: Store): Promise<void> {
  const atMs = store.clock.now();
  const expired = await expiredHeld(store, atMs, EXPIRED_MAX);
  if (expired.length === 0) return;
  const reason = 'nobody decided in time';
  await store.transaction(async (tx) => {
    await holdDomainsWaiting(tx, [...new Set(expired.map(({ domain }) => domain))]);
    const taken = await takeHeld(
      tx,
      expired.map(({ id }) => id),
      atMs,
    );
    const ids = taken.map(({ id }) => id);
    await decideHeld(tx, ids, 'dropped', reason, {
      at: new Date(atMs).toISOString(),
      what: 'dropped',
      reason,
    });
    if (taken.length > 0) await appendEvents(tx, eventsOf(taken, 'expired', reason, null, atMs));
  });
}

function idCursor(query: HeldQuery): HeldCursor | null {
  const id = numberCursor(query);
  return id === null ? null : { id, expiresMs: 0 };
}

/** When it expires, and its id. */
function pairCursor({ cursor }: HeldQuery): HeldCursor | null {
  if (cursor === undefined || cursor === '') return null;
  const [, expiresMs, id] = /^(\d{1,15})\.(\d{1,18})$/.exec(cursor) ?? [];
  if (expiresMs === undefined || id === undefined)
    throw new SallyportError('ERR_INVALID', 'the cursor is none of ours', { data: { cursor } });
  return { id, expiresMs: Number(expiresMs) };
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
