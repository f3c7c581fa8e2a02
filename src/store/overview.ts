/** The numbers that a console shows first, each from an index or a small table. */
import type { Overview } from '../api/analytics.ts';
import { type Statements, sql } from './statement.ts';

type Totals = Omit<Overview, 'at' | 'lastHour' | 'lastDay' | 'reviewsDue' | 'countsBehind' | 'alerts'> & {
  readonly waitingAlerts: number;
  readonly deadAlerts: number;
};

/** Waiting mail is counted up to here. */
const MAIL_MAX = 100_000;

export async function readTotals(db: Statements): Promise<Totals> {
  const [row] = await db.run<Totals>(sql`
    select coalesce((select json_object_agg(state, count) from
             (select state, count(*)::float8 as count from domain group by state) as d), '{}') as domains,
           (select count(*)::float8 from held) as held,
           (select count(*)::float8 from report where state = 'open') as "openReports",
           (select count(*)::float8 from follow_request where state = 'pending' and direction = 'incoming') as "pendingFollows",
           (select count(*)::float8 from dead_letter) as dead,
           (select count(*)::float8 from (select from mail limit ${MAIL_MAX}) as m) as "waitingMail",
           (select count(*)::float8 from delivery where state = 'waiting') as "waitingDeliveries",
           (select count(*)::float8 from alert where due_at is not null) as "waitingAlerts",
           (select count(*)::float8 from alert where state = 'dead') as "deadAlerts"`);
  return row as Totals;
}
