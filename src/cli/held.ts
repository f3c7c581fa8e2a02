/** `sallyport held`: what filters have held for a moderator, to be approved or rejected; and whom moderators trust. */
import { type Client, CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { timeOf } from './domains.ts';
import { PAGING, PAGING_HELP, plain, printList, recordOf } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  filter: { type: 'string' },
  domain: { type: 'string' },
  actor: { type: 'string' },
  type: { type: 'string' },
  q: { type: 'string' },
  order: { type: 'string' },
  reason: { type: 'string' },
  until: { type: 'string' },
  trust: { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const;

type Values = ReturnType<typeof readArgs<typeof OPTIONS>>['values'];

export const held: Verb = {
  summary: 'look at what filters hold; approve and reject it; say whom to trust',
  help: `Usage: sallyport held ls [WHICH] [--order newest|oldest|expiring]
       sallyport held show ID
       sallyport held approve ID… [--reason WHY] [--trust actor|domain]
       sallyport held reject ID… [--reason WHY]
       sallyport held approve|reject WHICH [--reason WHY] [--trust actor|domain] [--dry-run]
       sallyport held extend ID --until TIME [--reason WHY]
       sallyport held trusted
       sallyport held trust ACTOR|DOMAIN [--reason WHY]
       sallyport held revoke ID|ACTOR|DOMAIN [--reason WHY]

approve  lets the activity act, once; filters that were not asked about it have their say
reject   ends it without effect; a Follow is answered with a Reject
extend   lets it wait until TIME
trust    from now on filters hold nothing of the actor or the domain; revoke ends that

WHICH    --filter NAME, --domain NAME, --actor ID, --type TYPE, --q TEXT: what fits all of them

  --reason WHY   stands in the activity's history
  --until TIME   a time (2027-03-01, 2027-03-01T12:00:00Z) or a length of time from now (7d)
  --dry-run      only says how many there are
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    const client = () => connect(values);
    switch (verb) {
      case 'ls':
        take(rest, []);
        return list(client(), values);
      case 'show':
        return show(await client().get(pathOf(take(rest, ['ID'])[0])), values);
      case 'approve':
      case 'reject':
        return decide(client, verb, rest, values);
      case 'extend': {
        const [id] = take(rest, ['ID']);
        if (values.until === undefined) throw new UsageError('say until when: --until TIME');
        const body = { until: timeOf('--until', values.until, Date.now()), reason: values.reason };
        const record = await client().post(`${pathOf(id)}/extend`, body);
        return say(record, values, `${plain(record.activityId)} waits until ${plain(record.expiresAt)}.`);
      }
      case 'trusted':
        take(rest, []);
        return listTrusted(client(), values);
      case 'trust': {
        const [target] = take(rest, ['ACTOR|DOMAIN']);
        const whom = target.includes('://') ? { actor: target } : { domain: target };
        const record = await client().post('/trusted', { ...whom, reason: values.reason });
        return say(record, values, `${plain(target)} is trusted.`);
      }
      case 'revoke': {
        const [target] = take(rest, ['ID|ACTOR|DOMAIN']);
        const path = `/trusted/${encodeURIComponent(target)}/revoke`;
        const record = await client().post(path, { reason: values.reason });
        return say(record, values, `${plain(record.actor ?? record.domain)} is not trusted any more.`);
      }
      default:
        throw new UsageError('say which: ls, show, approve, reject, extend, trusted, trust, revoke');
    }
  },
};

const pathOf = (id: string): string => `/held/${encodeURIComponent(id)}`;

async function list(client: Client, values: Values): Promise<number> {
  await printList(client, '/held', { ...which(values), order: values.order }, values, [
    ['ID', ({ id }) => id],
    ['TYPE', ({ type }) => type],
    ['ACTOR', ({ actor }) => actor],
    ['FILTER', ({ filter }) => filter],
    ['REASON', ({ reason }) => reason],
    ['SINCE', ({ heldAt }) => heldAt],
    ['UNTIL', ({ expiresAt }) => expiresAt],
  ]);
  return DONE;
}

async function listTrusted(client: Client, values: Values): Promise<number> {
  await printList(client, '/trusted', {}, values, [
    ['ID', ({ id }) => id],
    ['WHO', ({ actor, domain }) => actor ?? domain],
    ['REASON', ({ reason }) => reason],
    ['BY', ({ by }) => by],
    ['SINCE', ({ since }) => since],
  ]);
  return DONE;
}

function which({ filter, domain, actor, type, q }: Values): Record<string, string | undefined> {
  return { filter, domain, actor, type, q };
}

/** One by its id, or many in one call. */
async function decide(
  client: () => Client,
  verb: 'approve' | 'reject',
  ids: readonly string[],
  values: Values,
): Promise<number> {
  const { reason, trust } = values;
  if (trust !== undefined && (verb !== 'approve' || !['actor', 'domain'].includes(trust)))
    throw new UsageError('--trust actor or --trust domain goes with approve');
  const wish = which(values);
  const isByIds = ids.length > 0;
  if (!isByIds && Object.values(wish).every((one) => one === undefined))
    throw new UsageError('ID is missing, or say which: --filter, --domain, --actor, --type, --q');
  const [id] = ids;
  if (ids.length === 1 && id !== undefined && values['dry-run'] !== true) {
    const decision = await client().post(`${pathOf(id)}/${verb}`, { reason, trust });
    return say(decision, values, `${plain(decision.activityId)} is ${PARTICIPLE[verb]}.`);
  }
  const body = { action: verb, reason, trust, dryRun: values['dry-run'], ...wish };
  const result = await client().post('/held/bulk', isByIds ? { ...body, ids } : body);
  const { matched, changed } = result;
  const told =
    values['dry-run'] === true
      ? `${plain(matched)} would be ${PARTICIPLE[verb]}.`
      : `${plain(changed)} of ${plain(matched)} are ${PARTICIPLE[verb]}.`;
  return say(result, values, told);
}

const PARTICIPLE = { approve: 'approved', reject: 'rejected' } as const;

function say(answer: Json, { json }: Values, sentence: string): number {
  print(json ? JSON.stringify(answer, null, 2) : sentence);
  return DONE;
}

/** The fields on a line each, what the filters said, and the document last, as it came. */
function show(record: Json, { json }: Values): number {
  if (json) return say(record, { json }, '');
  const { document, chain, asked, ...fields } = record;
  print(recordOf(fields));
  print(`asked      ${(asked as string[]).map(plain).join(', ')}`);
  for (const entry of chain as Json[])
    print(`${plain(entry.at)}  ${plain(entry.what)}  ${plain(entry.filter)}  ${plain(entry.reason)}`);
  if (document !== null) print(`\n${String(document).replace(/[^\P{C}\n\t]+/gu, ' ')}`);
  return DONE;
}
