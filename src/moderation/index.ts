/** The moderator's side of the house: every verb and every list of the admin API, from code. */
import { type Chart, chart, domainMachine, followRequestMachine } from '../../machines/index.ts';
import type { SimulationsDesk } from '../api/simulations.ts';
import type { SubscriptionsDesk } from '../api/subscriptions.ts';
import type {
  ActivityRecord,
  DeliveryRecord,
  MachineName,
  Page,
  PageQuery,
  Sent,
  Transition,
} from '../api.ts';
import type { RemoteInbox } from '../effects.ts';
import { SallyportError } from '../errors.ts';
import type { Locals } from '../locals.ts';
import type { Settings } from '../options.ts';
import { type DeliveriesQuery, deliveriesPage } from '../store/deliveries.ts';
import { countPendingFollows, pendingFollows } from '../store/follow-requests.ts';
import { listActivities } from '../store/lists.ts';
import { countStates, readTransitions } from '../store/log.ts';
import { countMembers, listMembers } from '../store/members.ts';
import type { Store } from '../store/store.ts';
import { initialDomain, insertDomains } from '../store/turns.ts';
import { type AlertsDesk, createAlertsDesk } from './alerts.ts';
import { type AnalyticsDesk, createAnalytics } from './analytics.ts';
import { type AppealsDesk, createAppeals } from './appeals.ts';
import { type AuditDesk, createAudit } from './audit.ts';
import { type BatchesDesk, createBatches } from './batches.ts';
import { createDeadLetters, type DeadLettersDesk } from './dead-letters.ts';
import { createDomains, type DomainsDesk } from './domains.ts';
import {
  type ActingFor,
  createFollowRequests,
  type FollowParts,
  type FollowRequestsDesk,
  follow,
  localActor,
  unfollow,
} from './follow-requests.ts';
import { createHeld, type HeldDesk } from './held.ts';
import { createLists, type ListsDesk } from './lists.ts';
import { createObjects, type ObjectsDesk } from './objects.ts';
import { send } from './outbox.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';
import { createReports, type ReportsDesk, type ReportsParts } from './reports.ts';
import { createRetentionDesk, type RetentionDesk } from './retention.ts';
import { createReviews, type ReviewsDesk } from './reviews.ts';
import { createRules, type RulesDesk } from './rules.ts';
import { createSuspensions, type SuspensionsDesk } from './suspensions.ts';
import { createTrusted, type TrustedDesk } from './trusted.ts';
import { createUserBlocks, type UserBlocksDesk } from './user-blocks.ts';

export type { DomainVerb, Impact } from './domains.ts';

/** Which activities a list shows; `domain` is their actor's. */
export interface ActivitiesQuery extends PageQuery {
  readonly status?: string | undefined;
  readonly domain?: string | undefined;
  readonly type?: string | undefined;
  readonly activityId?: string | undefined;
}

/** A machine's definition, and how many are in which state. */
export interface MachineRecord extends Chart {
  readonly counts: Readonly<Record<string, number>>;
}

/** Those of Follows that wait for an answer. FEP-4ccd */
const PENDING = { pendingFollowers: 'incoming', pendingFollowing: 'outgoing' } as const;
/** The collections of each local actor, by name. */
export const COLLECTIONS = [
  ...(['followers', 'following', 'liked', 'inbox', 'outbox', 'featured'] as const),
  ...(Object.keys(PENDING) as (keyof typeof PENDING)[]),
] as const;
export type CollectionName = (typeof COLLECTIONS)[number];

/** Some items of a collection, and how many it has in all. */
export interface CollectionPage extends Page<string> {
  readonly total: number;
}

