/** The machines and their log: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, text, time, yesNo } from './shapes.ts';

const domainStates = ['active', 'rate-limited', 'blocked'];
const followRequestStates = ['pending', 'accepted', 'rejected', 'withdrawn'];

const transitions = listOf(
  object({
    event: text,
    target: text,
    guard: orNull(text),
    actions: listOf(text),
    delay: orNull(text),
    internal: yesNo,
  }),
);

export const runtime = {
  Transition: object({
    seq: count,
    at: time,
    machine: oneOf('domain', 'follow-request'),
    key: text,
    from: orNull(text),
    to: oneOf(...domainStates, ...followRequestStates),
    event: text,
    reason: orNull(text),
    by: orNull(text),
    policy: orNull(text),
  }),
  Machine: object({
    id: text,
    initial: text,
    states: listOf(
      object({
        name: text,
        initial: yesNo,
        final: yesNo,
        tags: listOf(text),
        transitions,
      }),
    ),
    transitions,
    counts: { type: 'object', additionalProperties: count },
  }),
  Done: object({ id: text, done: text }),
  Description: { type: 'object' },
  Stream: { type: 'string', description: 'events named `transition`, their ids the numbers of the log' },
};
