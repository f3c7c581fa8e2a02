/** What is kept for long enough goes: the schemas of answers. */
import { count, listOf, object, orNull, text, time, yesNo } from './shapes.ts';

export const retention = {
  Pruned: object({
    dryRun: yesNo,
    tables: listOf(object({ table: text, olderThan: orNull(time), gone: count })),
    heldBackBy: listOf(text),
    cursor: orNull(text),
  }),
  Forgotten: object({ handlers: listOf(text) }),
};
