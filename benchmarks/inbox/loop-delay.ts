/** The event-loop delay of a server under test, with the resolution that Sallyport's own metric has. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();

/** The verbs that a server under test answers. */
export const loopDelayVerbs = {
  reset: (): void => loop.reset(),
  loopDelay: (): LoopDelay => ({ p50Ms: loop.percentile(50) / 1e6, p99Ms: loop.percentile(99) / 1e6 }),
};
