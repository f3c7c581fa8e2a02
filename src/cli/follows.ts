/** `sallyport follows`: look at follow requests, and answer those that wait. */
import { CONNECTION, CONNECTION_HELP, connect } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  ...PAGING,
  state: { type: 'string' },
  actor: { type: 'string' },
  reason: { type: 'string' },
} as const;

export const follows: Verb = {
  summary: 'look at follow requests; accept and reject them',
  help: `Usage: sallyport follows ls [--state pending|accepted|rejected|withdrawn] [--actor URL]
       sallyport follows accept ID [--reason WHY]
       sallyport follows reject ID [--reason WHY]

  --reason WHY   stands in the log
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      const { state, actor } = values;
      await printList(connect(values), '/follow-requests', { state, actor }, values, [
        ['ID', ({ id }) => id],
        ['STATE', (one) => one.state],
        ['DIRECTION', ({ direction }) => direction],
        ['FOLLOWER', ({ follower }) => follower],
        ['FOLLOWING', ({ following }) => following],
        ['SINCE', ({ since }) => since],
      ]);
      return DONE;
    }
    if (verb !== 'accept' && verb !== 'reject') throw new UsageError('say which: ls, accept, reject');
    const [id] = take(rest, ['ID']);
    const { reason } = values;
    const path = `/follow-requests/${encodeURIComponent(id)}/${verb}`;
    const record = await connect(values).post(path, { reason });
    if (values.json) print(JSON.stringify(record, null, 2));
    else print(`${plain(record.follower)} → ${plain(record.following)} is ${plain(record.state)}.`);
    return DONE;
  },
};
