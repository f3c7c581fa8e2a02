/** `sallyport filters`: what is registered, what there is, and what it would make of a document. */
import { readFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { messageOf } from '../errors.ts';
import { CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { PAGING, plain, printList, tableOf } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = { ...CONNECTION, ...PAGING, with: { type: 'string' } } as const;

export const filters: Verb = {
  summary: 'look at filters; try them on a document',
  help: `Usage: sallyport filters ls
       sallyport filters built-in [USE]
       sallyport filters try FILE [--with FILTERS]

ls        the filters in the order in which they are asked, and how they do
built-in  the filters that come with the package; of one of them its options
try       what the filters would make of the activity in FILE (- for standard input);
          nothing is stored, and nothing counts

  --with FILTERS a JSON file with built-in filters, to be tried in place of those that are
                 registered: a list, or a configuration with one under "filters"
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      await printList(connect(values), '/filters', {}, values, [
        ['NAME', ({ name }) => name],
        ['USE', ({ use }) => use],
        ['VERDICT', ({ verdict, isShadow }) => (isShadow ? 'shadow' : verdict)],
        ['CALLS', ({ calls }) => calls],
        ['SAID', ({ verdicts }) => countsOf(verdicts as Readonly<Record<string, number>>)],
        ['P95 MS', ({ p95Ms }) => p95Ms],
        ['EFFECT', ({ effect }) => effect],
      ]);
      return DONE;
    }
    if (verb === 'built-in') {
      await builtIn(rest, values);
      return DONE;
    }
    if (verb !== 'try') throw new UsageError('say which: ls, built-in, try');
    const [file] = take(rest, ['FILE']);
    const list = values.with === undefined ? undefined : filtersIn(await readJson(values.with));
    const body = { document: await readJson(file), ...(list === undefined ? {} : { filters: list }) };
    const trial = await connect(values).post('/filters/try', body);
    print(values.json ? JSON.stringify(trial, null, 2) : explained(trial));
    return DONE;
  },
};

type Values = Parameters<typeof printList>[3] & Parameters<typeof connect>[0];

async function builtIn(rest: readonly string[], values: Values): Promise<void> {
  if (rest.length === 0) {
    await printList(connect(values), '/filters/built-in', {}, values, [
      ['USE', ({ use }) => use],
      ['VERDICT', ({ verdict }) => verdict],
      ['EFFECT', ({ effect }) => effect],
    ]);
    return;
  }
  const [use] = take(rest, ['USE']);
  const { items } = await connect(values).get('/filters/built-in');
  const found = (items as Json[]).find((one) => one.use === use);
  if (found === undefined)
    throw new UsageError(`there is no built-in filter ${use}: sallyport filters built-in`);
  if (values.json) return print(JSON.stringify(found, null, 2));
  const { required, properties } = found.schema as { required: string[]; properties: Record<string, Json> };
  const options = Object.entries(properties).filter(([name]) => name !== 'use');
  print(`${found.use}: ${found.effect}\n`);
  print(
    tableOf(
      options.map(([name, schema]) => ({ ...schema, name })),
      [
        ['OPTION', ({ name }) => name],
        ['DEFAULT', ({ name, default: it }) => (required.includes(String(name)) ? 'required' : shown(it))],
        ['EXAMPLE', ({ examples }) => shown((examples as unknown[] | undefined)?.[0])],
        ['MEANING', ({ description }) => description],
      ],
    ),
  );
}

const shown = (value: unknown): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);

const countsOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');

/** What they made of it, in lines. */
function explained(trial: Json): string {
  const { status, filter, reason, score, asked, remarks, wishes } = trial;
  const end = filter === null ? '' : ` by ${plain(filter)}: ${plain(reason)}`;
  const lines = [`${plain(status)}${end}`, `asked: ${(asked as string[]).map(plain).join(', ') || 'nobody'}`];
  if (score !== null) lines.push(`points: ${score}`);
  for (const { filter: name, type, reason: why, saw } of remarks as Json[])
    lines.push(
      `  ${plain(name)}  ${plain(type)}  ${plain(why)}${saw === undefined ? '' : `  (${plain(saw)})`}`,
    );
  for (const { type, reason: why } of wishes as Json[])
    lines.push(`the domain would get a ${plain(type)}: ${plain(why)}`);
  return lines.join('\n');
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = file === '-' ? await textOf(process.stdin) : readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`${file} is no JSON`);
  }
}

/** A list, or the one in a configuration. */
const filtersIn = (given: unknown): unknown =>
  Array.isArray(given) ? given : (given as Json | null)?.filters;
