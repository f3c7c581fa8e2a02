/**
 * The worker pool with real threads. A gate in shared memory holds a thread busy for as long as a test wants, so a
 * batch is what the test says it is and nothing is left to time.
 */
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../src/options.ts';
import { createPool, type Pool, type PoolOptions, type VerifyAnswer } from '../../src/verify/pool.ts';
import { like } from '../fediverse/activities.ts';
import type { Gated } from './misbehaving-worker.ts';
import { digestOf, KEY_ID, policy, signedRequest } from './signed-request.ts';

const AS = 'https://www.w3.org/ns/activitystreams';
const MISBEHAVING = new URL('./misbehaving-worker.ts', import.meta.url);
const ANA = KEY_ID.replace('#main-key', '');

let pools: Pool[] = [];
let threads: Worker[] = [];
let logged: { message: string; facts: Readonly<Record<string, unknown>> | undefined }[] = [];
const log = (message: string, facts?: Readonly<Record<string, unknown>>): void =>
  void logged.push({ message, facts });
const logger: Logger = { debug: log, info: log, warn: log, error: log };
const onWorker = (worker: Worker): void => void threads.push(worker);

beforeEach(() => {
  [pools, threads, logged] = [[], [], []];
  process.on('worker', onWorker);
});

afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  process.off('worker', onWorker);
  // A thread that has ended has no number.
  expect(threads.filter(({ threadId }) => threadId !== -1)).toEqual([]);
});

/** A pool of misbehaving workers, started. */
async function poolOf(options: Partial<PoolOptions> = {}): Promise<Pool> {
  const pool = createPool({ workers: 1, timeoutMs: 20_000, workerUrl: MISBEHAVING, logger, ...options });
  pools.push(pool);
  await pool.ready();
  return pool;
}

const request = (text: string, more: Partial<Gated> = {}): Gated => ({
  ...policy,
  ...signedRequest().request,
  body: Buffer.from(text),
  keyActor: ANA,
  allowPrivate: false,
  ...more,
});

/** Keeps one thread busy until it is opened. */
async function hold(pool: Pool, times = 1) {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const held = Array.from({ length: times }, () => pool.verify(request('gate', { gate })));
  for (let count = Atomics.load(gate, 1); count < times; count = Atomics.load(gate, 1))
    await Atomics.waitAsync(gate, 1, count).value;
  return {
    held,
    open() {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    },
  };
}

const reasonOf = (answer: VerifyAnswer): string =>
  answer.ok ? 'ok' : 'reason' in answer.refusal ? answer.refusal.reason : answer.refusal.type;
const typeOf = (answer: VerifyAnswer): string => (answer.ok ? 'ok' : answer.refusal.type);
/** `a of 3` without the thread. */
const shortly = (answer: VerifyAnswer): string => reasonOf(answer).replace(/ in \d+$/, '');
const POISON = 'this body has stopped a worker';

describe('the pool', () => {
  test('gives an idle thread work at once, and each thread its own', async () => {
    const pool = await poolOf({ workers: 2 });
    const { held, open } = await hold(pool, 2);
    open();
    const reasons = (await Promise.all(held)).map(reasonOf);
    expect(reasons.map((reason) => reason.replace(/ in .*/, ''))).toEqual(['gate of 1', 'gate of 1']);
    expect(new Set(reasons).size).toBe(2);
  });

  test('gathers what comes for a busy thread into batches of at most 32, in order', async () => {
    const pool = await poolOf();
    const { open } = await hold(pool);
    const answers = Array.from({ length: 40 }, (_, at) => pool.verify(request(`r${at}`)));
    expect(pool.depth).toBe(40);
    open();
    expect((await Promise.all(answers)).map(shortly)).toEqual(
      answers.map((_, at) => `r${at} of ${at < 32 ? 32 : 8}`),
    );
    expect(pool.depth).toBe(0);
  });

  test('refuses with 503 and Retry-After what comes when its queue is full', async () => {
    const pool = await poolOf({ queueMax: 3 });
    const { open } = await hold(pool);
    const waiting = ['a', 'b', 'c'].map((text) => pool.verify(request(text)));
    const refused = await pool.verify(request('d'));
    expect(refused).toEqual({
      ok: false,
      refusal: { type: 'overloaded', reason: 'too many requests wait for a worker', retryAfterSeconds: 5 },
      isWrongKey: false,
    });
    open();
    expect((await Promise.all(waiting)).map(shortly)).toEqual(['a of 3', 'b of 3', 'c of 3']);
    expect(shortly(await pool.verify(request('d')))).toBe('d of 1');
  });

  test('hands over the body and not the memory around it', async () => {
    const pool = await poolOf();
    const slab = Buffer.alloc(1 << 20, 'x');
    slab.write('small', 500);
    expect(shortly(await pool.verify(request('', { body: slab.subarray(500, 505) })))).toBe('small of 1');
  });
});

