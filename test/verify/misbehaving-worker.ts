/**
 * A worker that does what the bodies of a batch ask for: throws, hangs, exits, runs out of memory, answers too little.
 * To everything else it answers with what it was asked, in how large a batch, and in which thread.
 */
import { threadId } from 'node:worker_threads';
import type { VerifyAnswer, VerifyRequest } from '../../src/verify/pool.ts';

/** Shared with the test: [0] opens when the test says so, [1] is how many workers stand before it. */
export interface Gated extends VerifyRequest {
  readonly gate?: Int32Array<SharedArrayBuffer>;
}

const decoder = new TextDecoder();

function answer({ body, gate }: Gated, batchSize: number): VerifyAnswer {
  const text = decoder.decode(body);
  if (text === 'throw') throw new RangeError('too deep');
  if (text === 'exit') process.exit(3);
  if (text === 'hang') for (;;);
  if (text === 'hoard') {
    const hoard: unknown[] = [];
    // Small things: for large ones V8 ends the whole process instead of the thread.
    for (;;) hoard.push({ next: hoard.length, more: {} });
  }
  if (gate !== undefined) {
    Atomics.add(gate, 1, 1);
    Atomics.notify(gate, 1);
    Atomics.wait(gate, 0, 0);
  }
  return {
    ok: false,
    refusal: { type: 'not-an-activity', reason: `${text} of ${batchSize} in ${threadId}` },
    isWrongKey: false,
  };
}

export async function judgeBatch(batch: readonly Gated[]): Promise<VerifyAnswer[]> {
  const answers = batch.map((request) => answer(request, batch.length));
  return answers.filter(({ ok, ...rest }) => ok || !JSON.stringify(rest).includes('lose'));
}

// biome-ignore lint/style/noDefaultExport: Piscina calls a worker's default export
export default judgeBatch;
