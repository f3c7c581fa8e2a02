/**
 * Appeals: what a blocked domain's own administrators say against the block, once in a period. It comes signed by the
 * domain's instance actor (`inbox/appeal.ts`), by a link that a moderator has made, or is entered here; who is not known
 * to speak for the domain makes no row. The domain's machine hears of it, and the log keeps it.
 */
import { createHash, randomBytes } from 'node:crypto';
import type {
  AppealAnswer,
  AppealLinkRecord,
  AppealLinkState,
  AppealRecord,
  AppealsQuery,
  NewAppeal,
} from '../api/appeals.ts';
import type { Page } from '../api.ts';
import { SallyportError } from '../errors.ts';
import type { Settings } from '../options.ts';
import {
  type AppealRow,
  appealById,
  insertAppeal,
  insertLink,
  lastAppealOf,
  linkByDigest,
  listAppeals,
  saveDecision,
  useLink,
} from '../store/appeals.ts';
import { recordAudit } from '../store/audit.ts';
import { appendEvents } from '../store/log.ts';
import { type Statements, sql } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { holdDomainsWaiting } from '../store/turns.ts';
import { changeDomains } from './domain-changes.ts';
import { planFor } from './domain-verbs.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';
import { nameOf } from './rules.ts';

/** Who decides, and why. */
export interface AppealNote {
  readonly reason: string;
  /** The moderator's name. @default 'admin' */
  readonly by?: string | undefined;
}

export interface AppealsDesk {
  /** Newest first. */
  list(query?: AppealsQuery): Promise<Page<AppealRecord>>;
  /** `ERR_NOT_FOUND`. */
  get(id: string): Promise<AppealRecord>;
  /**
   * The block stays. Both decisions need a reason (`ERR_INVALID`), and throw `ERR_NOT_FOUND`, and
   * `ERR_NOT_ALLOWED_IN_STATE` where it was decided before.
   */
  uphold(id: string, note: AppealNote): Promise<AppealRecord>;
  /** The block ends, with this reason in the log. */
  overturn(id: string, note: AppealNote): Promise<AppealRecord>;
  /**
   * Enters an appeal that came in another way, such as by mail; `actor` is who signed it. `ERR_INVALID` for one that says
   * nothing, or too much.
   */
  enter(
    appeal: NewAppeal,
    options?: { readonly by?: string | undefined; readonly actor?: string },
  ): Promise<AppealAnswer>;
  /** Makes a link for the administrators of a blocked domain. `ERR_NOT_ALLOWED_IN_STATE` for one that is not blocked. */
  link(domain: string, options?: { readonly by?: string | undefined }): Promise<AppealLinkRecord>;
  /** What the link with this token is good for. */
  linkState(token: string): Promise<AppealLinkState>;
  /** An appeal that came by a link. */
  enterByLink(token: string, appeal: Omit<NewAppeal, 'domain'>): Promise<AppealAnswer>;
}

export const APPEAL_REASON_MAX = 5_000;
export const APPEAL_CONTACT_MAX = 500;
/** Where links lead; below it lies the token. */
export const APPEALS_PATH = '/moderation/appeals';
/** How long a link is good, in milliseconds. */
const LINK_MS = 14 * 86_400_000;
const TOKEN_BYTES = 32;
/** What the log shows of a reason that came from outside; the appeal has all of it. */
const LOGGED_MAX = 300;
/** Who enters what came by a link, for the log. */
const BY_LINK = 'appeal-link';

export interface AppealsParts {
  readonly store: Store;
  readonly settings: Settings;
  /** The log has grown; and a turn may have passed this domain over while its row was held. */
  onRelease(domain: string): void;
}

