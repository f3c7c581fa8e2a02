/**
 * The worker pool, main-thread side: signatures and JSON-LD off the thread that answers requests.
 *
 * ```
 *   verify(request) ─► waiting ─► an idle thread gets what is there at once, a busy one a batch of up to BATCH_MAX
 *                                  └─ the batch fails (crash, out of memory, too slow)
 *                      suspects ◄─────┘
 *                         └─► each alone, in turn with new batches
 *                                  ├─ crashes alone:                  the poison, remembered
 *                                  ├─ too slow alone:                 503, and the poison when it happens again
 *                                  └─ an empty batch fails as well:   503, the fault is ours
 * ```
 * One task is one batch: a hop per activity costs more than the work it moves. Raw bytes are handed over, never
 * parsed values: cloning twenty thousand nested arrays throws on the main thread.
 *
 * Invariants: a full queue refuses, it does not grow. A thread that crashes or hangs loses nothing but the poison.
 * A body that killed a thread by itself is refused unread when its sender sends it again.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Piscina } from 'piscina';
import { messageOf, SallyportError } from '../errors.ts';
import type { Logger } from '../options.ts';
import type { Refusal } from '../verdict.ts';
import type { VerifyAnswer, VerifyRequest } from './judge.ts';

export type { VerifyAnswer, VerifyRequest } from './judge.ts';

export interface Pool {
  /** One request judged. Never throws: a full queue, a crash and a hang are refusals too. */
  verify(request: VerifyRequest): Promise<VerifyAnswer>;
  /** Requests waiting for a thread, those under way not counted. */
  readonly depth: number;
  /** Resolves when every thread has started. Throws `ERR_WORKERS` when one does not. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly workers: number;
  /** Requests that may wait; above it the answer is 503. @default 1024 */
  readonly queueMax?: number;
  /** How long a batch may take, in milliseconds. @default 5000 */
  readonly timeoutMs?: number;
  /** How long a thread may take to start, in milliseconds; 0.2 s when nothing else runs. @default 60000 */
  readonly startMsMax?: number;
  /** Heap of a thread, MiB. @default 256 */
  readonly heapMbMax?: number;
  /** The worker's module; tests hand in one that misbehaves. */
  readonly workerUrl?: URL;
  readonly logger: Logger;
}

/** Items in a batch: from 32 on a larger batch costs no less per item [measured]. */
const BATCH_MAX = 32;
/** Heap of a thread, MiB. A document of 1 MiB takes a few; 256 leaves room and ends a runaway soon. */
const HEAP_MB_MAX = 256;
/** Bodies remembered as poison, or as slow once. */
const STRIKES_MAX = 1_000;

interface Waiting {
  readonly request: VerifyRequest;
  readonly settle: (answer: VerifyAnswer) => void;
}

