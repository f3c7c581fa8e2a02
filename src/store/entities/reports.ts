/** What people report to our moderators, and what the administrators of blocked domains have to say. */
import { defineEntity, p } from '@mikro-orm/core';
import { seq, time } from './columns.ts';

/** Reports to our moderators. `activityId` is the Flag that opened it, `count` how many have come to it. */
export const Report = defineEntity({
  name: 'Report',
  tableName: 'report',
  properties: {
    id: seq(),
    activityId: p.text().unique(),
    actor: p.text(),
    domain: p.text(),
    objects: p.json().columnType('json'),
    state: p.text(),
    at: time(),
    target: p.text(),
    targetDomain: p.text(),
    content: p.text().nullable(),
    count: p.integer().default(1),
    lastAt: time(),
    assignee: p.text().nullable(),
    resolution: p.text().nullable(),
    resolvedBy: p.text().nullable(),
    resolvedAt: time().nullable(),
    forwardedAt: time().nullable(),
  },
  indexes: [
    { name: 'report_state', properties: ['state', 'id'] },
    { name: 'report_target', properties: ['target', 'id'] },
    { name: 'report_domain', properties: ['domain', 'id'] },
    {
      name: 'report_open',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.actor}", "${columns.target}") where "${columns.state}" = 'open'`,
    },
  ],
});

/** The Flags of a report, each with what it said. */
export const ReportFlag = defineEntity({
  name: 'ReportFlag',
  tableName: 'report_flag',
  properties: {
    activityId: p.text().primary(),
    reportId: p.bigint('number'),
    content: p.text().nullable(),
    objects: p.json().columnType('json'),
    at: time(),
  },
  indexes: [{ name: 'report_flag_report', properties: ['reportId', 'at'] }],
});

/** What a blocked domain's own administrators say against the block. `actor` is who signed it, where somebody did. */
export const Appeal = defineEntity({
  name: 'Appeal',
  tableName: 'appeal',
  properties: {
    id: seq(),
    domain: p.text(),
    actor: p.text().nullable(),
    reason: p.text(),
    contact: p.text().nullable(),
    state: p.text(),
    at: time(),
    decision: p.text().nullable(),
    decidedBy: p.text().nullable(),
    decidedAt: time().nullable(),
  },
  indexes: [
    { name: 'appeal_domain', properties: ['domain', 'id'] },
    { name: 'appeal_state', properties: ['state', 'id'] },
  ],
});

/** A link by which a blocked domain may appeal once. Of the token only a digest is kept. */
export const AppealLink = defineEntity({
  name: 'AppealLink',
  tableName: 'appeal_link',
  properties: {
    digest: p.text().primary(),
    domain: p.text(),
    byWhom: p.text(),
    at: time(),
    expiresAt: time(),
    appealId: p.bigint('number').nullable(),
  },
  indexes: [{ name: 'appeal_link_expires', properties: ['expiresAt'] }],
});
