/** Thread side: a batch of requests in, one answer each. */
import { judge, type VerifyAnswer, type VerifyRequest } from './judge.ts';

/** The requests of a batch one after the other: they share the thread, and none of them waits for anything. */
export async function judgeBatch(batch: readonly VerifyRequest[]): Promise<VerifyAnswer[]> {
  const answers: VerifyAnswer[] = [];
  for (const request of batch) answers.push(await judge(request));
  return answers;
}

// biome-ignore lint/style/noDefaultExport: Piscina calls a worker's default export
export default judgeBatch;
