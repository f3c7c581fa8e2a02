/** A flood from a process of its own: the same request, over and over, on keep-alive connections in a closed loop. */
import { answerAsks } from '../inbox/child.ts';
import { open } from '../inbox/line.ts';

export interface Flood {
  readonly port: number;
  readonly request: string;
  readonly count: number;
  readonly connections: number;
}

export interface Flooded {
  readonly perSecond: number;
  readonly statuses: Readonly<Record<string, number>>;
}

async function flood({ port, request, count, connections }: Flood): Promise<Flooded> {
  const bytes = Buffer.from(request, 'latin1');
  const statuses: Record<string, number> = {};
  let left = count;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      let line = await open(port);
      while (left-- > 0) {
        const { status, closes } = await line.exchange(bytes);
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (closes && left > 0) line = await open(port);
      }
      line.close();
    }),
  );
  return { perSecond: (count * 1_000) / (performance.now() - startedMs), statuses };
}

answerAsks({ flood: (argument) => flood(argument as Flood) });
process.send?.({ ready: true });
