/** `sallyport suspensions`: remote actors that may not come in. */
import { CONNECTION, CONNECTION_HELP, connect } from './client.ts';
import { timeOf } from './domains.ts';
import { PAGING, PAGING_HELP, plain, printList } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  domain: { type: 'string' },
  source: { type: 'string' },
  reason: { type: 'string' },
  until: { type: 'string' },
} as const;

export const suspensions: Verb = {
  summary: 'suspend remote actors, and lift that',
  help: `Usage: sallyport suspensions ls [--domain DOMAIN] [--source manual|list:…]
       sallyport suspensions add ACTOR --reason WHY [--until TIME]
       sallyport suspensions lift ACTOR [--reason WHY]

add   everything that the actor sends is answered 403, and what waits ends rejected; nothing is deleted
lift  takes that back

ACTOR is the URL of a remote actor.
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    const client = connect(values);
    if (verb === 'ls') {
      take(rest, []);
      const { domain, source } = values;
      await printList(client, '/suspensions', { domain, source }, values, [
        ['ACTOR', ({ actor }) => actor],
        ['SOURCE', ({ source: of }) => of],
        ['UNTIL', ({ until }) => until],
        ['BY', ({ by }) => by],
        ['REASON', ({ reason }) => reason],
      ]);
      return DONE;
    }
    if (verb !== 'add' && verb !== 'lift') throw new UsageError('say which: ls, add, lift');
    const [actor] = take(rest, ['ACTOR']);
    const { reason } = values;
    if (verb === 'add' && reason === undefined) throw new UsageError('it has a reason: --reason WHY');
    const until = values.until === undefined ? undefined : timeOf('--until', values.until, Date.now());
    const path = verb === 'add' ? '/suspensions' : '/suspensions/lift';
    const done = await client.post(path, verb === 'add' ? { actor, reason, until } : { actor, reason });
    if (values.json) print(JSON.stringify(done, null, 2));
    else
      print(
        done.done === 'nothing'
          ? `${plain(actor)} is not suspended.`
          : `${plain(actor)} is ${plain(done.done)}.`,
      );
    return DONE;
  },
};
