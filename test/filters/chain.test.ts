/** The chain alone: what verdicts come to, in whichever order; what counts as one; and filters that do not answer. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge, type Told } from '../../src/filters/chain.ts';
import type { Registered } from '../../src/filters/registered.ts';
import { createWatch } from '../../src/filters/watch.ts';
import { drop, type FilterVerdict, hold, limit, reject, score, shadow } from '../../src/verdict.ts';
import { handClock, quiet, START_MS } from '../turn/mail.ts';

/** Shown when a property fails, and chosen anew each time. */
const seed = Math.floor(Math.random() * 2 ** 31);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const activity = { type: 'Create', id: 'https://a.example/1' } as never;
const told = (domain = 'a.example', more: Partial<Told> = {}): Told =>
  ({ domain: { domain, state: 'active', strikes: 0 }, log: quiet, atMs: START_MS, ...more }) as Told;
const filterOf = (name: string, filter: () => unknown, more: Partial<Registered> = {}): Registered => ({
  ...{ name, type: null, isHook: false, timeoutMs: 1_000, fallback: 'hold', isShadow: false },
  filter: filter as never,
  ...more,
});
const closing = new AbortController().signal;
const judgeBy = (filters: Registered[], thresholds: Parameters<typeof judge>[3]['thresholds'] = []) =>
  judge(filters, activity, told(), { closing, thresholds });

describe('verdicts', () => {
  const verdict = fc.oneof(
    fc.constant<FilterVerdict | undefined>(undefined),
    fc.boolean().map((strike) => drop('d', { strike })),
    fc.boolean().map((strike) => reject('r', { strike })),
    fc.constantFrom(hold('h'), hold('h', { until: '2 days' }), shadow('s')),
    fc.constantFrom(limit('l'), limit('l', { for: '1 hour' })),
    fc.integer({ min: -5, max: 12 }).map((points) => score(points / 10, 'p')),
  );
  const filter = fc.record({ verdict, isShadow: fc.boolean(), isLate: fc.boolean() });

  test('come to the first that ends the chain, and to what was said before it', async () => {
    const thresholds = [
      { type: 'hold', points: 0.5 },
      { type: 'drop', points: 1 },
    ] as const;
    const property = fc.asyncProperty(fc.array(filter, { maxLength: 12 }), async (plan) => {
      const asked: string[] = [];
      const filters = plan.map(({ verdict: said, isShadow, isLate }, at) =>
        filterOf(
          `f${at}`,
          () => {
            asked.push(`f${at}`);
            return isLate ? Promise.resolve(said) : said;
          },
          { isShadow },
        ),
      );
      const found = await judgeBy(filters, thresholds);
      const ends = plan.findIndex(
        (one) => !one.isShadow && ['drop', 'reject', 'hold'].includes(one.verdict?.type ?? ''),
      );
      const until = ends === -1 ? plan : plan.slice(0, ends + 1);
      expect([found.asked, asked]).toEqual([asked, until.map((_, at) => `f${at}`)]);
      const real = until.filter(({ isShadow }) => !isShadow).map((one) => one.verdict);
      const points = real.flatMap((one) => (one?.type === 'score' ? [one.points * 10] : []));
      const sum = points.reduce((a, b) => a + b, 0);
      expect(found.score ?? null).toBe(points.length === 0 ? null : sum / 10);
      const reached = ends !== -1 || points.length === 0 || sum < 5 ? null : sum < 10 ? 'hold' : 'drop';
      const end = ends === -1 ? reached : plan[ends]?.verdict?.type;
      expect(found.end?.type ?? null).toBe(end ?? null);
      if (reached !== null) expect(found.end?.filter).toBe('scores');
      expect((found.wishes ?? []).map(({ type }) => type)).toEqual(
        real.flatMap((one) => {
          if (one?.type === 'limit') return ['limit'];
          return (one?.type === 'drop' || one?.type === 'reject') && one.strike ? ['strike'] : [];
        }),
      );
      const spoke = until.filter((one) => one.verdict !== undefined).length + (reached === null ? 0 : 1);
      expect(found.remarks).toHaveLength(spoke);
    });
    await fc.assert(property, { numRuns: 400, seed });
  });

  test('carry what was seen, when it ends, and how long a limit lasts', async () => {
    const { end, wishes, remarks } = await judgeBy([
      filterOf('slow', () => limit('too much', { for: '90 minutes', saw: '120 in an hour' })),
      filterOf('window', () => limit('too much')),
      filterOf('later', () => hold('later', { until: new Date(START_MS + DAY_MS) })),
    ]);
    expect(end).toMatchObject({ filter: 'later', untilMs: START_MS + DAY_MS });
    expect(wishes).toEqual([
      { type: 'limit', reason: 'slow: too much', forMs: 1.5 * HOUR_MS },
      { type: 'limit', reason: 'window: too much', forMs: null },
    ]);
    expect(remarks[0]).toEqual({
      ...{ filter: 'slow', type: 'limit', reason: 'too much', saw: '120 in an hour' },
    });
    const iso = await judgeBy([
      filterOf('json', () => ({ type: 'hold', reason: 'x', until: '2030-01-02T00:00:00Z' })),
    ]);
    expect(iso.end?.untilMs).toBe(START_MS + DAY_MS);
  });

  test.each([
    ['true', true],
    ['null', null],
    ['no reason', { type: 'drop' }],
    ['a type that is none', { type: 'block', reason: 'x' }],
    ['a time that is over', hold('x', { until: new Date(START_MS) })],
    ['no time', hold('x', { until: new Date(Number.NaN) })],
    ['a time that no database can store', hold('x', { until: new Date(8.64e15) })],
    ['a duration without a unit', { type: 'hold', reason: 'x', until: '5' }],
    ['a limit of a year', limit('x', { for: '365 days' })],
    ['a limit of nothing', { type: 'limit', reason: 'x', for: 'soon' }],
    ['points that are none', score(Number.NaN, 'x')],
    ['infinite points', score(Number.POSITIVE_INFINITY, 'x')],
    ['more points than anybody needs', score(1_000_001, 'x')],
    ['a strike that is neither', { type: 'drop', reason: 'x', strike: 'yes' }],
    ['evidence that is no text', { type: 'drop', reason: 'x', saw: {} }],
  ])('are none with %s: a fault, and the fallback counts', async (_, returned) => {
    for (const later of [false, true]) {
      const give = () => (later ? Promise.resolve(returned) : returned);
      const found = await judgeBy([filterOf('odd', give), filterOf('next', () => undefined)]);
      expect(found.remarks.map(({ type }) => type)).toEqual(['fault', 'hold']);
      expect([found.asked, found.end?.type]).toEqual([['odd'], 'hold']);
    }
  });

  test('are kept in bounded number and length, the end among them', async () => {
    const loud = Array.from({ length: 50 }, (_, at) =>
      filterOf(`f${at}`, () => shadow('r'.repeat(2_000), { saw: 's'.repeat(2_000) })),
    );
    const { remarks, left, asked } = await judgeBy([...loud, filterOf('end', () => drop('enough'))]);
    expect([remarks.length, left, asked.length]).toEqual([30, 21, 51]);
    expect(remarks.at(-1)).toMatchObject({ filter: 'end', type: 'drop' });
    expect([remarks[0]?.reason.length, remarks[0]?.saw?.length]).toEqual([500, 200]);
  });

  test('of hold let pass whom a moderator trusts, also by points; a filter that failed holds him', async () => {
    const filters = [filterOf('h', () => hold('x')), filterOf('p', () => score(9, 'y'))];
    const judging = { closing, thresholds: [{ type: 'hold', points: 5 }] } as const;
    const trusted = told('a.example', { isTrusted: true });
    const found = await judge(filters, activity, trusted, judging);
    expect([found.end, found.remarks.map(({ type }) => type)]).toEqual([
      undefined,
      ['trusted', 'score', 'trusted'],
    ]);
    const broken = filterOf('b', () => {
      throw new Error('x');
    });
    expect((await judge([broken], activity, trusted, judging)).end?.type).toBe('hold');
  });
});

