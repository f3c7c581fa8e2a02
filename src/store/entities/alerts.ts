/** What people and other services are told, and what is done now and then. */
import { defineEntity, p } from '@mikro-orm/core';
import { seq, time } from './columns.ts';

/** One alert for one channel. `source` is what it is about: with the channel it is there once. */
export const Alert = defineEntity({
  name: 'Alert',
  tableName: 'alert',
  properties: {
    id: seq(),
    source: p.text(),
    channel: p.text(),
    event: p.text(),
    body: p.json(),
    state: p.text(),
    attempts: p.integer().default(0),
    dueAt: time().nullable(),
    error: p.text().nullable(),
    createdAt: time(),
    finishedAt: time().nullable(),
  },
  uniques: [{ name: 'alert_source', properties: ['source', 'channel'] }],
  indexes: [
    {
      name: 'alert_due',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.dueAt}") where "${columns.dueAt}" is not null`,
    },
  ],
});

/** What one process does now and then for all: when it is due next, and how far it is. */
export const Chore = defineEntity({
  name: 'Chore',
  tableName: 'chore',
  properties: { name: p.text().primary(), nextAt: time(), data: p.json() },
});
