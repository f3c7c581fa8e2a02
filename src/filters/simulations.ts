/**
 * Simulations as jobs: one at a time, in this process and for as long as it runs. Nothing of them is stored.
 */
import { randomUUID } from 'node:crypto';
import { canonicalDomain } from '../activity.ts';
import type {
  SimulationRecord,
  SimulationResult,
  SimulationsDesk,
  SimulationWish,
} from '../api/simulations.ts';
import { messageOf, SallyportError } from '../errors.ts';
import { checkOptions, type Settings } from '../options.ts';
import { type Progress, runSimulation, type Simulated, type SimulationParts } from './simulation/run.ts';

/** Records that are kept, of those that are over. */
const KEPT_MAX = 20;
const SAMPLES = 3;
const SAMPLES_MAX = 20;

interface Job extends Progress {
  readonly id: string;
  readonly by: string;
  readonly startedMs: number;
  readonly simulated: Simulated;
  readonly closing: AbortController;
  finishedMs: number | null;
  state: SimulationRecord['state'];
  error: string | null;
  result: SimulationResult | null;
  over: Promise<void>;
}

export interface Simulations extends SimulationsDesk {
  /** Ends what runs. */
  close(): Promise<void>;
}

export function createSimulations(
  parts: SimulationParts & { readonly settings: Pick<Settings, 'origin' | 'logger'> },
): Simulations {
  const { store, settings } = parts;
  let jobs: Job[] = [];

  async function run(job: Job): Promise<void> {
    try {
      job.result = await runSimulation(parts, job.simulated, job, job.closing.signal);
      job.state = 'done';
    } catch (error) {
      job.state = job.closing.signal.aborted ? 'cancelled' : 'failed';
      if (job.state === 'failed') {
        job.error = messageOf(error);
        settings.logger.error('a simulation failed', { id: job.id, error: job.error });
      }
    }
    job.finishedMs = store.clock.now();
  }

  function find(id: string): Job {
    const job = jobs.find((one) => one.id === id);
    if (job !== undefined) return job;
    throw new SallyportError('ERR_NOT_FOUND', 'there is no such simulation', {
      hint: 'a simulation is known to the process that runs it, until that ends',
      data: { what: 'simulation', id },
    });
  }

  return {
    async start(wish, { by = 'admin' } = {}) {
      const startedMs = store.clock.now();
      const simulated = understood(wish, settings.origin, startedMs);
      const running = jobs.find(({ state }) => state === 'running');
      if (running !== undefined)
        throw new SallyportError('ERR_NOT_ALLOWED_IN_STATE', 'another simulation runs', {
          hint: 'wait for it, or cancel it',
          data: { what: 'simulation', key: running.id, state: 'running' },
        });
      const job: Job = {
        ...{ id: randomUUID(), by, startedMs, simulated, closing: new AbortController() },
        ...{ total: 0, done: 0, finishedMs: null, state: 'running', error: null, result: null },
        over: Promise.resolve(),
      };
      job.over = run(job);
      jobs = [job, ...jobs].slice(0, KEPT_MAX);
      return recordOf(job);
    },
    list: async () => ({ items: jobs.map(recordOf), next: null }),
    get: async (id) => recordOf(find(id)),
    async cancel(id) {
      const job = find(id);
      job.closing.abort(new Error('cancelled'));
      await job.over;
      return recordOf(job);
    },
    async close() {
      for (const { closing } of jobs) closing.abort(new Error('the inbox is closing'));
      await Promise.all(jobs.map(({ over }) => over));
    },
  };
}

/** The wish, checked as the options of the same names are. */
function understood(wish: SimulationWish, origin: string, nowMs: number): Simulated {
  const { policy, since, until = new Date(nowMs), domain, external = false, samples = SAMPLES } = wish;
  const { filters, scoreThresholds } = checkedPolicy(policy, origin);
  const [sinceMs, untilMs] = [since.getTime(), until.getTime()];
  if (!(sinceMs < untilMs))
    throw new SallyportError('ERR_INVALID', 'the time to look at is none: it ends before it begins', {
      data: { since, until },
    });
  const name = domain === undefined ? null : canonicalDomain(domain);
  if (domain !== undefined && name === null)
    throw new SallyportError('ERR_INVALID', `${domain} is no domain`, { data: { domain } });
  return {
    ...{ filters, thresholds: scoreThresholds, isExternalAsked: external },
    range: { sinceMs, untilMs, domain: name },
    samples: Math.min(SAMPLES_MAX, Math.max(0, Math.floor(samples))),
  };
}

function checkedPolicy(policy: unknown, origin: string): Pick<Settings, 'filters' | 'scoreThresholds'> {
  const { filters = [], scoreThresholds } = (policy ?? {}) as SimulationWish['policy'];
  try {
    return checkOptions({ origin, filters, scoreThresholds });
  } catch (error) {
    const detail = error instanceof SallyportError ? error.message : messageOf(error);
    throw new SallyportError('ERR_INVALID', detail, { cause: error });
  }
}

function recordOf(job: Job): SimulationRecord {
  const { id, state, by, startedMs, finishedMs, simulated, total, done, error, result } = job;
  const { sinceMs, untilMs, domain } = simulated.range;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    ...{ id, state, by, startedAt: iso(startedMs), finishedAt: finishedMs === null ? null : iso(finishedMs) },
    ...{
      since: iso(sinceMs),
      until: iso(untilMs),
      domain,
      filters: simulated.filters.map(({ name }) => name),
    },
    ...{ total, done, error, result },
  };
}
