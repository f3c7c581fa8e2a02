/** What moderators read of the counts: over time, of one domain before it is blocked, and at a glance. */
import { canonicalDomain } from '../activity.ts';
import type { Counts, CountsQuery, DomainHistory, Overview } from '../api/analytics.ts';
import { SallyportError } from '../errors.ts';
import { listAudit } from '../store/audit.ts';
import { readTotals } from '../store/overview.ts';
import { countForReview, reviewBounds } from '../store/reviews.ts';
import { type CountRow, type CountsFilter, countsBehind, readCounts, verdictsOf } from '../store/rollups.ts';
import type { Store } from '../store/store.ts';
import { limitOf } from './pages.ts';

export interface AnalyticsDesk {
  /** Counts of the log over time, exact up to the last commit of a turn. `ERR_INVALID` for times without order. */
  counts(query?: CountsQuery): Promise<Counts>;
  /** What a domain sent and what became of it, and every decision about it. @default the last 30 days */
  domain(domain: string, query?: Pick<CountsQuery, 'from' | 'to'>): Promise<DomainHistory>;
  overview(): Promise<Overview>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Up to so long a span is shown by the hour where nobody says otherwise. */
const HOURLY_MS_MAX = 2 * DAY_MS;
/** The most points of one series: a year by the hour. */
const SPAN_MS_MAX = 366 * DAY_MS;
const DECISIONS_MAX = 50;
const ALL = 100_000;

const iso = (ms: number): string => new Date(ms).toISOString();
const ANY = { domain: null, type: null, status: null, filter: null } as const;

/** `countOn` counts what is not counted yet, unless another process does. */
export function createAnalytics(parts: { store: Store; countOn(): Promise<void> }): AnalyticsDesk {
  const { store } = parts;

  /** Whole hours: counts are kept by the hour, and the last one is with them. */
  function spanOf({ from, to }: Pick<CountsQuery, 'from' | 'to'>, lastsMs: number) {
    const toMs = to?.getTime() ?? store.clock.now();
    const fromMs = from?.getTime() ?? toMs - lastsMs;
    if (!(fromMs <= toMs) || toMs - fromMs > SPAN_MS_MAX)
      throw new SallyportError('ERR_INVALID', '`from` is not before `to`, or more than a year before it', {
        data: { from: iso(fromMs), to: iso(toMs) },
      });
    return {
      fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS,
      toMs: (Math.floor(toMs / HOUR_MS) + 1) * HOUR_MS,
    };
  }

  /** Counts by one key in one bucket for the whole span. */
  async function sums(
    asked: Pick<CountsFilter, 'subject' | 'by' | 'fromMs' | 'toMs'> & Partial<CountsFilter>,
  ) {
    const found = await readCounts(store, { ...ANY, bucket: 'day', limit: ALL, ...asked });
    return Object.fromEntries(found.map(({ key, total }) => [key, total]));
  }

  return {
    async counts(query = {}) {
      await parts.countOn();
      const { subject = 'activity', by = 'status', type = null, status = null, filter = null } = query;
      const span = spanOf(query, DAY_MS);
      const bucket = query.bucket ?? (span.toMs - span.fromMs > HOURLY_MS_MAX + HOUR_MS ? 'day' : 'hour');
      const domain = query.domain === undefined ? null : nameOf(query.domain);
      const limit = limitOf(query);
      const asked = { subject, by, bucket, domain, type, status, filter, limit, ...span };
      const found = await readCounts(store, asked);
      const [from, to] = [iso(span.fromMs), iso(span.toMs)];
      return { subject, by, bucket, from, to, total: found[0]?.all ?? 0, series: seriesOf(found) };
    },
    async domain(given, query = {}) {
      await parts.countOn();
      const domain = nameOf(given);
      const span = spanOf(query, 30 * DAY_MS);
      const asked = { domain, ...span };
      const statuses = await readCounts(store, {
        ...{ ...ANY, ...asked, subject: 'activity', by: 'status', bucket: 'day', limit: ALL },
      });
      const said = await verdictsOf(store, domain, span.fromMs, span.toMs);
      return {
        ...{ domain, from: iso(span.fromMs), to: iso(span.toMs), total: statuses[0]?.all ?? 0 },
        statuses: Object.fromEntries(statuses.map(({ key, total }) => [key, total])),
        types: await sums({ ...asked, subject: 'activity', by: 'type' }),
        filters: said,
        days: [...Map.groupBy(statuses, ({ atMs }) => atMs)]
          .toSorted(([a], [b]) => a - b)
          .map(([atMs, counts]) => ({
            day: iso(atMs).slice(0, 10),
            statuses: Object.fromEntries(counts.map(({ key, count }) => [key, count])),
          })),
        decisions: await listAudit(store, null, { domain }, DECISIONS_MAX),
      };
    },
    async overview() {
      await parts.countOn();
      const nowMs = store.clock.now();
      const { waitingAlerts, deadAlerts, ...totals } = await readTotals(store);
      const by = { subject: 'activity', by: 'status' } as const;
      return {
        at: iso(nowMs),
        lastHour: await sums({ ...by, ...spanOf({}, HOUR_MS) }),
        lastDay: await sums({ ...by, ...spanOf({}, DAY_MS) }),
        ...totals,
        reviewsDue: await countForReview(store, reviewBounds(nowMs)),
        alerts: { waiting: waitingAlerts, dead: deadAlerts },
        countsBehind: await countsBehind(store),
      };
    },
  };
}

/** Series in the order of their totals. */
function seriesOf(found: readonly CountRow[]): Counts['series'] {
  return [...Map.groupBy(found, ({ key }) => key)].map(([key, rows]) => ({
    ...{ key, total: rows[0]?.total ?? 0 },
    points: rows.map(({ atMs, count }) => ({ at: iso(atMs), count })),
  }));
}

function nameOf(input: string): string {
  const name = canonicalDomain(input);
  if (name !== null) return name;
  throw new SallyportError('ERR_INVALID', `${JSON.stringify(input)} is no domain`, {
    hint: 'a host name alone: no scheme, port, path or *',
  });
}
