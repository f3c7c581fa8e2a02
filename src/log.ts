/**
 * The one reader of the log of transitions in this process. It reads after this process's own commits and every
 * `POLL_MS`, and hands every transition, of whichever process, once and in the order of the numbers to the gate, to
 * listeners, iterators and streams. So a block made anywhere is in force here within a poll.
 */
import type { MachineName, MachineStates, Transition } from './api.ts';
import { messageOf, SallyportError } from './errors.ts';
import type { Events } from './events.ts';
import type { Logger } from './options.ts';
import { firstSeq, lastSeq, readTransitions } from './store/log.ts';
import type { Store } from './store/store.ts';

/** Which transitions are read. */
export interface TransitionsQuery<M extends MachineName = MachineName> {
  readonly machine?: M | undefined;
  readonly to?: MachineStates[M] | undefined;
  /** Everything after this number, then live. Absent: live only. */
  readonly since?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Log {
  start(): Promise<void>;
  /** The log has grown: read it now. */
  poke(): void;
  /** Transitions after `since`, then live; without gap and without repetition. */
  transitions<M extends MachineName>(query: TransitionsQuery<M>): AsyncIterable<Transition<M>>;
  settled(): Promise<void>;
  close(): Promise<void>;
}

const POLL_MS = 500;
/** Transitions in one read. */
const READ_MAX = 500;
/** What a subscriber may leave unread before it is let go. */
const BUFFER_MAX = 10_000;

interface Subscriber {
  push(transition: Transition): void;
  end(error: SallyportError | null): void;
}

export function createLog({ store, events, logger }: { store: Store; events: Events; logger: Logger }): Log {
  const subscribers = new Set<Subscriber>();
  let position = 0;
  let reading: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function readOn(): Promise<void> {
    do {
      again = false;
      const found = await readTransitions(store, { since: position, limit: READ_MAX });
      for (const transition of found) {
        position = transition.seq;
        events.emitTransition(transition);
        for (const subscriber of subscribers) subscriber.push(transition);
      }
      if (found.length === READ_MAX) again = true;
    } while (again && !isClosed);
  }

  function poke(): void {
    again = true;
    if (reading !== undefined || isClosed) return;
    reading = readOn()
      .catch((error: unknown) => logger.error('the log could not be read', { error: messageOf(error) }))
      .finally(() => {
        reading = undefined;
      });
  }

  return {
    async start() {
      position = await lastSeq(store);
      timer = setInterval(poke, POLL_MS).unref();
    },
    poke,
    transitions<M extends MachineName>(query: TransitionsQuery<M>): AsyncIterable<Transition<M>> {
      return follow(query, store, subscribers) as AsyncIterable<Transition<M>>;
    },
    async settled() {
      poke();
      while (reading !== undefined) await reading;
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      await reading;
      for (const subscriber of [...subscribers]) subscriber.end(null);
    },
  };
}

/** The durable part, then the live part, joined at a number: live ones are gathered from the start. */
async function* follow(
  query: TransitionsQuery,
  store: Store,
  subscribers: Set<Subscriber>,
): AsyncGenerator<Transition> {
  const { machine, to, signal } = query;
  const wanted = (transition: Transition): boolean =>
    (machine === undefined || transition.machine === machine) && (to === undefined || transition.to === to);
  const live: Transition[] = [];
  let ended: { error: SallyportError | null } | undefined;
  let wake: () => void = () => undefined;
  const subscriber: Subscriber = {
    push(transition) {
      if (ended !== undefined || !wanted(transition)) return;
      live.push(transition);
      if (live.length > BUFFER_MAX) subscriber.end(overflow());
      wake();
    },
    end(error) {
      ended ??= { error };
      subscribers.delete(subscriber);
      wake();
    },
  };
  const abort = (): void => subscriber.end(null);
  signal?.addEventListener('abort', abort);
  subscribers.add(subscriber);
  try {
    let position = query.since ?? 0;
    if (query.since !== undefined) {
      await assertKept(store, query.since);
      for (;;) {
        const found = await readTransitions(store, { since: position, machine, to, limit: READ_MAX });
        for (const transition of found) {
          if (signal?.aborted) return;
          position = transition.seq;
          yield transition;
        }
        if (found.length < READ_MAX) break;
      }
    }
    while (signal?.aborted !== true) {
      const next = live.shift();
      if (next !== undefined) {
        if (next.seq > position) {
          position = next.seq;
          yield next;
        }
      } else if (ended !== undefined) {
        if (ended.error !== null) throw ended.error;
        return;
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    subscribers.delete(subscriber);
    signal?.removeEventListener('abort', abort);
  }
}

function overflow(): SallyportError {
  return new SallyportError('ERR_OVERFLOW', `a reader of transitions was more than ${BUFFER_MAX} behind`, {
    hint: 'subscribe again with since: the number of the last transition you handled',
    data: { bound: BUFFER_MAX },
  });
}

/** What has been pruned cannot be resumed from. */
async function assertKept(store: Store, since: number): Promise<void> {
  const oldest = await firstSeq(store);
  if (oldest === null || since >= oldest - 1 || since === 0) return;
  throw new SallyportError('ERR_SEQUENCE_EXPIRED', `the log begins at ${oldest}`, {
    hint: 'take the current state, and go on from there',
    data: { oldest },
  });
}
