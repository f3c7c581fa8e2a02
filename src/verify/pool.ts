/**
 * The worker pool, main-thread side: signatures and JSON-LD off the thread that answers requests.
 *
 * ```
 *   verify(request) ─► queue ─► an idle thread gets what is there at once, a busy one a batch of up to BATCH_MAX
 *                               └─ the batch fails (crash, out of memory, too slow) ─► each item alone
 *                                                       └─ fails alone: that one is the poison
 * ```
 * One task is one batch: a hop per activity costs more than the work it moves. Raw bytes are handed over, never
 * parsed values: cloning twenty thousand nested arrays throws on the main thread.
 *
 * Invariants: a full queue refuses, it does not grow. A thread that crashes or hangs loses nothing but the poison.
 * A body that killed a thread by itself is refused unread when it comes again.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Piscina } from 'piscina';
import { messageOf } from '../errors.ts';
import type { Logger } from '../options.ts';
import type { Refusal } from '../verdict.ts';
import type { VerifyAnswer, VerifyRequest } from './judge.ts';

export type { VerifyAnswer, VerifyRequest } from './judge.ts';

export interface Pool {
  /** One request judged. Never throws: a full queue, a crash and a hang are refusals too. */
  verify(request: VerifyRequest): Promise<VerifyAnswer>;
  /** Requests waiting for a thread. */
  readonly depth: number;
  /** Resolves when every thread has started. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly workers: number;
  /** Requests that may wait; above it the answer is 503. @default 1024 */
  readonly queueMax?: number;
  /** How long a batch may take, in milliseconds. @default 5000 */
  readonly timeoutMs?: number;
  /** The worker's module; tests hand in one that misbehaves. */
  readonly workerUrl?: URL;
  readonly logger: Logger;
}

/** Items in a batch: from 32 on a larger batch costs no less per item [measured]. */
const BATCH_MAX = 32;
/** Heap of a thread, MiB. A document of 1 MiB takes a few; 256 leaves room and ends a runaway soon. */
const HEAP_MB_MAX = 256;
/** Bodies remembered as poison. */
const POISON_MAX = 1_000;

interface Waiting {
  readonly request: VerifyRequest;
  readonly settle: (answer: VerifyAnswer) => void;
}

/** `.ts` in a checkout, `.js` in the package: the compiler does not rewrite this name. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

export function createPool(options: PoolOptions): Pool {
  const { workers, queueMax = 1_024, timeoutMs = 5_000, logger } = options;
  const workerUrl = options.workerUrl ?? new URL(`./worker${EXTENSION}`, import.meta.url);
  const piscina = new Piscina({
    filename: workerUrl.href,
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 1,
    maxQueue: workers * 2,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  piscina.on('error', (error: unknown) => logger.warn('a worker failed', { error: messageOf(error) }));
  const poison = new LRUCache<string, true>({ max: POISON_MAX });
  const waiting: Waiting[] = [];
  let running = 0;
  let isClosed = false;

  const run = (batch: readonly VerifyRequest[]): Promise<VerifyAnswer[]> =>
    piscina.run(batch, { signal: AbortSignal.timeout(timeoutMs) }) as Promise<VerifyAnswer[]>;

  function pump(): void {
    while (running < workers && waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_MAX);
      running++;
      void serve(batch).finally(() => {
        running--;
        pump();
      });
    }
  }

  async function serve(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await run(batch.map(({ request }) => request));
      batch.forEach(({ settle }, index) => settle(answers[index] as VerifyAnswer));
    } catch (error) {
      logger.warn('a batch failed in a worker', { error: messageOf(error), requests: batch.length });
      for (const item of batch) await serveAlone(item);
    }
  }

  async function serveAlone({ request, settle }: Waiting): Promise<void> {
    try {
      const [answer] = await run([request]);
      settle(answer as VerifyAnswer);
    } catch (error) {
      if (isClosed) return settle(refused({ type: 'overloaded', reason: 'closing', retryAfterSeconds: 5 }));
      logger.error('a request cannot be judged', { error: messageOf(error), bytes: request.body.byteLength });
      poison.set(digestOf(request.body), true);
      // Too slow may have been our own load: the sender may try once more, and then it is known.
      const isSlow = error instanceof Error && error.name === 'AbortError';
      settle(isSlow ? refused({ type: 'overloaded', reason: 'verification took too long', retryAfterSeconds: 60 }) : refused(POISON));
    }
  }

  return {
    verify(request) {
      if (isClosed || waiting.length >= queueMax) {
        return Promise.resolve(refused({ type: 'overloaded', reason: 'too many requests wait for a worker', retryAfterSeconds: 5 }));
      }
      if (poison.size > 0 && poison.has(digestOf(request.body))) return Promise.resolve(refused(POISON));
      return new Promise((settle) => {
        waiting.push({ request, settle });
        pump();
      });
    },
    get depth() {
      return waiting.length;
    },
    async ready() {
      await Promise.all(Array.from({ length: workers }, () => run([])));
    },
    async close() {
      isClosed = true;
      for (const { settle } of waiting.splice(0)) settle(refused({ type: 'overloaded', reason: 'closing', retryAfterSeconds: 5 }));
      await piscina.destroy();
    },
  };
}

const POISON: Refusal = { type: 'not-an-activity', reason: 'this body has stopped a worker' };

function refused(refusal: Refusal): VerifyAnswer {
  return { ok: false, refusal, isWrongKey: false };
}

function digestOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}
