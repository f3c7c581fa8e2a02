/** Filters: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, type Schema, text, time, yesNo } from './shapes.ts';

const anything: Schema = { type: 'object', additionalProperties: {} };
const number: Schema = { type: 'number' };
const fallback = oneOf('hold', 'accept', 'drop');
const remark: Schema = {
  type: 'object',
  required: ['filter', 'type', 'reason'],
  properties: {
    filter: text,
    type: oneOf('drop', 'reject', 'hold', 'limit', 'score', 'shadow', 'fault', 'trusted'),
    reason: text,
    saw: text,
    points: number,
    strike: yesNo,
  },
};
const wish: Schema = {
  type: 'object',
  required: ['type', 'reason'],
  properties: { type: oneOf('strike', 'limit'), reason: text, forMs: orNull(number) },
};

export const filters = {
  Filter: object({
    name: text,
    use: orNull(text),
    stage: oneOf('filter', 'hook', 'shadow'),
    type: orNull(text),
    verdict: orNull(text),
    effect: orNull(text),
    settings: anything,
    timeoutMs: count,
    fallback,
    isShadow: yesNo,
    calls: count,
    verdicts: { type: 'object', additionalProperties: count },
    p95Ms: orNull(number),
    lastError: orNull(object({ at: time, reason: text })),
    pausedUntil: orNull(time),
  }),
  BuiltInFilter: object({ use: text, effect: text, verdict: orNull(text), schema: anything }),
  FilterTrial: object({
    activityId: text,
    type: text,
    actor: text,
    domain: text,
    status: oneOf('processed', 'dropped', 'rejected', 'held'),
    filter: orNull(text),
    reason: orNull(text),
    score: orNull(number),
    wishes: listOf(wish),
    asked: listOf(text),
    remarks: listOf(remark),
  }),
};
