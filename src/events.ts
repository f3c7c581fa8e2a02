/**
 * What goes out to observers: transitions to listeners, numbers to Prometheus. An observer never takes the runtime
 * down: a listener that throws is logged and the others are still called.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MachineName, Transition } from './api.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './options.ts';

export interface Events {
  /** Hands a transition of the log to its listeners, in log order. */
  emitTransition(transition: Transition): void;
  onTransition<M extends MachineName>(machine: M, listener: (transition: Transition<M>) => void): Disposable;
  readonly metrics: Metrics;
}

/** Depths that are asked for when the metrics are read. */
export interface Depths {
  readonly mailbox: () => number;
  readonly pool: () => number;
  readonly machines: () => Promise<readonly { machine: string; state: string; count: number }[]>;
}

export interface Metrics {
  request(status: number): void;
  activity(status: string): void;
  transition(machine: string, from: string, to: string): void;
  verify(seconds: number): void;
  turn(seconds: number, mails: number): void;
  delivery(result: 'delivered' | 'retried' | 'dead'): void;
  /** A filter gave a verdict, or failed. */
  filter(filter: string, verdict: string): void;
  /** A handler was called, by its name. */
  handler(handler: string, result: 'done' | 'failed' | 'dead'): void;
  /** Says where the depths come from. */
  watch(depths: Depths): void;
  /** Prometheus text. */
  text(): Promise<string>;
  /** Restarts the window of the event-loop delay. */
  reset(): void;
  close(): void;
}

export function createEvents(logger: Logger): Events {
  const listeners = new Map<MachineName, Set<(transition: Transition<never>) => void>>();
  const metrics = createMetrics();
  return {
    metrics,
    emitTransition(transition) {
      metrics.transition(transition.machine, transition.from ?? '', transition.to);
      for (const listener of listeners.get(transition.machine) ?? []) {
        try {
          listener(transition as Transition<never>);
        } catch (error) {
          logger.error('a listener threw', {
            machine: transition.machine,
            seq: transition.seq,
            error: messageOf(error),
          });
        }
      }
    },
    onTransition(machine, listener) {
      const heard = listener as (transition: Transition<never>) => void;
      const of = listeners.get(machine) ?? new Set();
      listeners.set(machine, of.add(heard));
      return { [Symbol.dispose]: () => void of.delete(heard) };
    },
  };
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

function createMetrics(): Metrics {
  const registers = [new Registry()];
  const [register] = registers as [Registry];
  collectDefaultMetrics({ register });
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, registers });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });

  const requests = counter('sallyport_requests_total', 'POSTs to inboxes, by HTTP status', ['status']);
  const activities = counter('sallyport_activities_total', 'Activities that came to their end, by status', [
    'status',
  ]);
  const transitions = counter('sallyport_transitions_total', 'Transitions of machines', [
    'machine',
    'from',
    'to',
  ]);
  const deliveries = counter('sallyport_deliveries_total', 'Outgoing POSTs, by result', ['result']);
  const filters = counter('sallyport_filter_verdicts_total', 'Verdicts of filters, and their faults', [
    'filter',
    'verdict',
  ]);
  const handlers = counter('sallyport_handler_calls_total', 'Calls of handlers, by result', [
    'handler',
    'result',
  ]);
  const verify = histogram('sallyport_verify_seconds', 'From the body to the verdict of a worker', SECONDS);
  const turnSeconds = histogram('sallyport_turn_seconds', 'A turn, from its start to COMMIT', SECONDS);
  const turnSize = histogram('sallyport_turn_size', 'Mails in a turn', SIZES);
  const machines = new Gauge({
    name: 'sallyport_machines',
    help: 'Machines by state',
    labelNames: ['machine', 'state'],
    registers,
  });
  const mailbox = gauge('sallyport_mailbox_depth', 'Accepted mail that waits for a turn');
  const pool = gauge('sallyport_pool_queue_depth', 'Requests that wait for a worker');
  const delay = new Gauge({
    name: 'sallyport_event_loop_delay_seconds',
    help: 'Event-loop delay since the last reset',
    labelNames: ['quantile'],
    registers,
  });
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  let depths: Depths | undefined;

  return {
    request: (status) => requests.inc({ status: String(status) }),
    activity: (status) => activities.inc({ status }),
    transition: (machine, from, to) => transitions.inc({ machine, from, to }),
    verify: (seconds) => verify.observe(seconds),
    turn(seconds, mails) {
      turnSeconds.observe(seconds);
      turnSize.observe(mails);
    },
    delivery: (result) => deliveries.inc({ result }),
    filter: (filter, verdict) => filters.inc({ filter, verdict }),
    handler: (handler, result) => handlers.inc({ handler, result }),
    watch(given) {
      depths = given;
    },
    async text() {
      for (const quantile of [0.5, 0.99]) {
        const nanoseconds = loop.percentile(quantile * 100);
        delay.set({ quantile: String(quantile) }, Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
      }
      if (depths !== undefined) {
        mailbox.set(depths.mailbox());
        pool.set(depths.pool());
        machines.reset();
        for (const { machine, state, count } of await depths.machines())
          machines.set({ machine, state }, count);
      }
      return register.metrics();
    },
    reset: () => loop.reset(),
    close() {
      loop.disable();
      register.clear();
    },
  };
}
