/** Subscriptions and what they say, as people see them. A login is never shown. */
import type { Severity } from '../api/rules.ts';
import type { SubscriptionEntry, SubscriptionRecord } from '../api/subscriptions.ts';
import type { PageQuery } from '../api.ts';
import { SallyportError } from '../errors.ts';
import type { EntryRow } from '../store/subscription-entries.ts';
import type { CountedSubscription } from '../store/subscriptions.ts';
import { SUSPENDED } from './fires/recommendation.ts';
import { sourceOf } from './settling.ts';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export function recordOf(one: CountedSubscription): SubscriptionRecord {
  const { id, url, kind, name, mode, severityMax, followedMax, onRemove, comment } = one;
  return {
    ...{ id, source: sourceOf(id), name, url, kind, state: stateOf(one), mode },
    ...{ everySeconds: one.everyMs / 1_000, severityMax, followedMax, onRemove, comment },
    ...{ hasLogin: one.login !== null, entries: one.entries, pending: one.pending, review: one.review },
    ...{ failures: one.failures, error: one.error, suspicion: one.suspicion },
    ...{ polledAt: iso(one.polledMs), okAt: iso(one.okMs), dueAt: iso(one.dueMs), batch: one.batch },
    ...{ createdAt: new Date(one.createdMs).toISOString(), by: one.by },
  };
}

function stateOf(one: CountedSubscription): SubscriptionRecord['state'] {
  if (one.removedBy !== null) return 'removing';
  if (one.isPaused) return 'paused';
  if (one.suspicion !== null) return 'suspicious';
  if (one.failures > 0) return 'failing';
  return one.okMs === null ? 'waiting' : 'ok';
}

export function entryOf(
  { kind, key, wish, applied, labels }: EntryRow,
  names: ReadonlyMap<string, { readonly name: string | null }>,
): SubscriptionEntry {
  const rule =
    wish === null
      ? null
      : wish === SUSPENDED
        ? { severity: 'block' as const }
        : (JSON.parse(wish) as { severity: Severity; rejectMedia: boolean; rejectReports: boolean });
  return {
    ...{ kind, key, severity: rule?.severity ?? null },
    rejectMedia: rule !== null && 'rejectMedia' in rule && rule.rejectMedia,
    rejectReports: rule !== null && 'rejectReports' in rule && rule.rejectReports,
    ...{ labels, labelNames: labels.map((label) => names.get(label)?.name ?? null) },
    isApplied: wish !== null && wish === applied,
  };
}

/** The cursor after an entry: its kind and its key. */
export const cursorOf = ({ kind, key }: SubscriptionEntry): string => `${kind} ${key}`;

export function placeOf({ cursor }: PageQuery): { readonly kind: string; readonly key: string } | null {
  if (cursor === undefined || cursor === '') return null;
  const [, kind, key] = /^(domain|actor) (\S+)$/.exec(cursor) ?? [];
  if (kind === undefined || key === undefined)
    throw new SallyportError('ERR_INVALID', 'the cursor is none of ours', { data: { cursor } });
  return { kind, key };
}
