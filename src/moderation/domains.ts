/**
 * A moderator's verbs about remote domains. They are no mail: each takes the domain's row lock itself, waits for one
 * running turn at most, sends its event to the machine, and commits the new state with its transition.
 */
import type { DomainRecord, ModeratorNote, Page, PageQuery } from '../api.ts';
import { SallyportError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { MANUAL } from '../policy.ts';
import { type DomainRow, domainByName, listDomains } from '../store/lists.ts';
import { sql } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { initialDomain, insertDomains } from '../store/turns.ts';
import type { Batches } from './batches.ts';
import { changeDomains } from './domain-changes.ts';
import { checkNote, clearsCounters, type DomainVerb, planFor } from './domain-verbs.ts';
import { type Impact, impactOf } from './impact.ts';
import { limitOf, pageOf } from './pages.ts';
import { nameOf } from './rules.ts';

export type { DomainVerb } from './domain-verbs.ts';
export type { Impact } from './impact.ts';

export interface DomainsDesk {
  /** `ERR_NOT_FOUND` for a domain that nobody has met. */
  get(domain: string): Promise<DomainRecord>;
  list(
    query?: PageQuery & { readonly state?: string | undefined; readonly q?: string | undefined },
  ): Promise<Page<DomainRecord>>;
  /** 403 from now on, and what waits ends `rejected`. A reason is required. Nothing is deleted, and follows stay. */
  block(domain: string, note: ModeratorNote & { readonly reason: string }): Promise<DomainRecord>;
  /** Ends a block, also against the word of a list. `ERR_NOT_ALLOWED_IN_STATE` when there is none. */
  unblock(domain: string, note?: ModeratorNote): Promise<DomainRecord>;
  /** 429 for everything until `until`. @default one window of the rate limit */
  limit(domain: string, note?: ModeratorNote): Promise<DomainRecord>;
  /** Active again, counters and strikes cleared, off probation. */
  reset(domain: string, note?: ModeratorNote): Promise<DomainRecord>;
  /** One verb for many domains, as a batch that can be undone. A domain in whose state it is not possible is passed over. */
  bulk(
    action: DomainVerb,
    domains: readonly string[],
    note: ModeratorNote,
  ): Promise<{ readonly changed: number; readonly batch: string }>;
  /** What a block would touch: what came lately from the domain and from below it, and who follows whom. @default days 30 */
  impact(domain: string, options?: { readonly days?: number | undefined }): Promise<Impact>;
}

/** Domains in one bulk action. */
const BULK_MAX = 10_000;

export function createDomains(parts: {
  store: Store;
  settings: Settings;
  batches: Batches;
  /** The log has grown; and a turn may have passed this domain over while its row was held. */
  onRelease(domain: string): void;
}): DomainsDesk {
  const { store, settings, batches } = parts;
  const { windowMs } = settings.rateLimit;

  async function act(verb: DomainVerb, input: string, note: ModeratorNote): Promise<DomainRecord> {
    const name = nameOf(input);
    const atMs = store.clock.now();
    checkNote(verb, note, atMs);
    const { by = 'admin', reason = null } = note;
    const row = await store.transaction(async (tx) => {
      // The lock order of the house: the window first, then the domain, then the log.
      if (clearsCounters(verb)) await tx.run(sql`delete from rate_window where key = ${name}`);
      await insertDomains(tx, [initialDomain(name, atMs, settings.probation)], atMs);
      await changeDomains(
        tx,
        [name],
        (found) => {
          const plan = planFor(verb, note, found, { batch: null, atMs, windowMs });
          if (plan === null) throw impossible(verb, name, found.state);
          return plan;
        },
        { by, reason, verb, batch: null, atMs },
      );
      return domainByName(tx, name);
    });
    parts.onRelease(name);
    return recordOf(row as DomainRow);
  }

  return {
    async get(domain) {
      const name = nameOf(domain);
      const row = await domainByName(store, name);
      if (row === undefined)
        throw new SallyportError('ERR_NOT_FOUND', `${name} has never been met`, {
          data: { what: 'domain', id: name },
        });
      return recordOf(row);
    },
    async list(query = {}) {
      const limit = limitOf(query);
      const q = query.q?.trim().toLowerCase() || null;
      const filter = { state: query.state ?? null, q, after: query.cursor ?? null, limit: limit + 1 };
      return pageOf((await listDomains(store, filter)).map(recordOf), limit, ({ domain }) => domain);
    },
    block: (domain, note) => act('block', domain, note),
    unblock: (domain, note = {}) => act('unblock', domain, note),
    limit: (domain, note = {}) => act('limit', domain, note),
    reset: (domain, note = {}) => act('reset', domain, note),
    async bulk(action, domains, note) {
      if (domains.length > BULK_MAX)
        throw new SallyportError('ERR_INVALID', `at most ${BULK_MAX} domains at once`);
      checkNote(action, note, store.clock.now());
      const { by = 'admin', reason } = note;
      const { batch, settled } = await batches.run({
        ...{ kind: 'bulk', verb: action, by, reason, source: MANUAL },
        names: domains.map(nameOf),
        // Who was never met is not blocked.
        makesRow: () => action !== 'unblock',
        clearsCounters: clearsCounters(action),
        planOf: (found, of, atMs) => planFor(action, note, found, { batch: of, atMs, windowMs }),
      });
      return { changed: (await settled).changed, batch };
    },
    impact: (domain, { days } = {}) => impactOf(store, nameOf(domain), days),
  };
}

function impossible(verb: DomainVerb, name: string, state: string): SallyportError {
  return new SallyportError('ERR_NOT_ALLOWED_IN_STATE', `${name} is ${state}: ${verb} is not possible`, {
    hint: 'look at the domain again: somebody else may have acted',
    data: { machine: 'domain', key: name, state, verb },
  });
}

/** A domain as moderators see it. */
export function recordOf({ name, state, sinceMs, firstSeenMs, policy, context }: DomainRow): DomainRecord {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const { reason, strikes, untilMs, reviewAtMs, publicComment, privateComment, by, origin } = context;
  return {
    ...{ domain: name, state, since: new Date(sinceMs).toISOString(), reason, strikes },
    ...{ until: iso(untilMs), reviewAt: iso(reviewAtMs), publicComment, privateComment, by, origin },
    firstSeen: new Date(firstSeenMs).toISOString(),
    onProbation: context.probationMs !== null,
    appealedAt: iso(context.appealedAtMs),
    policy,
  };
}
