/**
 * What a service embeds: `createInbox` and the `Inbox` value, with the moderator's verbs on it.
 */
import type {
  ActivityMap,
  Filter,
  FilterOptions,
  FiltersDesk,
  Handler,
  MachineName,
  Ref,
  StoredKind,
  StoredViews,
  Transition,
} from './api.ts';
import { answerTo } from './embed/answer.ts';
import { type AnswerAppeals, createAppealPages } from './embed/appeals.ts';
import { registered } from './embed/filtering.ts';
import { rawRequestOf } from './embed/request.ts';
import { createSourceAddress } from './embed/source-address.ts';
import { messageOf, SallyportError } from './errors.ts';
import { createEvents } from './events.ts';
import { createFiltersDesk, type TrialParts } from './filters/desk.ts';
import { createFilterChain } from './filters.ts';
import type { HandlerOptions, Registration } from './handlers.ts';
import { type House, openHouse, type Parts } from './house.ts';
import type { RawRequest } from './inbox.ts';
import type { TransitionsQuery } from './log.ts';
import { dropExpired } from './moderation/held.ts';
import { createModeration, type Moderation } from './moderation/index.ts';
import { mintActivityId, mintObjectId } from './moderation/outbox.ts';
import { checkOptions, type Duration, type InboxOptions, millisecondsOf } from './options.ts';
import type { ResolveOptions } from './references/resolve.ts';
import { countStates } from './store/log.ts';
import { inTransaction } from './store/store.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';
import type { Answer } from './verdict.ts';
import { createWeb, type Web } from './web/index.ts';

export type { HandlerOptions } from './handlers.ts';
export type { RawRequest } from './inbox.ts';
export type { TransitionsQuery } from './log.ts';
export type {
  ActivitiesQuery,
  CollectionName,
  CollectionPage,
  DomainVerb,
  Impact,
  MachineRecord,
  Moderation,
} from './moderation/index.ts';
export type { ResolveOptions } from './references/resolve.ts';

/** An inbox of the Fediverse, and everything one can ask of it. Made by `createInbox`. */
export interface Inbox extends AsyncDisposable, Moderation {
  readonly origin: string;
  /** Opens the database, applies migrations, warms the workers, takes up what the last process left. */
  start(): Promise<void>;
  /** Database reachable, migrations applied, workers warm, not draining. */
  ready(): Promise<boolean>;
  /**
   * Stops accepting (503), finishes what is under way, gives everything back. An inbox that was closed stays closed.
   * @default { drain: '15 seconds' }
   */
  close(options?: { readonly drain?: Duration }): Promise<void>;

  /**
   * The Web-standard shell: answers the federation side of the contract, health and metrics included, and nothing
   * else (404). Bound: it can be passed around. `address` is the peer's, which a `Request` does not carry; nor does
   * it carry repeated header lines and targets in absolute form, which the shell for `node:http` refuses.
   */
  fetch(request: Request, info?: { readonly address?: string | undefined }): Promise<Response>;
  /** The core that both shells call. Null when the path is none of ours. */
  handle(request: RawRequest): Promise<Answer | null>;

  /**
   * Calls `handler` for each processed activity of a type, after COMMIT, at least once, in order for each remote
   * domain. `'*'` takes every type. Works before and after `start`, and applies to what comes from then on.
   */
  on<T extends keyof ActivityMap>(
    type: T,
    handler: Handler<ActivityMap[T]>,
    options?: HandlerOptions,
  ): Disposable;
  /**
   * Asks `filter` about each activity before it has any effect: a verdict of `drop`, `reject`, `hold` or `shadow`, or
   * nothing. Filters are asked in the order in which they were added, after those of the option `filters`; the first
   * `drop`, `reject` or `hold` ends the chain. Works before and after `start`, and applies to what is accepted from
   * then on. Throws `ERR_INVALID`.
   */
  filter(name: string, filter: Filter, options?: FilterOptions): Disposable;
  /** A filter of one type, asked after all that have no type. @default name: the type and its number, `before:Like#1` */
  before<T extends keyof ActivityMap>(
    type: T,
    filter: Filter<ActivityMap[T]>,
    options?: FilterOptions & { readonly name?: string },
  ): Disposable;
  /** The filters themselves: what is registered, what comes with the package, and what they would make of a document. */
  readonly filters: FiltersDesk;
  /** Hears the transitions of a machine from now on, of every process on the same database. */
  onTransition<M extends MachineName>(machine: M, listener: (transition: Transition<M>) => void): Disposable;
  /**
   * Transitions after `since`, then live, without gap or repetition; live only where `since` is absent.
   * Throws `ERR_SEQUENCE_EXPIRED` and `ERR_OVERFLOW` where it is iterated.
   */
  transitions<M extends MachineName = MachineName>(query?: TransitionsQuery<M>): AsyncIterable<Transition<M>>;

