/** What goes out: to other servers, to handlers, to those who read the log. */
import { defineEntity, p } from '@mikro-orm/core';
import { seq, time } from './columns.ts';

export const OwnActivity = defineEntity({
  name: 'OwnActivity',
  tableName: 'own_activity',
  properties: {
    id: p.text().primary(),
    actor: p.text(),
    type: p.text(),
    body: p.text(),
    isPublic: p.boolean(),
    createdAt: time(),
  },
  indexes: [{ name: 'own_activity_actor', properties: ['actor', 'createdAt'] }],
});

export const Delivery = defineEntity({
  name: 'Delivery',
  tableName: 'delivery',
  properties: {
    id: seq(),
    domain: p.text(),
    inbox: p.text(),
    activityId: p.text(),
    actor: p.text(),
    state: p.text(),
    attempts: p.integer().default(0),
    error: p.text().nullable(),
    createdAt: time(),
    finishedAt: time().nullable(),
  },
  indexes: [
    {
      name: 'delivery_waiting',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.domain}", "${columns.id}") where "${columns.state}" = 'waiting'`,
    },
  ],
});

/** The outgoing mailbox of a remote domain: when it is due, who holds it until when, failures, how it is signed for. */
export const Outgoing = defineEntity({
  name: 'Outgoing',
  tableName: 'outgoing',
  properties: {
    domain: p.text().primary(),
    dueAt: time().nullable(),
    leaseUntil: time().nullable(),
    failures: p.integer().default(0),
    scheme: p.text().nullable(),
  },
  indexes: [
    {
      name: 'outgoing_due',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.dueAt}") where "${columns.dueAt}" is not null`,
    },
  ],
});

/** The append-only log. `kind` is `transition`, or `activity` for one that came to its end (its id is the key). */
export const Event = defineEntity({
  name: 'Event',
  tableName: 'event',
  properties: {
    seq: seq(),
    at: time(),
    kind: p.text(),
    machine: p.text().nullable(),
    key: p.text(),
    domain: p.text(),
    fromState: p.text().nullable(),
    toState: p.text().nullable(),
    event: p.text().nullable(),
    reason: p.text().nullable(),
    byWhom: p.text().nullable(),
    policy: p.text().nullable(),
  },
  indexes: [
    {
      name: 'event_transition',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.seq}") where "${columns.kind}" = 'transition'`,
    },
    {
      name: 'event_hold',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.seq}") where "${columns.kind}" = 'hold'`,
    },
  ],
});

export const Consumer = defineEntity({
  name: 'Consumer',
  tableName: 'consumer',
  properties: {
    name: p.text().primary(),
    seq: p.bigint('number'),
    leaseOwner: p.text().nullable(),
    leaseUntil: time().nullable(),
  },
});

export const HandlerCall = defineEntity({
  name: 'HandlerCall',
  tableName: 'handler_call',
  properties: {
    handler: p.text().primary(),
    seq: p.bigint('number').primary(),
    domain: p.text(),
    attempts: p.integer().default(0),
    dueAt: time(),
    error: p.text().nullable(),
    isDone: p.boolean().default(false),
  },
  indexes: [{ name: 'handler_call_domain', properties: ['handler', 'domain', 'seq'] }],
});

export const DeadLetter = defineEntity({
  name: 'DeadLetter',
  tableName: 'dead_letter',
  properties: {
    id: seq(),
    kind: p.text(),
    domain: p.text(),
    activityId: p.text(),
    error: p.text(),
    attempts: p.integer(),
    data: p.json(),
    at: time(),
  },
});
