/** Policies tried on what was recorded: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, text, time, uri } from './shapes.ts';

const outcome = oneOf('processed', 'held', 'dropped', 'rejected', 'failed');

const result = object({
  activities: count,
  changed: count,
  unreadable: count,
  outcomes: listOf(object({ from: outcome, to: outcome, count })),
  filters: listOf(
    object({
      ...{ filter: text, to: outcome, count, changed: count },
      samples: listOf(
        object({
          ...{ id: text, activityId: uri, type: text, actor: uri, domain: text },
          ...{ from: outcome, to: outcome, reason: text },
        }),
      ),
    }),
  ),
  remarks: listOf(object({ filter: text, type: text, count })),
  domains: listOf(
    object({
      ...{ domain: text, activities: count, changed: count },
      ...{ held: count, dropped: count, rejected: count },
    }),
  ),
  notes: listOf(text),
});

export const simulations = {
  Simulation: object({
    id: text,
    state: oneOf('running', 'done', 'cancelled', 'failed'),
    by: text,
    startedAt: time,
    finishedAt: orNull(time),
    since: time,
    until: time,
    domain: orNull(text),
    filters: listOf(text),
    total: count,
    done: count,
    error: orNull(text),
    result: orNull(result),
  }),
};
