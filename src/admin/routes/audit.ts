/** Who decided what, about whom, and why. */
import { EXPORT_FORMATS, exportOf } from '../audit-export.ts';
import { badInput } from '../problems.ts';
import { type Route, route } from '../route.ts';
import { page } from './fields.ts';

const filter = {
  by: {
    kind: 'text',
    charactersMax: 300,
    about: 'the name of who decided; `runtime` for the runtime by itself',
  },
  verb: { kind: 'text', charactersMax: 100, about: 'such as `block`, `approve`, `limit.exceeded`' },
  subject: {
    kind: 'text',
    charactersMax: 2_100,
    about: 'what it is about: a kind (`domain`), or a kind and an id (`domain:spam.example`)',
  },
  domain: { kind: 'text', charactersMax: 253, about: 'the remote domain that it concerns' },
  batch: { kind: 'text', charactersMax: 100, about: 'the batch that it is part of' },
  since: { kind: 'text', charactersMax: 40, about: 'at or after this time; or after this number' },
  until: { kind: 'time', about: 'before this time' },
} as const;

/** A number of the log, or a time. */
function sinceOf(since: string | undefined): { after?: number; since?: Date } {
  if (since === undefined) return {};
  if (/^\d{1,15}$/.test(since)) return { after: Number(since) };
  const time = Date.parse(since);
  if (Number.isNaN(time) || !/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/i.test(since))
    throw badInput(400, [{ field: 'since', problem: 'is neither a number nor a time' }]);
  return { since: new Date(time) };
}

export const audit: readonly Route[] = [
  route('GET', '/audit', {
    about: 'Who decided what, about whom, and why; newest first',
    query: { ...page, ...filter },
    answer: 'AuditEntry[]',
    call: ({ inbox, query: { since, ...query } }) => inbox.audit.list({ ...query, ...sinceOf(since) }),
  }),
  route('GET', '/audit/export', {
    about: 'The same as a file, oldest first: a record a line, as JSON or CSV',
    query: { ...filter, format: { kind: 'choice', choices: EXPORT_FORMATS, about: '`ndjson` when absent' } },
    answer: 'AuditEntry',
    call: ({ inbox, query: { since, format = 'ndjson', ...query } }) =>
      exportOf(inbox.audit.all({ ...query, ...sinceOf(since) }), format),
  }),
];