/** Everything a moderator can look at and do. */
export interface Moderation {
  /** Lists of other servers that somebody here subscribes to. */
  readonly subscriptions: SubscriptionsDesk;
  readonly domains: DomainsDesk;
  /** What people and lists say of domains. */
  readonly rules: RulesDesk;
  /** Changes to many domains, to be undone as one. */
  readonly batches: BatchesDesk;
  /** Lists of domains as files, and what is in force as such lists show it. */
  readonly lists: ListsDesk;
  /** Blocks that somebody should look at again. */
  readonly reviews: ReviewsDesk;
  readonly analytics: AnalyticsDesk;
  /** What was told to whom. */
  readonly alerts: AlertsDesk;
  /** What is kept for long enough goes, by itself and by hand. */
  readonly retention: RetentionDesk;
  readonly followRequests: FollowRequestsDesk;
  readonly dead: DeadLettersDesk;
  readonly held: HeldDesk;
  readonly trusted: TrustedDesk;
  readonly simulations: SimulationsDesk;
  readonly activities: {
    /** What came in, newest first, one record for each activity id. */
    list(query?: ActivitiesQuery): Promise<Page<ActivityRecord>>;
    /** By our id, or by the activity's own. `ERR_NOT_FOUND`. */
    get(id: string): Promise<ActivityRecord>;
  };
  /** What goes out, newest first: one record for each activity and inbox. */
  readonly deliveries: { list(query?: DeliveriesQuery): Promise<Page<DeliveryRecord>> };
  readonly objects: ObjectsDesk;
  readonly reports: ReportsDesk;
  readonly appeals: AppealsDesk;
  readonly audit: AuditDesk;
  readonly actors: UserBlocksDesk &
    SuspensionsDesk & {
      /**
       * Our actor asks to follow a remote one; the id of the Follow, or of the one that is alive already. Throws
       * `ERR_NOT_FOUND` for the handle, `ERR_INVALID` for what is no URL, one of ours, or blocked by our actor, and
       * `ERR_REMOTE` when nothing could be fetched there that is an actor.
       */
      follow(handle: string, object: string, acting?: ActingFor): Promise<{ activityId: string }>;
      /** Our actor takes that back, accepted or not; the id of the Follow. `ERR_NOT_FOUND` when it follows nobody there. */
      unfollow(handle: string, object: string, acting?: ActingFor): Promise<{ activityId: string }>;
      /**
       * Our actor says something: an activity, or an object that is then created. Ids and authorship are made here. It
       * goes to everybody that it names, and to those in `to`; Public alone brings it to nobody. Throws `ERR_NOT_FOUND` for
       * the handle, and `ERR_INVALID` for what cannot be sent or has too many addressees.
       */
      send(
        handle: string,
        activity: Readonly<Record<string, unknown>>,
        options?: ActingFor & { readonly to?: readonly string[] },
      ): Promise<Sent>;
      /** Items of a local actor's collection, newest first: ids of actors, activities or objects. `ERR_NOT_FOUND` for the handle. */
      collection(handle: string, name: CollectionName, query?: PageQuery): Promise<CollectionPage>;
    };
  /**
   * Items of any collection that is known here, by its id, newest first: the `likes`, `shares`, `replies`, `dislikes` and
   * `emojiReactions` of an object, a collection of a local actor, what a remote one has pinned. Empty when none is known.
   */
  collection(uri: string, query?: PageQuery): Promise<CollectionPage>;
  readonly machines: {
    list(): Promise<MachineRecord[]>;
    /** `domain` or `follow-request`; else `ERR_NOT_FOUND`. */
    get(machine: string): Promise<MachineRecord>;
  };
  /** Transitions in the order of the log, after `since`. */
  transitionsPage(query: {
    readonly since?: number | undefined;
    readonly machine?: MachineName | undefined;
    readonly to?: string | undefined;
    readonly limit?: number | undefined;
  }): Promise<Page<Transition>>;
}

export interface ModerationParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly locals: Locals;
  inboxOf(actor: string): Promise<(RemoteInbox & { readonly sharedInbox: string | null }) | null>;
  /** What is stored of a URI. */
  readonly lookup: ReportsParts['lookup'];
  /** The log has grown. */
  onTransition(): void;
  /** Whom moderators trust has changed. */
  onTrust(): void;
  /** Takes away, or counts, what is kept for long enough. */
  prune: RetentionDesk['prune'];
  /** Something is to be told. */
  onAlert(): void;
  /** Counts what is not counted yet. */
  countOn(): Promise<void>;
  /** Mail, handler calls or deliveries may be due. */
  onWork(domain: string): void;
}

