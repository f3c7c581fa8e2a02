/** `sallyport audit`: who decided what, about whom, and why. */
import { millisecondsOf } from '../options.ts';
import { CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { timeOf } from './domains.ts';
import { PAGING, PAGING_HELP, printList } from './page.ts';
import { DONE, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  by: { type: 'string' },
  verb: { type: 'string' },
  subject: { type: 'string' },
  domain: { type: 'string' },
  batch: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  format: { type: 'string' },
} as const;

type Values = ReturnType<typeof readArgs<typeof OPTIONS>>['values'];

export const audit: Verb = {
  summary: 'look up who decided what, and why',
  help: `Usage: sallyport audit ls [WHICH]
       sallyport audit export [WHICH] [--format ndjson|csv]

WHICH  --by WHO, --verb VERB, --subject KIND[:ID], --domain DOMAIN, --batch ID,
       --since TIME|NUMBER, --until TIME: what fits all of them; WHO may be runtime

export  all of them on stdout, oldest first, a record a line

  TIME           a time (2027-03-01, 2027-03-01T12:00:00Z) or a length of time back from now (7d)
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    take(rest, []);
    if (verb === 'ls') return list(values);
    if (verb !== 'export') throw new UsageError('say which: ls, export');
    const { format = 'ndjson' } = values;
    if (format !== 'ndjson' && format !== 'csv') throw new UsageError('--format is neither ndjson nor csv');
    const { body } = await connect(values).open('/audit/export', { ...which(values), format });
    for await (const chunk of body ?? []) process.stdout.write(chunk);
    return DONE;
  },
};

async function list(values: Values): Promise<number> {
  await printList(connect(values), '/audit', which(values), values, [
    ['SEQ', ({ seq }) => seq],
    ['AT', ({ at }) => at],
    ['BY', ({ by }) => by ?? 'runtime'],
    ['VERB', (one) => one.verb],
    ['ABOUT', ({ subject }) => `${(subject as Json).kind}:${(subject as Json).id}`],
    ['FROM', ({ from }) => from],
    ['TO', ({ to }) => to],
    ['REASON', ({ reason }) => reason],
  ]);
  return DONE;
}

function which({ by, verb, subject, domain, batch, since, until }: Values) {
  const nowMs = Date.now();
  const isNumber = since !== undefined && /^\d+$/.test(since);
  return {
    ...{ by, verb, subject, domain, batch },
    since: since === undefined || isNumber ? since : back('--since', since, nowMs),
    until: until === undefined ? undefined : back('--until', until, nowMs),
  };
}

/** A length of time counts back from now. */
function back(flag: string, text: string, nowMs: number): string {
  const lastsMs = millisecondsOf(text);
  return lastsMs === null ? timeOf(flag, text, nowMs) : new Date(nowMs - lastsMs).toISOString();
}
