/** Whom moderators trust. */
import { defineEntity, p } from '@mikro-orm/core';
import { time } from './columns.ts';

/** Actors, by id, and domains, by name, that filters do not hold. */
export const Trusted = defineEntity({
  name: 'Trusted',
  tableName: 'trusted',
  properties: {
    target: p.text().primary(),
    seq: p.bigint('number').autoincrement(),
    reason: p.text().nullable(),
    byWhom: p.text(),
    at: time(),
  },
});
