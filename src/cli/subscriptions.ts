/** `sallyport subscriptions`: remote lists, what they say, and what is made of it. */
import { type Client, CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList, recordOf, tableOf } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  'dry-run': { type: 'boolean' },
  name: { type: 'string' },
  every: { type: 'string' },
  mode: { type: 'string' },
  'severity-max': { type: 'string' },
  'followed-max': { type: 'string' },
  'on-remove': { type: 'string' },
  comment: { type: 'string' },
  user: { type: 'string' },
  password: { type: 'string' },
  bearer: { type: 'string' },
  reason: { type: 'string' },
  force: { type: 'boolean' },
  entries: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof readArgs<typeof OPTIONS>>['values'];

const VERBS = ['ls', 'show', 'add', 'set', 'pause', 'resume', 'poll', 'apply', 'remove'];

export const subscriptions: Verb = {
  summary: 'subscribe to lists of other servers; look at, apply and remove them',
  help: `Usage: sallyport subscriptions ls
       sallyport subscriptions show ID [--entries]
       sallyport subscriptions add KIND URL [settings] [--dry-run]
       sallyport subscriptions set ID [settings]
       sallyport subscriptions pause|resume ID
       sallyport subscriptions poll ID [--dry-run]
       sallyport subscriptions apply ID [--force] [--dry-run]
       sallyport subscriptions remove ID [--on-remove adopt] [--dry-run]

KIND is csv, json, plain, mastodon or fires. --dry-run says what would change, and changes nothing.

add     subscribes; the list is asked for at once
poll    asks for it now
apply   applies what waits; --force also what would take back nearly everything
remove  ends it; its rules go, or become rules of people here (--on-remove adopt)

  --name NAME           what it is called here            (the host of its URL)
  --every LENGTH        how often it is asked for         (1 day)
  --mode auto|draft     applied as it comes, or by apply  (draft)
  --severity-max block|silence|none
                        the hardest that it may be        (block)
  --followed-max silence|none|off
                        the same where ours follow somebody (off)
  --on-remove retract|adopt
                        what becomes of its rules         (retract)
  --comment TEXT        private comment of its rules; {name} and {comment} are the list's
  --user NAME --password WORD, --bearer TOKEN
                        how the list is asked for; never shown again
  --reason WHY          stands in the audit log
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      return list(values);
    }
    if (verb === 'add') {
      const [kind, url] = take(rest, ['KIND', 'URL']);
      return add(connect(values), { kind, url, ...settingsOf(values) }, values);
    }
    if (verb === undefined || !VERBS.includes(verb)) throw new UsageError(`say which: ${VERBS.join(', ')}`);
    const [id] = take(rest, ['ID']);
    return about(connect(values), verb, `/subscriptions/${encodeURIComponent(id)}`, values);
  },
};

async function list(values: Values): Promise<number> {
  await printList(connect(values), '/subscriptions', {}, values, [
    ['ID', ({ id }) => id],
    ['NAME', ({ name }) => name],
    ['KIND', ({ kind }) => kind],
    ['STATE', ({ state }) => state],
    ['MODE', ({ mode }) => mode],
    ['ENTRIES', ({ entries }) => entries],
    ['PENDING', ({ pending }) => pending],
    ['DUE', ({ dueAt }) => dueAt],
    ['ERROR', ({ suspicion, error }) => suspicion ?? error],
  ]);
  return DONE;
}

async function add(client: Client, body: Json, values: Values): Promise<number> {
  if (values['dry-run'] === true) return preview(await client.post('/subscriptions/probe', body), values);
  return record(await client.post('/subscriptions', { ...body, reason: values.reason }), values);
}

async function about(client: Client, verb: string, path: string, values: Values): Promise<number> {
  const { reason, force } = values;
  const isDry = values['dry-run'] === true;
  switch (verb) {
    case 'show':
      if (values.entries !== true) return record(await client.get(path), values);
      await printList(client, `${path}/entries`, {}, values, [
        ['KIND', ({ kind }) => kind],
        ['KEY', ({ key }) => key],
        ['SEVERITY', ({ severity }) => severity],
        ['LABELS', ({ labels, labelNames }) => named(labels as string[], labelNames as (string | null)[])],
        ['APPLIED', ({ isApplied }) => (isApplied === true ? 'yes' : 'no')],
      ]);
      return DONE;
    case 'set':
      if (isDry) throw new UsageError('set has no --dry-run: poll --dry-run shows what it comes to');
      return record(await client.post(path, { ...settingsOf(values), reason }), values);
    case 'poll':
      if (isDry) return preview(await client.post(`${path}/probe`), values);
      return record(await client.post(`${path}/poll`), values);
    case 'apply':
      if (isDry) return preview(await client.get(`${path}/preview`), values);
      return record(await client.post(`${path}/apply`, { force, reason }), values);
    case 'remove':
      return remove(client, path, values);
    default: {
      const before = await client.get(path);
      if (!isDry) return record(await client.post(`${path}/${verb}`, { reason }), values);
      return say(`${plain(before.name)} would be ${verb}d.`, before, values);
    }
  }
}

async function remove(client: Client, path: string, values: Values): Promise<number> {
  const { reason } = values;
  const onRemove = values['on-remove'];
  if (values['dry-run'] !== true) {
    const removed = await client.post(`${path}/remove`, { onRemove, reason });
    const fate = removed.onRemove === 'adopt' ? 'adopted' : 'taken back';
    return say(`Removed; rules ${fate}: ${plain(removed.rules)}.`, removed, values);
  }
  const one = await client.get(path);
  const fate = (onRemove ?? one.onRemove) === 'adopt' ? 'become rules of people here' : 'be taken back';
  return say(`${plain(one.name)} would be removed, and the rules that it made would ${fate}.`, one, values);
}

function settingsOf(values: Values): Json {
  const { name, every, mode, comment, user, password, bearer } = values;
  return {
    ...{ name, every, mode, comment, user, password, token: bearer },
    severityMax: values['severity-max'],
    followedMax: values['followed-max'],
    onRemove: values['on-remove'],
  };
}

const named = (labels: readonly string[], names: readonly (string | null)[]): string =>
  labels.map((label, at) => names[at] ?? label).join(', ');

function record(one: Json, values: Values): number {
  return say(recordOf(one), one, values);
}

/** Counts first, then what comes out differently. */
function preview(found: Json, values: Values): number {
  const { add: added, update, remove: removed, suspicion } = found;
  const items = found.items as readonly {
    domain: string;
    change: string;
    from: Json;
    to: Json;
    follows: number;
  }[];
  const table = tableOf(items, [
    ['DOMAIN', ({ domain }) => domain],
    ['CHANGE', ({ change }) => change],
    ['NOW', ({ from }) => (from as Json).severity],
    ['THEN', ({ to }) => (to as Json).severity],
    ['FOLLOWS', ({ follows }) => follows],
  ]);
  const counts = `${plain(added)} to add, ${plain(update)} to change, ${plain(removed)} to take back.`;
  const warning =
    suspicion === null ? '' : `\nSuspicious: ${plain(suspicion)}. apply --force does it all the same.`;
  const capped = found.review as readonly string[];
  const review =
    capped.length === 0
      ? ''
      : `\nCapped, because ours follow somebody there: ${capped.map(plain).join(', ')}`;
  const problems = (found.problems as readonly string[]).map((problem) => `\n${plain(problem)}`).join('');
  return say(
    `${counts}${warning}${review}${problems}${items.length === 0 ? '' : `\n${table}`}`,
    found,
    values,
  );
}

function say(text: string, found: Json, { json }: Values): number {
  print(json === true ? JSON.stringify(found, null, 2) : text);
  return DONE;
}
