/**
 * The intake: verified activities become mail, together with whatever else is waiting to be written.
 *
 * ```
 * accept(activity) ─► waiting ─► one transaction for all that wait: count, store, limit ─► COMMIT ─► 202 or 429
 * ```
 * Invariants:
 * - An activity is `accepted` only after the commit that holds its mail.
 * - Exactly LIMIT activities of a domain are accepted in a window, in all processes together. The first one over
 *   the limit is an event for the domain's machine, which decides what follows; its transition is in the same
 *   commit, before the 429.
 * - One activity that the database cannot store fails alone: the group is halved until it stands by itself.
 * - Lock order: `rate_window`, `domain` (both by name), the numbering lock of the log.
 */
import { type DomainEvent, domainMachine, SnapshotError, type Stepped, step } from '../machines/index.ts';
import type { NewEvent, VerifiedActivity } from './api.ts';
import { messageOf } from './errors.ts';
import { createNewcomers, type Newcomers } from './intake/newcomers.ts';
import type { Settings } from './options.ts';
import { draw, insertMail, type Window } from './store/intake.ts';
import { appendEvents } from './store/log.ts';
import type { Statements } from './store/statement.ts';
import { isEnvironmentError, type Store } from './store/store.ts';
import {
  domainEvents,
  type HeldDomain,
  holdDomainsWaiting,
  initialDomain,
  insertDomains,
  type SavedDomain,
  saveDomains,
} from './store/turns.ts';
import type { RequestVerdict } from './verdict.ts';

export interface Intake {
  accept(activity: VerifiedActivity): Promise<RequestVerdict>;
  /** Activities waiting for their commit. */
  readonly depth: number;
  close(): Promise<void>;
}

export interface IntakeParts {
  readonly store: Store;
  readonly settings: Settings;
  /** Mail of these domains has been committed, or their rows were held. */
  onMail(domains: Set<string>): void;
  /** The log has grown. */
  onTransition(): void;
}

/** Activities in one commit: at about 70 µs a row this keeps a commit under 20 ms. */
const GROUP_MAX = 200;
/** Activities waiting for a commit; above it the answer is 503. Some 15 s of work for a slow disk. */
const WAITING_MAX = 4_000;

interface Waiting {
  readonly activity: VerifiedActivity;
  readonly settle: (verdict: RequestVerdict) => void;
}

export function createIntake(parts: IntakeParts): Intake {
  const { store, settings } = parts;
  const newcomers = createNewcomers(settings);
  const waiting: Waiting[] = [];
  let isCommitting = false;
  let isClosed = false;
  const idle: (() => void)[] = [];

  // One group at a time: a second one would wait for the windows that the first one has counted, and both would be
  // half as large.
  function pump(): void {
    if (isCommitting) return;
    if (waiting.length === 0) {
      for (const resolve of idle.splice(0)) resolve();
      return;
    }
    isCommitting = true;
    void commit(waiting.splice(0, GROUP_MAX)).finally(() => {
      isCommitting = false;
      pump();
    });
  }

  async function commit(group: readonly Waiting[]): Promise<void> {
    try {
      const { verdicts, hasTransitions } = await store.transaction((tx) => intake(tx, group));
      const domains = new Set<string>();
      group.forEach(({ activity, settle }, index) => {
        const verdict = verdicts[index] as RequestVerdict;
        // Also those over their limit: a turn may have passed them over while this commit held their rows.
        if (verdict.type === 'accepted') domains.add(activity.domain);
        if (verdict.type === 'rate-limited') domains.add(verdict.domain);
        settle(verdict);
      });
      if (domains.size > 0) parts.onMail(domains);
      if (hasTransitions) parts.onTransition();
    } catch (error) {
      await afterFailure(group, error);
    }
  }

  async function afterFailure(group: readonly Waiting[], error: unknown): Promise<void> {
    if (!isEnvironmentError(error) && group.length > 1) {
      const half = group.length >> 1;
      await commit(group.slice(0, half));
      return commit(group.slice(half));
    }
    settings.logger.error('mail could not be stored', { error: messageOf(error), activities: group.length });
    const verdict: RequestVerdict = isEnvironmentError(error)
      ? { type: 'overloaded', reason: 'the database is away', retryAfterSeconds: 5 }
      : { type: 'not-an-activity', reason: 'the database cannot store it' };
    for (const { settle } of group) settle(verdict);
  }

  async function intake(tx: Statements, group: readonly Waiting[]) {
    const atMs = store.clock.now();
    const verdicts: RequestVerdict[] = [];
    const allow = await countAgainstLimits(tx, group, settings, newcomers, atMs);
    const over = new Map<string, number>();
    for (const { activity } of group) {
      const refusal = allow(activity);
      const { domain } = senderOf(activity);
      if (refusal?.isDomain) over.set(domain, refusal.endsMs);
      verdicts.push(
        refusal === null
          ? { type: 'accepted' }
          : {
              type: 'rate-limited',
              domain,
              retryAfterSeconds: (refusal.endsMs - atMs) / 1_000,
            },
      );
    }
    const mail = group
      .filter((_, index) => verdicts[index]?.type === 'accepted')
      .map(({ activity }) => activity);
    if (mail.length > 0) await insertMail(tx, mail);
    const hasTransitions = over.size > 0 && (await limit(tx, over, settings, atMs));
    return { verdicts, hasTransitions };
  }

  return {
    accept(activity) {
      if (isClosed || waiting.length >= WAITING_MAX) {
        return Promise.resolve({
          type: 'overloaded',
          reason: 'too much waits to be written',
          retryAfterSeconds: 5,
        });
      }
      return new Promise((settle) => {
        waiting.push({ activity, settle });
        pump();
      });
    },
    get depth() {
      return waiting.length;
    },
    close() {
      isClosed = true;
      return new Promise((resolve) => {
        idle.push(resolve);
        pump();
      });
    },
  };
}

