/** Counts over time: the schemas of answers. */
import { count, listOf, object, oneOf, type Schema, text, time } from './shapes.ts';

const counts: Schema = { type: 'object', additionalProperties: count };

export const analytics = {
  Counts: object({
    subject: oneOf('activity', 'filter', 'hold', 'transition'),
    by: oneOf('domain', 'type', 'status', 'filter', 'reason'),
    bucket: oneOf('hour', 'day'),
    from: time,
    to: time,
    total: count,
    series: listOf(object({ key: text, total: count, points: listOf(object({ at: time, count })) })),
  }),
  DomainHistory: object({
    domain: text,
    from: time,
    to: time,
    total: count,
    statuses: counts,
    types: counts,
    filters: listOf(object({ filter: text, verdict: text, count })),
    days: listOf(object({ day: text, statuses: counts })),
    decisions: listOf({ type: 'object', additionalProperties: {} }),
  }),
  Overview: object({
    at: time,
    lastHour: counts,
    lastDay: counts,
    domains: counts,
    held: count,
    openReports: count,
    pendingFollows: count,
    dead: count,
    waitingMail: count,
    waitingDeliveries: count,
    reviewsDue: count,
    alerts: object({ waiting: count, dead: count }),
    countsBehind: count,
  }),
};
