/** `sallyport simulate`: what filters would have made of recorded activities, and what would come out differently. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../errors.ts';
import { millisecondsOf } from '../options.ts';
import { type Client, CONNECTION, CONNECTION_HELP, connect, type Json, RequestFailed } from './client.ts';
import { timeOf } from './domains.ts';
import { type Column, plain, tableOf } from './page.ts';
import { complain, DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  policy: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  domain: { type: 'string' },
  external: { type: 'boolean' },
  samples: { type: 'string' },
} as const;

type Values = ReturnType<typeof readArgs<typeof OPTIONS>>['values'];

/** From one look at the work to the next, in milliseconds. */
const LOOK_MS = 300;

export const simulate: Verb = {
  summary: 'try filters on recorded activities, and see what would change',
  help: `Usage: sallyport simulate --policy FILE [--since TIME] [--until TIME] [--domain NAME]
                         [--external] [--samples N]

Puts the filters of FILE to the activities that were accepted since TIME, in the order of their
arrival, and prints what would have come out differently. Nothing has any effect. The server does
the work, one such at a time; Ctrl-C cancels it, and a restart of the server ends it.

  --policy FILE   JSON (or .ts, .js with a default export) with "filters", and "scoreThresholds"
                  if there are any, as in the configuration; a list alone is a list of filters
  --since TIME    a length of time back from now (7d), or a time (2027-03-01); 7d
  --until TIME    the same; now
  --domain NAME   only what the actors of this domain sent
  --external      filters that ask a service ask it, once for each activity; else they are left out
  --samples N     examples for each filter and outcome; 3, at most 20
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    take(positionals, []);
    if (values.policy === undefined) throw new UsageError('which filters? --policy FILE');
    if (values.samples !== undefined && !/^\d{1,2}$/.test(values.samples))
      throw new UsageError('--samples is no number');
    const nowMs = Date.now();
    const body = {
      policy: await policyIn(values.policy),
      since: backFrom('--since', values.since ?? '7d', nowMs),
      until: values.until === undefined ? undefined : backFrom('--until', values.until, nowMs),
      domain: values.domain,
      external: values.external,
      samples: values.samples === undefined ? undefined : Number(values.samples),
    };
    const client = connect(values);
    const over = await finished(client, await client.post('/simulations', body));
    if (over.state !== 'done')
      throw new RequestFailed(
        `the simulation is ${plain(over.state)}${over.error ? `: ${plain(over.error)}` : ''}`,
      );
    print(values.json ? JSON.stringify(over, null, 2) : reportOf(over, values));
    return DONE;
  },
};

/** Waits for the end of the work and says how far it is. Whoever interrupts cancels it. */
async function finished(client: Client, begun: Json): Promise<Json> {
  const path = `/simulations/${encodeURIComponent(String(begun.id))}`;
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    let said = '';
    for (let record = begun; ; record = await client.get(path)) {
      const line = `${plain(record.done)} of ${plain(record.total)} activities`;
      if (line !== said && Number(record.total) > 0) complain(line);
      said = line;
      if (record.state !== 'running') return record;
      await setTimeout(LOOK_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
      if (interrupted.signal.aborted) return await client.post(`${path}/cancel`);
    }
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** The policy in a file: an object as in a configuration, or a list of filters alone. */
async function policyIn(file: string): Promise<unknown> {
  const path = resolve(file);
  let value: unknown;
  try {
    value = /\.[cm]?[jt]s$/.test(path)
      ? ((await import(pathToFileURL(path).href)) as { default?: unknown }).default
      : JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error, 300)}`);
  }
  const policy = Array.isArray(value) ? { filters: value } : value;
  if (typeof policy !== 'object' || policy === null || !('filters' in policy))
    throw new UsageError(`${file} names no filters`);
  const { filters, scoreThresholds } = policy as { filters: unknown; scoreThresholds?: unknown };
  return { filters, ...(scoreThresholds === undefined ? {} : { scoreThresholds }) };
}

/** A time as the admin API takes it; a length of time is one back from now. */
function backFrom(flag: string, text: string, nowMs: number): string {
  const lastsMs = millisecondsOf(text);
  return lastsMs === null ? timeOf(flag, text, nowMs) : new Date(nowMs - lastsMs).toISOString();
}

const at =
  (name: string): Column[1] =>
  (item) =>
    item[name];

function reportOf(record: Json, { domain }: Values): string {
  const result = record.result as Json;
  const lists = (name: string): Json[] => result[name] as Json[];
  const of = domain === undefined ? '' : ` of ${plain(domain)}`;
  const head = [
    `${plain(result.changed)} of ${plain(result.activities)} activities${of} would come out differently.`,
    ...(Number(result.unreadable) > 0
      ? [`Of ${plain(result.unreadable)} more the document is not stored any more.`]
      : []),
  ];
  const samples = lists('filters').flatMap(({ filter, samples: found }) =>
    (found as Json[]).map((sample): Json => ({ ...sample, filter })),
  );
  const tables: [Json[], readonly Column[]][] = [
    [lists('outcomes'), columns('from', 'to', 'count')],
    [lists('filters'), columns('filter', 'to', 'count', 'changed')],
    [lists('remarks'), columns('filter', 'type', 'count')],
    [lists('domains'), columns('domain', 'activities', 'changed', 'held', 'dropped', 'rejected')],
    [samples, columns('filter', 'from', 'to', 'type', 'actor', 'activityId', 'reason')],
  ];
  const parts = tables.filter(([items]) => items.length > 0).map(([items, shown]) => tableOf(items, shown));
  const notes = (result.notes as string[]).map((note) => `- ${plain(note)}`).join('\n');
  return [head.join('\n'), ...parts, notes].join('\n\n');
}

const TITLES: Readonly<Record<string, string>> = { to: 'TO', count: 'ACTIVITIES', activityId: 'ACTIVITY' };

function columns(...names: string[]): Column[] {
  return names.map((name) => [TITLES[name] ?? name.toUpperCase(), at(name)]);
}
