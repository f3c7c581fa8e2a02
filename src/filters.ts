/**
 * The filter stage: user code between acceptance and the turn. It exists only while something is registered; then mail
 * waits in its mailbox until its verdict stands beside it.
 *
 * ```
 *   mail committed ─► lease the oldest of the domain ─► ask the filters ─► verdicts stored ─► turn
 *                       │ process dies: the lease lapses, the sweep of another one takes the mail up
 * ```
 * Invariants:
 * - A turn takes only the prefix of a domain's mail that has verdicts: the order of arrival holds, and a slow filter
 *   holds up only the domain whose activity it looks at.
 * - A domain that waits for its filters gives its place to others, and a filter that answers nobody is not asked for a
 *   while (`filters/watch.ts`): others go on, whoever waits.
 * - Several activities of one domain may be asked about side by side. Verdicts take effect in the order of arrival.
 * - The first stored verdict of a mail stands, whichever process made it.
 * - What decides is the process that takes a mail up: while processes run different code, a mail meets the filters of
 *   one of them, and none where that one has none. Stop the old ones before you rely on a new filter.
 */
import { hash } from 'node:crypto';
import { messageOf } from './errors.ts';
import { judge, SCORES } from './filters/chain.ts';
import { createGroup } from './filters/group.ts';
import { createPlaces } from './filters/places.ts';
import { askPolicy } from './filters/policy.ts';
import type { Registered } from './filters/registered.ts';
import type { FilterChain } from './filters/registry.ts';
import { askShadow, withShadow } from './filters/shadow.ts';
import { createTelling, type Subject } from './filters/telling.ts';
import { createTrustCopy } from './filters/trust.ts';
import { createMailbox } from './mailbox.ts';
import { type FollowPolicyFunction, type Settings, SHADOW_POLICY } from './options.ts';
import { emptyShelf, type Shelf, viewOf } from './references/view.ts';
import {
  type Judged,
  leaseMail,
  releaseMail,
  type UnfilteredMail,
  unfilteredDomains,
  writeVerdicts,
} from './store/filters.ts';
import type { Store } from './store/store.ts';
import { FOLLOW_POLICY, type MailVerdict } from './verdict.ts';

export { createFilterChain, type FilterChain } from './filters/registry.ts';

export interface Filters {
  /** These domains have mail that may lack one. */
  mark(domains: Iterable<string>): void;
  start(): void;
  /** Looks for what is left over, as the timer does every second. */
  sweep(): Promise<void>;
  /** Whom moderators trust has changed: known here before the next filter is asked. */
  trustChanged(): void;
  settled(): Promise<void>;
  close(drainMs: number): Promise<void>;
}

export interface FiltersParts {
  readonly store: Store;
  readonly settings: Pick<Settings, 'logger' | 'origin'>;
  /** Where the references of activities are looked up. @default nowhere: they are unresolved */
  readonly references?: Shelf;
  readonly chain: FilterChain;
  /** The follow policy of this local actor, when it is a function. */
  policyOf(id: string): Promise<FollowPolicyFunction | null>;
  /** These domains have mail with verdicts. */
  onReady(domains: string[]): void;
  /** A filter has decided. */
  onVerdict?(filter: string, verdict: string): void;
}

/** Mail that one domain has under way, and domains at once: a bound for the documents in memory. */
const MAIL_PER_DOMAIN = 16;
const DOMAINS_AT_ONCE = 96;
/** Of these so many work; whoever has waited for so long, in milliseconds, lets another one work. */
const QUICK_AT_ONCE = 32;
const SLOW_MS = 200;
/** A lease is longer than all filters together may take, by so much. */
const LEASE_SPARE_MS = 10_000;
const SWEEP_EVERY_MS = 1_000;
/** Mail younger than this is somebody's work already. */
const LEFT_AFTER_MS = 1_000;
const SWEEP_MAX = 500;
const NOTHING: MailVerdict = { asked: [], remarks: [] };

