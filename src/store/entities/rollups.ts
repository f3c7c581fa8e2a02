/** What is counted for good, whatever is pruned later. */
import { defineEntity, p } from '@mikro-orm/core';
import { time } from './columns.ts';

/**
 * Counts of an hour. `subject` says of what: `activity` (came to its end), `filter` (a filter spoke), `hold` (held, and
 * what was decided), `transition`. The domain is empty in the rows that count all domains.
 */
export const Rollup = defineEntity({
  name: 'Rollup',
  tableName: 'rollup',
  properties: {
    domain: p.text().primary(),
    hour: time().primary(),
    subject: p.text().primary(),
    type: p.text().primary(),
    status: p.text().primary(),
    reason: p.text().primary(),
    filter: p.text().primary(),
    count: p.bigint('number'),
  },
  indexes: [{ name: 'rollup_hour', properties: ['hour'] }],
});
