/** Lists as files: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, type Schema, text, yesNo } from './shapes.ts';

const policy = object({
  domain: orNull(text),
  source: orNull(text),
  severity: oneOf('allow', 'none', 'silence', 'block'),
  rejectMedia: yesNo,
  rejectReports: yesNo,
});

const preview = object({
  format: oneOf('csv', 'json', 'plain'),
  dialect: text,
  kind: oneOf('block', 'allow', 'retract'),
  mode: oneOf('add', 'replace'),
  ...{ rows: count, add: count, update: count, remove: count, same: count, kept: count, followed: count },
  suspicion: orNull(text),
  problemsTotal: count,
  problems: listOf(object({ row: count, text, problem: text })),
  itemsTotal: count,
  items: listOf(
    object({
      domain: text,
      change: oneOf('add', 'update', 'remove', 'same'),
      ...{ from: policy, to: policy, follows: count },
    }),
  ),
});

export const lists: Readonly<Record<'Import' | 'List', Schema>> = {
  Import: { anyOf: [preview, object({ batch: orNull(text), total: count, problemsTotal: count })] },
  List: { type: 'string', description: 'CSV, JSON or one name a line' },
};