export function createAppeals({ store, settings, onRelease }: AppealsParts): AppealsDesk {
  const { appealPeriodMs, origin, rateLimit } = settings;

  /** Enters one under the domain's lock. */
  async function take(
    tx: Statements,
    { domain, reason, contact = null }: NewAppeal,
    from: { readonly by: string; readonly actor: string | null },
    atMs: number,
  ): Promise<AppealAnswer> {
    const [held] = await holdDomainsWaiting(tx, [domain]);
    if (held?.state !== 'blocked') return { type: 'not-blocked' };
    const lastMs = await lastAppealOf(tx, domain);
    const leftMs = lastMs === null ? 0 : lastMs + appealPeriodMs - atMs;
    if (leftMs > 0) return { type: 'too-early', retryAfterSeconds: Math.ceil(leftMs / 1_000) };
    const { by, actor } = from;
    const row = await insertAppeal(tx, { domain, actor, reason, contact: contact || null }, atMs);
    const short = reason.length > LOGGED_MAX ? `${reason.slice(0, LOGGED_MAX).toWellFormed()}…` : reason;
    const cause = { by, reason: short, verb: 'appeal', batch: null, atMs };
    await changeDomains(tx, [domain], () => ({ events: [{ type: 'domain.appealed', atMs }] }), cause);
    const same = { kind: 'transition', machine: 'domain', key: domain, domain, atMs, by } as const;
    const states = { from: 'blocked', to: 'blocked' } as const;
    await appendEvents(tx, [{ ...same, ...states, event: 'domain.appealed', reason: short }]);
    const subject = { kind: 'appeal', id: row.id } as const;
    await recordAudit(tx, [{ by, verb: 'appeal', subject, domain, to: 'open', reason: short }], atMs);
    return { type: 'taken', appeal: recordOf(row) };
  }

  async function decide(
    id: string,
    verb: 'uphold' | 'overturn',
    { by = 'admin', reason }: AppealNote,
  ): Promise<AppealRecord> {
    if (reason.trim() === '')
      throw new SallyportError('ERR_INVALID', 'a decision needs a reason', {
        hint: 'say in one sentence why',
      });
    const after = await store.transaction(async (tx) => {
      const atMs = store.clock.now();
      const before = isId(id) ? await appealById(tx, id, true) : undefined;
      if (before === undefined) throw absent(id);
      if (before.state !== 'open')
        throw new SallyportError('ERR_NOT_ALLOWED_IN_STATE', `the appeal is ${before.state}`, {
          hint: 'somebody else may have decided',
          data: { what: 'appeal', key: id, state: before.state },
        });
      const state = verb === 'uphold' ? 'upheld' : 'overturned';
      const row: AppealRow = { ...before, state, decision: reason, decidedBy: by, decidedMs: atMs };
      await saveDecision(tx, row);
      if (verb === 'overturn') await unblock(tx, before.domain, { by, reason }, atMs);
      const { domain } = before;
      const entry = { by, verb, subject: { kind: 'appeal', id }, domain, from: 'open', to: state } as const;
      await recordAudit(tx, [{ ...entry, reason }], atMs);
      return row;
    });
    onRelease(after.domain);
    return recordOf(after);
  }

  /** As a moderator's verb does; a domain whose block has ended meanwhile is left as it is. */
  async function unblock(
    tx: Statements,
    name: string,
    note: { readonly by: string; readonly reason: string },
    atMs: number,
  ): Promise<void> {
    await tx.run(sql`delete from rate_window where key = ${name}`);
    const facts = { batch: null, atMs, windowMs: rateLimit.windowMs };
    const cause = { ...note, verb: 'unblock', batch: null, atMs };
    await changeDomains(tx, [name], (found) => planFor('unblock', note, found, facts), cause);
  }

  async function enterNew(
    appeal: NewAppeal,
    from: { readonly by: string; readonly actor: string | null },
  ): Promise<AppealAnswer> {
    const domain = nameOf(appeal.domain);
    const answer = await store.transaction((tx) => {
      return take(tx, { ...checked(appeal), domain }, from, store.clock.now());
    });
    if (answer.type === 'taken') onRelease(domain);
    return answer;
  }

  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const found = await listAppeals(store, query, numberCursor(query), limit + 1);
      return pageOf(found.map(recordOf), limit, ({ id }) => id);
    },
    async get(id) {
      const found = isId(id) ? await appealById(store, id) : undefined;
      if (found === undefined) throw absent(id);
      return recordOf(found);
    },
    uphold: async (id, note) => decide(id, 'uphold', note),
    overturn: async (id, note) => decide(id, 'overturn', note),
    async enter(appeal, { by, actor = null } = {}) {
      return enterNew(appeal, { by: by ?? actor ?? 'admin', actor });
    },
    async link(input, { by = 'admin' } = {}) {
      const domain = nameOf(input);
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const expiresMs = await store.transaction(async (tx) => {
        const atMs = store.clock.now();
        const [held] = await holdDomainsWaiting(tx, [domain]);
        if (held?.state !== 'blocked')
          throw new SallyportError('ERR_NOT_ALLOWED_IN_STATE', `${domain} is not blocked`, {
            hint: 'only a blocked domain has something to appeal against',
            data: { machine: 'domain', key: domain, state: held?.state ?? 'active' },
          });
        await insertLink(tx, { digest: digestOf(token), domain, by, expiresMs: atMs + LINK_MS }, atMs);
        const subject = { kind: 'domain', id: domain } as const;
        await recordAudit(tx, [{ by, verb: 'appeal-link', subject }], atMs);
        return atMs + LINK_MS;
      });
      const url = `${origin}${APPEALS_PATH}/${token}`;
      return { domain, url, expiresAt: new Date(expiresMs).toISOString() };
    },
    async linkState(token) {
      const link = await linkByDigest(store, digestOf(token), store.clock.now());
      if (link === undefined) return { type: 'none' };
      if (link.appealId === null) return { type: 'open', domain: link.domain };
      const appeal = (await appealById(store, link.appealId)) as AppealRow;
      return { type: 'used', domain: link.domain, appeal: recordOf(appeal) };
    },
    async enterByLink(token, given) {
      const appeal = checked(given);
      const digest = digestOf(token);
      const { domain, answer } = await store.transaction(async (tx) => {
        const atMs = store.clock.now();
        const link = await linkByDigest(tx, digest, atMs, true);
        const none = { domain: '', answer: { type: 'no-link' } as AppealAnswer };
        if (link === undefined || link.appealId !== null) return none;
        const from = { by: BY_LINK, actor: null };
        const taken = await take(tx, { ...appeal, domain: link.domain }, from, atMs);
        if (taken.type === 'taken') await useLink(tx, digest, taken.appeal.id);
        return { domain: link.domain, answer: taken };
      });
      if (answer.type === 'taken') onRelease(domain);
      return answer;
    },
  };
}

