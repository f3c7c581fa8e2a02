/** `sallyport rules`: what people here and lists say of domains. */
import { CONNECTION, CONNECTION_HELP, connect } from './client.ts';
import { timeOf } from './domains.ts';
import { PAGING, PAGING_HELP, plain, printList, tableOf } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  source: { type: 'string' },
  severity: { type: 'string' },
  q: { type: 'string' },
  reason: { type: 'string' },
  until: { type: 'string' },
  'reject-media': { type: 'boolean' },
  'reject-reports': { type: 'boolean' },
  obfuscate: { type: 'boolean' },
  'public-comment': { type: 'string' },
  'private-comment': { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const;

const COLUMNS = [
  ['DOMAIN', ({ domain }) => domain],
  ['SOURCE', ({ source }) => source],
  ['SEVERITY', ({ severity }) => severity],
  ['MEDIA', ({ rejectMedia }) => (rejectMedia ? 'rejected' : '')],
  ['REPORTS', ({ rejectReports }) => (rejectReports ? 'rejected' : '')],
  ['BY', ({ by }) => by],
  ['REASON', ({ reason }) => reason],
] as const satisfies Parameters<typeof tableOf>[1];

export const rules: Verb = {
  summary: 'look at what people and lists say of domains; silence, allow, reject media',
  help: `Usage: sallyport rules ls [--source manual|list:…] [--severity S] [--q PART]
       sallyport rules show DOMAIN
       sallyport rules set DOMAIN… --severity allow|none|silence|block --reason WHY
       sallyport rules remove DOMAIN… --reason WHY

show    what every source says of the domain and of its parents, and what is in force
set     what people here say of the domains from now on; it beats every list
remove  takes that back; what lists say holds again

allow    may come in where only allowed domains may; lifts what is said of a parent
none     no more than its flags; lifts what is said of a parent
silence  requests to follow wait for a decision
block    403 for everything

  --reject-media     media are taken out of what handlers and filters see
  --reject-reports   its reports are dropped
  --obfuscate        published with letters of the name hidden
  --until TIME, --public-comment TEXT, --private-comment TEXT
  --dry-run          say what would change, and change nothing
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    const client = connect(values);
    const { source, severity, q } = values;
    if (verb === 'ls') {
      take(rest, []);
      await printList(client, '/rules', { source, severity, q }, values, COLUMNS);
      return DONE;
    }
    if (verb === 'show') {
      const [domain] = take(rest, ['DOMAIN']);
      const found = await client.get(`/domains/${encodeURIComponent(domain)}/rules`);
      if (values.json) print(JSON.stringify(found, null, 2));
      else print(shown(domain, found as never));
      return DONE;
    }
    if (verb !== 'set' && verb !== 'remove') throw new UsageError('say which: ls, show, set, remove');
    if (rest.length === 0) throw new UsageError('say which: DOMAIN…');
    if (values.reason === undefined) throw new UsageError('it has a reason: --reason WHY');
    if (verb === 'set' && severity === undefined)
      throw new UsageError('say how hard: --severity allow|none|silence|block');
    const body = {
      domains: rest,
      severity: verb === 'set' ? severity : 'remove',
      reason: values.reason,
      rejectMedia: values['reject-media'],
      rejectReports: values['reject-reports'],
      obfuscate: values.obfuscate,
      until: values.until === undefined ? undefined : timeOf('--until', values.until, Date.now()),
      publicComment: values['public-comment'],
      privateComment: values['private-comment'],
    };
    const answer = await client.post(values['dry-run'] ? '/rules/preview' : '/rules', body);
    if (values.json) print(JSON.stringify(answer, null, 2));
    else if (values['dry-run']) print(previewed(answer as never));
    else print(`${plain(answer.changed)} changed, in batch ${plain(answer.id)}.`);
    return DONE;
  },
};

interface Effective {
  readonly domain: string | null;
  readonly source: string | null;
  readonly severity: string;
}

const said = ({ domain, source, severity }: Effective): string =>
  domain === null ? 'nothing' : `${severity}, by ${source ?? 'its state'}, for ${domain}`;

function shown(
  domain: string,
  { rules: list, effective }: { rules: Parameters<typeof tableOf>[0]; effective: Effective },
): string {
  const table = list.length === 0 ? 'No source says anything.' : tableOf(list, COLUMNS);
  return `${table}\n\nIn force for ${plain(domain)}: ${plain(said(effective))}.`;
}

function previewed({
  items,
}: {
  items: { domain: string; change: string; from: Effective; to: Effective; follows: number }[];
}): string {
  return tableOf(items as never, [
    ['DOMAIN', ({ domain }) => domain],
    ['CHANGE', ({ change }) => change],
    ['FROM', ({ from }) => said(from as never)],
    ['TO', ({ to }) => said(to as never)],
    ['FOLLOWS', ({ follows }) => follows],
  ]);
}