  /** A reference to a URI, with whether something is stored of it here. Asks nobody. */
  ref(uri: string): Promise<Ref>;
  /** What is stored under a URI: `'object'`, `'actor'` or `'activity'`; undefined when nothing is. Asks nobody. */
  lookup<Kind extends StoredKind>(kind: Kind, uri: string): Promise<StoredViews[Kind] | undefined>;
  /**
   * Fetches an object or an actor from its own server, signed by the instance actor, and keeps it; where something is
   * stored already nobody is asked, unless `again`. Throws `ERR_INVALID` for what is no URL, and `ERR_REMOTE` when its
   * server gave nothing that counts: `data.reason` says why.
   */
  resolve(uri: string, options?: ResolveOptions): Promise<Ref>;
  /**
   * Our actor says something: an activity, or an object that is then created, to everybody that it names and to those in
   * `to`. The same as `actors.send`.
   */
  send: Moderation['actors']['send'];
  /** New ids of ours: sortable by time, unguessable, unique. */
  readonly ids: {
    /** For an activity of one of our actors, by the actor's id. */
    activity(actor: string): string;
    /** For an object. */
    object(): string;
  };

  /** Prometheus text. */
  metrics(): Promise<string>;
  /** Restarts the window of the event-loop delay. */
  resetMetrics(): void;
  /** Resolves when everything that is due has come to rest: turns, handlers, deliveries. */
  settled(): Promise<void>;
}

/** An opened house with the desks on top of it. */
interface Opened {
  readonly house: House;
  /** Drops what has been held for too long. */
  expire(): Promise<void>;
  readonly moderation: Moderation;
  readonly subscriptions: Subscriptions;
  readonly web: Web;
  readonly appeals: AnswerAppeals;
}

const DRAIN_MS = 15_000;
/** How often it is looked for what was held for too long, in milliseconds. */
const EXPIRE_EVERY_MS = 60_000;
/** How often the requests under way are looked at while draining, in milliseconds. */
const DRAIN_LOOK_MS = 20;

/**
 * Makes an inbox; `start` opens it. All faults of the options come in one `ERR_CONFIG`. Nothing is read from the
 * environment: spread `fromEnv()` into the options for that.
 * @example
 * ```ts
 * const inbox = createInbox({ origin: 'https://social.example', actors: { alice: {} } });
 * inbox.on('Follow', (follow) => console.log(follow.actor.uri));
 * await inbox.start();
 * createServer(toNodeHandler(inbox)).listen(8080);
 * ```
 */
