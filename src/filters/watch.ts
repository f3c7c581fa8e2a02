/**
 * How filters do in this process: counts for whoever looks, and a pause for those that do not answer.
 *
 * A filter that keeps everybody waiting is no longer asked for a while, and its fallback counts at once: about a domain
 * where it never answers about that one, about all where it answers about none of several. When the while is over one
 * call tries again. So what a dead service costs is a few waits, and what a domain can make wait is its own mail.
 */
import type { FilterRecord } from '../api.ts';
import type { Registered } from './registered.ts';

export interface Watch {
  /** Why a filter is not asked about a domain now; null when it is. Whoever gets null asks. */
  pauseOf(filter: Registered, domain: string): string | null;
  answered(filter: Registered, domain: string, verdict: string | null, tookMs: number): void;
  failed(
    filter: Registered,
    domain: string,
    fault: { readonly reason: string; readonly isLate: boolean; readonly tookMs: number },
  ): void;
  /** It was not asked because of its pause. */
  passedOver(filter: Registered): void;
  /** Its record's numbers. */
  numbersOf(
    filter: Registered,
  ): Pick<FilterRecord, 'calls' | 'verdicts' | 'p95Ms' | 'lastError' | 'pausedUntil'>;
}

/** Calls in a row that ran out of time, about so many domains, and no answer came in between. */
const LATE_ABOUT_ALL = 20;
const LATE_DOMAINS = 3;
const LATE_ABOUT_DOMAIN = 5;
/** How long it is not asked then, in milliseconds. */
const PAUSE_MS = 30_000;
/** Domains of which one filter's late answers are counted. */
const DOMAINS_MAX = 1_000;
/** Latest calls that the 95th percentile is of. */
const TIMES_MAX = 256;

/** Late calls in a row, and whether one tries again. */
interface Patience {
  late: number;
  pausedUntilMs: number;
  isTrying: boolean;
}
interface Standing extends Patience {
  readonly domains: Map<string, Patience>;
  /** Domains of the late calls in a row, the first few. */
  readonly lateDomains: Set<string>;
  calls: number;
  readonly verdicts: Map<string, number>;
  readonly timesMs: number[];
  nextTime: number;
  lastError: FilterRecord['lastError'];
}

const newPatience = (): Patience => ({ late: 0, pausedUntilMs: 0, isTrying: false });

/** `clock` is the store's clock, epoch milliseconds. */
export function createWatch(clock: () => number): Watch {
  const standings = new WeakMap<Registered, Standing>();
  const of = (filter: Registered): Standing => {
    const found = standings.get(filter);
    if (found !== undefined) return found;
    const more = { calls: 0, verdicts: new Map(), timesMs: [], nextTime: 0, lastError: null };
    const made: Standing = { ...newPatience(), ...more, domains: new Map(), lateDomains: new Set() };
    standings.set(filter, made);
    return made;
  };
  const count = (standing: Standing, what: string): void => {
    standing.verdicts.set(what, (standing.verdicts.get(what) ?? 0) + 1);
  };
  /** It is there, whatever it says. */
  const isThere = (standing: Standing, domain: string): void => {
    if (standing.late > 0) {
      Object.assign(standing, newPatience());
      standing.lateDomains.clear();
    }
    if (standing.domains.size > 0) standing.domains.delete(domain);
  };
  const note = (standing: Standing, tookMs: number): void => {
    standing.calls++;
    standing.timesMs[standing.nextTime++ % TIMES_MAX] = tookMs;
  };

  return {
    pauseOf(filter, domain) {
      const standing = of(filter);
      const here = standing.domains.get(domain);
      if (standing.pausedUntilMs === 0 && here === undefined) return null;
      const atMs = clock();
      const paused = [standing, here].find((one) => one !== undefined && isPaused(one, atMs));
      for (const one of [standing, here])
        if (paused === undefined && one !== undefined && one.pausedUntilMs > 0) one.isTrying = true;
      if (paused === undefined) return null;
      const whom = paused === standing ? '' : ' about this domain';
      const until = new Date(paused.pausedUntilMs).toISOString();
      return `not asked: it gave no answer ${paused.late} times in a row${whom}; asked again at ${until}`;
    },
    answered(filter, domain, verdict, tookMs) {
      const standing = of(filter);
      note(standing, tookMs);
      isThere(standing, domain);
      if (verdict !== null) count(standing, verdict);
    },
    failed(filter, domain, { reason, isLate, tookMs }) {
      const standing = of(filter);
      note(standing, tookMs);
      count(standing, 'fault');
      standing.lastError = { at: new Date(clock()).toISOString(), reason };
      if (!isLate) return isThere(standing, domain);
      const here = standing.domains.get(domain) ?? newPatience();
      standing.domains.delete(domain);
      if (standing.domains.size >= DOMAINS_MAX)
        standing.domains.delete(standing.domains.keys().next().value as string);
      standing.domains.set(domain, here);
      if (standing.lateDomains.size < LATE_DOMAINS) standing.lateDomains.add(domain);
      const ofSeveral = standing.lateDomains.size === LATE_DOMAINS;
      wait(standing, ofSeveral ? LATE_ABOUT_ALL : Number.POSITIVE_INFINITY, clock());
      wait(here, LATE_ABOUT_DOMAIN, clock());
    },
    passedOver: (filter) => count(of(filter), 'fault'),
    numbersOf(filter) {
      const { calls, verdicts, timesMs, lastError, pausedUntilMs } = of(filter);
      const sorted = timesMs.toSorted((a, b) => a - b);
      const p95Ms = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
      const isPausedNow = pausedUntilMs > clock();
      return {
        ...{ calls, lastError, verdicts: Object.fromEntries(verdicts) },
        p95Ms: p95Ms === null ? null : Math.round(p95Ms * 1_000) / 1_000,
        pausedUntil: isPausedNow ? new Date(pausedUntilMs).toISOString() : null,
      };
    },
  };
}

const isPaused = ({ pausedUntilMs, isTrying }: Patience, atMs: number): boolean =>
  pausedUntilMs > atMs || (pausedUntilMs > 0 && isTrying);

function wait(patience: Patience, lateMax: number, atMs: number): void {
  patience.late++;
  patience.isTrying = false;
  if (patience.late >= lateMax) patience.pausedUntilMs = atMs + PAUSE_MS;
}
