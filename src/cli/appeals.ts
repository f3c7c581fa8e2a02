/** `sallyport appeals`: what blocked domains say against their block. */
import { CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList, recordOf } from './page.ts';
import { DONE, FAILED, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  state: { type: 'string' },
  domain: { type: 'string' },
  reason: { type: 'string' },
  contact: { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const;

type Values = ReturnType<typeof readArgs<typeof OPTIONS>>['values'];

export const appeals: Verb = {
  summary: 'look at appeals of blocked domains; uphold and overturn them',
  help: `Usage: sallyport appeals ls [--state open|upheld|overturned] [--domain DOMAIN]
       sallyport appeals show ID
       sallyport appeals uphold ID --reason WHY
       sallyport appeals overturn ID --reason WHY
       sallyport appeals link DOMAIN
       sallyport appeals enter DOMAIN --reason WHAT [--contact HOW]

uphold    the block stays
overturn  the block ends, with WHY in the log
link      makes a link for the domain's administrators, good for one appeal within 14 days
enter     enters an appeal that came in another way, such as by mail; WHAT is what they say

  --dry-run      only says what it would be done to
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    switch (verb) {
      case 'ls':
        take(rest, []);
        return list(values);
      case 'show': {
        const record = await connect(values).get(pathOf(take(rest, ['ID'])[0]));
        return say(record, values, recordOf(record));
      }
      case 'uphold':
      case 'overturn':
        return decide(verb, take(rest, ['ID'])[0], values);
      case 'link':
        return link(take(rest, ['DOMAIN'])[0], values);
      case 'enter':
        return enter(take(rest, ['DOMAIN'])[0], values);
      default:
        throw new UsageError('say which: ls, show, uphold, overturn, link, enter');
    }
  },
};

const pathOf = (id: string): string => `/appeals/${encodeURIComponent(id)}`;
const domainPath = (domain: string): string => `/domains/${encodeURIComponent(domain)}`;

async function list(values: Values): Promise<number> {
  const { state, domain } = values;
  await printList(connect(values), '/appeals', { state, domain }, values, [
    ['ID', ({ id }) => id],
    ['DOMAIN', (appeal) => appeal.domain],
    ['STATE', (appeal) => appeal.state],
    ['SIGNED BY', ({ actor }) => actor],
    ['SINCE', ({ receivedAt }) => receivedAt],
    ['DECIDED BY', ({ decidedBy }) => decidedBy],
  ]);
  return DONE;
}

async function decide(verb: 'uphold' | 'overturn', id: string, values: Values): Promise<number> {
  const reason = reasonOf(values, 'a decision has a reason: --reason WHY');
  const client = connect(values);
  if (values['dry-run']) {
    const { domain, state, ...rest } = await client.get(pathOf(id));
    const line = `Would ${verb} the appeal of ${plain(domain)}, which is ${plain(state)}.`;
    return say({ domain, state, ...rest }, values, line);
  }
  const record = await client.post(`${pathOf(id)}/${verb}`, { reason });
  return say(record, values, `The appeal of ${plain(record.domain)} is ${plain(record.state)}.`);
}

async function link(domain: string, values: Values): Promise<number> {
  const client = connect(values);
  if (values['dry-run']) {
    const record = await client.get(domainPath(domain));
    return say(record, values, `Would make a link for ${plain(domain)}, which is ${plain(record.state)}.`);
  }
  const record = await client.post(`${domainPath(domain)}/appeal-link`);
  return say(record, values, `${plain(record.url)}\nGood for one appeal until ${plain(record.expiresAt)}.`);
}

async function enter(domain: string, values: Values): Promise<number> {
  const reason = reasonOf(values, 'say what they say: --reason WHAT');
  const client = connect(values);
  if (values['dry-run']) {
    const record = await client.get(domainPath(domain));
    return say(record, values, `Would enter an appeal of ${plain(domain)}, which is ${plain(record.state)}.`);
  }
  const answer = await client.post(`${domainPath(domain)}/appeal`, { reason, contact: values.contact });
  const said = answer.type === 'taken' ? 'is entered' : `is not taken: ${plain(answer.type)}`;
  say(answer, values, `The appeal of ${plain(domain)} ${said}.`);
  return answer.type === 'taken' ? DONE : FAILED;
}

function reasonOf({ reason = '' }: Values, problem: string): string {
  if (reason.trim() === '') throw new UsageError(problem);
  return reason;
}

function say(record: Json, { json }: Values, line: string): number {
  print(json ? JSON.stringify(record, null, 2) : line);
  return DONE;
}
