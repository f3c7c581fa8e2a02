/** `sallyport reports`: what people report to our moderators, and what is done about it. */
import { type Client, CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList, recordOf } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  state: { type: 'string' },
  domain: { type: 'string' },
  target: { type: 'string' },
  assignee: { type: 'string' },
  reason: { type: 'string' },
  content: { type: 'string' },
  actor: { type: 'string' },
  forward: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const;

type Values = ReturnType<typeof readArgs<typeof OPTIONS>>['values'];

/** What a verb makes of a report, in a word. */
const VERBS: Readonly<Record<string, string>> = {
  claim: 'claimed',
  release: 'released',
  note: 'noted',
  resolve: 'resolved',
  reopen: 'open again',
  forward: 'forwarded',
};
const WITH_REASON = ['note', 'resolve'];

export const reports: Verb = {
  summary: 'look at reports; claim, resolve and forward them',
  help: `Usage: sallyport reports ls [--state open|resolved] [--domain D] [--target ACTOR|D] [--assignee WHO]
       sallyport reports show ID
       sallyport reports claim|release|reopen|forward ID [--reason WHY]
       sallyport reports note|resolve ID --reason WHAT
       sallyport reports send URL… [--content TEXT] [--actor HANDLE] [--forward]

claim    nobody else takes care of it until it is released; --assignee WHO has somebody else do it
resolve  ends it; WHAT says what was done
forward  sends it to the server of the remote actor that it is about
send     a report of our own people, with --forward also to the servers of whom it is about

  --dry-run      only says what it would be done to
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb = '', ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      return list(connect(values), values);
    }
    if (verb === 'show') return show(await connect(values).get(pathOf(take(rest, ['ID'])[0])), values);
    if (verb === 'send') return send(values, rest);
    const done = VERBS[verb];
    if (done === undefined)
      throw new UsageError(`say which: ls, show, ${Object.keys(VERBS).join(', ')}, send`);
    const [id] = take(rest, ['ID']);
    const { reason } = values;
    if (WITH_REASON.includes(verb) && (reason ?? '').trim() === '')
      throw new UsageError(`say what: --reason WHAT`);
    const client = connect(values);
    if (values['dry-run']) return wouldBe(await client.get(pathOf(id)), verb, values);
    const whom = verb === 'claim' ? { assignee: values.assignee } : {};
    const record = await client.post(`${pathOf(id)}/${verb}`, { reason, ...whom });
    return say(record, values, `Report ${plain(id)} is ${done}.`);
  },
};

const pathOf = (id: string): string => `/reports/${encodeURIComponent(id)}`;

async function list(client: Client, values: Values): Promise<number> {
  const { state, domain, target, assignee } = values;
  await printList(client, '/reports', { state, domain, target, assignee }, values, [
    ['ID', ({ id }) => id],
    ['STATE', (report) => report.state],
    ['ABOUT', (report) => report.target],
    ['BY', ({ actor }) => actor],
    ['TIMES', ({ count }) => count],
    ['WHO', (report) => report.assignee],
    ['SINCE', ({ receivedAt }) => receivedAt],
    ['SAYS', ({ content }) => short(content)],
  ]);
  return DONE;
}

/** So much of a text fits beside the rest. */
const SHOWN_MAX = 60;
const short = (text: unknown): string => {
  const line = plain(text);
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line;
};

async function send(values: Values, objects: readonly string[]): Promise<number> {
  if (objects.length === 0) throw new UsageError('URL is missing');
  const { content, actor, forward } = values;
  const body = { objects, content, actor, forward };
  if (values['dry-run']) {
    const said = forward ? 'reported, also to the servers of whom it is about' : 'reported here';
    return say(body, values, `Would be ${said}: ${objects.map(plain).join(', ')}`);
  }
  const record = await connect(values).post('/reports', body);
  return say(record, values, `Report ${plain(record.id)} is open.`);
}

function show(record: Json, values: Values): number {
  if (values.json) return say(record, values, '');
  print(recordOf(record));
  for (const uri of record.objects as string[]) print(`object      ${plain(uri)}`);
  for (const { at, by, verb, reason } of record.history as Json[])
    print(`${plain(at)}  ${plain(by ?? 'runtime')}  ${plain(verb)}  ${plain(reason)}`);
  return DONE;
}

function wouldBe(record: Json, verb: string, values: Values): number {
  const { id, state, target, assignee } = record;
  const whose = assignee === null ? '' : `, with ${plain(assignee)}`;
  return say(
    record,
    values,
    `Would ${verb} report ${plain(id)} (${plain(state)}${whose}) about ${plain(target)}.`,
  );
}

function say(record: Json, { json }: Values, line: string): number {
  print(json ? JSON.stringify(record, null, 2) : line);
  return DONE;
}
