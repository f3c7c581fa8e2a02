/**
 * A moderator's verbs about remote domains. They are no mail: each takes the domain's row lock itself, waits for one
 * running turn at most, sends its event to the machine, and commits the new state with its transition.
 */
import { type DomainEvent, domainMachine, type Stepped, step } from '../../machines/index.ts';
import { canonicalDomain } from '../activity.ts';
import type { DomainRecord, ModeratorNote, Page, PageQuery } from '../api.ts';
import { SallyportError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { type DomainRow, domainByName, listDomains } from '../store/lists.ts';
import { appendEvents } from '../store/log.ts';
import { type Statements, sql } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import {
  domainEvents,
  holdDomainsWaiting,
  initialDomain,
  insertDomains,
  saveDomains,
} from '../store/turns.ts';
import { limitOf, pageOf } from './pages.ts';

export type DomainVerb = 'block' | 'unblock' | 'limit' | 'reset';

export interface DomainsDesk {
  /** `ERR_NOT_FOUND` for a domain that nobody has met. */
  get(domain: string): Promise<DomainRecord>;
  list(
    query?: PageQuery & { readonly state?: string | undefined; readonly q?: string | undefined },
  ): Promise<Page<DomainRecord>>;
  /** 403 from now on, and what waits ends `rejected`. A reason is required. */
  block(domain: string, note: ModeratorNote & { readonly reason: string }): Promise<DomainRecord>;
  /** Ends a block. `ERR_NOT_ALLOWED_IN_STATE` when there is none. */
  unblock(domain: string, note?: ModeratorNote): Promise<DomainRecord>;
  /** 429 for everything until `until`. @default one window of the rate limit */
  limit(domain: string, note?: ModeratorNote): Promise<DomainRecord>;
  /** Active again, counters and strikes cleared. */
  reset(domain: string, note?: ModeratorNote): Promise<DomainRecord>;
  /** One verb for many domains, each in a transaction of its own. A domain in which it is not legal is passed over. */
  bulk(action: DomainVerb, domains: readonly string[], note: ModeratorNote): Promise<{ changed: number }>;
}

/** Domains in one bulk action. */
const BULK_MAX = 10_000;

export function createDomains(parts: {
  store: Store;
  settings: Settings;
  /** The log has grown; and a turn may have passed this domain over while its row was held. */
  onRelease(domain: string): void;
}): DomainsDesk {
  const { store, settings } = parts;

  async function act(verb: DomainVerb, input: string, note: ModeratorNote): Promise<DomainRecord> {
    const name = nameOf(input);
    if (verb === 'block' && (note.reason ?? '').trim() === '') {
      throw new SallyportError('ERR_INVALID', 'a block needs a reason', {
        hint: 'say in one sentence why',
        data: { domain: name },
      });
    }
    return store.transaction((tx) => change(tx, name, verb, note));
  }

  async function actAlone(verb: DomainVerb, input: string, note: ModeratorNote): Promise<DomainRecord> {
    const record = await act(verb, input, note);
    parts.onRelease(record.domain);
    return record;
  }

  async function change(
    tx: Statements,
    name: string,
    verb: DomainVerb,
    note: ModeratorNote,
  ): Promise<DomainRecord> {
    const atMs = store.clock.now();
    // The lock order of the house: the window first, then the domain, then the log.
    if (verb === 'reset' || verb === 'unblock')
      await tx.run(sql`delete from rate_window where key = ${name}`);
    await insertDomains(tx, [initialDomain(name, atMs)], atMs);
    const [held] = await holdDomainsWaiting(tx, [name]);
    if (held === undefined) throw new Error('a domain row vanished');
    const event = eventOf(verb, note, atMs, settings.rateLimit.windowMs);
    const stepped = step(domainMachine, held.snapshot, { domain: name }, [event], atMs);
    if (stepped.handled[0] !== true) {
      throw new SallyportError(
        'ERR_NOT_ALLOWED_IN_STATE',
        `${name} is ${stepped.state}: ${verb} is not possible`,
        {
          hint: 'look at the domain again: somebody else may have acted',
          data: { machine: 'domain', key: name, state: stepped.state, event: event.type },
        },
      );
    }
    const sinceMs = stepped.transitions.length > 0 ? atMs : null;
    const { state, stored: snapshot, dueAtMs: dueMs } = stepped;
    await saveDomains(tx, [{ name, version: held.version, state, snapshot, dueMs, sinceMs }]);
    await log(tx, name, stepped, note.by ?? 'admin', atMs);
    const row = await domainByName(tx, name);
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
    block: (domain, note) => actAlone('block', domain, note),
    unblock: (domain, note = {}) => actAlone('unblock', domain, note),
    limit: (domain, note = {}) => actAlone('limit', domain, note),
    reset: (domain, note = {}) => actAlone('reset', domain, note),
    async bulk(action, domains, note) {
      if (domains.length > BULK_MAX)
        throw new SallyportError('ERR_INVALID', `at most ${BULK_MAX} domains at once`);
      const names = [...new Set(domains.map(nameOf))].sort();
      const changed: string[] = [];
      try {
        for (const name of names) {
          try {
            await act(action, name, note);
            changed.push(name);
          } catch (error) {
            if (!(error instanceof SallyportError && error.code === 'ERR_NOT_ALLOWED_IN_STATE')) throw error;
          }
        }
      } finally {
        // All at the end, so that they share turns. The gate hears of each within a poll of the log.
        for (const name of changed) parts.onRelease(name);
      }
      return { changed: changed.length };
    },
  };
}

/** The transitions of a verb; the last one is the moderator's, one before it was due. */
async function log(
  tx: Statements,
  name: string,
  stepped: Stepped<typeof domainMachine>,
  by: string,
  atMs: number,
): Promise<void> {
  const events = domainEvents(name, stepped, by, atMs);
  if (events.length > 0) await appendEvents(tx, events);
}

function eventOf(verb: DomainVerb, note: ModeratorNote, atMs: number, windowMs: number): DomainEvent {
  const { reason = null, by = 'admin', until, reviewAt, publicComment = null, privateComment = null } = note;
  if (verb === 'unblock') return { type: 'moderator.unblocked', atMs, reason, by };
  if (verb === 'reset') return { type: 'moderator.reset', atMs, reason, by };
  const untilMs = until?.getTime() ?? (verb === 'limit' ? atMs + windowMs : null);
  if (untilMs !== null && !(untilMs > atMs)) {
    throw new SallyportError('ERR_INVALID', 'until lies in the past', {
      data: { until: until?.toISOString() },
    });
  }
  const facts = {
    atMs,
    reason,
    by,
    untilMs,
    reviewAtMs: reviewAt?.getTime() ?? null,
    publicComment,
    privateComment,
  };
  return { type: verb === 'block' ? 'moderator.blocked' : 'moderator.limited', ...facts };
}

function nameOf(input: string): string {
  const name = canonicalDomain(input);
  if (name === null)
    throw new SallyportError('ERR_INVALID', `${JSON.stringify(input)} is no domain`, {
      hint: 'a host name alone: no scheme, port or path',
    });
  return name;
}

export function recordOf({ name, state, sinceMs, context }: DomainRow): DomainRecord {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const { reason, strikes, untilMs, reviewAtMs, publicComment, privateComment, by } = context;
  return {
    ...{ domain: name, state, since: new Date(sinceMs).toISOString(), reason, strikes },
    ...{ until: iso(untilMs), reviewAt: iso(reviewAtMs), publicComment, privateComment, by },
  };
}
