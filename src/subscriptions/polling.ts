/** One poll of one list, by whoever holds it: ask, keep what it says, apply what is to be applied. */
import type { Settings } from '../options.ts';
import type { Remote } from '../remote.ts';
import { type Held, type Reading, type Standing, saveReading } from '../store/subscriptions.ts';
import type { Ask, Failed, PollLimits } from './asking.ts';
import { followDataset } from './fires/follow.ts';
import { nameLabels } from './fires/labels.ts';
import { carryOut, pendingPlan, type SettlingParts, sourceOf } from './settling.ts';
import { keepWhole, readWholeList } from './whole.ts';

export interface PollingParts extends SettlingParts {
  readonly settings: Pick<Settings, 'logger'>;
  readonly remote: Pick<Remote, 'get'>;
  readonly ask: Ask;
  readonly limits: PollLimits;
  readonly closing: AbortSignal;
  /** From 0 to 1. */
  random(): number;
}

/** After the first failure in a row; doubled with each further one, and never more than its usual time. */
const REST_MS = 5 * 60_000;
/** Lists that were added on one day need not be asked for in one minute. */
const JITTER = 0.1;
/** The dataset has moved its parts, or knows nothing of where we were. */
const ASTRAY: readonly (number | null)[] = [400, 404, 410];

type Outcome = { readonly type: 'read'; readonly hasMore: boolean } | Failed;

/** Asks for the list and gives how the subscription stands then; null when it is held no longer. */
export async function poll(parts: PollingParts, held: Held): Promise<Standing | null> {
  const { store, settings } = parts;
  const outcome = await askFor(parts, held);
  if (outcome === null) return null;
  const nowMs = store.clock.now();
  if (outcome.type === 'failed') {
    const { error, isUnreadable, retryAfterMs } = outcome;
    const failures = held.failures + 1;
    const restMs = Math.max(Math.min(held.everyMs, REST_MS * 2 ** (failures - 1)), retryAfterMs ?? 0);
    settings.logger.warn('a list could not be read', {
      subscription: held.id,
      name: held.name,
      failures,
      error,
    });
    const suspicion = isUnreadable ? `it cannot be read: ${error}` : held.suspicion;
    return { failures, error, suspicion, polledMs: nowMs, dueMs: nowMs + restMs };
  }
  const read = { failures: 0, error: null, polledMs: nowMs, okMs: nowMs };
  // What is known is half of it: only the whole can be judged.
  if (outcome.hasMore) return { ...read, dueMs: nowMs };
  const jitter = 1 - JITTER + 2 * JITTER * parts.random();
  return { ...read, ...(await settle(parts, held)), dueMs: nowMs + Math.round(held.everyMs * jitter) };
}

/** Applies what waits, if that needs nobody. */
async function settle(parts: PollingParts, held: Held): Promise<Standing> {
  const plan = await pendingPlan(parts, held);
  const { suspicion, review } = plan;
  if (suspicion !== null) {
    const facts = { subscription: held.id, name: held.name, suspicion };
    parts.settings.logger.warn('a list is suspicious, and nothing of it is applied', facts);
  }
  if (suspicion !== null || held.mode === 'draft') return { suspicion, review };
  const source = sourceOf(held.id);
  const batch = await carryOut(parts, held.id, plan, { by: source, reason: `the list ${held.name}` });
  return { suspicion, review, ...(batch === null ? {} : { batch }) };
}

async function askFor(parts: PollingParts, held: Held): Promise<Outcome | null> {
  const { store, ask, limits } = parts;
  if (held.kind === 'fires') {
    const followed = await followDataset(parts, held);
    if (followed === null) return null;
    if (followed.type === 'failed') {
      if (ASTRAY.includes(followed.status)) await forget(parts, held, { endpoints: null, wholeMs: null });
      return followed;
    }
    if (!followed.hasMore) await nameLabels(parts, held, parts.closing);
    return { type: 'read', hasMore: followed.hasMore };
  }
  const whole = await readWholeList(ask, held, limits.entriesMax, false);
  if (whole.type === 'failed') return whole;
  if (whole.type === 'whole' && !(await keepWhole(store, held, whole))) return null;
  return { type: 'read', hasMore: false };
}

async function forget({ store }: PollingParts, held: Held, reading: Reading): Promise<void> {
  await saveReading(store, held, reading);
}