const isId = (id: string): boolean => /^\d{1,18}$/.test(id);
const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** What it says, within its bounds and as every database can store it. */
function checked<Given extends Omit<NewAppeal, 'domain'>>(given: Given): Given {
  const { reason, contact } = given;
  const problem =
    problemOf('reason', reason, APPEAL_REASON_MAX) ??
    (reason.trim() === '' ? 'an appeal says why' : null) ??
    problemOf('contact', contact ?? '', APPEAL_CONTACT_MAX);
  if (problem !== null) throw new SallyportError('ERR_INVALID', problem);
  return given;
}

function problemOf(name: string, text: string, charactersMax: number): string | null {
  if (text.length > charactersMax) return `the ${name} is longer than ${charactersMax} characters`;
  return text.isWellFormed() && !text.includes('\0') ? null : `the ${name} has characters that are none`;
}

function absent(id: string): SallyportError {
  return new SallyportError('ERR_NOT_FOUND', 'there is no such appeal', { data: { what: 'appeal', id } });
}

function recordOf({ atMs, decidedMs, ...row }: AppealRow): AppealRecord {
  const decidedAt = decidedMs === null ? null : new Date(decidedMs).toISOString();
  return { ...row, receivedAt: new Date(atMs).toISOString(), decidedAt };
}
