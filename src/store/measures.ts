/** How much comes from a domain, and how it is connected with ours: counts for whoever weighs a block. */
import type { Measure, MeasureName } from '../api/lists.ts';
import { ms, type Statements, sql, time } from './statement.ts';

const DAY_MS = 86_400_000;

/** What is counted, and when each of it came. */
const COUNTED = {
  accounts: (domain: string) => sql`select fetched_at as at from remote_actor where domain = ${domain}`,
  statuses: (domain: string) => sql`
    select received_at as at from activity where domain = ${domain} and type = 'Create' and status = 'processed'`,
  reports: (domain: string) => sql`
    select received_at as at from activity
     where type = 'Flag' and status = 'processed' and starts_with(object, ${`https://${domain}/`})`,
  follows: (domain: string) => follows(domain, 'outgoing'),
  followers: (domain: string) => follows(domain, 'incoming'),
} as const satisfies Record<MeasureName, (domain: string) => unknown>;

const follows = (domain: string, direction: 'incoming' | 'outgoing') => sql`
  select since as at from follow_request where domain = ${domain} and direction = ${direction} and state = 'accepted'`;

/** `firstMs` and `lastMs` are midnights in UTC, both days included. */
export async function measureOf(
  db: Statements,
  domain: string,
  name: MeasureName,
  firstMs: number,
  lastMs: number,
): Promise<Measure> {
  const found = await db.run<{ atMs: number | null; value: number }>(sql`
    with counted as (${COUNTED[name](domain)})
    select null::float8 as "atMs", count(*)::float8 as value from counted
    union all
    select ${ms("date_trunc('day', at at time zone 'UTC') at time zone 'UTC'")}, count(*)::float8 from counted
     where at >= ${time(firstMs)} and at < ${time(lastMs + DAY_MS)} group by 1`);
  const values = new Map(found.map(({ atMs, value }) => [atMs, value]));
  const count = Math.max(0, Math.round((lastMs - firstMs) / DAY_MS) + 1);
  const days = Array.from({ length: count }, (_, day) => {
    const atMs = firstMs + day * DAY_MS;
    return { atMs, value: values.get(atMs) ?? 0 };
  });
  return { total: values.get(null) ?? 0, days };
}
