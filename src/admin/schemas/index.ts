/** What comes back, by name. A test holds real answers against these. */
import { activities } from './activities.ts';
import { actors } from './actors.ts';
import { alerts } from './alerts.ts';
import { analytics } from './analytics.ts';
import { appeals } from './appeals.ts';
import { audit } from './audit.ts';
import { domains } from './domains.ts';
import { filters } from './filters.ts';
import { held } from './held.ts';
import { lists } from './lists.ts';
import { reports } from './reports.ts';
import { retention } from './retention.ts';
import { runtime } from './runtime.ts';
import type { Schema } from './shapes.ts';
import { simulations } from './simulations.ts';
import { subscriptions } from './subscriptions.ts';

const schemas = {
  ...analytics,
  ...alerts,
  ...retention,
  ...domains,
  ...actors,
  ...activities,
  ...filters,
  ...held,
  ...lists,
  ...reports,
  ...appeals,
  ...audit,
  ...runtime,
  ...simulations,
  ...subscriptions,
};

/** The name of a schema. */
export type AnswerName = keyof typeof schemas;

export const SCHEMAS: Readonly<Record<AnswerName, Schema>> = schemas;
