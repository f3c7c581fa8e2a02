/** Reports to our moderators: the schemas of answers. */
import { audit } from './audit.ts';
import { count, listOf, object, oneOf, orNull, text, time, uri, yesNo } from './shapes.ts';

const report = {
  id: text,
  activityId: uri,
  actor: uri,
  domain: text,
  target: text,
  objects: listOf(uri),
  content: orNull(text),
  state: oneOf('open', 'resolved'),
  count,
  receivedAt: time,
  lastAt: time,
  assignee: orNull(text),
  resolution: orNull(text),
  resolvedBy: orNull(text),
  resolvedAt: orNull(time),
  forwardedAt: orNull(time),
};

export const reports = {
  Report: object(report),
  ReportDetail: object({
    ...report,
    flags: listOf(object({ activityId: uri, content: orNull(text), objects: listOf(uri), receivedAt: time })),
    reported: listOf(
      object({
        uri,
        isLocal: yesNo,
        kind: orNull(oneOf('actor', 'object')),
        type: orNull(text),
        owner: orNull(text),
        isDeleted: yesNo,
        normal: orNull({ type: 'object', additionalProperties: {} }),
      }),
    ),
    history: listOf(audit.AuditEntry),
  }),
  ReportForwarded: object({ id: text, domain: text, deliveries: count, isOriginal: yesNo }),
};
