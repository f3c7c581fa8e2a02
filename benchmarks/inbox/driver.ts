/**
 * The load, from a process of its own: raw keep-alive connections in a closed loop. Each connection writes the next
 * request of the corpus as soon as it has its answer to the last one. Nothing is made, signed or parsed here but the
 * head of an answer. It lives through all rounds, so that every server meets the same warm driver.
 */
import { answerAsks } from './child.ts';
import { readCorpus } from './corpus.ts';
import { open } from './line.ts';

/** Which requests of the corpus go where. */
export interface Drive {
  readonly port: number;
  readonly from: number;
  readonly count: number;
  readonly connections: number;
}

export interface Driven {
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The first answer that was not 202, as it came. */
  readonly odd: string | null;
}

const { file } = JSON.parse(process.argv[2] as string) as { file: string };
let corpus: Buffer[] = [];

function load(): number {
  corpus = readCorpus(file);
  return corpus.length;
}

const now = (): number => performance.timeOrigin + performance.now();

async function drive({ port, from, count, connections }: Drive): Promise<Driven> {
  if (from + count > corpus.length) throw new Error(`the corpus ends at ${corpus.length}`);
  let next = from;
  const end = from + count;
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  let odd: string | null = null;

  const startedMs = now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      let line = await open(port);
      while (next < end) {
        const request = corpus[next++] as Buffer;
        const sentMs = performance.now();
        const answer = await line.exchange(request);
        latenciesMs.push(performance.now() - sentMs);
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        if (answer.status !== '202') odd ??= answer.text;
        if (answer.closes && next < end) line = await open(port);
      }
      line.close();
    }),
  );
  const endedMs = now();
  const sorted = latenciesMs.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return {
    startedMs,
    endedMs,
    statuses,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: quantile(1),
    odd,
  };
}

answerAsks({ load, drive: (argument) => drive(argument as Drive) });
process.send?.({ ready: true });
