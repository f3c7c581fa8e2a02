/** Built-in filters without an inbox: how they are written in a configuration, and the search for words. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/cli/configuration.ts';
import { builtInRecords, registeredOf } from '../../src/filters/built-in/index.ts';
import { createSearch } from '../../src/filters/built-in/keywords.ts';
import { folded as foldedText, legible } from '../../src/filters/text.ts';
import { createInbox } from '../../src/index.ts';
import { SHARED } from '../../src/options/filters/fields.ts';
import { readOptions } from '../../src/options.ts';
import { temporaryDirectory } from '../setup/postgres.ts';

/** Shown when a property fails, and chosen anew each time. */
const seed = Math.floor(Math.random() * 2 ** 31);

describe('the option `filters`', () => {
  const fromContract = [
    { use: 'keywords', words: ['buy now'], verdict: 'hold' },
    { use: 'account-age', olderThan: '1 day', verdict: 'hold' },
    { use: 'first-contact', verdict: 'hold' },
    { use: 'mentions', max: 5, verdict: 'drop' },
    { use: 'external', url: 'http://10.0.0.1/', timeout: '500 ms', fallback: 'accept' },
  ];

  test('is read from a JSON configuration, and the filters take their names before those in code', async () => {
    const folder = temporaryDirectory('sallyport-filters-');
    try {
      writeFileSync(join(folder, 'sallyport.config.json'), JSON.stringify({ filters: fromContract }));
      const { options, faults } = await readConfiguration({ SALLYPORT_ORIGIN: 'https://us.example' }, folder);
      expect([options.filters, faults]).toEqual([fromContract, []]);
      const inbox = createInbox({ origin: 'https://us.example', ...options });
      expect(() => inbox.filter('mentions#1', () => undefined)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID' }),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is checked whole: every fault in one message, each with its place', () => {
    const filters = [
      { use: 'keyword', words: ['x'] },
      { use: 'keywords', words: [], verdict: 'block' },
      { use: 'keywords', words: ['ok', ' \u200b', 7], wordz: 1, wholeWords: 'yes' },
      { use: 'account-age', olderThan: '1 moon', unknown: 'maybe' },
      { use: 'mentions', max: 1.5 },
      { use: 'external', url: 'ftp://x', timeout: '2 minutes', fallback: 'reject' },
      { use: 'external', url: 'http://me:secret@x/', name: 'twice' },
      { use: 'first-contact', name: 'twice' },
      { use: 'first-contact', name: '' },
      'first-contact',
    ];
    let error: unknown;
    try {
      createInbox({ origin: 'https://us.example', filters: filters as never });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'ERR_CONFIG' });
    const { data, message } = error as { data: { faults: { option: string }[] }; message: string };
    expect(data.faults.map(({ option }) => option)).toEqual([
      'filters[0].use',
      ...['filters[1].verdict', 'filters[1].words'],
      ...['filters[2].wordz', 'filters[2].words[1]', 'filters[2].words[2]', 'filters[2].wholeWords'],
      ...['filters[3].olderThan', 'filters[3].unknown', 'filters[4].max'],
      ...['filters[5].url', 'filters[5].fallback', 'filters[5].timeout', 'filters[6].url'],
      ...['filters[7].name', 'filters[8].name', 'filters[9].use'],
    ]);
    expect(message).not.toContain('secret');
    expect(() => createInbox({ origin: 'https://us.example', filters: {} as never })).toThrow('not a list');
  });

  test('says of each new filter what is wrong with it, and of a verdict what does not go with it', () => {
    const wrong: [object, string][] = [
      [{ use: 'patterns', patterns: ['(?=x)'] }, 'filters[0].patterns[0]: no pattern of RE2'],
      [{ use: 'patterns', patterns: ['x*'] }, 'filters[0].patterns[0]: finds nothing at all'],
      [{ use: 'patterns', patterns: ['x{900}y{900}'] }, 'filters[0].patterns[0]: larger than'],
      [{ use: 'types' }, 'filters[0]: needs at least one of activities, objects'],
      [{ use: 'follow-bursts' }, 'filters[0]: needs at least one of perActor, perDomain'],
      [{ use: 'hellthread' }, 'filters[0]: needs at least one of'],
      [{ use: 'hellthread', hold: 5, verdict: 'drop' }, 'filters[0].verdict: its numbers say the verdict'],
      [{ use: 'newcomer-links', allow: ['http://x'] }, 'filters[0].allow[0]: not a host name'],
      [{ use: 'object-age', olderThan: '40000 days' }, 'filters[0].olderThan: longer than a hundred years'],
      [{ use: 'relevance', verdict: 'score' }, 'filters[0].points: has to be given'],
      [{ use: 'relevance', points: 3 }, 'filters[0].points: does not go with the verdict drop'],
      [{ use: 'reports', strike: true }, 'filters[0].strike: does not go with the verdict hold'],
      [{ use: 'reports', verdict: 'limit', for: '91 days' }, 'filters[0].for: longer than 90 days'],
      [{ use: 'reports', verdict: 'score', points: 0 }, 'filters[0].points: not a number of points'],
      [{ use: 'reports', name: 'scores' }, 'filters[0].name: another filter has this name'],
    ];
    for (const [filter, problem] of wrong) {
      const { faults } = readOptions({ origin: 'https://us.example', filters: [filter as never] });
      expect(faults.map((fault) => `${fault.option}: ${fault.problem}`)).toEqual([
        expect.stringContaining(problem),
      ]);
    }
    const thresholds = [
      [{ hold: 0 }, 'scoreThresholds.hold'],
      [{ hold: 3, drop: 3 }, 'scoreThresholds.drop'],
      [{ block: 3 }, 'scoreThresholds.block'],
      [[3], 'scoreThresholds'],
    ] as const;
    for (const [given, option] of thresholds) {
      const { faults } = readOptions({ origin: 'https://us.example', scoreThresholds: given as never });
      expect(faults.map((fault) => fault.option)).toEqual([option]);
    }
  });

  test('never throws, whatever is written into it', () => {
    const uses = builtInRecords().map(({ use }) => use);
    const names = [...Object.keys(SHARED), 'verdict', 'words', 'patterns', 'hold', 'allow', 'objects', 'max'];
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom('drop', 'score', '1 day', 5, [''], ['(']));
    const filter = fc.oneof(
      fc.jsonValue(),
      fc
        .tuple(fc.constantFrom(...uses), fc.dictionary(fc.constantFrom(...names), odd))
        .map(([use, more]) => ({ ...more, use })),
    );
    const property = fc.property(fc.array(filter, { maxLength: 3 }), (filters) => {
      const { settings, faults } = readOptions({ origin: 'https://us.example', filters: filters as never });
      if (faults.length === 0)
        for (const one of settings.filters) expect(registeredOf(one, () => ({}) as never).name).not.toBe('');
    });
    fc.assert(property, { numRuns: 500, seed });
  });

  test('is described by the filters themselves, and what they say is what the check knows', () => {
    const full = builtInRecords().map(({ use, effect, schema }) => {
      expect([use, effect]).toEqual([use, expect.stringMatching(/^\w.{10,120}$/)]);
      const { properties } = schema as { properties: Record<string, { examples?: unknown[] }> };
      const own = Object.entries(properties).filter(([name]) => !(name in SHARED));
      const given = own.flatMap(([name, { examples }]) =>
        examples === undefined ? [] : [[name, examples[0]]],
      );
      return { use, ...Object.fromEntries(given) };
    });
    expect(full).toHaveLength(16);
    expect(() => createInbox({ origin: 'https://us.example', filters: full as never })).not.toThrow();
  });
});

describe('a verdict in the configuration', () => {
  const external = {
    use: 'external',
    ...{ name: 'it', url: 'http://x/', timeout: 1_000 },
    fallback: 'hold',
    ...{ strike: false, points: null, for: null, until: null },
  } as const;
  const supplies = { isKnown: async () => false, isStored: async () => false, isOurs: () => false };

  test.each([
    [null, 'drop', { type: 'drop', reason: 'so' }],
    ['hold', 'drop', { type: 'hold', reason: 'so' }],
    ['shadow', 'drop', { type: 'shadow', reason: 'drop: so' }],
    ['drop', 'shadow', { type: 'shadow', reason: 'so' }],
    ['drop', 'accept', undefined],
  ] as const)('of %j makes of the %j of an external service: %j', async (verdict, answer, expected) => {
    const ask = async () => ({ verdict: answer, reason: 'so' });
    const { filter } = registeredOf({ ...external, verdict }, () => ({ ask, ...supplies }));
    const activity = { normal: {}, actor: { uri: 'https://x.example/a', domain: 'x.example' } };
    const signal = AbortSignal.timeout(1_000);
    const said = await filter(activity as never, { actor: null, text: '', signal } as never);
    expect(said).toEqual(expected && expect.objectContaining(expected));
  });

  test('of shadow holds nothing by failing either', () => {
    const shadowed = registeredOf({ ...external, use: 'first-contact', verdict: 'shadow' }, () => {
      throw new Error('not open');
    });
    expect(shadowed).toMatchObject({ isShadow: true, fallback: 'hold' });
  });
});

describe('the search for words', () => {
  const searchFor = (words: readonly string[], wholeWords: boolean) => {
    const search = createSearch(words, wholeWords);
    return (text: string) => search(foldedText(legible(text)));
  };
  const letters = (maxLength: number) =>
    fc.string({ unit: fc.constantFrom('a', 'b', 'A', ' ', 'ß'), maxLength });

  test('finds what stands in the text, and nothing else', () => {
    const folded = (text: string) => text.toLowerCase().replaceAll('ß', 'ss').replace(/ +/g, ' ');
    const word = letters(5).filter((text) => text.trim() !== '');
    const property = fc.property(
      fc.array(word, { minLength: 1, maxLength: 8 }),
      letters(30),
      (words, text) => {
        const there = words.filter((one) => folded(text).includes(folded(one).trim()));
        const found = searchFor(words, false)(text);
        expect(found === null ? [] : [found]).toEqual(there.length === 0 ? [] : [expect.toBeOneOf(there)]);
        const whole = words.filter((one) => {
          const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${folded(one).trim()}(?![\\p{L}\\p{N}])`, 'u');
          return pattern.test(folded(text));
        });
        expect(searchFor(words, true)(text) !== null).toBe(whole.length > 0);
      },
    );
    fc.assert(property, { numRuns: 500, seed });
  });

  test('sees through other forms of the same letters', () => {
    const search = searchFor(['Café', 'ΟΔΟΣ', 'ﬁne', 'two  words'], true);
    for (const text of [
      'cafe\u0301',
      'CAFÉ',
      'οδος',
      'ΟΔΟΣ',
      'FINE',
      'two\u00a0\u2003words',
      't\u200bwo words',
    ])
      expect([text, search(text)]).toEqual([text, expect.any(String)]);
    for (const text of ['cafe', 'two\nwords', 'cafés', 'twowords'])
      expect([text, search(text)]).toEqual([text, null]);
  });

  test('takes a moment for a megabyte of anything, however many words there are', () => {
    const words = Array.from({ length: 1_000 }, (_, n) => `${'a'.repeat(n % 199)}${n % 7}`);
    const search = searchFor(words, true);
    for (const piece of [
      'a',
      'a6',
      ' ',
      '\u0301\u0327',
      '\u0301\uff9e',
      '\u00ad',
      'ﷺ',
      '\u0301\u200d\u0327',
    ]) {
      const startedMs = performance.now();
      search(piece.repeat(1_000_000 / Buffer.byteLength(piece)));
      expect([piece, performance.now() - startedMs < 5_000]).toEqual([piece, true]);
    }
  });
});
