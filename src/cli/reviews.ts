/** `sallyport domains review` and `history`: which blocks to look at again, and what a domain has done. */
import { CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList, tableOf } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  within: { type: 'string' },
  'older-than': { type: 'string' },
} as const;

export const reviews: Verb = {
  summary: 'blocks to look at again, and what a domain has done',
  help: `Usage: sallyport domains review [--within DAYS] [--older-than DAYS]
       sallyport domains history DOMAIN

review   blocks whose review date comes within so many days (7), and those without one that are
         older than so many days (180)
history  what came from a domain in the last 30 days, by day, and every decision about it

${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'history') {
      const [domain] = take(rest, ['DOMAIN']);
      const history = await connect(values).get(`/domains/${encodeURIComponent(domain)}/history`);
      print(values.json ? JSON.stringify(history, null, 2) : pageOf(history));
      return DONE;
    }
    take(rest, []);
    const query = {
      review: 'due',
      withinDays: daysOf('--within', values.within),
      olderThanDays: daysOf('--older-than', values['older-than']),
    };
    await printList(connect(values), '/domains', query, values, [
      ['DOMAIN', ({ domain }) => domain],
      ['BLOCKED', ({ since }) => since],
      ['REVIEW', ({ reviewAt }) => reviewAt],
      ['BY', ({ by }) => by],
      ['REASON', ({ reason }) => reason],
    ]);
    return DONE;
  },
};

function daysOf(flag: string, days: string | undefined): string | undefined {
  if (days === undefined || /^\d{1,5}$/.test(days)) return days;
  throw new UsageError(`${flag} is no number of days`);
}

interface Day {
  readonly day: string;
  readonly statuses: Readonly<Record<string, number>>;
}

function pageOf(history: Json): string {
  const { domain, total, days, filters, decisions } = history as {
    domain: string;
    total: number;
    days: readonly Day[];
    filters: readonly Json[];
    decisions: readonly Json[];
  };
  const statuses = ['processed', 'dropped', 'rejected', 'failed'];
  const parts = [
    `${total} from ${plain(domain)}`,
    tableOf(days as never, [
      ['DAY', ({ day }) => day],
      ...statuses.map((status) => {
        return [status.toUpperCase(), (one: Json) => (one as unknown as Day).statuses[status] ?? 0] as const;
      }),
    ]),
  ];
  if (filters.length > 0)
    parts.push(
      tableOf(filters, [
        ['FILTER', ({ filter }) => filter],
        ['VERDICT', ({ verdict }) => verdict],
        ['COUNT', ({ count }) => count],
      ]),
    );
  if (decisions.length > 0)
    parts.push(
      tableOf(decisions, [
        ['AT', ({ at }) => at],
        ['WHAT', ({ verb }) => verb],
        ['BY', ({ by }) => by ?? 'runtime'],
        ['REASON', ({ reason }) => reason],
      ]),
    );
  return parts.join('\n\n');
}