export function createInbox(options: InboxOptions, parts: Parts = {}): Inbox {
  const settings = checkOptions(options);
  const events = createEvents(settings.logger);
  const registrations = new Map<string, Registration>();
  const chain = createFilterChain(settings.filters, settings.scoreThresholds, settings.shadowFilters);
  let opening: Promise<Opened> | undefined;
  let opened: Opened | undefined;
  let closing: Promise<void> | undefined;
  let expiring: NodeJS.Timeout | undefined;
  let underWay = 0;

  /** On PGlite, which has one session, a call from inside of a handler's transaction would wait for itself. */
  const outside = (): void => {
    if (opened?.house.store.isInGuestTransaction()) throw inTransaction();
  };
  const need = (): Opened => {
    outside();
    if (closing !== undefined) throw new SallyportError('ERR_CLOSED', 'the inbox is closed');
    if (opened !== undefined) return opened;
    throw new SallyportError('ERR_CLOSED', 'the inbox is not open', { hint: 'await inbox.start() first' });
  };

  async function open(): Promise<Opened> {
    const desk = {
      followRequest: (activityId: string) => ({
        accept: async () =>
          void (await need().moderation.followRequests.accept(activityId, { by: 'handler' })),
        reject: async () =>
          void (await need().moderation.followRequests.reject(activityId, { by: 'handler' })),
      }),
      async send(from: string | null, activity: Readonly<Record<string, unknown>>, to: readonly string[]) {
        const id = typeof activity.actor === 'string' ? activity.actor : from;
        const actor = id === null ? null : await need().house.locals.byId(id);
        if (actor === null)
          throw new SallyportError('ERR_INVALID', 'it is not said which local actor sends', {
            hint: 'name it in the `actor` of the activity; the shared inbox has no recipient',
          });
        await need().moderation.actors.send(actor.handle, activity, { to });
      },
    };
    const code = { chain, registrations: [...registrations.values()], desk };
    const house = await openHouse(settings, events, code, parts);
    const { store, locals, keys, log, dispatch, filters, handlers, deliveries, pool } = house;
    const desks = createModeration({
      ...{ store, settings, locals },
      inboxOf: (actor) => keys.actor(actor),
      lookup: house.references.lookup,
      onTransition: () => log.poke(),
      countOn: () => house.rollups.settled(),
      onAlert: () => house.alerts.poke(),
      prune: (wish) => house.retention.prune(wish),
      onTrust: () => filters.trustChanged(),
      onWork(domain) {
        if (domain !== '') {
          if (chain.isActive()) filters.mark([domain]);
          dispatch.mark([domain]);
        }
        handlers.poke();
        deliveries.wake();
      },
    });
    const { rules, actors } = desks;
    const subscriptions = createSubscriptions({ settings, store, remote: house.remote, rules, actors });
    const { simulations } = house;
    const moderation = { ...desks, simulations, subscriptions: subscriptions.desk };
    subscriptions.start();
    events.metrics.watch({
      mailbox: () => dispatch.mailDepth,
      pool: () => pool.depth,
      machines: () => countStates(store),
    });
    const expire = () => dropExpired(store);
    const web = createWeb({ settings, store, locals, events, ready });
    return {
      house,
      expire,
      moderation,
      subscriptions,
      web,
      appeals: createAppealPages(house, moderation.appeals),
    };
  }

  async function ready(): Promise<boolean> {
    return closing === undefined && opened !== undefined && (await opened.house.store.ready());
  }

  const sourceOf = createSourceAddress(settings.trustedProxies);

  async function handle(given: RawRequest): Promise<Answer | null> {
    outside();
    underWay++;
    try {
      const { method, target, rawHeaders } = given;
      const body: RawRequest['body'] = (bytesMax) => given.body(bytesMax);
      const request = { method, target, rawHeaders, body, address: sourceOf(given) };
      return await answerTo(request, closing === undefined ? opened : undefined, settings, events);
    } finally {
      underWay--;
    }
  }

  async function expire(): Promise<void> {
    await opened
      ?.expire()
      .catch((error: unknown) =>
        settings.logger.error('what was held for too long could not be dropped', { error: messageOf(error) }),
      );
  }

  async function drain(drainMs: number): Promise<void> {
    await opening?.catch(() => undefined);
    clearInterval(expiring);
    const deadlineMs = performance.now() + drainMs;
    while (underWay > 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    await opened?.subscriptions.close();
    await opened?.house.close(Math.max(0, deadlineMs - performance.now()));
    events.metrics.close();
  }

  const inbox: Inbox = withDesks<Inbox>(() => need().moderation, {
    origin: settings.origin,
    async start() {
      if (closing !== undefined) throw new SallyportError('ERR_CLOSED', 'the inbox is closed');
      opening ??= open();
      try {
        opened = await opening;
        expiring ??= setInterval(() => void expire(), EXPIRE_EVERY_MS).unref();
        // Registered while the house was opening.
        for (const late of registrations.values()) opened.house.handlers.add(late);
      } catch (error) {
        opening = undefined;
        throw error;
      }
    },
    ready,
    close({ drain: patience = '15 seconds' } = {}) {
      closing ??= drain(millisecondsOf(patience) ?? DRAIN_MS);
      return closing;
    },
    [Symbol.asyncDispose]: () => inbox.close(),
    async fetch(request, { address } = {}) {
      const answer = await handle(rawRequestOf(request, address ?? null));
      if (answer === null) return new Response('Not found\n', { status: 404 });
      const body = request.method === 'HEAD' || answer.body.length === 0 ? null : (answer.body as string);
      return new Response(body, { status: answer.status, headers: answer.headers });
    },
    handle,
    on(type, handler, { name } = {}) {
      const sameType = [...registrations.values()].filter((other) => (other.type ?? '*') === type).length;
      const durable = name ?? `${type}#${sameType + 1}`;
      if (registrations.has(durable)) {
        throw new SallyportError('ERR_INVALID', `there is a handler called ${durable} already`, {
          hint: 'give each handler a name of its own',
          data: { name: durable },
        });
      }
      const registration = {
        name: durable,
        type: type === '*' ? null : type,
        handler: handler as Handler<never>,
      };
      registrations.set(durable, registration);
      opened?.house.handlers.add(registration);
      return {
        [Symbol.dispose]() {
          registrations.delete(durable);
          opened?.house.handlers.remove(durable);
        },
      };
    },
    filter: (name, filter, more = {}) =>
      chain.add(registered({ name, type: null, isHook: false }, filter as Filter<never>, more)),
    before(type, filter, { name = chain.nameFor(`before:${type}`), ...more } = {}) {
      const what = { name, type: type === '*' ? null : type, isHook: true };
      return chain.add(registered(what, filter as Filter<never>, more));
    },
    filters: createFiltersDesk(chain, () => trialPartsOf(need().house)),
    onTransition: (machine, listener) => events.onTransition(machine, listener),
    transitions: (query = {}) => need().house.log.transitions(query),
    ref: (uri) => need().house.references.ref(uri),
    lookup: (kind, uri) => need().house.references.lookup(kind, uri),
    resolve: (uri, more) => need().house.resolve(uri, more),
    send: (handle, activity, more) => need().moderation.actors.send(handle, activity, more),
    collection: (uri, query) => need().moderation.collection(uri, query),
    ids: {
      activity: (actor) => mintActivityId(actor, need().house.store.clock.now()),
      object: () => mintObjectId(settings.origin, need().house.store.clock.now()),
    },
    metrics: () => events.metrics.text(),
    resetMetrics: () => events.metrics.reset(),
    async settled() {
      const { house, subscriptions } = need();
      await expire();
      await subscriptions.settled();
      await house.settled();
    },
    transitionsPage: (query) => need().moderation.transitionsPage(query),
  });
  return inbox;
}

/** What a moderator looks at and decides about is reached through the opened house. */
const DESKS = [
  ...(['reviews', 'analytics', 'alerts', 'retention', 'rules', 'batches', 'lists'] as const),
  ...(['domains', 'followRequests', 'held', 'trusted', 'simulations'] as const),
  ...(['dead', 'activities', 'objects'] as const),
  ...(['subscriptions', 'reports', 'appeals', 'audit', 'deliveries', 'actors', 'machines'] as const),
] satisfies (keyof Moderation)[];
type Desk = Exclude<keyof Moderation, 'transitionsPage' | 'collection'>;

/** An object with a getter for each desk: none is missing, or this does not compile. */
function withDesks<All extends Moderation>(
  desks: () => Moderation,
  rest: Omit<All, Desk> & ThisType<All>,
): All {
  const names: readonly (Desk extends (typeof DESKS)[number] ? Desk : never)[] = DESKS;
  const getters = names.map((name) => [name, { get: () => desks()[name], enumerable: true }]);
  return Object.defineProperties(rest, Object.fromEntries(getters)) as All;
}

function trialPartsOf({ store, references, locals, settings: { logger } }: House): TrialParts {
  return { store, references, logger, localsOf: (facts) => locals.factsOf(facts, null) };
}
