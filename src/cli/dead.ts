/** `sallyport dead`: what used up its tries, to be tried again or given up. */
import { CONNECTION, CONNECTION_HELP, connect } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = { ...CONNECTION, ...PAGING } as const;

export const dead: Verb = {
  summary: 'look at dead letters; retry and discard them',
  help: `Usage: sallyport dead ls
       sallyport dead retry ID
       sallyport dead discard ID

Dead letters are mail, handler calls and deliveries that used up their tries.
retry    puts it back at the end of its queue, with all its tries
discard  gives it up for good

${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      await printList(connect(values), '/dead', {}, values, [
        ['ID', ({ id }) => id],
        ['KIND', ({ kind }) => kind],
        ['ATTEMPTS', ({ attempts }) => attempts],
        ['ACTIVITY', ({ activityId }) => activityId],
        ['ERROR', ({ error }) => error],
      ]);
      return DONE;
    }
    if (verb !== 'retry' && verb !== 'discard') throw new UsageError('say which: ls, retry, discard');
    const [id] = take(rest, ['ID']);
    const answer = await connect(values).post(`/dead/${encodeURIComponent(id)}/${verb}`);
    if (values.json) print(JSON.stringify(answer, null, 2));
    else print(verb === 'retry' ? `${plain(id)} is tried again.` : `${plain(id)} is discarded.`);
    return DONE;
  },
};
