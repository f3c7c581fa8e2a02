/** What people and lists say of domains and actors, and the batches in which they said it. */
import { defineEntity, p } from '@mikro-orm/core';
import { seq, time } from './columns.ts';

/** One source's opinion of a domain. */
export const DomainRule = defineEntity({
  name: 'DomainRule',
  tableName: 'domain_rule',
  properties: {
    id: seq(),
    domain: p.text(),
    source: p.text(),
    severity: p.text(),
    rejectMedia: p.boolean(),
    rejectReports: p.boolean(),
    obfuscate: p.boolean(),
    publicComment: p.text().nullable(),
    privateComment: p.text().nullable(),
    labels: p.json(),
    reason: p.text().nullable(),
    byWhom: p.text(),
    until: time().nullable(),
    reviewAt: time().nullable(),
    batch: p.bigint('string').nullable(),
    createdAt: time(),
    updatedAt: time(),
  },
  uniques: [{ name: 'domain_rule_opinion', properties: ['domain', 'source'] }],
  indexes: [{ name: 'domain_rule_source', properties: ['source', 'domain'] }],
});

/** Remote actors that may not come in, by source. */
export const ActorRule = defineEntity({
  name: 'ActorRule',
  tableName: 'actor_rule',
  properties: {
    seq: seq(),
    actor: p.text(),
    source: p.text(),
    domain: p.text(),
    reason: p.text().nullable(),
    byWhom: p.text(),
    until: time().nullable(),
    createdAt: time(),
  },
  uniques: [{ name: 'actor_rule_opinion', properties: ['actor', 'source'] }],
});

/** Many changes that can be undone as one. */
export const Batch = defineEntity({
  name: 'Batch',
  tableName: 'batch',
  properties: {
    id: seq(),
    kind: p.text(),
    byWhom: p.text(),
    reason: p.text().nullable(),
    at: time(),
    state: p.text(),
    total: p.integer(),
    done: p.integer().default(0),
    changed: p.integer().default(0),
  },
});

/** What a batch found at a domain, and what it left there. */
export const BatchItem = defineEntity({
  name: 'BatchItem',
  tableName: 'batch_item',
  properties: {
    batch: p.bigint('string').primary(),
    domain: p.text().primary(),
    /** The source's rule before; null where it had none. */
    rule: p.json().nullable(),
    source: p.text(),
    /** Whether the batch left a rule there: `rule`, `none` or `untouched`. */
    leftThere: p.text(),
    /** The machine's state and facts before; null where the batch only changed a rule. */
    life: p.json(),
    /** The row's version afterwards. */
    version: p.integer(),
  },
});