describe('a filter that does not answer', () => {
  const never = () => new Promise(() => undefined);
  const setUp = () => {
    const clock = handClock();
    const watch = createWatch(() => clock.now());
    let asked = 0;
    let answers = never as () => Promise<unknown>;
    const filter = filterOf(
      'service',
      () => {
        asked++;
        return answers();
      },
      { timeoutMs: 5, fallback: 'accept' },
    );
    const ask = async (domain: string) => {
      const before = asked;
      const { remarks } = await judge([filter], activity, told(domain), { closing, thresholds: [], watch });
      return { wasAsked: asked > before, fault: remarks[0]?.reason };
    };
    return {
      ...{ clock, watch, filter, ask },
      answer: (how: () => Promise<unknown>) => {
        answers = how;
      },
    };
  };

  test('about one domain is not asked about it for a while, and about all others it is', async () => {
    const it = setUp();
    for (let n = 0; n < 5; n++)
      expect(await it.ask('slow.example')).toEqual({ wasAsked: true, fault: 'no answer within 5 ms' });
    const { wasAsked, fault } = await it.ask('slow.example');
    expect([wasAsked, fault]).toEqual([
      false,
      'not asked: it gave no answer 5 times in a row about this domain; asked again at 2030-01-01T00:00:30.000Z',
    ]);
    it.answer(async () => undefined);
    expect((await it.ask('other.example')).wasAsked).toBe(true);
    // One call tries again; the rest waits for what becomes of it.
    it.clock.advance(30_000);
    expect(await it.ask('slow.example')).toEqual({ wasAsked: true, fault: undefined });
    expect((await it.ask('slow.example')).wasAsked).toBe(true);
  });

  test('about several is asked about none, says so, and one call tries again when the pause is over', async () => {
    const it = setUp();
    const domains = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example'];
    await Promise.all(domains.flatMap((domain) => Array.from({ length: 4 }, () => it.ask(domain))));
    const { wasAsked, fault } = await it.ask('new.example');
    expect([wasAsked, fault]).toEqual([
      false,
      expect.stringMatching(/^not asked: it gave no answer 20 times/),
    ]);
    expect(it.watch.numbersOf(it.filter)).toMatchObject({
      ...{ calls: 20, verdicts: { fault: 21 }, pausedUntil: '2030-01-01T00:00:30.000Z' },
      lastError: { reason: 'no answer within 5 ms' },
    });
    it.clock.advance(30_000);
    const tries = await Promise.all([it.ask('x.example'), it.ask('y.example'), it.ask('z.example')]);
    expect(tries.map((one) => one.wasAsked)).toEqual([true, false, false]);
    it.clock.advance(30_000);
    it.answer(async () => drop('spam'));
    expect((await it.ask('x.example')).wasAsked).toBe(true);
    expect((await it.ask('y.example')).wasAsked).toBe(true);
    expect(it.watch.numbersOf(it.filter).pausedUntil).toBe(null);
  });

  test('is asked on and on while it only fails at once', async () => {
    const it = setUp();
    it.answer(() => Promise.reject(new Error('refused')));
    for (let n = 0; n < 40; n++)
      expect(await it.ask(`d${n % 3}.example`)).toEqual({ wasAsked: true, fault: 'Error: refused' });
  });
});
