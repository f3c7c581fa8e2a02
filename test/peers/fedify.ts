/** Starts a Fedify server in a process of its own, tells it what to do, and hears what reached it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Arrival, Verbs } from './fedify-server.ts';

export type { Arrival, FoundActor, Posted } from './fedify-server.ts';

type Told = { origin?: string; arrival?: Arrival; number?: number; value?: unknown; error?: string };

export interface Fedify {
  readonly origin: string;
  /** The domain by which our side knows it. */
  readonly domain: string;
  /** The id of one of its actors; it has one of every name. */
  actor(name: string): string;
  /** Tells it to do something, and gives back what came of it. Rejects with what it threw. */
  ask<Verb extends keyof Verbs>(
    verb: Verb,
    ...argument: Parameters<Verbs[Verb]>
  ): Promise<Awaited<ReturnType<Verbs[Verb]>>>;
  /** The first verified activity that fits, also one that has come already. Rejects after a deadline. */
  arrival(fits: (arrival: Arrival) => boolean, withinMs?: number): Promise<Arrival>;
  readonly arrivals: readonly Arrival[];
  stop(): Promise<void>;
}

/** How long one order may take, in milliseconds. */
const ORDER_MS = 45_000;

/** Starts it on a loopback address; `trusted` is the certificate that our side shows. */
export async function startFedify(address: string, trusted: string): Promise<Fedify> {
  const module = new URL('./fedify-server.ts', import.meta.url);
  const child = fork(module, [JSON.stringify({ address, trusted })], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const arrivals: Arrival[] = [];
  const watchers = new Set<() => void>();
  const orders = new Map<number, (told: Told) => void>();
  let ordered = 0;
  const origin = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => {
      const error = `Fedify ended with ${code}`;
      reject(new Error(error));
      for (const settle of orders.values()) settle({ error });
    });
    child.on('message', (told: Told) => {
      if (told.origin !== undefined) resolve(told.origin);
      if (told.number !== undefined) orders.get(told.number)?.(told);
      if (told.arrival === undefined) return;
      arrivals.push(told.arrival);
      for (const watcher of watchers) watcher();
    });
  });

  return {
    origin,
    domain: address,
    actor: (name) => `${origin}/users/${name}`,
    arrivals,
    ask(verb, ...[argument]) {
      const number = ++ordered;
      return inTime(
        (settle) => {
          orders.set(number, ({ value, error }) =>
            error === undefined
              ? settle.resolve(value as never)
              : settle.reject(new Error(`${verb}: ${error}`)),
          );
          child.send({ number, verb, argument });
          return () => orders.delete(number);
        },
        ORDER_MS,
        () => `Fedify did not ${verb}`,
      );
    },
    arrival(fits, withinMs = 45_000) {
      return inTime(
        (settle) => {
          const look = (): void => {
            const found = arrivals.find(fits);
            if (found !== undefined) settle.resolve(found);
          };
          watchers.add(look);
          look();
          return () => watchers.delete(look);
        },
        withinMs,
        () =>
          `nothing like it reached Fedify, only ${arrivals.map(({ type }) => type).join(', ') || 'nothing'}`,
      );
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const over = once(child, 'exit');
      child.disconnect();
      await over;
    },
  };
}

/** A promise with a deadline; `begin` gives back what is to be done when it is over. */
async function inTime<T>(
  begin: (settle: Pick<PromiseWithResolvers<T>, 'resolve' | 'reject'>) => () => void,
  withinMs: number,
  problem: () => string,
): Promise<T> {
  const settle = Promise.withResolvers<T>();
  const deadline = setTimeout(() => settle.reject(new Error(`${problem()} within ${withinMs} ms`)), withinMs);
  const end = begin(settle);
  try {
    return await settle.promise;
  } finally {
    clearTimeout(deadline);
    end();
  }
}