describe.each([
  ['throws', 'throw', { timeoutMs: 20_000 }],
  ['exits', 'exit', { timeoutMs: 20_000 }],
  ['runs out of memory', 'hoard', { timeoutMs: 20_000, heapMbMax: 32 }],
  ['answers too little', 'lose', { timeoutMs: 20_000 }],
])('a worker that %s on one document', (_, poison, options) => {
  test('costs only that document: the others of its batch are answered, and it is known from then on', async () => {
    const pool = await poolOf(options);
    const { held, open } = await hold(pool);
    const texts = ['a', 'b', poison, 'c', 'd'];
    const answers = texts.map((text) => pool.verify(request(text)));
    open();
    expect((await Promise.all([...held, ...answers])).map(shortly)).toEqual([
      'gate of 1',
      'a of 1',
      'b of 1',
      POISON,
      'c of 1',
      'd of 1',
    ]);
    // The pool is whole again, and nobody reads the poison any more.
    expect(shortly(await pool.verify(request('e')))).toBe('e of 1');
    const failures = logged.length;
    expect(typeOf(await pool.verify(request(poison)))).toBe('not-an-activity');
    expect(reasonOf(await pool.verify(request(poison)))).toBe(POISON);
    expect(logged).toHaveLength(failures);
    expect(logged.map(({ message }) => message)).toEqual([
      'a batch failed in a worker',
      'a request cannot be judged',
    ]);
    expect(logged[1]?.facts).toMatchObject({ bytes: poison.length, isPoison: true });
  });
});

describe('a worker that hangs on one document', () => {
  test('is ended: the others are answered, the document is too slow once and poison twice', async () => {
    const pool = await poolOf({ timeoutMs: 1_000 });
    const { open } = await hold(pool);
    const answers = ['a', 'hang', 'b'].map((text) => pool.verify(request(text)));
    open();
    const [a, hang, b] = await Promise.all(answers);
    expect([a, b].map((answer) => shortly(answer as VerifyAnswer))).toEqual(['a of 1', 'b of 1']);
    expect(hang).toMatchObject({
      refusal: { type: 'overloaded', reason: 'verification took too long', retryAfterSeconds: 60 },
    });
    expect(reasonOf(await pool.verify(request('hang')))).toBe(POISON);
    expect(reasonOf(await pool.verify(request('hang')))).toBe(POISON);
    expect(shortly(await pool.verify(request('c')))).toBe('c of 1');
  });

  test('takes only its own thread: another one goes on meanwhile', async () => {
    const pool = await poolOf({ workers: 2, timeoutMs: 1_000 });
    const order: string[] = [];
    const hanging = pool.verify(request('hang')).then((answer) => order.push(reasonOf(answer)));
    for (const text of ['a', 'b', 'c']) order.push(shortly(await pool.verify(request(text))));
    await hanging;
    expect(order).toEqual(['a of 1', 'b of 1', 'c of 1', 'verification took too long']);
  });
});

describe('a poison', () => {
  test('that came many times at once stops a worker twice, not many times', async () => {
    const pool = await poolOf();
    const { open } = await hold(pool);
    const answers = Array.from({ length: 20 }, () => pool.verify(request('exit')));
    open();
    expect(new Set((await Promise.all(answers)).map(reasonOf))).toEqual(new Set([POISON]));
    // The thread at the start, one for the batch, one for the first of it alone.
    expect(threads).toHaveLength(3);
  });

  test('is poison for its sender alone: nobody can have the same body of somebody else refused', async () => {
    const pool = await poolOf();
    expect(reasonOf(await pool.verify(request('throw')))).toBe(POISON);
    const failures = logged.length;
    await pool.verify(request('throw', { publicKeyPem: 'another key' }));
    expect(logged.length).toBeGreaterThan(failures);
  });

  test('does not hold back new requests: they take turns with the suspects of a failed batch', async () => {
    const pool = await poolOf();
    const { open } = await hold(pool);
    const order: string[] = [];
    const note = (text: string): Promise<unknown> =>
      pool.verify(request(text)).then((answer) => order.push(shortly(answer)));
    const suspects = ['exit', 's1', 's2', 's3'].map(note);
    open();
    const newcomer = suspects[0]?.then(() => note('new'));
    await Promise.all([...suspects, newcomer]);
    expect(order.indexOf('new of 1')).toBeLessThan(order.indexOf('s3 of 1'));
  });
});

