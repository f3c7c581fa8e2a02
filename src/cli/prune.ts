/** `sallyport prune`: what is kept for long enough goes, or would go. */
import { CONNECTION, CONNECTION_HELP, connect } from './client.ts';
import { plain, tableOf } from './page.ts';
import { DONE, print, readArgs, take, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  'dry-run': { type: 'boolean' },
  forget: { type: 'string', multiple: true },
} as const;

interface Pruned {
  readonly tables: readonly {
    readonly table: string;
    readonly olderThan: string | null;
    readonly gone: number;
  }[];
  readonly heldBackBy: readonly string[];
  readonly cursor: string | null;
}

export const prune: Verb = {
  summary: 'take away what is kept for long enough, or say what would go',
  help: `Usage: sallyport prune [--dry-run]
       sallyport prune --forget HANDLER…

The server does this by itself, a little every day. What somebody still needs stays: what no handler has
read yet, what waits or is held, documents of objects that are known.

  --dry-run         only say what would go
  --forget HANDLER  give up the position of a handler that is registered nowhere any more: it holds back the log
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    take(positionals, []);
    const client = connect(values);
    if (values.forget !== undefined) {
      const { handlers } = await client.post('/prune/forget', { handlers: values.forget });
      if (values.json) print(JSON.stringify({ handlers }, null, 2));
      else print(`Forgotten: ${(handlers as string[]).map(plain).join(', ') || 'none'}.`);
      return DONE;
    }
    const dryRun = values['dry-run'] === true;
    const tables = new Map<string, { table: string; olderThan: string | null; gone: number }>();
    let pruned: Pruned;
    let cursor: string | undefined;
    do {
      pruned = (await client.post('/prune', { dryRun, cursor })) as unknown as Pruned;
      for (const one of pruned.tables) {
        const gone = (tables.get(one.table)?.gone ?? 0) + one.gone;
        tables.set(one.table, { ...one, gone });
      }
      cursor = pruned.cursor ?? undefined;
    } while (cursor !== undefined);
    const { heldBackBy } = pruned;
    if (values.json) {
      print(JSON.stringify({ dryRun, tables: [...tables.values()], heldBackBy }, null, 2));
      return DONE;
    }
    print(
      tableOf(
        [...tables.values()],
        [
          ['TABLE', ({ table }) => table],
          ['OLDER THAN', ({ olderThan }) => olderThan ?? 'kept'],
          [dryRun ? 'WOULD GO' : 'GONE', ({ gone }) => gone],
        ],
      ),
    );
    if (heldBackBy.length > 0)
      print(`\nThe log waits for handlers that have not read it: ${heldBackBy.map(plain).join(', ')}`);
    return DONE;
  },
};
