/**
 * What a list says and what has been made of it, brought together: through the rules, as opinions of the list's own source
 * and of no other. What would let nearly everybody in again waits for a person.
 */
import type { ChangeNote, RuleChanges, RulePreview, RuleWish } from '../api/rules.ts';
import type { SubscriptionPreview } from '../api/subscriptions.ts';
import { SallyportError } from '../errors.ts';
import { HARDNESS } from '../lists/index.ts';
import type { RulesDesk } from '../moderation/rules.ts';
import type { Store } from '../store/store.ts';
import {
  countApplied,
  type EntityKind,
  markApplied,
  type Pending,
  pendingEntries,
} from '../store/subscription-entries.ts';
import type { Subscription } from '../store/subscriptions.ts';
import { capped, isHarder, isSofter, severityOf, wishOf } from './opinion.ts';

/** Of what was applied this much gone at once is suspicious. */
const SUSPICIOUS_SHARE = 0.9;
/** Of what a list takes back by saying so, and of what it puts in another's place, only this many. */
const SUSPICIOUS_COUNT = 20;
const SHOWN_MAX = 200;
const REVIEW_MAX = 1_000;
/** Entries handed to the rules in one call. */
const MARKED_AT_ONCE = 5_000;

export const sourceOf = (id: string): string => `list:${id}`;

/** Where opinions go. */
export type Rules = Pick<RulesDesk, 'preview' | 'apply' | 'list'>;

/** The same for actors. Saying it again changes nothing. */
export interface ActorRules {
  suspend(actor: string, note: ActorNote): Promise<void>;
  unsuspend(actor: string, note: ActorNote): Promise<unknown>;
}
interface ActorNote {
  readonly source: string;
  readonly by: string;
  readonly reason: string;
}

export interface SettlingParts {
  readonly store: Store;
  readonly rules: Rules;
  readonly actors: ActorRules;
}

/** What is to change, once the follows of ours have been considered. */
export interface Plan {
  /** Why a person has to insist on it. */
  readonly suspicion: string | null;
  readonly changes: RuleChanges;
  /** Actors to be suspended, and those of whom that is taken back. */
  readonly suspend: readonly string[];
  readonly restore: readonly string[];
  /** What will have been made of each entry. */
  readonly made: readonly {
    readonly kind: EntityKind;
    readonly key: string;
    readonly applied: string | null;
  }[];
  readonly review: readonly string[];
  readonly counts: { readonly add: number; readonly update: number; readonly remove: number };
}

/** Why these changes are suspicious, or null. `applied`: so many entries are in force. */
export function suspicionOf(pending: readonly Pending[], applied: number): string | null {
  const eased = pending.filter((one) => one.applied !== null && isSofter(one.wish, one.applied));
  const left = eased.filter(({ wish, advice }) => wish === null && advice === null);
  const added = pending.filter((one) => one.applied === null && one.wish !== null);
  const many = applied * SUSPICIOUS_SHARE;
  // What takes the place of what was left out makes the list no smaller.
  const remaining = applied - left.length + added.length;
  if (left.length > 0 && left.length >= many && remaining <= applied - many)
    return remaining === 0 ? 'it is empty' : `of ${applied} entries it has ${remaining} left`;
  if (eased.length >= SUSPICIOUS_COUNT && eased.length >= many)
    return `it takes back or softens ${eased.length} of ${applied} entries`;
  return null;
}

/**
 * Why a list lets in too much of what others keep out: `allow` beats their blocks, and a rule about a subdomain those about
 * its parents.
 */
async function opensTooMuch(
  rules: Rules,
  source: string,
  pending: readonly Pending[],
): Promise<string | null> {
  const put = pending.flatMap(({ kind, key, wish, applied }) => {
    if (kind !== 'domain' || wish === null) return [];
    const severity = severityOf(wish);
    const isOpening = severity === 'allow' || (severity === 'none' && applied === null);
    return isOpening ? [wishOf(key, wish)] : [];
  });
  if (put.length < SUSPICIOUS_COUNT) return null;
  const isOpened = ({ from, to }: RulePreview): boolean =>
    HARDNESS[from.severity] >= HARDNESS.silence && HARDNESS[to.severity] < HARDNESS.silence;
  const opened = (await rules.preview({ source, put, remove: [] })).filter(isOpened).length;
  return opened < SUSPICIOUS_COUNT ? null : `it lets in ${opened} domains that are kept out here`;
}

