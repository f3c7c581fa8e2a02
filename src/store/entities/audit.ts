/** Who decided what. */
import { defineEntity, p } from '@mikro-orm/core';
import { seq, time } from './columns.ts';

/** The audit log, in the order of commits. `policy` names the settings that were in force. */
export const Audit = defineEntity({
  name: 'Audit',
  tableName: 'audit',
  properties: {
    seq: seq(),
    at: time(),
    byWhom: p.text().nullable(),
    verb: p.text(),
    subjectKind: p.text(),
    subjectId: p.text(),
    domain: p.text().nullable(),
    fromState: p.text().nullable(),
    toState: p.text().nullable(),
    reason: p.text().nullable(),
    policy: p.text().nullable(),
    batch: p.text().nullable(),
    filter: p.text().nullable(),
  },
  indexes: [
    { name: 'audit_subject', properties: ['subjectKind', 'subjectId', 'seq'] },
    { name: 'audit_domain', properties: ['domain', 'seq'] },
  ],
});