/** An activity counts against whoever sent it, who may not be its actor. */
function senderOf({ domain, facts, sender }: VerifiedActivity): { domain: string; actor: string } {
  return sender ?? { domain, actor: facts.actor };
}

interface OverLimit {
  readonly isDomain: boolean;
  readonly endsMs: number;
}

/** Counts a group, and gives back a function that says of each activity in turn whether it is still within limits. */
async function countAgainstLimits(
  tx: Statements,
  group: readonly Waiting[],
  settings: Settings,
  newcomers: Newcomers,
  atMs: number,
): Promise<(activity: VerifiedActivity) => OverLimit | null> {
  const { rateLimit, actorRateLimit } = settings;
  const senders = group.map(({ activity }) => senderOf(activity).domain);
  const onProbation = await newcomers.among(tx, senders);
  const domains = await room(tx, senders, rateLimit, atMs, (name) =>
    onProbation.has(name)
      ? Math.min(rateLimit.limit, settings.probation?.limit ?? rateLimit.limit)
      : rateLimit.limit,
  );
  const actors =
    actorRateLimit &&
    (await room(
      tx,
      group.map(({ activity }) => senderOf(activity).actor),
      actorRateLimit,
      atMs,
    ));
  return (activity) => {
    const { domain, actor } = senderOf(activity);
    const domainEndsMs = domains(domain);
    if (domainEndsMs !== null) return { isDomain: true, endsMs: domainEndsMs };
    const actorEndsMs = actors?.(actor) ?? null;
    return actorEndsMs === null ? null : { isDomain: false, endsMs: actorEndsMs };
  };
}

/** Draws for each key, and takes from what is left: null while there is room, else when the window ends. */
async function room(
  tx: Statements,
  keys: readonly string[],
  limit: { readonly limit: number; readonly windowMs: number },
  atMs: number,
  limitOf: (key: string) => number = () => limit.limit,
): Promise<(key: string) => number | null> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const draws = [...counts].map(([key, count]) => ({ key, count }));
  const left = new Map<string, { places: number; window: Window }>();
  for (const window of await draw(tx, draws, limit.windowMs, atMs)) {
    const before = window.count - (counts.get(window.key) as number);
    left.set(window.key, { places: limitOf(window.key) - before, window });
  }
  return (key) => {
    const entry = left.get(key);
    if (entry === undefined) throw new Error('a key was counted and has no window');
    return entry.places-- > 0 ? null : entry.window.startedMs + limit.windowMs;
  };
}

/** Tells the machines of these domains that they exceeded their limit. True when one of them changed its state. */
async function limit(
  tx: Statements,
  over: Map<string, number>,
  settings: Settings,
  atMs: number,
): Promise<boolean> {
  const fresh = [...over.keys()].map((name) => initialDomain(name, atMs, settings.probation));
  await insertDomains(tx, fresh, atMs);
  const saved: SavedDomain[] = [];
  const events: NewEvent[] = [];
  for (const held of await holdDomainsWaiting(tx, [...over.keys()])) {
    const { blockAfterStrikes, strikeBlockMs, strikeDecayMs, limitGrowth } = settings;
    const untilMs = over.get(held.name) as number;
    const policy = { blockAfterStrikes, strikeBlockMs, strikeDecayMs, limitGrowth };
    const event = { type: 'limit.exceeded', atMs, untilMs, ...policy } as const;
    const stepped = stepOrNull(held, event, settings);
    if (stepped === null || stepped.transitions.length === 0) continue;
    const { stored: snapshot, state, dueAtMs: dueMs } = stepped;
    saved.push({ name: held.name, version: held.version, state, snapshot, dueMs, sinceMs: atMs });
    events.push(...domainEvents(held.name, stepped, null, atMs));
    if (state === 'blocked')
      settings.logger.warn('a domain ran into its limit too often and is blocked', { domain: held.name });
  }
  await saveDomains(tx, saved);
  if (events.length > 0) await appendEvents(tx, events);
  return events.length > 0;
}

/** Null for a snapshot that this code cannot read: it stays as it is, and the domain is over its limit all the same. */
function stepOrNull(
  { name, snapshot }: HeldDomain,
  event: DomainEvent,
  { logger }: Settings,
): Stepped<typeof domainMachine> | null {
  try {
    return step(domainMachine, snapshot, { domain: name }, [event], event.atMs);
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    logger.error('a domain cannot be limited', { domain: name, error: messageOf(error) });
    return null;
  }
}