/** `.ts` in a checkout, `.js` in the package: the compiler does not rewrite this name. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

export function createPool(options: PoolOptions): Pool {
  const { workers, queueMax = 1_024, timeoutMs = 5_000, startMsMax = 60_000, logger } = options;
  const workerUrl = options.workerUrl ?? new URL(`./worker${EXTENSION}`, import.meta.url);
  const piscina = new Piscina({
    filename: workerUrl.href,
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 1,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMbMax ?? HEAP_MB_MAX },
  });
  piscina.on('error', (error: unknown) => logger.warn('a worker failed', { error: messageOf(error) }));
  const strikes = new LRUCache<string, 'slow' | 'poison'>({ max: STRIKES_MAX });
  const waiting: Waiting[] = [];
  /** Requests of batches that failed. */
  const suspects: Waiting[] = [];
  const serving = new Set<Promise<void>>();
  let wasSuspect = false;
  let closing: Promise<void> | null = null;

  async function run(batch: readonly Waiting[], limitMs: number): Promise<readonly VerifyAnswer[]> {
    const stop = new AbortController();
    const deadline = setTimeout(() => stop.abort(), limitMs);
    try {
      const requests = batch.map(({ request }) => ({ ...request, body: compact(request.body) }));
      const answers: unknown = await piscina.run(requests, { signal: stop.signal });
      if (!Array.isArray(answers) || answers.length !== batch.length)
        throw new TypeError('a worker answered something else than one verdict for each request');
      return answers;
    } finally {
      clearTimeout(deadline);
    }
  }

  function pump(): void {
    while (closing === null && serving.size < workers && waiting.length + suspects.length > 0) {
      wasSuspect = suspects.length > 0 && (waiting.length === 0 || !wasSuspect);
      const [suspect] = wasSuspect ? suspects.splice(0, 1) : [];
      const service = suspect === undefined ? serve(waiting.splice(0, BATCH_MAX)) : serveAlone(suspect);
      serving.add(service);
      void service.finally(() => {
        serving.delete(service);
        pump();
      });
    }
  }

  async function serve(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await run(batch, timeoutMs);
      for (const [index, { settle }] of batch.entries()) settle(answers[index] as VerifyAnswer);
    } catch (error) {
      logger.warn('a batch failed in a worker', { error: messageOf(error), requests: batch.length });
      // Waits for the thread that takes the place of the lost one: its start is not the suspects' time.
      if (await isAlive()) suspects.push(...batch);
      else for (const { settle } of batch) settle(unavailable());
    }
  }

  async function serveAlone(item: Waiting): Promise<void> {
    const { request, settle } = item;
    const digest = digestOf(request);
    if (strikes.get(digest) === 'poison') return settle(refused(POISON));
    try {
      const [answer] = await run([item], timeoutMs);
      settle(answer as VerifyAnswer);
    } catch (error) {
      if (!(await isAlive())) return settle(unavailable());
      // Too slow may have been our own load: once is not enough to condemn it.
      const isPoison = !isAbort(error) || strikes.get(digest) === 'slow';
      strikes.set(digest, isPoison ? 'poison' : 'slow');
      const facts = { error: messageOf(error), bytes: request.body.byteLength, isPoison };
      logger.error('a request cannot be judged', facts);
      settle(refused(isPoison ? POISON : SLOW));
    }
  }

  /** Does a thread answer at all? Not when the pool is closed, or when the worker's module cannot be loaded. */
  async function isAlive(): Promise<boolean> {
    if (closing !== null) return false;
    const answer = await run([], startMsMax).catch((error: unknown) => error);
    if (Array.isArray(answer)) return true;
    if (closing === null) logger.error('no worker answers', { error: messageOf(answer) });
    return false;
  }

  const unavailable = (): VerifyAnswer => refused(closing === null ? NO_WORKER : CLOSING);

  return {
    verify(request) {
      if (closing !== null) return Promise.resolve(refused(CLOSING));
      if (waiting.length + suspects.length >= queueMax) return Promise.resolve(refused(FULL));
      if (strikes.size > 0 && strikes.get(digestOf(request)) === 'poison')
        return Promise.resolve(refused(POISON));
      return new Promise((settle) => {
        waiting.push({ request, settle });
        pump();
      });
    },
    get depth() {
      return waiting.length + suspects.length;
    },
    async ready() {
      // An idle thread is preferred to a busy one, so as many empty batches reach as many threads.
      const started = Array.from({ length: workers }, () => run([], startMsMax));
      await Promise.all(started).catch((cause: unknown) => {
        throw new SallyportError('ERR_WORKERS', 'the worker threads did not start', {
          hint: isAbort(cause) ? 'the machine is too busy: fewer workers may help' : 'see the cause',
          data: { workers, startMsMax },
          cause,
        });
      });
    },
    close() {
      closing ??= (async () => {
        await piscina.destroy();
        await Promise.all(serving);
        for (const { settle } of [...waiting.splice(0), ...suspects.splice(0)]) settle(refused(CLOSING));
      })();
      return closing;
    },
  };
}

const POISON: Refusal = { type: 'not-an-activity', reason: 'this body has stopped a worker' };
const FULL: Refusal = overloaded('too many requests wait for a worker', 5);
const NO_WORKER: Refusal = overloaded('no worker answers', 5);
const SLOW: Refusal = overloaded('verification took too long', 60);
const CLOSING: Refusal = overloaded('closing', 5);

function overloaded(reason: string, retryAfterSeconds: number): Refusal {
  return { type: 'overloaded', reason, retryAfterSeconds };
}

function refused(refusal: Refusal): VerifyAnswer {
  return { ok: false, refusal, isWrongKey: false };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Sender and body: nobody can have another one's activity refused. */
function digestOf({ body, publicKeyPem }: VerifyRequest): string {
  return createHash('sha256').update(publicKeyPem).update(body).digest('base64');
}

/** The body without the rest of the memory that it stands in: a thread is sent all of that, 64 kB from a socket. */
function compact(body: Uint8Array): Uint8Array {
  return body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body);
}
