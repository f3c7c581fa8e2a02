/** Every route of the admin API. `openapi.json` is made of this table, and a test holds it against the contract. */
import { openapi } from './openapi.ts';
import { type Route, route } from './route.ts';
import { activities } from './routes/activities.ts';
import { actors } from './routes/actors.ts';
import { alerts } from './routes/alerts.ts';
import { analytics } from './routes/analytics.ts';
import { appeals } from './routes/appeals.ts';
import { audit } from './routes/audit.ts';
import { domains } from './routes/domains.ts';
import { filters } from './routes/filters.ts';
import { held } from './routes/held.ts';
import { lists } from './routes/lists.ts';
import { reports } from './routes/reports.ts';
import { retention } from './routes/retention.ts';
import { rules } from './routes/rules.ts';
import { runtime } from './routes/runtime.ts';
import { simulations } from './routes/simulations.ts';
import { subscriptions } from './routes/subscriptions.ts';

const description = route('GET', '/openapi.json', {
  about: 'This description',
  answer: 'Description',
  call: () => openapi(ROUTES),
});

/** In order: a fixed path stands before a pattern that it would match. */
export const ROUTES: readonly Route[] = [
  ...domains,
  ...rules,
  ...actors,
  ...activities,
  ...analytics,
  ...alerts,
  ...retention,
  ...filters,
  ...held,
  ...lists,
  ...reports,
  ...appeals,
  ...audit,
  ...runtime,
  ...simulations,
  ...subscriptions,
  description,
];
