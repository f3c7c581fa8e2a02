/** What comes in, and from whom. */
import { defineEntity, p } from '@mikro-orm/core';
import { time } from './columns.ts';

export const Meta = defineEntity({
  name: 'Meta',
  tableName: 'meta',
  properties: { key: p.text().primary(), value: p.text() },
});

/** Local actors' key pairs: those of the map, and those made for actors of a resolver. */
export const Actor = defineEntity({
  name: 'Actor',
  tableName: 'actor',
  properties: {
    id: p.text().primary(),
    handle: p.text().unique(),
    publicKeyPem: p.text(),
    privateKeyPem: p.text(),
    createdAt: time(),
  },
});

export const RemoteKey = defineEntity({
  name: 'RemoteKey',
  tableName: 'remote_key',
  properties: {
    id: p.text().primary(),
    actor: p.text(),
    domain: p.text(),
    publicKeyPem: p.text(),
    fetchedAt: time(),
  },
});

export const RemoteActor = defineEntity({
  name: 'RemoteActor',
  tableName: 'remote_actor',
  properties: {
    id: p.text().primary(),
    domain: p.text(),
    inbox: p.text(),
    sharedInbox: p.text().nullable(),
    document: p.json(),
    fetchedAt: time(),
    firstSeenAt: time(),
  },
});

/** A remote domain: `state` is only ever written from a snapshot that `step` returned. `version` is the fence. */
export const Domain = defineEntity({
  name: 'Domain',
  tableName: 'domain',
  properties: {
    name: p.text().primary(),
    state: p.text(),
    snapshot: p.json(),
    version: p.integer().default(0),
    dueAt: time().nullable(),
    since: time(),
    firstSeen: time(),
    /** What the rules about it come to; null where there is none. */
    policy: p.json().nullable(),
  },
  indexes: [
    {
      name: 'domain_due',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.dueAt}") where "${columns.dueAt}" is not null`,
    },
    { name: 'domain_state', properties: ['state', 'name'] },
  ],
});

export const RateWindow = defineEntity({
  name: 'RateWindow',
  tableName: 'rate_window',
  properties: { key: p.text().primary(), startedAt: time(), count: p.integer() },
});

export const Mail = defineEntity({
  name: 'Mail',
  tableName: 'mail',
  properties: {
    domain: p.text().primary(),
    seq: p.bigint('number').primary().autoincrement(),
    activityId: p.text(),
    facts: p.text(),
    inbox: p.text(),
    attempts: p.integer().default(0),
    dueAt: time().nullable(),
    receivedAt: time(),
    verdict: p.text().nullable(),
    leaseUntil: time().nullable(),
  },
});

/** Activities that wait for a moderator, with the mail that brought them, to be put back as it came. */
export const Held = defineEntity({
  name: 'Held',
  tableName: 'held',
  properties: {
    id: p.bigint('number').primary(),
    activityId: p.text().unique(),
    type: p.text(),
    actor: p.text(),
    domain: p.text(),
    filter: p.text(),
    reason: p.text(),
    mail: p.json(),
    asked: p.json().default('[]'),
    heldAt: time(),
    expiresAt: time(),
  },
  indexes: [{ name: 'held_expires', properties: ['expiresAt'] }],
});

export const Document = defineEntity({
  name: 'Document',
  tableName: 'document',
  properties: {
    activityId: p.text().primary(),
    raw: p.text(),
    normal: p.text().nullable(),
    receivedAt: time(),
  },
});

export const Activity = defineEntity({
  name: 'Activity',
  tableName: 'activity',
  properties: {
    id: p.bigint('number').primary(),
    activityId: p.text().unique(),
    type: p.text(),
    actor: p.text(),
    object: p.text().nullable(),
    domain: p.text(),
    status: p.text(),
    reason: p.text().nullable(),
    inboxes: p.json().columnType('json'),
    history: p.json().columnType('json'),
    receivedAt: time(),
    finishedAt: time(),
  },
  indexes: [
    {
      name: 'activity_status',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.status}", "${columns.id}") where "${columns.status}" <> 'processed'`,
    },
    { name: 'activity_domain', properties: ['domain', 'id'] },
    { name: 'activity_type', properties: ['type', 'id'] },
  ],
});
