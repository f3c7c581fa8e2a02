/** The mailbox: one run at a time for each key, coalesced, bounded, and nothing forgotten when a run fails. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createMailbox } from '../src/mailbox.ts';

/** A run that ends when the test says so. */
function steered() {
  const runs: { keys: string[]; end(stillDirty?: string[]): void; fail(error: Error): void }[] = [];
  let started: (() => void) | undefined;
  const run = (keys: string[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      runs.push({ keys, end: (stillDirty = []) => resolve(stillDirty), fail: reject });
      started?.();
    });
  const nextRun = async (count: number): Promise<void> => {
    while (runs.length < count) await new Promise<void>((resolve) => (started = resolve));
  };
  return { run, runs, nextRun };
}

const quiet = { concurrency: 1, keysPerRun: 10, onError: () => undefined };

describe('a mailbox', () => {
  test('starts a run at once, and gathers what comes meanwhile into the next one', async () => {
    const { run, runs, nextRun } = steered();
    const mailbox = createMailbox({ ...quiet, run });
    mailbox.mark(['a']);
    mailbox.mark(['b']);
    mailbox.mark(['c', 'b']);
    expect(runs.map(({ keys }) => keys)).toEqual([['a']]);
    runs[0]?.end();
    await nextRun(2);
    expect(runs[1]?.keys).toEqual(['b', 'c']);
    runs[1]?.end();
    await mailbox.settled();
  });

  test('gathers for a while between runs, and for nobody who waits until all is done', async () => {
    vi.useFakeTimers();
    try {
      const { run, runs } = steered();
      const mailbox = createMailbox({ ...quiet, run, gatherMs: () => 25 });
      mailbox.mark(['a']);
      expect(runs).toHaveLength(1);
      runs[0]?.end();
      await vi.advanceTimersByTimeAsync(0);
      mailbox.mark(['b']);
      await vi.advanceTimersByTimeAsync(24);
      mailbox.mark(['c']);
      expect(runs).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(runs[1]?.keys).toEqual(['b', 'c']);
      runs[1]?.end();
      await vi.advanceTimersByTimeAsync(0);
      mailbox.mark(['d']);
      expect(runs).toHaveLength(2);
      const settled = mailbox.settled();
      expect(runs[2]?.keys).toEqual(['d']);
      runs[2]?.end();
      await settled;
      const closed = mailbox.close();
      await closed;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('never hands out a key that is in a run, and serves it again when it was marked meanwhile', async () => {
    const { run, runs, nextRun } = steered();
    const mailbox = createMailbox({ ...quiet, concurrency: 2, run });
    mailbox.mark(['a']);
    mailbox.mark(['a', 'b']);
    expect(runs.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
    runs[1]?.end();
    runs[0]?.end();
    await nextRun(3);
    expect(runs[2]?.keys).toEqual(['a']);
    runs[2]?.end();
    await mailbox.settled();
  });

  test('puts a key that still has mail at the end, so no key starves the others', async () => {
    const { run, runs, nextRun } = steered();
    const mailbox = createMailbox({ ...quiet, keysPerRun: 1, run });
    mailbox.mark(['flood', 'small']);
    runs[0]?.end(['flood']);
    await nextRun(2);
    expect(runs[1]?.keys).toEqual(['small']);
    runs[1]?.end();
    await nextRun(3);
    expect(runs[2]?.keys).toEqual(['flood']);
    runs[2]?.end();
    await mailbox.settled();
  });

  test('keeps the keys of a run that threw, reports it, and goes on after a pause', async () => {
    const { run, runs, nextRun } = steered();
    const errors: unknown[] = [];
    const mailbox = createMailbox({ ...quiet, run, pauseMs: 1, onError: (error) => errors.push(error) });
    mailbox.mark(['a']);
    runs[0]?.fail(new Error('the database is away'));
    await nextRun(2);
    expect(errors).toHaveLength(1);
    expect(runs[1]?.keys).toEqual(['a']);
    runs[1]?.end();
    await mailbox.settled();
  });

  test('holds no more dirty keys than its bound', () => {
    const { run } = steered();
    const mailbox = createMailbox({ ...quiet, keysPerRun: 1, keysMax: 3, run });
    mailbox.mark(['running', 'a', 'b', 'c', 'd', 'e']);
    expect(mailbox.depth).toBeLessThanOrEqual(3);
  });

  test('closes after the runs under way, and starts no more', async () => {
    const { run, runs } = steered();
    const mailbox = createMailbox({ ...quiet, run });
    mailbox.mark(['a']);
    mailbox.mark(['b']);
    const closed = mailbox.close();
    runs[0]?.end();
    await closed;
    expect(runs).toHaveLength(1);
  });

  test('property: every mark is followed by a run of its key, and no key is in two runs at once', async () => {
    const script = fc.array(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }), {
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(script, fc.integer({ min: 1, max: 3 }), async (marks, concurrency) => {
        const inRun = new Set<string>();
        let clock = 0;
        const lastStart = new Map<string, number>();
        const lastMark = new Map<string, number>();
        const mailbox = createMailbox({
          ...quiet,
          concurrency,
          keysPerRun: 2,
          async run(keys) {
            for (const key of keys) {
              if (inRun.has(key)) throw new Error(`${key} is in two runs`);
              inRun.add(key);
              lastStart.set(key, ++clock);
            }
            await null;
            for (const key of keys) inRun.delete(key);
            return [];
          },
          onError(error) {
            throw error;
          },
        });
        for (const keys of marks) {
          for (const key of keys) lastMark.set(key, ++clock);
          mailbox.mark(keys);
          await null;
        }
        await mailbox.settled();
        for (const [key, marked] of lastMark) expect(lastStart.get(key)).toBeGreaterThan(marked);
      }),
    );
  });
});