export function createFilters(parts: FiltersParts): Filters {
  const { store, settings, chain, onReady } = parts;
  const { logger, origin } = settings;
  const { references = emptyShelf(origin) } = parts;
  const closing = new AbortController();
  const trust = createTrustCopy(store, logger);
  const telling = createTelling({ store, references, logger });
  const places = createPlaces({ count: QUICK_AT_ONCE, slowMs: SLOW_MS });
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> | undefined;

  const lease = createGroup(async (names: readonly string[]) => {
    const atMs = store.clock.now();
    const filtersMs = [...chain.list(), ...chain.shadow].reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);
    const untilMs = atMs + filtersMs + LEASE_SPARE_MS;
    const mail = await leaseMail(store, names, { perDomain: MAIL_PER_DOMAIN, atMs, untilMs });
    return Map.groupBy(mail, ({ domain }) => domain);
  });
  const write = createGroup((judged: readonly Judged[][]) => writeVerdicts(store, judged.flat()));

  const runs = createMailbox({
    run: async ([name]) => (name !== undefined && (await serve(name)) ? [name] : []),
    concurrency: DOMAINS_AT_ONCE,
    keysPerRun: 1,
    onError: (error) => logger.error('mail could not be filtered', { error: messageOf(error) }),
  });

  /** The oldest mail of one domain; true when there may be more. */
  async function serve(name: string): Promise<boolean> {
    using _ = await places.take();
    const mail = (await lease(name)).get(name) ?? [];
    if (mail.length > 0) {
      try {
        await trust.current();
        await write(await judgeAll(mail));
      } catch (error) {
        await releaseMail(store, mail).catch(() => undefined);
        if (!closing.signal.aborted) throw error;
        return false;
      }
    }
    onReady([name]);
    return mail.length === MAIL_PER_DOMAIN;
  }

  /** Verdicts of all of them. What came twice is asked about once. */
  async function judgeAll(mail: readonly UnfilteredMail[]): Promise<Judged[]> {
    const asked = new Map<string, Promise<MailVerdict>>();
    return Promise.all(
      mail.map(async (one) => {
        // What a moderator has approved is another question than the same activity once more.
        const question = `${one.facts.pastFilters === undefined ? '' : 'approved '}${one.activityId}`;
        const verdict = asked.get(question) ?? verdictOn(one);
        asked.set(question, verdict);
        return { mail: one, verdict: await verdict };
      }),
    );
  }

  async function verdictOn(mail: UnfilteredMail): Promise<MailVerdict> {
    closing.signal.throwIfAborted();
    if (mail.isKnown) return NOTHING;
    const { facts, activityId } = mail;
    const { type, objects, pastFilters = [] } = facts;
    const filters = chain
      .list()
      .filter((one) => (one.type === null || one.type === type) && !pastFilters.includes(one.name));
    const followed = type === 'Follow' ? facts.locals.find(({ id }) => id === objects[0]) : undefined;
    // Where nobody can say who that is, the request waits, as it does where the policy has no answer.
    const isAsked = followed !== undefined && !pastFilters.includes(FOLLOW_POLICY);
    const policy = isAsked ? await parts.policyOf(followed.id).catch(() => null) : null;
    if (filters.length === 0 && policy === null && chain.shadow.length === 0) return NOTHING;
    const verdict = await judgeBy(filters, mail);
    for (const { filter, type: what } of verdict.remarks)
      if (filter !== SHADOW_POLICY) parts.onVerdict?.(filter, what);
    if (verdict.end !== undefined) {
      const { filter, reason, type: what } = verdict.end;
      const stage = 'filter';
      logger.info('a filter stopped an activity', { stage, filter, verdict: what, reason, activityId });
      return verdict;
    }
    if (policy === null) return verdict;
    const actor = telling.actorOf(subjectOf(mail));
    const { answer, fault } = await askPolicy(policy, mail, actor, closing.signal);
    if (fault !== null) logger.error('a follow policy failed', { activityId, error: fault.reason });
    const remarks = fault === null ? verdict.remarks : [...verdict.remarks, fault];
    return { ...verdict, remarks, followAnswer: answer };
  }

  async function judgeBy(filters: readonly Registered[], mail: UnfilteredMail): Promise<MailVerdict> {
    const { activityId, facts } = mail;
    // What was approved has been put to the shadow policy before.
    const shadow = facts.pastFilters === undefined ? chain.shadow : [];
    if (filters.length === 0 && shadow.length === 0) return NOTHING;
    const asked = filters.map(({ name }) => name);
    const [first] = asked;
    // Two came under one id in the same moment, and the other one's document stands: filters would look at that.
    if (facts.digest !== undefined && facts.digest !== hash('sha256', mail.raw, 'hex')) {
      // Of one that was approved its turn says so; and what is only tried holds nothing.
      if (facts.pastFilters !== undefined || first === undefined) return NOTHING;
      const reason = 'another document came under its id';
      const end = { filter: first, type: 'hold', reason } as const;
      return { asked, remarks: [{ ...end, type: 'fault' }], end };
    }
    const view = viewOf({ ...mail, type: facts.type, status: 'accepted' }, references);
    const activity = await view.catch((error: unknown) => messageOf(error, 200));
    if (typeof activity !== 'string') {
      const isTrusted = trust.covers(facts.actor, mail.domain);
      const told = telling.tell(activity, subjectOf(mail), { isTrusted, isDryRun: false });
      // What was held for its points and approved has them still.
      const thresholds = facts.pastFilters?.includes(SCORES) ? [] : chain.thresholds;
      const judging = { closing: closing.signal, thresholds, watch: chain.watch };
      const verdict = await judge(filters, activity, told, judging);
      if (shadow.length === 0) return verdict;
      const { outcome, remark } = await askShadow(shadow, activity, told, judging);
      parts.onVerdict?.(SHADOW_POLICY, outcome);
      return withShadow(verdict, remark);
    }
    // Nobody can look at it: that is for a person to see, as where a filter fails.
    logger.error('an activity could not be shown to filters', { activityId, error: activity });
    if (first === undefined) return NOTHING;
    const end = { filter: first, type: 'hold', reason: activity } as const;
    return { asked, remarks: [{ ...end, type: 'fault' }], end };
  }

  async function sweepOnce(): Promise<void> {
    if (!chain.isActive()) return;
    await trust.refresh();
    try {
      runs.mark(await unfilteredDomains(store, store.clock.now(), LEFT_AFTER_MS, SWEEP_MAX));
    } catch (error) {
      logger.error('sweep for unfiltered mail failed', { error: messageOf(error) });
    }
  }

  function sweepNow(): Promise<void> {
    sweeping ??= sweepOnce().finally(() => {
      sweeping = undefined;
    });
    return sweeping;
  }

  return {
    mark: (domains) => runs.mark(domains),
    start() {
      timer = setInterval(() => void sweepNow(), SWEEP_EVERY_MS).unref();
      void sweepNow();
    },
    sweep: sweepNow,
    trustChanged: () => void trust.refresh(),
    settled: () => runs.settled(),
    async close(drainMs) {
      clearInterval(timer);
      await sweeping;
      const drained = runs.close();
      const deadline = setTimeout(() => closing.abort(new Error('the inbox is closing')), drainMs);
      await drained;
      clearTimeout(deadline);
    },
  };
}

/** A mail as filters are told of it. */
function subjectOf({ domain, actor, state, strikes, facts }: UnfilteredMail): Subject {
  const { actor: actorId, sender, locals } = facts;
  return { domain, actorId, sender, locals, actor, state, strikes };
}
