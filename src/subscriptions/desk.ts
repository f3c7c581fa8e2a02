/** What moderators look at and decide about subscriptions. */
import type { ChangeNote } from '../api/rules.ts';
import type { SubscriptionPreview, SubscriptionRecord, SubscriptionsDesk } from '../api/subscriptions.ts';
import { SallyportError } from '../errors.ts';
import { limitOf, numberCursor, pageOf } from '../moderation/pages.ts';
import { recordAudit } from '../store/audit.ts';
import type { Statements } from '../store/statement.ts';
import {
  appliedEntries,
  labelNames,
  listEntries,
  type Pending,
  type Said,
} from '../store/subscription-entries.ts';
import {
  type CountedSubscription,
  type Held,
  insertSubscription,
  listSubscriptions,
  markRemoved,
  pauseSubscription,
  type Standing,
  updateTerms,
} from '../store/subscriptions.ts';
import type { Failed } from './asking.ts';
import { readWholeDataset } from './fires/follow.ts';
import { type PollingParts, poll } from './polling.ts';
import { cursorOf, entryOf, placeOf, recordOf } from './records.ts';
import { remove } from './removal.ts';
import { carryOut, pendingPlan, planFor, previewOf, sourceOf } from './settling.ts';
import { checkTerms, checkUrl } from './terms.ts';
import { type Readable, readWholeList, type Whole } from './whole.ts';

/** Work on a subscription while this process holds it, and how it stands then; null when somebody else holds it. */
export type Hold = <Result>(
  id: string,
  work: (held: Held) => Promise<{ readonly standing: Standing | null; readonly result: Result }>,
) => Promise<{ readonly result: Result } | null>;

export interface DeskParts extends PollingParts {
  readonly hold: Hold;
  /** Something is due. */
  wake(): void;
}

/** The source in a preview of a list that nobody subscribes to. */
const NOBODY = sourceOf('new');

