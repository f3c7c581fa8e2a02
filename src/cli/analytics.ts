/** `sallyport analytics`: counts over time. */
import { CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { timeOf } from './domains.ts';
import { plain, tableOf } from './page.ts';
import { DONE, print, readArgs, take, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  of: { type: 'string' },
  by: { type: 'string' },
  bucket: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  domain: { type: 'string' },
  type: { type: 'string' },
  status: { type: 'string' },
  filter: { type: 'string' },
  limit: { type: 'string' },
} as const;

export const analytics: Verb = {
  summary: 'count what came in, by domain, type, status or filter',
  help: `Usage: sallyport analytics [--by domain|type|status|filter|reason] [--from TIME] [--to TIME]
       sallyport analytics overview

  --of WHAT      activity (came to its end; the default), filter (spoke), hold, transition
  --by KEY       the rows of the table (status)
  --from TIME    a time (2027-03-01, 2027-03-01T12:00:00Z) or how long ago (2d, '7 days'); a day ago
  --to TIME      the same; now
  --bucket SIZE  hour or day
  --domain, --type, --status, --filter   only those
  --limit N      rows, those with the highest counts (50)
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const client = connect(values);
    if (positionals[0] === 'overview') {
      take(positionals.slice(1), []);
      const overview = await client.get('/overview');
      print(values.json ? JSON.stringify(overview, null, 2) : linesOf(overview));
      return DONE;
    }
    take(positionals, []);
    const { of: subject, by, bucket, domain, type, status, filter, limit } = values;
    const counts = await client.get('/analytics', {
      ...{ subject, by, bucket, domain, type, status, filter, limit },
      from: values.from === undefined ? undefined : pastOf('--from', values.from),
      to: values.to === undefined ? undefined : pastOf('--to', values.to),
    });
    print(values.json ? JSON.stringify(counts, null, 2) : chartOf(counts));
    return DONE;
  },
};

/** A time, or how long ago. */
function pastOf(flag: string, text: string): string {
  const nowMs = Date.now();
  const atMs = Date.parse(timeOf(flag, text, nowMs));
  const isLength = !/^\d{4}-/.test(text);
  return new Date(isLength ? 2 * nowMs - atMs : atMs).toISOString();
}

const BARS = '▁▂▃▄▅▆▇█';

/** A row for each key: how many, which part of all, and how it went. */
function chartOf(counts: Json): string {
  const { total, by, from, to, bucket } = counts as { total: number } & Record<string, string>;
  const series = counts.series as { key: string; total: number; points: { at: string; count: number }[] }[];
  const head = `${total} from ${plain(from)} to ${plain(to)}`;
  if (series.length === 0) return head;
  const most = Math.max(...series.flatMap(({ points }) => points.map(({ count }) => count)));
  const stepMs = bucket === 'day' ? 86_400_000 : 3_600_000;
  const firstMs = Math.floor(Date.parse(from as string) / stepMs) * stepMs;
  const steps = Math.min(120, Math.ceil((Date.parse(to as string) - firstMs) / stepMs));
  const rows = series.map(({ key, total: sum, points }) => {
    const at = new Map(points.map((point) => [Date.parse(point.at), point.count]));
    const line = Array.from({ length: steps }, (_, step) => {
      const count = at.get(firstMs + step * stepMs) ?? 0;
      return count === 0 ? ' ' : BARS[Math.ceil((count / most) * BARS.length) - 1];
    }).join('');
    return { key: key === '' ? '-' : key, sum, part: `${Math.round((sum / total) * 100)} %`, line };
  });
  return `${head}\n\n${tableOf(rows, [
    [(by as string).toUpperCase(), ({ key }) => key],
    ['COUNT', ({ sum }) => sum],
    ['PART', ({ part }) => part],
    [`BY THE ${(bucket as string).toUpperCase()}`, ({ line }) => line],
  ])}`;
}

/** A line for each number, those of a group with its name before them. */
function linesOf(overview: Json): string {
  const pairs = Object.entries(overview).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([key, count]) => [`${name} ${key}`, count])
      : [[name, value]],
  );
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`).join('\n');
}
