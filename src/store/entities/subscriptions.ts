/** Remote lists that somebody here subscribes to, what they say, and what we publish ourselves. */
import { defineEntity, p } from '@mikro-orm/core';
import { seq, time } from './columns.ts';

export const Subscription = defineEntity({
  name: 'Subscription',
  tableName: 'subscription',
  properties: {
    id: seq(),
    url: p.text(),
    kind: p.text(),
    name: p.text(),
    everyMs: p.bigint('number'),
    mode: p.text(),
    severityMax: p.text(),
    followedMax: p.text().nullable(),
    onRemove: p.text(),
    comment: p.text(),
    login: p.text().nullable(),
    isPaused: p.boolean().default(false),
    /** Who removes it, while that is under way. */
    removedBy: p.text().nullable(),
    dueAt: time().nullable(),
    holder: p.text().nullable(),
    leaseUntil: time().nullable(),
    failures: p.integer().default(0),
    etag: p.text().nullable(),
    lastModified: p.text().nullable(),
    /** FIRES: where the dataset has its parts, the last change that was read, and when the whole was read last. */
    endpoints: p.json().nullable(),
    position: p.text().nullable(),
    wholeAt: time().nullable(),
    error: p.text().nullable(),
    suspicion: p.text().nullable(),
    review: p.json(),
    polledAt: time().nullable(),
    okAt: time().nullable(),
    batch: p.text().nullable(),
    createdAt: time(),
    byWhom: p.text(),
  },
  uniques: [{ name: 'subscription_url_unique', properties: ['url'] }],
});

/** What a list says of one domain or actor: `wish` is that as a rule, `applied` is what was last made of it. */
export const SubscriptionEntry = defineEntity({
  name: 'SubscriptionEntry',
  tableName: 'subscription_entry',
  properties: {
    subscription: p.bigint('number').primary(),
    kind: p.text().primary(),
    key: p.text().primary(),
    changeId: p.text().nullable(),
    advice: p.text().nullable(),
    labels: p.json(),
    wish: p.text().nullable(),
    applied: p.text().nullable(),
  },
  indexes: [
    {
      name: 'subscription_entry_pending',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.subscription}") where "${columns.wish}" is distinct from "${columns.applied}"`,
    },
  ],
});

/** Which entity a change of a FIRES dataset was about. */
export const SubscriptionChange = defineEntity({
  name: 'SubscriptionChange',
  tableName: 'subscription_change',
  properties: {
    subscription: p.bigint('number').primary(),
    changeId: p.text().primary(),
    kind: p.text(),
    key: p.text(),
  },
});

/** Names of labels, by IRI; null where there was none to be had. */
export const LabelName = defineEntity({
  name: 'LabelName',
  tableName: 'label_name',
  properties: { iri: p.text().primary(), name: p.text().nullable(), at: time() },
});

/** Our own list as others read it: every change of it that was ever published, in order. */
export const PublicChange = defineEntity({
  name: 'PublicChange',
  tableName: 'public_change',
  properties: {
    id: p.text().primary(),
    domain: p.text(),
    type: p.text(),
    policy: p.text().nullable(),
    filters: p.json(),
    labels: p.json(),
    at: time(),
  },
  indexes: [{ name: 'public_change_domain', properties: ['domain', 'id'] }],
});
