/** Every migration in order. Listed by hand, so that it is the same list from a checkout and from the package. */
import { AnalyticsAndAlerts } from './analytics.ts';
import { AuditLog } from './audit.ts';
import { FirstSeenActors } from './filters.ts';
import { FirstTables } from './first-tables.ts';
import { HeldAndTrusted } from './held.ts';
import { ReportsAndAppeals } from './reports.ts';
import { Rules } from './rules.ts';
import { Subscriptions } from './subscriptions.ts';

export const migrations = [
  { name: '0001-first-tables', class: FirstTables },
  { name: '0002-audit', class: AuditLog },
  { name: '0010-analytics', class: AnalyticsAndAlerts },
  { name: '0003-rules', class: Rules },
  { name: '0004-held', class: HeldAndTrusted },
  { name: '0005-subscriptions', class: Subscriptions },
  { name: '0020-reports', class: ReportsAndAppeals },
  { name: '0012-filters', class: FirstSeenActors },
];
