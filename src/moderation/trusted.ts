/**
 * Whom moderators trust: what filters would hold of them goes on instead. A filter that drops or rejects is not passed
 * over, nor is one that failed. Each process keeps a copy, which is a second old at most.
 */
import { canonicalDomain, originOf } from '../activity.ts';
import type { AuditEntry } from '../api/audit.ts';
import type { TrustedRecord } from '../api/held.ts';
import type { Page, PageQuery } from '../api.ts';
import { SallyportError } from '../errors.ts';
import { recordAudit } from '../store/audit.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { countTrusted, distrust, listTrusted, type TrustedRow, trust } from '../store/trusted.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

/** Whom: one of the two. */
export interface TrustTarget {
  readonly actor?: string | undefined;
  readonly domain?: string | undefined;
}

/** Who says so, and why. */
export interface TrustNote {
  readonly reason?: string | undefined;
  /** The moderator's name. @default 'admin' */
  readonly by?: string | undefined;
}

export interface TrustedDesk {
  /** Newest first. */
  list(query?: PageQuery): Promise<Page<TrustedRecord>>;
  /**
   * From now on no filter holds what this actor sends, or what the actors of exactly this domain send. Again is no error.
   * `ERR_INVALID` for what is neither, and where 10000 are trusted already.
   */
  add(target: TrustTarget, note?: TrustNote): Promise<TrustedRecord>;
  /** Ends that. By the record's id, the actor or the domain. `ERR_NOT_FOUND`. */
  revoke(id: string, note?: TrustNote): Promise<TrustedRecord>;
}

/** Every process keeps all of them in memory. */
const TRUSTED_MAX = 10_000;

export function createTrusted(parts: { store: Store; onTrust(): void }): TrustedDesk {
  const { store } = parts;
  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const page = pageOf(await listTrusted(store, numberCursor(query), limit + 1), limit, ({ id }) => id);
      return { ...page, items: page.items.map(recordOf) };
    },
    async add(target, { by = 'admin', reason = null } = {}) {
      const name = nameOf(target);
      const row = await store.transaction(async (tx) => {
        const atMs = store.clock.now();
        const entries = await enterTrust(tx, [name], { by, reason }, atMs);
        const [found] = await trust(tx, [name], { by, reason }, atMs);
        await recordAudit(tx, entries, atMs);
        return found as TrustedRow;
      });
      parts.onTrust();
      return recordOf(row);
    },
    async revoke(id, { by = 'admin', reason = null } = {}) {
      const gone = await store.transaction(async (tx) => {
        const row = await distrust(tx, id);
        if (row === undefined)
          throw new SallyportError('ERR_NOT_FOUND', 'nobody trusts that actor or domain', {
            data: { what: 'trusted', id },
          });
        await recordAudit(tx, [auditOf('distrust', row.target, { by, reason })], store.clock.now());
        return row;
      });
      parts.onTrust();
      return recordOf(gone);
    },
  };
}

/** Trusts these in the caller's transaction; what is to be entered in the audit log. None is no statement. */
export async function enterTrust(
  tx: Statements,
  targets: readonly string[],
  note: { readonly by: string; readonly reason: string | null },
  atMs: number,
): Promise<AuditEntry[]> {
  if (targets.length === 0) return [];
  if ((await countTrusted(tx)) + new Set(targets).size > TRUSTED_MAX)
    throw new SallyportError('ERR_INVALID', `more than ${TRUSTED_MAX} actors and domains would be trusted`, {
      hint: 'revoke some, or trust a domain in place of its actors',
    });
  await trust(tx, targets, note, atMs);
  return [...new Set(targets)].map((target) => auditOf('trust', target, note));
}

function auditOf(
  verb: 'trust' | 'distrust',
  target: string,
  { by, reason }: { readonly by: string; readonly reason: string | null },
): AuditEntry {
  const isActor = originOf(target) !== null;
  return { by, verb, subject: { kind: isActor ? 'actor' : 'domain', id: target }, reason };
}

function nameOf({ actor, domain }: TrustTarget): string {
  const isActor = actor !== undefined && originOf(actor) !== null;
  const name = isActor ? actor : domain === undefined ? null : canonicalDomain(domain);
  if (name === null || (actor === undefined) === (domain === undefined))
    throw new SallyportError('ERR_INVALID', 'that is neither an actor nor a domain', {
      hint: 'give the id of an actor, or the name of a domain',
      data: { actor, domain },
    });
  return name;
}

function recordOf({ target, id, reason, by, atMs }: TrustedRow): TrustedRecord {
  const isActor = originOf(target) !== null;
  return {
    ...{ id, actor: isActor ? target : null, domain: isActor ? null : target, reason, by },
    since: new Date(atMs).toISOString(),
  };
}