export async function planFor(
  { rules }: Pick<SettlingParts, 'rules'>,
  one: Pick<Subscription, 'followedMax'> & { readonly source: string },
  pending: readonly Pending[],
  applied: number,
): Promise<Plan> {
  const { source, followedMax } = one;
  const review = followedMax === null ? new Map() : await cappedWishes(rules, source, pending, followedMax);
  const put: RuleWish[] = [];
  const remove: string[] = [];
  const made: { kind: EntityKind; key: string; applied: string | null }[] = [];
  const suspend: string[] = [];
  const restore: string[] = [];
  const counts = { add: 0, update: 0, remove: 0 };
  for (const { kind, key, applied: before, ...rest } of pending) {
    const wish = kind === 'domain' && review.has(key) ? (review.get(key) as string | null) : rest.wish;
    if (wish === before) continue;
    made.push({ kind, key, applied: wish });
    counts[wish === null ? 'remove' : before === null ? 'add' : 'update']++;
    if (kind === 'actor') (wish === null ? restore : suspend).push(key);
    else if (wish === null) remove.push(key);
    else put.push(wishOf(key, wish));
  }
  const suspicion = suspicionOf(pending, applied) ?? (await opensTooMuch(rules, source, pending));
  return {
    ...{ suspicion, changes: { source, put, remove }, suspend, restore, made },
    ...{ counts, review: [...review.keys()].slice(0, REVIEW_MAX) },
  };
}

/** What remains of wishes about domains with which ours have live follows, where they go too far. */
async function cappedWishes(
  rules: Rules,
  source: string,
  pending: readonly Pending[],
  most: 'silence' | 'none',
): Promise<Map<string, string | null>> {
  const hard = pending.flatMap(({ kind, key, wish }) =>
    kind === 'domain' && wish !== null && isHarder(wish, most) ? [{ key, wish }] : [],
  );
  if (hard.length === 0) return new Map();
  const put = hard.map(({ key, wish }) => wishOf(key, wish));
  const followed = new Set(
    (await rules.preview({ source, put, remove: [] }))
      .filter(({ follows }) => follows > 0)
      .map(({ domain }) => domain),
  );
  return new Map(
    hard.filter(({ key }) => followed.has(key)).map(({ key, wish }) => [key, capped(wish, most)]),
  );
}

export async function pendingPlan(parts: SettlingParts, one: Subscription): Promise<Plan> {
  const pending = await pendingEntries(parts.store, one.id);
  const applied = pending.length === 0 ? 0 : await countApplied(parts.store, one.id);
  return planFor(parts, { ...one, source: sourceOf(one.id) }, pending, applied);
}

/** A plan as people see it. */
export async function previewOf(
  { rules }: Pick<SettlingParts, 'rules'>,
  plan: Plan,
  problems: readonly string[] = [],
): Promise<SubscriptionPreview> {
  const { source, put, remove } = plan.changes;
  const shown = { source, put: put.slice(0, SHOWN_MAX), remove: remove.slice(0, SHOWN_MAX) };
  const items: RulePreview[] = put.length + remove.length === 0 ? [] : await rules.preview(shown);
  return {
    ...{ ...plan.counts, suspicion: plan.suspicion, review: plan.review },
    ...{ items: items.slice(0, SHOWN_MAX), problems: problems.slice(0, 20) },
  };
}

/** Carries a plan out and remembers it; the batch, or null when the rules did not change. */
export async function carryOut(
  { store, rules, actors }: SettlingParts,
  id: string,
  plan: Plan,
  note: ChangeNote,
): Promise<string | null> {
  const { changes, made } = plan;
  let batch: string | null = null;
  if (changes.put.length + changes.remove.length > 0) {
    const applying = await rules.apply(changes, { ...note, kind: 'list' });
    await applying.settled;
    batch = applying.batch;
  }
  const { source } = changes;
  await changeActors(actors, { source, suspend: plan.suspend, restore: plan.restore }, note);
  // A crash before this line does all of it again, which changes nothing.
  for (let from = 0; from < made.length; from += MARKED_AT_ONCE)
    await markApplied(store, id, made.slice(from, from + MARKED_AT_ONCE));
  return batch;
}

/** One source's suspensions of actors. Of a name that can be no remote actor's nothing comes. */
export async function changeActors(
  actors: ActorRules,
  changes: {
    readonly source: string;
    readonly suspend: readonly string[];
    readonly restore: readonly string[];
  },
  { by, reason }: ChangeNote,
): Promise<void> {
  const note = { source: changes.source, by, reason: reason ?? 'a list says so' };
  const passOver = (error: unknown): void => {
    if (!(error instanceof SallyportError && error.code === 'ERR_INVALID')) throw error;
  };
  for (const actor of changes.suspend) await actors.suspend(actor, note).catch(passOver);
  for (const actor of changes.restore) await actors.unsuspend(actor, note).catch(passOver);
}
