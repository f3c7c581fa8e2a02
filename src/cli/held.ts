/** `sallyport held`: what filters have held for a moderator, to be approved or rejected. */
import { CONNECTION, CONNECTION_HELP, connect } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = { ...CONNECTION, ...PAGING, reason: { type: 'string' } } as const;

export const held: Verb = {
  summary: 'look at what filters hold; approve and reject it',
  help: `Usage: sallyport held ls
       sallyport held approve ID [--reason WHY]
       sallyport held reject ID [--reason WHY]

approve  lets the activity act, once, past the filters
reject   ends it without effect; a Follow is answered with a Reject

  --reason WHY   stands in the activity's history
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      await printList(connect(values), '/held', {}, values, [
        ['ID', ({ id }) => id],
        ['TYPE', ({ type }) => type],
        ['ACTOR', ({ actor }) => actor],
        ['FILTER', ({ filter }) => filter],
        ['REASON', ({ reason }) => reason],
        ['SINCE', ({ heldAt }) => heldAt],
      ]);
      return DONE;
    }
    if (verb !== 'approve' && verb !== 'reject') throw new UsageError('say which: ls, approve, reject');
    const [id] = take(rest, ['ID']);
    const path = `/held/${encodeURIComponent(id)}/${verb}`;
    const decision = await connect(values).post(path, { reason: values.reason });
    if (values.json) print(JSON.stringify(decision, null, 2));
    else print(`${plain(decision.activityId)} is ${verb === 'approve' ? 'approved' : 'rejected'}.`);
    return DONE;
  },
};