export function createDesk(parts: DeskParts): SubscriptionsDesk {
  const { store, wake } = parts;
  const { clock } = store;

  async function find(id: string): Promise<CountedSubscription> {
    const [found] = /^\d{1,18}$/.test(id) ? await listSubscriptions(store, { id }, 1) : [];
    if (found !== undefined) return found;
    throw new SallyportError('ERR_NOT_FOUND', 'there is no such subscription', {
      data: { what: 'subscription', id },
    });
  }
  const get = async (id: string): Promise<SubscriptionRecord> => recordOf(await find(id));

  /** As `hold`, for somebody who waits for it. */
  async function holding<Result>(id: string, work: Parameters<Hold>[1]): Promise<Result> {
    await find(id);
    const held = await parts.hold(id, work);
    if (held !== null) return held.result as Result;
    throw new SallyportError('ERR_NOT_ALLOWED_IN_STATE', 'the list is being asked for', {
      hint: 'try again in a moment',
      data: { subscription: id },
    });
  }

  async function change(
    id: string,
    verb: string,
    note: ChangeNote,
    work: (tx: Statements) => Promise<void>,
  ): Promise<void> {
    await store.transaction(async (tx) => {
      await work(tx);
      await audit(tx, id, verb, note, clock.now());
    });
  }

  /** What a list says now, kept nowhere, beside what was made of it before. */
  async function look(
    one: Readable & { followedMax: 'silence' | 'none' | null },
    source: string,
    before: readonly Pending[],
  ) {
    const whole = await askWhole(parts, one);
    const plan = await planFor(parts, { ...one, source }, differing(whole.said, before), before.length);
    return previewOf(parts, plan, whole.problems);
  }

  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const found = await listSubscriptions(store, { below: numberCursor(query) }, limit + 1);
      return pageOf(found.map(recordOf), limit, ({ id }) => id);
    },
    get,
    async entries(id, query = {}) {
      await find(id);
      const limit = limitOf(query);
      const found = await listEntries(store, id, placeOf(query), limit + 1);
      const names = await labelNames(store, [...new Set(found.flatMap(({ labels }) => labels))]);
      return pageOf(
        found.map((row) => entryOf(row, names)),
        limit,
        cursorOf,
      );
    },
    async add(wish, note) {
      const url = checkUrl(wish);
      const { url: _, kind, ...settings } = wish;
      const terms = checkTerms(settings, { url });
      const nowMs = clock.now();
      const id = await store.transaction(async (tx) => {
        const made = await insertSubscription(tx, { ...terms, url, kind, by: note.by }, nowMs);
        if (made !== null) await audit(tx, made, 'subscribe', note, nowMs);
        return made;
      });
      if (id === null)
        throw new SallyportError('ERR_INVALID', 'this list is subscribed to already', { data: { url } });
      wake();
      return get(id);
    },
    async probe(wish) {
      const url = checkUrl(wish);
      const { url: _, kind, ...settings } = wish;
      const terms = checkTerms(settings, { url });
      const one = { ...terms, url, kind, etag: null, lastModified: null, endpoints: null };
      return look(one, NOBODY, []);
    },
    async update(id, settings, note) {
      await holding(id, async (held) => {
        const terms = checkTerms(settings, held);
        await change(id, 'update', note, (tx) => updateTerms(tx, id, terms, clock.now()));
        return { standing: {}, result: undefined };
      });
      wake();
      return get(id);
    },
    async pause(id, note) {
      await find(id);
      await change(id, 'pause', note, (tx) => pauseSubscription(tx, id, true, clock.now()));
      return get(id);
    },
    async resume(id, note) {
      await find(id);
      await change(id, 'resume', note, (tx) => pauseSubscription(tx, id, false, clock.now()));
      wake();
      return get(id);
    },
    async poll(id) {
      await holding(id, async (held) => ({ standing: await poll(parts, held), result: undefined }));
      return get(id);
    },
    async tryPoll(id) {
      return look(await find(id), sourceOf(id), await appliedEntries(store, id));
    },
    async preview(id): Promise<SubscriptionPreview> {
      return previewOf(parts, await pendingPlan(parts, await find(id)));
    },
    async apply(id, { force = false, ...note }) {
      await holding(id, async (held) => {
        const plan = await pendingPlan(parts, held);
        if (plan.suspicion !== null && !force)
          throw new SallyportError('ERR_NOT_ALLOWED_IN_STATE', `the list is suspicious: ${plan.suspicion}`, {
            hint: 'look at what would change, and insist on it with force',
            data: { subscription: id },
          });
        const reason = note.reason ?? `the list ${held.name}`;
        const batch = await carryOut(parts, id, plan, { ...note, reason });
        await change(id, 'apply', { ...note, reason }, async () => undefined);
        // Of a list that cannot be read nothing was applied.
        const suspicion = plan.made.length === 0 ? held.suspicion : null;
        const standing = { suspicion, review: plan.review, ...(batch === null ? {} : { batch }) };
        return { standing, result: undefined };
      });
      return get(id);
    },
    async remove(id, { onRemove: wanted, ...note }) {
      return holding(id, async (held) => {
        const onRemove = wanted ?? held.onRemove;
        await markRemoved(store, id, note.by, onRemove, clock.now());
        const rules = await remove(parts, { ...held, onRemove, removedBy: note.by }, note);
        return { standing: null, result: { id, rules, onRemove } };
      });
    },
  };
}

async function audit(
  tx: Statements,
  id: string,
  verb: string,
  note: ChangeNote,
  atMs: number,
): Promise<void> {
  const { by, reason = null } = note;
  await recordAudit(tx, [{ by, verb, subject: { kind: 'subscription', id }, reason }], atMs);
}

/** The whole list, or `ERR_REMOTE`. */
async function askWhole({ ask, limits }: PollingParts, one: Readable): Promise<Whole> {
  const whole =
    one.kind === 'fires'
      ? await readWholeDataset(ask, one, limits)
      : await readWholeList(ask, one, limits.entriesMax, true);
  if (whole.type === 'whole') return whole;
  const reason = whole.type === 'failed' ? (whole satisfies Failed).error : 'it answered nothing';
  throw new SallyportError('ERR_REMOTE', `the list could not be read: ${reason}`, {
    data: { url: one.url, reason },
  });
}

/** Where what is said now differs from what was made of what was said before. */
function differing(said: readonly Said[], before: readonly Pending[]): Pending[] {
  const rest = new Map(before.map((one) => [`${one.kind} ${one.key}`, one]));
  const differs: Pending[] = [];
  for (const { kind, key, wish, advice = null } of said) {
    const applied = rest.get(`${kind} ${key}`)?.applied ?? null;
    rest.delete(`${kind} ${key}`);
    if (wish !== applied) differs.push({ kind, key, wish, applied, advice });
  }
  return [...differs, ...[...rest.values()].map((one) => ({ ...one, wish: null, advice: null }))];
}
