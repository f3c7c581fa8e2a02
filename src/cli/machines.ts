/** `sallyport machines`: the machines that run, as they are defined, and how many are in which state. */
import type { Chart } from '../../machines/index.ts';
import { CONNECTION, CONNECTION_HELP, connect, type Json } from './client.ts';
import { mermaidOf } from './mermaid.ts';
import { printList } from './page.ts';
import { DONE, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = { ...CONNECTION, format: { type: 'string' } } as const;

export const machines: Verb = {
  summary: 'show the machines: their states, transitions and counts',
  help: `Usage: sallyport machines ls
       sallyport machines show MACHINE [--format mermaid|json]

  --format F     mermaid (the default) is a picture for any Markdown viewer; json is the definition
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      await printList(connect(values), '/machines', {}, values, [
        ['MACHINE', ({ id }) => id],
        ['STATES', ({ counts }) => countsOf(counts as Json)],
      ]);
      return DONE;
    }
    if (verb !== 'show') throw new UsageError('say which: ls, show');
    const [machine] = take(rest, ['MACHINE']);
    const format = values.format ?? (values.json ? 'json' : 'mermaid');
    if (format !== 'mermaid' && format !== 'json') throw new UsageError('--format is mermaid or json');
    const record = await connect(values).get(`/machines/${encodeURIComponent(machine)}`);
    print(format === 'json' ? JSON.stringify(record, null, 2) : mermaidOf(record as unknown as Chart));
    return DONE;
  },
};

const countsOf = (counts: Json): string =>
  Object.entries(counts)
    .map(([state, count]) => `${state} ${count}`)
    .join(', ');
