/** `sallyport tail`: the log of transitions as it grows. A lost connection is taken up where it broke off. */
import { setTimeout as pause } from 'node:timers/promises';
import { CONNECTION, CONNECTION_HELP, connect, type Json, RequestFailed } from './client.ts';
import { plain } from './page.ts';
import { paint } from './paint.ts';
import { complain, DONE, FAILED, print, readArgs, take, UsageError, type Verb } from './verb.ts';

const OPTIONS = {
  ...CONNECTION,
  machine: { type: 'string' },
  to: { type: 'string' },
  since: { type: 'string' },
} as const;

/** Connections lost in a row, a pause after each, before it gives up. */
const ATTEMPTS_MAX = 5;
const PAUSE_MS = 1_000;

export const tail: Verb = {
  summary: 'follow the transitions as they happen',
  help: `Usage: sallyport tail [--machine domain|follow-request] [--to STATE] [--since N]

  --machine M    only those of this machine
  --to STATE     only those into this state
  --since N      begin after this number of the log (seq in --json), instead of now
${CONNECTION_HELP.replace('the answer as JSON', 'one JSON object a line')}`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    take(positionals, []);
    const { machine, to, since, json } = values;
    if (since !== undefined && !/^\d{1,15}$/.test(since)) throw new UsageError('--since is no number');
    process.once('SIGINT', () => process.exit(DONE));
    const client = connect(values);
    let last = since;
    let wasThere = false;
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      if (attempts > 0) await pause(PAUSE_MS);
      try {
        const { body } = await client.open('/stream', { machine, to, since: last });
        wasThere = true;
        for await (const transition of transitionsIn(body)) {
          last = String(transition.seq);
          attempts = 0;
          print(json ? JSON.stringify(transition) : lineOf(transition));
        }
      } catch (error) {
        // A refusal will be the same next time; a server that is away may come back, once it was there.
        if (!(error instanceof RequestFailed) || error.cause === undefined) throw error;
        if (!wasThere) throw error;
      }
    }
    complain('sallyport tail: the server has gone away');
    return FAILED;
  },
};

async function* transitionsIn(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Json> {
  if (body === null) return;
  let rest = '';
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop() as string;
      for (const part of parts) {
        const event = eventOf(part);
        if (event?.name === 'problem') throw new RequestFailed(`the stream ended: ${event.data}`);
        if (event?.name === 'transition') yield JSON.parse(event.data) as Json;
      }
    }
  } catch (error) {
    if (error instanceof RequestFailed) throw error;
    throw new RequestFailed('the connection was lost', { cause: error });
  }
}

/** One block of a stream of Server-Sent Events; ours have their data on one line. */
function eventOf(block: string): { name: string; data: string } | null {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
    }),
  );
  const data = fields.get('data');
  return data === undefined ? null : { name: fields.get('event') ?? 'message', data };
}

/** A transition for a person to read. */
export function lineOf({ at, machine, key, from, to, event, reason, by }: Json): string {
  const time = new Date(String(at)).toTimeString().slice(0, 8);
  const how = [
    plain(event),
    ...(by === null ? [] : [`by ${plain(by)}`]),
    ...(reason === null ? [] : [plain(reason)]),
  ];
  const states = `${from === null ? 'new' : plain(from)} → ${paint(plain(to), String(to))}`;
  return `${paint(time, 'dim')}  ${plain(machine)} ${plain(key)}  ${states}  ${paint(`(${how.join(', ')})`, 'dim')}`;
}
