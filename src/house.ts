/**
 * The house: every room opened in order and connected, and closed again in the reverse order. `inbox.ts` holds the
 * flow of a request through it.
 */
import { type Alerts, createAlerts } from './alerts.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { messageOf } from './errors.ts';
import type { Events } from './events.ts';
import { createSimulations, type Simulations } from './filters/simulations.ts';
import { createFilters, type FilterChain, type Filters } from './filters.ts';
import { createGate, type Gate } from './gate.ts';
import { createHandlers, type HandlerDesk, type Handlers, type Registration } from './handlers.ts';
import { createIntake, type Intake } from './intake.ts';
import { createKeys, type Keys } from './keys.ts';
import { createLocals, type Locals, type LocalsParts } from './locals.ts';
import { createLog, type Log } from './log.ts';
import { createMailbox } from './mailbox.ts';
import type { Settings } from './options.ts';
import { createOrigins, type Origins } from './origins.ts';
import { createResolving, type Resolve } from './references/resolve.ts';
import { createReferences, type References } from './references.ts';
import { createRemote, type Remote, type RemoteParts } from './remote.ts';
import { createRetention, type Retention } from './retention.ts';
import { createRollups, type Rollups } from './rollups.ts';
import { suspendedActors } from './store/actor-rules.ts';
import { markedDomains } from './store/lists.ts';
import { openStore, type Store, type StoreParts } from './store/store.ts';
import { createDispatch, type Dispatch } from './turn/dispatch.ts';
import type { StrikePolicy } from './turn/domain-life.ts';
import { LATE_MS } from './turn/poison.ts';
import type { Refusal } from './verdict.ts';
import { createPool, type Pool } from './verify/pool.ts';

/** What tests, and the demo, may put in the place of the real thing. */
export interface Parts
  extends Pick<RemoteParts, 'policy' | 'exchange'>,
    Pick<StoreParts, 'clock' | 'observe' | 'embedded'>,
    Pick<LocalsParts, 'instanceKeys'> {
  readonly workerUrl?: URL;
  /** Hears of the house once it is open. */
  readonly onOpen?: (house: House) => void;
}

export interface House {
  readonly settings: Settings;
  readonly store: Store;
  readonly events: Events;
  readonly locals: Locals;
  readonly remote: Remote;
  readonly pool: Pool;
  readonly keys: Keys;
  readonly references: References;
  /** Asks another server for what it shows at a URI. */
  readonly resolve: Resolve;
  readonly origins: Origins;
  readonly gate: Gate;
  readonly intake: Intake;
  readonly filters: Filters;
  readonly simulations: Simulations;
  readonly dispatch: Dispatch;
  readonly log: Log;
  readonly rollups: Rollups;
  readonly alerts: Alerts;
  readonly retention: Retention;
  readonly handlers: Handlers;
  readonly deliveries: Deliveries;
  /** Why no further activity can be taken right now, or null. */
  isFull(): Refusal | null;
  /** Takes room for a body while its request is under way; null when there is none. */
  hold(bytes: number): Disposable | null;
  /** Every turn that is due is over, and whoever listens has heard of it. */
  turned(): Promise<void>;
  /** Every turn, handler and delivery that is due has come to rest. */
  settled(): Promise<void>;
  /** Finishes what is under way, for at most `drainMs`, and gives everything back. */
  close(drainMs: number): Promise<void>;
}

/** Bodies of requests under way, in bytes: those that wait for a key, a worker or a commit. */
const BODIES_BYTES_MAX = 268_435_456;

function createHold(bytesMax: number): House['hold'] {
  let held = 0;
  return (bytes) => {
    if (held + bytes > bytesMax) return null;
    held += bytes;
    return {
      [Symbol.dispose]() {
        held -= bytes;
      },
    };
  };
}

/** The service's code: what it registered before the house was opened, and what it may call. */
export interface UserCode {
  readonly chain: FilterChain;
  readonly registrations: readonly Registration[];
  readonly desk: HandlerDesk;
}

