/** `sallyport domains`: look at domains, and decide about them. */
import type { DomainRecord } from '../api.ts';
import { millisecondsOf } from '../options.ts';
import { type Client, CONNECTION, CONNECTION_HELP, connect } from './client.ts';
import { lists } from './lists.ts';
import { PAGING, PAGING_HELP, plain, printList, recordOf } from './page.ts';
import { reviews } from './reviews.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  state: { type: 'string' },
  q: { type: 'string' },
  reason: { type: 'string' },
  until: { type: 'string' },
  'review-at': { type: 'string' },
  'public-comment': { type: 'string' },
  'private-comment': { type: 'string' },
  days: { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const;

type Values = ReturnType<typeof readArgs<typeof OPTIONS>>['values'];

const VERBS = ['block', 'unblock', 'limit', 'reset'];

export const domains: Verb = {
  summary: 'look at domains; block, unblock, limit and reset them',
  help: `Usage: sallyport domains ls [--state active|rate-limited|blocked] [--q PART]
       sallyport domains show DOMAIN
       sallyport domains impact DOMAIN [--days N]
       sallyport domains block DOMAIN --reason WHY [--until TIME]
       sallyport domains unblock DOMAIN [--reason WHY]
       sallyport domains limit DOMAIN [--reason WHY] [--until TIME]
       sallyport domains reset DOMAIN [--reason WHY]
       sallyport domains review [--within DAYS] [--older-than DAYS], sallyport domains history DOMAIN
       sallyport domains import FILE, sallyport domains export: as sallyport lists

review   blocks that somebody should look at again; history: what a domain has done, and the decisions about it
impact   what a block would touch: what came lately, and the follows; so does block --dry-run
block    everything from the domain and its subdomains is answered 403
unblock  ends a block
limit    everything from the domain is answered 429 until TIME, or for one window of the rate limit
reset    active again, counters and strikes cleared

  --reason WHY   stands in the log
  --until TIME   a time (2027-03-01, 2027-03-01T12:00:00Z) or a length of time from now (2h, '7 days')
  --review-at TIME, --public-comment TEXT, --private-comment TEXT
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    if (args[0] === 'import' || args[0] === 'export') return lists.run(args);
    if (args[0] === 'review' || args[0] === 'history') return reviews.run(args);
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      return list(values);
    }
    if (verb === 'show') {
      const [domain] = take(rest, ['DOMAIN']);
      return show(await connect(values).get(pathOf(domain)), values);
    }
    const isDry = verb === 'block' && values['dry-run'] === true;
    if (verb === 'impact' || isDry) {
      const [domain] = take(rest, ['DOMAIN']);
      const impact = await connect(values).get(`${pathOf(domain)}/impact`, { days: values.days });
      print(values.json ? JSON.stringify(impact, null, 2) : impactOf(impact as never));
      return DONE;
    }
    if (verb === undefined || !VERBS.includes(verb)) {
      throw new UsageError(`say which: ls, show, impact, ${VERBS.join(', ')}, review, history`);
    }
    const [domain] = take(rest, ['DOMAIN']);
    if (verb === 'block' && (values.reason ?? '').trim() === '')
      throw new UsageError('a block has a reason: --reason WHY');
    const body = noteOf(values, Date.now());
    return decide(connect(values), verb, domain, body, values);
  },
};

async function list(values: Values): Promise<number> {
  const { state, q } = values;
  await printList(connect(values), '/domains', { state, q }, values, [
    ['DOMAIN', ({ domain }) => domain],
    ['STATE', (one) => one.state],
    ['SINCE', ({ since }) => since],
    ['UNTIL', ({ until }) => until],
    ['STRIKES', ({ strikes }) => strikes],
    ['REASON', ({ reason }) => reason],
  ]);
  return DONE;
}

async function decide(
  client: Client,
  verb: string,
  domain: string,
  body: Readonly<Record<string, unknown>>,
  values: Values,
): Promise<number> {
  const record = await client.post(`${pathOf(domain)}/${verb}`, body);
  if (values.json) return show(record, values);
  const until = record.until === null ? '' : ` until ${plain(record.until)}`;
  print(`${plain(record.domain)} is ${plain(record.state)}${until}.`);
  return DONE;
}

function show(record: Readonly<Record<string, unknown>>, { json }: Values): number {
  print(
    json ? JSON.stringify(record, null, 2) : recordOf({ ...record, rule: ruleOf(record.policy as Said) }),
  );
  return DONE;
}

type Said = DomainRecord['policy'] | undefined;

/** What is said of the domain: a silenced one is `active`, too. */
function ruleOf(policy: Said): string | null {
  if (policy == null) return null;
  const flags = [
    policy.rejectMedia ? ', rejects media' : '',
    policy.rejectReports ? ', rejects reports' : '',
  ];
  return `${policy.severity}, by ${policy.source}${flags.join('')}`;
}

interface Impact {
  readonly domain: string;
  readonly days: number;
  readonly subdomains: readonly string[];
  readonly activities: Readonly<Record<string, number>>;
  readonly actors: number;
  readonly followers: number;
  readonly following: number;
  readonly waiting: number;
  readonly held: number;
}

function impactOf(impact: Impact): string {
  const { domain, days, subdomains, activities, actors, followers, following, waiting, held } = impact;
  const came = Object.entries(activities).map(([status, count]) => `${count} ${status}`);
  const below = subdomains.length === 0 ? '' : ` and ${subdomains.length} domains below it`;
  return [
    `${plain(domain)}${below}`,
    `In ${days} days: ${came.join(', ') || 'no activity'}, of ${actors} actors.`,
    `Follows that would fall silent: ${followers} of ours by its actors, ${following} of its actors by ours.`,
    `${waiting} waiting activities would end rejected; ${held} held ones could not act while it is blocked.`,
    'Nothing is deleted: unblocked, all of it goes on.',
  ].join('\n');
}

const pathOf = (domain: string): string => `/domains/${encodeURIComponent(domain)}`;

function noteOf(values: Values, nowMs: number): Record<string, unknown> {
  return {
    reason: values.reason,
    until: values.until === undefined ? undefined : timeOf('--until', values.until, nowMs),
    reviewAt:
      values['review-at'] === undefined ? undefined : timeOf('--review-at', values['review-at'], nowMs),
    publicComment: values['public-comment'],
    privateComment: values['private-comment'],
  };
}

/** A time as the admin API takes it, from a date, a time with its zone, or a length of time from now. */
export function timeOf(flag: string, text: string, nowMs: number): string {
  const lastsMs = millisecondsOf(text);
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i.test(text);
  const atMs = lastsMs === null ? (isTime ? Date.parse(text) : Number.NaN) : nowMs + lastsMs;
  if (Number.isNaN(atMs) || Math.abs(atMs) > 8.64e15)
    throw new UsageError(
      `${flag} is neither a time, such as 2027-03-01T12:00:00Z, nor a length of time, such as 2h`,
    );
  return new Date(atMs).toISOString();
}
