/** `sallyport alerts`: what was told to whom. */
import { CONNECTION, CONNECTION_HELP, connect } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = { ...CONNECTION, ...PAGING, state: { type: 'string' }, channel: { type: 'string' } } as const;

export const alerts: Verb = {
  summary: 'look at alerts; retry them, and try out channels',
  help: `Usage: sallyport alerts ls [--state waiting|delivered|dead] [--channel NAME]
       sallyport alerts retry ID
       sallyport alerts test [--channel NAME]

retry  tries one that was given up again, with all its tries
test   says through a channel, or through all of them, that it works

${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    const { state, channel } = values;
    if (verb === 'ls') {
      take(rest, []);
      await printList(connect(values), '/alerts', { state, channel }, values, [
        ['ID', ({ id }) => id],
        ['CHANNEL', (one) => one.channel],
        ['EVENT', ({ event }) => event],
        ['STATE', (one) => one.state],
        ['ATTEMPTS', ({ attempts }) => attempts],
        ['MADE', ({ createdAt }) => createdAt],
        ['ERROR', ({ error }) => error],
      ]);
      return DONE;
    }
    if (verb !== 'retry' && verb !== 'test') throw new UsageError('say which: ls, retry, test');
    const [id] = verb === 'retry' ? take(rest, ['ID']) : [take(rest, []).join('')];
    const path = verb === 'retry' ? `/alerts/${encodeURIComponent(id)}/retry` : '/alerts/test';
    const answer = await connect(values).post(path, verb === 'test' ? { channel } : {});
    if (values.json) print(JSON.stringify(answer, null, 2));
    else if (verb === 'retry') print(`${plain(id)} is tried again.`);
    else
      print(`Sent through ${(answer.channels as string[]).map(plain).join(', ')}; see sallyport alerts ls.`);
    return DONE;
  },
};
