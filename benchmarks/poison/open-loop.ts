/**
 * A sender in an open loop: requests leave by the clock, whether or not the last one has been answered, and a latency
 * counts from the moment at which its request should have left. So a server that stands still is seen by everybody who
 * comes meanwhile, and not only by those who were waiting.
 */
import { connect } from 'node:net';
import { answerAsks } from '../inbox/child.ts';
import { readCorpus } from '../inbox/corpus.ts';
import { type Line, open } from '../inbox/line.ts';
import type { Poison } from './requests.ts';

export interface GoodRun {
  readonly port: number;
  readonly from: number;
  readonly count: number;
  readonly perSecond: number;
}

export interface BadRun {
  readonly port: number;
  readonly count: number;
  readonly perSecond: number;
}

export interface Sent {
  readonly latenciesMs: readonly number[];
  /** `kind: answer` to how often. */
  readonly answers: Readonly<Record<string, number>>;
}

const { file } = JSON.parse(process.argv[2] as string) as { file: string | null };
let corpus: Buffer[] = [];
let poisons: readonly Poison[] = [];
let sent = 0;

function load(): number {
  corpus = file === null ? [] : readCorpus(file);
  return corpus.length;
}

/** Calls `send` so many times a second, by the clock. */
async function byTheClock(
  count: number,
  perSecond: number,
  send: (dueMs: number) => Promise<void>,
): Promise<void> {
  const startedMs = performance.now();
  const sending: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - startedMs) * perSecond) / 1_000));
      while (sending.length < due) sending.push(send(startedMs + (sending.length * 1_000) / perSecond));
      if (sending.length < count) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await Promise.all(sending);
}

async function good({ port, from, count, perSecond }: GoodRun): Promise<Sent> {
  if (from + count > corpus.length) throw new Error(`the corpus ends at ${corpus.length}`);
  const idle: Line[] = [];
  const latenciesMs: number[] = [];
  const answers: Record<string, number> = {};
  let next = from;
  await byTheClock(count, perSecond, async (dueMs) => {
    const request = corpus[next++] as Buffer;
    const line = idle.pop() ?? (await open(port));
    const { status, closes } = await line.exchange(request);
    latenciesMs.push(performance.now() - dueMs);
    answers[status] = (answers[status] ?? 0) + 1;
    if (closes) line.close();
    else idle.push(line);
  });
  for (const line of idle) line.close();
  return { latenciesMs, answers };
}

async function bad({ port, count, perSecond }: BadRun): Promise<Sent> {
  const answers: Record<string, number> = {};
  const latenciesMs: number[] = [];
  await byTheClock(count, perSecond, async (dueMs) => {
    const number = sent++;
    const poison = poisons[number % poisons.length] as Poison;
    const status = await throwIn(port, poison, number);
    latenciesMs.push(performance.now() - dueMs);
    const entry = `${poison.kind}: ${status}`;
    answers[entry] = (answers[entry] ?? 0) + 1;
  });
  return { latenciesMs, answers };
}

const CHUNK_BYTES = 65_536;

/** One bad request on a connection of its own; gives back the status, or how it ended without one. */
function throwIn(port: number, { head, body, isChunked }: Poison, number: number): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', async () => {
      socket.write(head.replace('{n}', String(number)));
      for (let at = 0; at < body.byteLength && socket.writable; at += CHUNK_BYTES) {
        const chunk = body.subarray(at, at + CHUNK_BYTES);
        if (isChunked) socket.write(`${chunk.byteLength.toString(16)}\r\n`);
        const hasRoom = socket.write(chunk);
        if (isChunked) socket.write('\r\n');
        if (!hasRoom) await new Promise((go) => socket.once('drain', go).once('close', go));
      }
      if (isChunked && socket.writable) socket.write('0\r\n\r\n');
    });
    socket.setTimeout(60_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(/^HTTP\/1\.1 (\d{3})/.exec(said)?.[1] ?? 'cut off'));
  });
}

answerAsks({
  load,
  arm(given) {
    poisons = given as readonly Poison[];
  },
  good: (argument) => good(argument as GoodRun),
  bad: (argument) => bad(argument as BadRun),
});
process.send?.({ ready: true });