export function createModeration(parts: ModerationParts): Omit<Moderation, 'subscriptions' | 'simulations'> {
  const { store, settings, locals } = parts;
  const release = (domain: string): void => {
    parts.onTransition();
    parts.onWork(domain);
  };
  const followParts: FollowParts = {
    store,
    locals,
    inboxOf: (actor) => parts.inboxOf(actor),
    ensureDomain: (db, name) =>
      insertDomains(db, [initialDomain(name, store.clock.now(), settings.probation)], store.clock.now()),
    onChange: release,
  };
  const followRequests = createFollowRequests(followParts);
  const batches = createBatches({ store, settings, onChange: () => parts.onTransition() });
  const domains = createDomains({ store, settings, batches, onRelease: release });
  const rules = createRules({ store, batches });
  return {
    domains,
    rules,
    lists: createLists({ store, rules, origin: settings.origin }),
    batches: { list: batches.list, get: batches.get, undo: batches.undo },
    reviews: createReviews(store),
    analytics: createAnalytics({ store, countOn: () => parts.countOn() }),
    retention: createRetentionDesk({ store, prune: (wish) => parts.prune(wish) }),
    alerts: createAlertsDesk({ store, settings, onAlert: () => parts.onAlert() }),
    followRequests,
    dead: createDeadLetters({ store, onRetry: ({ domain }) => parts.onWork(domain) }),
    held: createHeld({
      ...{ store, onChange: release, onTrust: parts.onTrust },
      domainOf: (name) => domains.get(name).catch(nullWhenAbsent),
    }),
    trusted: createTrusted({ store, onTrust: parts.onTrust }),
    activities: activitiesDesk(store),
    deliveries: { list: (query = {}) => deliveriesPage(store, query) },
    objects: createObjects(store),
    appeals: createAppeals({ store, settings, onRelease: release }),
    audit: createAudit(store),
    reports: createReports({
      ...{ store, locals, origin: settings.origin, lookup: parts.lookup },
      inboxOf: (actor) => parts.inboxOf(actor),
      onSend: () => parts.onWork(''),
    }),
    actors: {
      ...createUserBlocks({ ...followParts, origin: settings.origin }),
      ...createSuspensions({ store, settings, onTransition: () => parts.onTransition() }),
      follow: (handle, object, acting) => follow(followParts, handle, object, acting),
      unfollow: (handle, object, acting) => unfollow(followParts, handle, object, acting),
      send: (handle, activity, options) =>
        send(
          {
            ...{ store, locals, origin: settings.origin },
            inboxOf: (actor) => parts.inboxOf(actor),
            endFollow: (activityId) => followRequests.reject(activityId, { by: handle, reason: 'removed' }),
            onSend: () => parts.onWork(''),
          },
          handle,
          activity,
          options,
        ),
      collection: (handle, name, query = {}) => collectionPage(store, locals, handle, name, query),
    },
    collection: (uri, query = {}) => membersPage(store, uri, query),
    machines: machinesDesk(store),
    async transitionsPage({ since = 0, machine, to, limit: wanted }) {
      const limit = limitOf({ limit: wanted });
      const found = await readTransitions(store, { since, machine, to, limit: limit + 1 });
      return pageOf(found, limit, ({ seq }) => String(seq));
    },
  };
}

function nullWhenAbsent(error: unknown): null {
  if (error instanceof SallyportError && error.code === 'ERR_NOT_FOUND') return null;
  throw error;
}

function activitiesDesk(store: Store): Moderation['activities'] {
  const nothing = { status: null, domain: null, type: null, activityId: null, id: null, below: null };
  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const { status = null, domain = null, type = null, activityId = null } = query;
      const filter = {
        ...nothing,
        status,
        domain,
        type,
        activityId,
        below: numberCursor(query),
        limit: limit + 1,
      };
      return pageOf(await listActivities(store, filter), limit, ({ id }) => id);
    },
    async get(id) {
      const by = /^\d{1,18}$/.test(id) ? { id } : { activityId: id };
      const [found] = await listActivities(store, { ...nothing, ...by, limit: 1 });
      if (found === undefined)
        throw new SallyportError('ERR_NOT_FOUND', 'there is no such activity', {
          data: { what: 'activity', id },
        });
      return found;
    },
  };
}

async function collectionPage(
  store: Store,
  locals: Locals,
  handle: string,
  name: CollectionName,
  query: PageQuery,
) {
  const { id } = await localActor(locals, handle);
  if (name !== 'pendingFollowers' && name !== 'pendingFollowing')
    return membersPage(store, `${id}/${name}`, query);
  const limit = limitOf(query);
  const direction = PENDING[name];
  const total = await countPendingFollows(store, id, direction);
  const found = await pendingFollows(store, id, direction, numberCursor(query), limit + 1);
  const page = pageOf(found, limit, (last) => last.id);
  return { total, items: page.items.map(({ activityId }) => activityId), next: page.next };
}

async function membersPage(store: Store, collection: string, query: PageQuery): Promise<CollectionPage> {
  const limit = limitOf(query);
  const total = await countMembers(store, collection);
  const page = pageOf(
    await listMembers(store, collection, { below: numberCursor(query) }, limit + 1),
    limit,
    ({ seq }) => seq,
  );
  return { total, items: page.items.map(({ item }) => item), next: page.next };
}

function machinesDesk(store: Store): Moderation['machines'] {
  const charts = [chart(domainMachine), chart(followRequestMachine)];
  async function list(): Promise<MachineRecord[]> {
    const counted = await countStates(store);
    return charts.map((one) => {
      const counts = Object.fromEntries(one.states.map(({ name }) => [name, 0]));
      for (const { machine, state, count } of counted) if (machine === one.id) counts[state] = count;
      return { ...one, counts };
    });
  }
  return {
    list,
    async get(machine) {
      const found = (await list()).find(({ id }) => id === machine);
      if (found === undefined)
        throw new SallyportError('ERR_NOT_FOUND', `there is no machine ${machine}`, {
          data: { what: 'machine', id: machine },
        });
      return found;
    },
  };
}
