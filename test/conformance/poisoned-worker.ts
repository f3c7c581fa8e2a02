/** The worker of the pool with a weakness: bodies that hold certain words throw, end, fill or hold up their thread. */

import type { VerifyAnswer, VerifyRequest } from '../../src/verify/pool.ts';
import { judgeBatch } from '../../src/verify/worker.ts';

const decoder = new TextDecoder();

export async function poisonedBatch(batch: readonly VerifyRequest[]): Promise<VerifyAnswer[]> {
  for (const { body } of batch) {
    const text = decoder.decode(body);
    if (text.includes('poison: throw')) throw new RangeError('Maximum call stack size exceeded');
    if (text.includes('poison: exit')) process.exit(3);
    if (text.includes('poison: loop')) for (;;);
    if (text.includes('poison: heap')) {
      const hoard: unknown[] = [];
      for (;;) hoard.push({ next: hoard.length, more: {} });
    }
  }
  return judgeBatch(batch);
}

// biome-ignore lint/style/noDefaultExport: Piscina calls a worker's default export
export default poisonedBatch;
