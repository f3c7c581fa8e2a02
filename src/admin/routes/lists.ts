/** Lists of domains as files: in, with a preview, and out. */
import { LIST_BYTES_MAX, LIST_FORMATS, LIST_KINDS } from '../../lists/index.ts';
import { type Route, route } from '../route.ts';
import { reason } from './fields.ts';

const format = { kind: 'choice', choices: LIST_FORMATS } as const;

export const lists: readonly Route[] = [
  route('POST', '/lists/import', {
    about: 'Makes a list what people here say, as one batch; with `dryRun` only shows what that would do',
    // In JSON a line break takes two bytes, and other characters up to six.
    bodyBytesMax: 2 * LIST_BYTES_MAX,
    body: {
      text: { kind: 'text', charactersMax: LIST_BYTES_MAX, required: true, about: 'the list' },
      format: { ...format, about: 'what it is written in; found out when absent' },
      kind: {
        kind: 'choice',
        choices: LIST_KINDS,
        about: 'what its rows are; when absent what it says of itself, else `block`',
      },
      mode: {
        kind: 'choice',
        choices: ['add', 'replace'] as const,
        about: '`replace` also takes back what people here said of other domains; `add` when absent',
      },
      severityMax: {
        kind: 'choice',
        choices: ['block', 'silence', 'none'] as const,
        about: 'the hardest that it may be',
      },
      keepExisting: { kind: 'flag', about: 'passes over domains about which a rule decides already' },
      force: { kind: 'flag', about: 'replaces although that takes back nearly everything' },
      dryRun: { kind: 'flag', about: 'only shows what it would do' },
      reason,
    },
    answer: 'Import',
    call({ inbox, body: { text, dryRun, reason: why, ...options }, by }) {
      if (dryRun === true) return inbox.lists.preview(text, options);
      return inbox.lists.import(text, options, { by, reason: why });
    },
  }),
  route('GET', '/lists/export', {
    about: 'What is blocked and silenced here as a list, Mastodon’s CSV when nothing else is asked for',
    query: {
      format: { ...format, about: 'what it is written in; `csv` when absent' },
      kind: {
        kind: 'choice',
        choices: ['block', 'allow'] as const,
        about: '`allow`: the allowed domains instead',
      },
      source: {
        kind: 'text',
        charactersMax: 300,
        about: 'only what this source says: `manual`, `list:…`; when absent what is in force',
      },
    },
    answer: 'List',
    async call({ inbox, query }) {
      const { name, contentType, text } = await inbox.lists.export(query);
      const headers = {
        'content-type': contentType,
        'content-disposition': `attachment; filename="${name}"`,
        'cache-control': 'no-store',
      };
      return new Response(text, { headers });
    },
  }),
];
