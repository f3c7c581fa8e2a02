/** `sallyport lists`: lists of domains as files, in and out. `sallyport domains import|export` is the same. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { text as textOf } from 'node:stream/consumers';
import { conclude, watch } from './batches.ts';
import { CONNECTION, CONNECTION_HELP, connect, type Json, RequestFailed } from './client.ts';
import { plain, tableOf } from './page.ts';
import { complain, DONE, FAILED, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  format: { type: 'string' },
  kind: { type: 'string' },
  replace: { type: 'boolean' },
  'severity-max': { type: 'string' },
  'keep-existing': { type: 'boolean' },
  force: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean' },
  reason: { type: 'string' },
  source: { type: 'string' },
  output: { type: 'string' },
} as const;

type Values = ReturnType<typeof readArgs<typeof OPTIONS>>['values'];

export const lists: Verb = {
  summary: 'import and export lists of blocked and allowed domains',
  help: `Usage: sallyport lists import FILE [--dry-run] [--replace] [--yes]
       sallyport lists export [--format csv|json|plain] [--kind allow] [--source SOURCE]

import  reads Mastodon's CSV and its relatives, JSON or one name a line (FILE - is stdin), shows what it would change
        and changes it as one batch, whose progress is on stderr; undo it with sallyport batches undo
export  writes what is blocked and silenced here, Mastodon's CSV when nothing else is asked for

  --dry-run            only shows what would change
  --yes                does not ask on a terminal
  --replace            also takes back what people here said of domains that the file does not name
  --force              replaces although that takes back nearly everything
  --keep-existing      passes over domains about which a rule decides already, as Mastodon does
  --severity-max S     the hardest that the file may be: block, silence, none
  --format F           csv, json or plain           (found out; csv)
  --kind K             block, allow or retract      (what the file says of itself, else block)
  --reason WHY         stands in the log
  --source SOURCE      exports what this source says: manual, or a list's id
  --output FILE        exports into this file
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'import') {
      const [file] = take(rest, ['FILE']);
      return bringIn(file, values);
    }
    if (verb !== 'export') throw new UsageError('say which: import, export');
    take(rest, []);
    return bringOut(values);
  },
};

async function bringIn(file: string, values: Values): Promise<number> {
  const client = connect(values);
  const text = await read(file);
  if (text.trim() === '') throw new UsageError(`${file} is empty`);
  const body = {
    text,
    format: values.format,
    kind: values.kind ?? KINDS[basename(file).toLowerCase()],
    mode: values.replace === true ? 'replace' : undefined,
    severityMax: values['severity-max'],
    keepExisting: values['keep-existing'],
    force: values.force,
    reason: values.reason,
  };
  const preview = await client.post('/lists/import', { ...body, dryRun: true });
  if (values['dry-run'] === true) {
    print(values.json ? JSON.stringify(preview, null, 2) : previewOf(preview));
    return DONE;
  }
  if (values.json !== true) print(previewOf(preview));
  if (preview.suspicion !== null && values.force !== true) {
    complain('Nothing was changed. If this is meant: --force');
    return FAILED;
  }
  if (values.yes !== true && values.json !== true && !(await isAgreed())) {
    complain('Nothing was changed.');
    return FAILED;
  }
  const { batch } = await client.post('/lists/import', body);
  if (batch === null) {
    print(values.json ? JSON.stringify({ batch, total: 0 }) : 'There was nothing to change.');
    return DONE;
  }
  const record = await watch(client, batch as string);
  if (values.json !== true) return conclude(record);
  print(JSON.stringify(record, null, 2));
  return record.state === 'applied' ? DONE : FAILED;
}

/** Names under which lists are handed around that do not say themselves what they are. */
const KINDS: Readonly<Record<string, string>> = {
  'domain_blocks.csv': 'block',
  'domain-denylist.csv': 'block',
  'domain_allows.csv': 'allow',
  'domain-allowlist.csv': 'allow',
  'domain-retractions.csv': 'retract',
};

async function read(file: string): Promise<string> {
  const bytes = file === '-' ? Buffer.from(await textOf(process.stdin)) : await fileBytes(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RequestFailed(`${file} is not UTF-8`);
  }
}

async function fileBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** On a terminal somebody is asked. In a script whoever wrote it has decided, and it can be undone. */
async function isAgreed(): Promise<boolean> {
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Change this? [y/N] ');
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

const SHOWN = 20;

function previewOf(preview: Json): string {
  const { rows, dialect, kind, add, update, remove, same, kept, followed, suspicion } = preview;
  const problems = preview.problems as Json[];
  const items = preview.items as Json[];
  const lines = [
    `${plain(rows)} rows of ${plain(kind)} (${plain(dialect)})`,
    `add ${plain(add)}, update ${plain(update)}, remove ${plain(remove)}, same ${plain(same)}${kept === 0 ? '' : `, kept ${plain(kept)}`}`,
  ];
  if (followed !== 0) lines.push(`${plain(followed)} of them with live follows between them and here`);
  if (items.length > 0) {
    const severity = (policy: unknown) => (policy as Json).severity;
    lines.push(
      '',
      tableOf(items.slice(0, SHOWN), [
        ['CHANGE', ({ change }) => change],
        ['DOMAIN', ({ domain }) => domain],
        ['FROM', ({ from }) => severity(from)],
        ['TO', ({ to }) => severity(to)],
        ['FOLLOWS', ({ follows }) => follows],
      ]),
    );
    lines.push(...more(Number(preview.itemsTotal) - SHOWN));
  }
  if (problems.length > 0) {
    lines.push('', 'Rows that were not taken as they stand:');
    lines.push(
      ...problems
        .slice(0, SHOWN)
        .map(
          ({ row, text, problem }) =>
            `  ${row === 0 ? '' : `${plain(row)}: `}${plain(text)} ${plain(problem)}`,
        ),
    );
    lines.push(...more(Number(preview.problemsTotal) - SHOWN));
  }
  if (suspicion !== null) lines.push('', `!!! ${plain(suspicion)}`);
  return lines.join('\n');
}

const more = (count: number): string[] => (count > 0 ? [`… and ${count} more`] : []);

async function bringOut(values: Values): Promise<number> {
  const { format, kind, source, output } = values;
  const { body } = await connect(values).open('/lists/export', { format, kind, source });
  const text = body === null ? '' : await textOf(body as never);
  if (output === undefined) process.stdout.write(text);
  else await writeFile(output, text);
  return DONE;
}
