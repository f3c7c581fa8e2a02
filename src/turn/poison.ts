/**
 * Turns that fail. An error that comes from data rolls its turn back; then the domains are halved, each half a
 * turn of its own, until one stands alone, then its mail is cut to ever shorter prefixes, down to the head of its
 * mailbox. The head is tried again later and ends in the dead letters; the domain goes on. About 2·log2(n) extra
 * turns, nothing on the good path. An error of the environment is nobody's fault and goes to the caller whole.
 */
import { messageOf } from '../errors.ts';
import type { Logger } from '../options.ts';
import { insertDeadLetter } from '../store/dead-letters.ts';
import { appendEvents } from '../store/log.ts';
import type { Statements } from '../store/statement.ts';
import { isEnvironmentError, type Store } from '../store/store.ts';
import * as turns from '../store/turns.ts';
import { LENIENT } from './domain-life.ts';
import { Register } from './register.ts';
import { type TurnBounds, type TurnDone, turn } from './turn.ts';

/** Mail of one domain in a turn: no flood takes more of it than this. */
const MAIL_PER_DOMAIN = 32;
/** Mail in a turn: keeps the locks, and so a moderator's wait for one, to some 30 ms. */
const MAIL_PER_TURN = 256;
/** Tries of a mail before it is a dead letter, and the rest between them. */
const TRIES_MAX = 3;
const REST_MS = [1_000, 10_000] as const;
/** Flags of one reporter about one target come to one report for so long, unless the settings say otherwise. */
const REPORT_WINDOW_MS = 86_400_000;
/** Servers try a delivery for a week or two at most. */
export const LATE_MS = 15 * 86_400_000;

/** What turns are told by the settings. */
export type TurnTerms = Partial<
  Pick<TurnBounds, 'reportWindowMs' | 'strikes' | 'lateMs' | 'federation' | 'probation'>
>;

/** Runs turns for these domains, isolating what fails. Throws only errors of the environment. */
export async function runTurns(
  store: Store,
  logger: Logger,
  names: readonly string[],
  isFiltered: () => boolean = () => false,
  perDomain = MAIL_PER_DOMAIN,
  terms: TurnTerms = {},
): Promise<TurnDone[]> {
  const again = (some: readonly string[], each: number): Promise<TurnDone[]> =>
    runTurns(store, logger, some, isFiltered, each, terms);
  try {
    const usual = {
      ...{ reportWindowMs: REPORT_WINDOW_MS, lateMs: LATE_MS },
      ...{ strikes: LENIENT, federation: 'open' as const },
    };
    const bounds = { perDomain, inAll: MAIL_PER_TURN, isFiltered, ...usual, ...terms };
    return [await store.transaction((tx) => turn(tx, names, bounds, store.clock.now()))];
  } catch (error) {
    if (isEnvironmentError(error)) throw error;
    if (names.length > 1) {
      const half = names.length >> 1;
      const first = await again(names.slice(0, half), perDomain);
      return [...first, ...(await again(names.slice(half), perDomain))];
    }
    if (perDomain > 1) return again(names, perDomain >> 1);
    const name = names[0] as string;
    logger.error('mail failed', { domain: name, error: messageOf(error) });
    return [await blameFor(store, name, error)];
  }
}

/** Blames the head of a mailbox; when that is so broken that not even its end can be written, it is only buried. */
async function blameFor(store: Store, name: string, error: unknown): Promise<TurnDone> {
  try {
    return await store.transaction((tx) => blame(tx, name, error, store.clock.now(), true));
  } catch (again) {
    if (isEnvironmentError(again)) throw again;
    return store.transaction((tx) => blame(tx, name, error, store.clock.now(), false));
  }
}

/** Counts the failure against the head of the domain's mailbox; after the last try it becomes a dead letter. */
async function blame(
  tx: Statements,
  name: string,
  error: unknown,
  atMs: number,
  hasRow: boolean,
): Promise<TurnDone> {
  const nothing = {
    mails: 0,
    isFull: true,
    ended: [],
    hasTransitions: false,
    sendsTo: [],
    changedActors: [],
  };
  const done: TurnDone = { domains: [name], ...nothing };
  const [held] = await turns.holdDomains(tx, [name], atMs);
  if (held === undefined) return done;
  const [head] = await turns.oldestMail(tx, [name], 1, 1);
  if (head === undefined) {
    await turns.deferDue(tx, name, atMs + 60_000);
    return done;
  }
  const attempts = head.attempts + 1;
  const restMs = REST_MS[head.attempts];
  if (attempts < TRIES_MAX && restMs !== undefined) {
    await turns.deferMail(tx, head, attempts, atMs + restMs);
    return done;
  }
  const { facts, inbox, receivedMs, verdict } = head;
  const data = { facts, inbox, receivedMs, verdict };
  const letter = {
    kind: 'mail',
    domain: name,
    activityId: facts.id,
    error: messageOf(error),
    attempts,
    data,
  } as const;
  await insertDeadLetter(tx, letter, atMs);
  await turns.deleteMail(tx, [head]);
  if (!hasRow) return { ...done, mails: 1, ended: ['failed'] };
  const register = new Register(await turns.activitiesById(tx, [facts.id]));
  if (!register.hasActed(facts.id)) register.end(head, 'failed', messageOf(error, 200), atMs);
  await turns.writeActivities(tx, register.fresh, register.again, atMs);
  await appendEvents(tx, [{ kind: 'activity', atMs, key: facts.id, domain: name, to: 'failed' }]);
  return { ...done, mails: 1, ended: ['failed'] };
}