describe('when no worker can be loaded', () => {
  test('a start fails, and requests are answered 503, not called poison', async () => {
    const workerUrl = new URL('./no-such-worker.ts', import.meta.url);
    const pool = createPool({ workers: 1, workerUrl, logger, timeoutMs: 200, startMsMax: 2_000 });
    pools.push(pool);
    await expect(pool.ready()).rejects.toMatchObject({ code: 'ERR_WORKERS', cause: expect.any(Error) });
    const answer = await pool.verify(request('a'));
    expect([typeOf(answer), reasonOf(answer)]).toEqual(['overloaded', 'no worker answers']);
  });
});

describe('closing', () => {
  test('answers everybody: those under way, those who wait, those who come later', async () => {
    const pool = await poolOf({ workers: 2 });
    const hanging = [pool.verify(request('hang')), pool.verify(request('hang'))];
    const waiting = ['a', 'b'].map((text) => pool.verify(request(text)));
    await Promise.all([pool.close(), pool.close()]);
    const late = pool.verify(request('c'));
    const answers = await Promise.all([...hanging, ...waiting, late]);
    expect(answers.map(reasonOf)).toEqual(Array(5).fill('closing'));
    expect(answers.map(typeOf)).toEqual(Array(5).fill('overloaded'));
    expect(threads).toHaveLength(2);
  });

  test('in the middle of a healing starts no new thread', async () => {
    const pool = await poolOf();
    const failing = pool.verify(request('exit'));
    while (logged.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await pool.close();
    expect(typeOf(await failing)).toBe('overloaded');
  });
});

describe('the real worker', () => {
  const body = JSON.stringify(like(ANA, 'https://us.example/notes/1'));
  const real = (change: Parameters<typeof signedRequest>[0]): Gated => {
    const made = signedRequest({ body, ...change });
    return request('', made.request);
  };

  test('judges a batch: the good, the forged and the meaningless, each in its place', async () => {
    const pool = await poolOf({ workerUrl: undefined as never });
    const texts = ['[]', 'null', '"x"', '1', '{"id":5}', '{', ''];
    const answers = await Promise.all([
      pool.verify(real({})),
      pool.verify(real({ digest: digestOf('another body') })),
      pool.verify({ ...real({}), target: '/inbox' }),
      ...texts.map((text) => pool.verify(real({ body: text }))),
      pool.verify({ ...real({}), keyActor: 'https://evil.example/users/eve' }),
    ]);
    expect(answers.map(typeOf)).toEqual([
      'ok',
      'not-authenticated',
      'not-authenticated',
      ...texts.map(() => 'not-an-activity'),
      'not-authenticated',
    ]);
    expect(answers[0]).toMatchObject({
      facts: { type: 'Like', actor: ANA, objects: ['https://us.example/notes/1'] },
    });
    expect(answers.map((answer) => !answer.ok && answer.isWrongKey)).toEqual(
      answers.map((_, at) => at === 2),
    );
    expect(logged).toEqual([]);
  });

  test('has room to spare for whatever the scan lets through: a quarter of a thread’s heap is enough', async () => {
    const pool = createPool({ workers: 1, logger, heapMbMax: 64 });
    pools.push(pool);
    const filled = (text: string): string => text + ' '.repeat(1_048_576 - text.length);
    const rows = (count: number, of: (n: number) => unknown) =>
      Array.from({ length: count }, (_, n) => of(n));
    const terms = (count: number) => Object.fromEntries(rows(count, (n) => [`t${n}`, `as:t${n}`]) as never);
    const said = { ...like(ANA, 'https://us.example/notes/1'), '@context': [AS, terms(100)] };
    const bodies = [
      {
        ...said,
        tag: rows(480, (n) => ({ id: `https://a.example/${n}`, type: 'Note', name: 'n', content: 'c' })),
      },
      { ...said, to: rows(1_000, (n) => `https://a.example/${'x'.repeat(900)}${n}`) },
      { ...said, 'as:content': 'x'.repeat(900_000), contentMap: { en: 'y'.repeat(100_000) } },
      {
        ...said,
        ...Object.fromEntries(rows(480, (n) => [`t${n}`, [{ id: `https://a.example/${n}` }]]) as never),
      },
    ].map((document) => filled(JSON.stringify(document)));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(bodies.map((body) => pool.verify(real({ body }))));
      expect(answers.map(typeOf)).toEqual(bodies.map(() => 'ok'));
    }
    expect(logged).toEqual([]);
  });
});
