/** `sallyport batches`: changes to many domains, how far they are, and taking them back as one. */
import { type Client, CONNECTION, CONNECTION_HELP, connect, type Json, RequestFailed } from './client.ts';
import { PAGING, PAGING_HELP, plain, printList, recordOf } from './page.ts';
import { complain, DONE, FAILED, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = { ...CONNECTION, ...PAGING, reason: { type: 'string' } } as const;

export const batches: Verb = {
  summary: 'look at changes to many domains; undo them as one',
  help: `Usage: sallyport batches ls
       sallyport batches show ID
       sallyport batches undo ID [--reason WHY]

undo  takes back what a batch changed, except where somebody has decided anew since; its progress is on stderr

  --reason WHY   stands in the log
${PAGING_HELP}
${CONNECTION_HELP}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const [verb, ...rest] = positionals;
    if (verb === 'ls') {
      take(rest, []);
      await printList(connect(values), '/batches', {}, values, [
        ['ID', ({ id }) => id],
        ['KIND', ({ kind }) => kind],
        ['STATE', ({ state }) => state],
        ['DONE', ({ done, total }) => `${done}/${total}`],
        ['CHANGED', ({ changed }) => changed],
        ['BY', ({ by }) => by],
        ['AT', ({ at }) => at],
        ['REASON', ({ reason }) => reason],
      ]);
      return DONE;
    }
    if (verb !== 'show' && verb !== 'undo') throw new UsageError('say which: ls, show, undo');
    const [id] = take(rest, ['ID']);
    const client = connect(values);
    const path = pathOf(id);
    const record = verb === 'show' ? await client.get(path) : await undo(client, id, values.reason);
    print(values.json ? JSON.stringify(record, null, 2) : recordOf(record));
    return DONE;
  },
};

const pathOf = (id: string): string => `/batches/${encodeURIComponent(id)}`;

/** How often it is asked how far a batch is, in milliseconds. */
const LOOK_MS = 150;
/** Looks in a row at which nothing may have moved: some five minutes. */
const STILL_MAX = 2_000;

/** Waits until a batch is applied, or undone, and says on stderr how far it is. */
export async function watch(client: Client, id: string, say = createProgress()): Promise<Json> {
  let still = 0;
  for (let before = ''; ; ) {
    const record = await client.get(pathOf(id));
    say(record);
    if (record.state === 'applied' || record.state === 'undone') return record;
    const now = `${record.state} ${record.done}`;
    still = now === before ? still + 1 : 0;
    before = now;
    // Its process has ended on the way: what is done is done, and can be undone.
    if (still > STILL_MAX) return record;
    await pause();
  }
}

/**
 * The undoing is one request that ends with it; how far it is is asked for beside it. Whoever had no answer in time, but
 * sees that it has begun, waits on.
 */
async function undo(client: Client, id: string, reason: string | undefined): Promise<Json> {
  const say = createProgress();
  const undone = client.post(`${pathOf(id)}/undo`, { reason }).then(
    (record) => ({ record }),
    (error: unknown) => ({ error }),
  );
  for (;;) {
    const ended = await Promise.race([undone, pause()]);
    const record = await client.get(pathOf(id)).catch(() => null);
    const hasBegun = record?.state === 'undoing' || record?.state === 'undone';
    if (record !== null && hasBegun) say(record);
    if (ended === undefined) continue;
    if ('record' in ended) return ended.record;
    if (!hasBegun || !(ended.error instanceof RequestFailed && ended.error.cause !== undefined))
      throw ended.error;
    return watch(client, id, say);
  }
}

const pause = (): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), LOOK_MS));

/** One line that is written over on a terminal; elsewhere a line for each tenth. */
function createProgress(): (record: Json) => void {
  let said = -1;
  let last = '';
  return ({ state, done, total }) => {
    const share = Number(total) === 0 ? 1 : Number(done) / Number(total);
    const text = `${plain(state)}: ${plain(done)} of ${plain(total)} (${Math.floor(share * 100)} %)`;
    if (text === last) return;
    last = text;
    const isEnd = state === 'applied' || state === 'undone';
    if (process.stderr.isTTY === true) {
      process.stderr.write(`\r\u001b[K${text}${isEnd ? '\n' : ''}`);
    } else if (isEnd || Math.floor(share * 10) !== said) {
      said = Math.floor(share * 10);
      complain(text);
    }
  };
}

/** The exit code and the last words about a batch that was made. */
export function conclude(record: Json): number {
  const { id, state, done, total, changed } = record;
  if (state !== 'applied') {
    complain(`Batch ${plain(id)} stopped at ${plain(done)} of ${plain(total)}: ${plain(state)}.`);
    return FAILED;
  }
  print(`Batch ${plain(id)}: ${plain(changed)} of ${plain(total)} domains changed.`);
  print(`Undo it with: sallyport batches undo ${plain(id)}`);
  return DONE;
}