/** Opens the rooms in order; what was opened is closed again when a later one fails. */
export async function openHouse(
  settings: Settings,
  events: Events,
  { chain, registrations, desk }: UserCode,
  parts: Parts,
): Promise<House> {
  const { logger } = settings;
  const opened: (() => Promise<void>)[] = [];
  const keep = <Room>(room: Room, close: (room: Room) => Promise<void>): Room => {
    opened.unshift(() => close(room));
    return room;
  };
  let drainMs = 0;
  const closeAll = async (): Promise<void> => {
    for (const close of opened) {
      await close().catch((error: unknown) =>
        logger.error('a room did not close', { error: messageOf(error) }),
      );
    }
  };

  try {
    const store = keep(await openStore(settings, parts), (room) => room.close());
    const onPolicyFunction = () => chain.expectPolicies();
    const locals = await createLocals(settings, store, { ...parts, onPolicyFunction });
    const gate = createGate(settings);
    const rejectsMedia = (domain: string) => gate.policyOf(domain)?.rejectMedia === true;
    const references = createReferences({ store, locals, origin: settings.origin, rejectsMedia });
    const remote = keep(createRemote(settings, parts), (room) => room.close());
    chain.supply({ store, remote, origin: settings.origin });
    // Servers in secure mode answer a fetch only when it is signed.
    const { id, privateKeyPem } = await locals.instance();
    const keys = createKeys({ settings, store, remote, signer: { id: `${id}#main-key`, privateKeyPem } });
    const origins = createOrigins({ keys, clock: store.clock });
    const log = keep(createLog({ store, events, logger }), (room) => room.close());
    const rollups = keep(createRollups({ store, logger }), (room) => room.close());
    const retention = keep(createRetention({ settings, store, countOn: () => rollups.settled() }), (room) =>
      room.close(),
    );
    const alerts = keep(createAlerts({ settings, store, remote }), (room) => room.close(drainMs));
    const heard = events.onTransition('domain', () => alerts.poke());
    keep(heard, async (subscription) => subscription[Symbol.dispose]());
    const gateCopy = keep(keepGate(gate, store, events, settings), (room) => room.close());
    const deliveries = keep(createDeliveries({ settings, store, remote, locals, events }), (room) =>
      room.close(drainMs),
    );
    const handlers = keep(
      createHandlers({
        ...{ settings, store, desk, references },
        onCall: (handler, result) => events.metrics.handler(handler, result),
      }),
      (room) => room.close(drainMs),
    );
    const dispatch = keep(
      createDispatch({
        store,
        events,
        logger,
        mailDepthMax: settings.mailboxDepthMax,
        terms: {
          reportWindowMs: settings.reportWindowMs,
          // Well before its document may be pruned.
          lateMs: Math.min(LATE_MS, (settings.retention.documentsMs ?? LATE_MS) / 2),
          federation: settings.federation,
          strikes: strikePolicyOf(settings),
        },
        probation: settings.probation,
        isFiltered: () => chain.isActive(),
        onDone({ ended, hasTransitions, sendsTo, changedActors, putBack = [] }) {
          if (hasTransitions) log.poke();
          if (ended.length > 0) handlers.poke();
          if (sendsTo.length > 0) deliveries.wake();
          keys.renew(changedActors);
          if (putBack.length > 0) filters.mark(putBack);
        },
      }),
      (room) => room.close(),
    );
    const filters = keep(
      createFilters({
        ...{ store, settings, chain, references },
        async policyOf(id) {
          const policy = (await locals.resolve(id))?.followPolicy;
          return typeof policy === 'function' ? policy : null;
        },
        onReady: (domains) => dispatch.mark(domains),
        onVerdict: (filter, verdict) => events.metrics.filter(filter, verdict),
      }),
      (room) => room.close(drainMs),
    );
    const simulations = keep(
      createSimulations({
        ...{ store, settings, references, supplies: chain.supplied() },
        codeFilters: () => chain.list().flatMap(({ name, builtIn }) => (builtIn === undefined ? [name] : [])),
      }),
      (room) => room.close(),
    );
    const intake = keep(
      createIntake({
        store,
        settings,
        onMail: (domains) => (chain.isActive() ? filters : dispatch).mark(domains),
        onTransition: () => log.poke(),
      }),
      (room) => room.close(),
    );
    const workerUrl = parts.workerUrl === undefined ? {} : { workerUrl: parts.workerUrl };
    const pool = keep(createPool({ workers: settings.workers, logger, ...workerUrl }), (room) =>
      room.close(),
    );

    await Promise.all([pool.ready(), gateCopy.load()]);
    await log.start();
    await rollups.start();
    await alerts.start();
    await retention.start();
    for (const registration of registrations) handlers.add(registration);
    await handlers.start();
    deliveries.start();
    filters.start();
    await dispatch.start();

    const turned = async (): Promise<void> => {
      await keys.settled();
      await filters.settled();
      await dispatch.settled();
      await log.settled();
      await gateCopy.settled();
    };
    const house: House = {
      ...{
        settings,
        store,
        events,
        locals,
        remote,
        keys,
        references,
        resolve: createResolving({ references, settings, store, keys, remote, gate, pool }),
        origins,
        gate,
        log,
        rollups,
        alerts,
        retention,
        handlers,
        deliveries,
        filters,
        simulations,
        dispatch,
        intake,
        pool,
        turned,
      },
      isFull() {
        if (dispatch.mailDepth <= settings.mailboxDepthMax) return null;
        return { type: 'overloaded', reason: 'too much mail waits', retryAfterSeconds: 30 };
      },
      hold: createHold(BODIES_BYTES_MAX),
      async settled() {
        // Each may wake the next, so they are asked in the order of the flow, and once more.
        for (let round = 0; round < 2; round++) {
          await turned();
          await handlers.settled();
          await deliveries.settled();
        }
        await alerts.settled();
      },
      async close(ms) {
        drainMs = ms;
        await closeAll();
      },
    };
    parts.onOpen?.(house);
    return house;
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Keeps the gate's copy true: each transition of a domain makes its row be read again. */
function keepGate(gate: Gate, store: Store, events: Events, { logger }: Settings) {
  const refresh = createMailbox({
    async run(names) {
      gate.update(names, await markedDomains(store, names));
      gate.updateActors(names, await suspendedActors(store, names));
      return [];
    },
    concurrency: 1,
    keysPerRun: 1_000,
    onError: (error) => logger.error('the gate could not read a domain', { error: messageOf(error) }),
  });
  const subscription = events.onTransition('domain', ({ key }) => refresh.mark([key]));
  gate.onLapse((name) => refresh.mark([name]));
  return {
    async load() {
      gate.update([], await markedDomains(store));
      gate.updateActors([], await suspendedActors(store));
    },
    settled: () => refresh.settled(),
    async close() {
      subscription[Symbol.dispose]();
      await refresh.close();
    },
  };
}

/** What strikes and limits of filters come to. */
function strikePolicyOf({ rateLimit: { windowMs }, ...settings }: Settings): StrikePolicy {
  const { blockAfterStrikes, strikeBlockMs, strikeDecayMs } = settings;
  return { blockAfterStrikes, strikeBlockMs, strikeDecayMs, windowMs };
}
