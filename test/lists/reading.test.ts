/** Lists as other people write them, and as we do: every dialect is read, nothing in one throws but what is no list. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SallyportError } from '../../src/errors.ts';
import {
  digestOf,
  isStricter,
  LIST_BYTES_MAX,
  LIST_ROWS_MAX,
  type ReadList,
  readList,
  severityOf,
} from '../../src/lists/index.ts';

const seed = Date.now() & 0xffff_ffff;
console.info(`reading.test.ts: seed ${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

/** `domain severity`, with `m`, `r` and `o` for its flags. */
const said = ({ wishes }: ReadList): string[] =>
  wishes.map(({ domain, severity, rejectMedia, rejectReports, obfuscate }) =>
    [domain, severity, `${rejectMedia ? 'm' : ''}${rejectReports ? 'r' : ''}${obfuscate ? 'o' : ''}`]
      .filter((part) => part !== '')
      .join(' '),
  );
const wrong = ({ problems }: ReadList) => problems.map(({ row, problem }) => [row, problem] as const);
const HEAD = '#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate';

describe('a CSV', () => {
  test('of Mastodon is read with all its columns', () => {
    const list = readList(`${HEAD}
spam.example,suspend,false,false,mass unsolicited mentions,false
loud.example,silence,true,true,"quotes "" and, commas",true
odd.example,noop,true,false,,false
`);
    expect(said(list)).toEqual(['spam.example block', 'loud.example silence mro', 'odd.example none m']);
    expect(list.wishes.map(({ publicComment }) => publicComment)).toEqual([
      ...['mass unsolicited mentions', 'quotes " and, commas', null],
    ]);
    expect(list).toMatchObject({ format: 'csv', dialect: 'mastodon', kind: 'block', rows: 3, problems: [] });
  });

  test.each([
    ['Mastodon', '#domain,#severity'],
    ['fediblockhole', 'domain,severity'],
    ['others', 'instance,severity'],
    ['a spreadsheet', '\ufeffDomain , Severity'],
  ])('of %s is known by its header', (_, head) => {
    expect(said(readList(`${head}\r\nspam.example,silence\r\n`))).toEqual(['spam.example silence']);
  });

  test('may have its columns in any order, and more of them', () => {
    const list = readList(
      'severity,private_comment,domain,followers,reject_reports\nsilence,seen it,spam.example,12,TRUE\n',
    );
    expect(said(list)).toEqual(['spam.example silence r']);
    expect(list.wishes[0]).toMatchObject({ privateComment: 'seen it' });
  });

  test('of millions of rows is refused at once, also where a quote in it is never closed', () => {
    const rows = 'a\n'.repeat(2_000_000);
    for (const list of [`${HEAD}\n"${rows}`, '#c\n'.repeat(2_000_000)]) {
      const startedMs = performance.now();
      expect(() => readList(list)).toThrow(/more than 20000 rows/);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    }
  });

  test('that passed through a spreadsheet has blank rows, capitals and CRLF', () => {
    const list = readList(
      `${HEAD.toUpperCase()}\r\n,,,,,\r\n Spam.Example. , SUSPEND ,TRUE,False,x,\r\n,,,,,\r\n\r\n`,
    );
    expect([said(list), list.problems]).toEqual([['spam.example block m'], []]);
  });

  test('says suspend where it says nothing, in an absent column and in an empty cell', () => {
    expect(said(readList('#domain,#public_comment\na.example,x\n'))).toEqual(['a.example block']);
    expect(said(readList('domain,severity,reject_media\na.example,,\n'))).toEqual(['a.example block']);
  });

  test('without a header is one column of names, or has the columns of Mastodon', () => {
    const plain = readList('a.example\r\nb.example\r\n\r\nc.example');
    expect(said(plain)).toEqual(['a.example block', 'b.example block', 'c.example block']);
    expect(plain.format).toBe('plain');
    const bare = readList('a.example,silence,true\nb.example,whatever else\n');
    expect(said(bare)).toEqual(['a.example silence m', 'b.example block']);
  });

  test('may have comments', () => {
    const list = readList('# our list\na.example # a comment\n#b.example\n"c.example"\n');
    expect([said(list), list.problems]).toEqual([['a.example block', 'c.example block'], []]);
    expect(said(readList(`# of 2025\n${HEAD}\n# more\na.example,silence\n`))).toEqual(['a.example silence']);
  });

  test('has names in every spelling of the same name', () => {
    const list = readList('*.bücher.example\nXN--BCHER-KVA.example.\nspam.example/\n');
    expect(said(list)).toEqual(['xn--bcher-kva.example block', 'spam.example block']);
    expect(wrong(list)).toEqual([[2, 'says again what row 1 says; the harder of both counts']]);
  });

  test('that says two things of a domain means the harder one', () => {
    const list = readList(
      'domain,severity,reject_media,comment\na.example,silence,true,x\na.example,suspend,,\n',
    );
    expect(said(list)).toEqual(['a.example block m']);
    expect(list.wishes[0]?.publicComment).toBe('x');
    expect(list.problems).toHaveLength(1);
  });

  test('has labels in its comments', () => {
    const [wish] = readList(
      'domain,severity,comment\na.example,,iftas:hate-speech;online-harassment\n',
    ).wishes;
    expect(wish?.labels).toEqual(['iftas:hate-speech', 'iftas:online-harassment']);
    expect(readList('domain,severity,comment\na.example,,note: it depends\n').wishes[0]?.labels).toEqual([]);
  });

  test('that is wrong in some rows is read in the others, and says which', () => {
    const list = readList(
      [
        ...[HEAD, 'ok.example,silence,,,,', 'com,suspend,,,,', 'ap.invalid,suspend,,,iftas:canary,'],
        ...['who.test,suspend,,,,', 'a b,suspend,,,,', 'https://x.example/y,suspend,,,,', ',suspend,,,,'],
        ...[
          'b.example,murder,,,,',
          'c.example,suspend,perhaps,,,',
          'sp*m.example,suspend,,,,',
          '=cmd.example,,,,,',
        ],
        ...[
          '-x.example,,,,,',
          `${'a'.repeat(64)}.example,,,,,`,
          'a..b.example,,,,,',
          '12,,,,,',
          '127.0.0.1,,,,,',
        ],
      ].join('\n'),
    );
    expect(said(list)).toEqual(['ok.example silence', '127.0.0.1 block']);
    expect(list.rows).toBe(16);
    expect(wrong(list)).toEqual([
      [3, 'is a whole top-level domain, which no list may decide about'],
      ...[4, 5].map((row) => [row, 'is a canary, a name that nobody can have: left out']),
      ...[6, 7].map((row) => [row, 'is no host name']),
      [8, 'names no domain'],
      [9, 'has the severity murder, which is none'],
      [10, 'has perhaps for reject_media, which is neither true nor false'],
      [11, 'is hidden in part: nobody can tell which domain it is'],
      ...[12, 13, 14, 15, 16].map((row) => [row, 'is no host name']),
    ]);
  });

  test('names the line at which a row begins, whatever is in its quotes', () => {
    const list = readList(
      'domain,severity,comment\na.example,,"one\ntwo\nthree"\n\n\nx,,\nb b,,"1\n2"\ny,,\n',
    );
    expect(wrong(list).map(([row]) => row)).toEqual([7, 8, 10]);
    expect(list.wishes[0]?.publicComment).toBe('one\ntwo\nthree');
  });

  test('with a quote that is never closed loses that row and no other', () => {
    const list = readList('domain,severity,comment\na.example,silence,"open\nb.example,silence,shut\n');
    expect(said(list)).toEqual(['b.example silence']);
    expect(wrong(list)).toEqual([[2, 'has a quote that is never closed']]);
  });

  test('of allowed domains, or of what a list takes back, is one of these when it says so or somebody does', () => {
    const allowed = readList('#domain\nfriends.example\n');
    expect([allowed.kind, said(allowed)]).toEqual(['allow', ['friends.example allow']]);
    expect(allowed.problems[0]?.problem).toContain('allowed domains');
    const blocked = readList('#domain\nfoes.example\n', { kind: 'block' });
    expect([said(blocked), blocked.problems]).toEqual([['foes.example block'], []]);
    const back = readList('domain,comment\nonce.example,Retracted 2025-01-01\n');
    expect(back).toMatchObject({
      kind: 'retract',
      dialect: 'fires',
      wishes: [],
      retracted: ['once.example'],
    });
    expect(said(readList('a.example,suspend\n', { kind: 'allow' }))).toEqual(['a.example allow']);
  });
});

describe('a JSON', () => {
  test('of GoToSocial is an array of what it suspends and silences', () => {
    const list = readList(
      JSON.stringify([
        { domain: 'a.example', suspended_at: '2024-01-01T00:00:00Z', comment: 'spam' },
        { domain: 'b.example', silenced_at: '2024-01-01T00:00:00Z', public_comment: 'noise' },
        { domain: 'c.example' },
      ]),
    );
    expect(said(list)).toEqual(['a.example block', 'b.example silence', 'c.example block']);
    expect(list.wishes.map(({ publicComment }) => publicComment)).toEqual(['spam', 'noise', null]);
    expect(list.dialect).toBe('gotosocial');
  });

  test("of Mastodon's public list leaves out what is hidden in it", () => {
    const entry = (domain: string, severity: string) => ({
      domain,
      digest: digestOf(domain),
      severity,
      comment: null,
    });
    const list = readList(JSON.stringify([entry('a.example', 'silence'), entry('sp**.example', 'suspend')]));
    expect([said(list), wrong(list)]).toEqual([
      ['a.example silence'],
      [[2, 'is hidden in part: nobody can tell which domain it is']],
    ]);
  });

  test('of fediblockhole, or of names alone, is read too', () => {
    const entry = {
      domain: 'a.example',
      severity: 'noop',
      reject_media: true,
      reject_reports: null,
      obfuscate: 1,
    };
    expect(said(readList(JSON.stringify([entry])))).toEqual(['a.example none mo']);
    expect(said(readList('["a.example", "B.example"]'))).toEqual(['a.example block', 'b.example block']);
    expect(said(readList('[]'))).toEqual([]);
  });

  test('of RapidBlock takes back what it does not block any more', () => {
    const blocks = {
      'a.example': { isBlocked: true, reason: 'spam', tags: ['spam', 'bots'] },
      'b.example': { isBlocked: false, reason: '' },
      'c.example': { reason: 'who knows' },
    };
    const list = readList(JSON.stringify({ publishedAt: '2023-01-01', blocks }));
    expect(list).toMatchObject({ dialect: 'rapidblock', retracted: ['b.example'], rows: 2 });
    expect(list.wishes).toMatchObject([
      { domain: 'a.example', publicComment: 'spam', labels: ['spam', 'bots'] },
    ]);
    expect(wrong(list)).toEqual([[3, 'says neither that it is blocked nor that it is not']]);
    expect(said(readList('a.example\r\nb.example\r\n'))).toEqual(['a.example block', 'b.example block']);
  });

  test("of an Akkoma's NodeInfo is its SimplePolicy with its reasons", () => {
    const federation = {
      enabled: true,
      exclusions: true,
      mrf_policies: ['SimplePolicy'],
      mrf_simple: {
        reject: ['a.example', 'b*d.example'],
        media_removal: ['a.example', 'pics.example'],
        report_removal: ['quiet.example'],
        federated_timeline_removal: ['loud.example'],
        media_nsfw: ['nsfw.example'],
        accept: [],
      },
      mrf_simple_info: { reject: { 'a.example': { reason: 'spam' } } },
    };
    const list = readList(JSON.stringify({ version: '2.0', metadata: { federation } }));
    expect(said(list)).toEqual([
      ...['a.example block m', 'pics.example none m', 'quiet.example none r', 'loud.example silence'],
    ]);
    expect(list.wishes[0]?.publicComment).toBe('spam');
    expect(list.problems.map(({ text }) => text)).toEqual([
      ...['media_nsfw', 'exclusions', 'reject: b*d.example', 'media_removal: a.example'],
    ]);
  });
});

describe('what is no list', () => {
  const refusal = (given: string | Uint8Array, format?: 'json'): string => {
    try {
      readList(given, { format });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_INVALID' });
      return (error as Error).message;
    }
    throw new Error('it was read');
  };
  test('is refused whole: too long, too large, no text, a web page, JSON of another kind', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, n) => `d${n}.example\n`).join('');
    expect(readList(rows(LIST_ROWS_MAX)).wishes).toHaveLength(LIST_ROWS_MAX);
    expect(refusal(rows(LIST_ROWS_MAX + 1))).toBe('the list has more than 20000 rows');
    expect(refusal(`[${'"a.example",'.repeat(LIST_ROWS_MAX)}"a.example"]`)).toContain('more than 20000 rows');
    expect(refusal(new Uint8Array(LIST_BYTES_MAX + 1))).toContain('bytes');
    expect(refusal(Uint8Array.of(0x61, 0xff, 0xfe))).toBe('the list is not UTF-8');
    expect(refusal('<!DOCTYPE html><html></html>')).toBe('this is a web page, not a list');
    expect(refusal('{"error":"The access token is invalid"}')).toContain('no list that is known');
    expect(refusal('[{"domain":')).toBe('the list is not JSON');
    expect(refusal('a.example', 'json')).toBe('the list is not JSON');
  });
  test('and nothing else: an empty text is an empty list', () => {
    for (const text of ['', '\n\r\n', `${HEAD}\n`, '# nothing\n']) expect(readList(text).wishes).toEqual([]);
  });

  const pieces = fc.constantFrom(
    ...[
      '"',
      ',',
      '\n',
      '\r',
      '#',
      'domain',
      ',severity\n',
      '=',
      '[',
      '{',
      '}',
      ']',
      ':',
      '*.',
      '\0',
      '\ud800',
    ],
    ...['a.example', 'suspend', 'true', '"blocks":{', '{"domain":"a.example"}', 'mrf_simple', ' ', '\t', 'ß'],
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
  );
  test('whatever the bytes, it is read or refused in our words, and every wish is one', () => {
    const anything = fc.oneof(fc.uint8Array({ maxLength: 300 }), texts, fc.json());
    const holds = (given: string | Uint8Array): void => {
      try {
        const { wishes, problems } = readList(given);
        expect(new Set(wishes.map(({ domain }) => domain)).size).toBe(wishes.length);
        for (const { domain, publicComment } of wishes) {
          expect(domain).toMatch(/^[a-z0-9_.-]+$|^\[[0-9a-f:.]+\]$/);
          expect(`${publicComment}`.isWellFormed()).toBe(true);
        }
        for (const { row, text } of problems) expect([row >= 0, text.length <= 121]).toEqual([true, true]);
      } catch (error) {
        if (!(error instanceof SallyportError && error.code === 'ERR_INVALID')) throw error;
      }
    };
    fc.assert(fc.property(anything, holds), { numRuns: 2_000 });
  });
  test('nor does what is nested deeply', () => {
    for (const text of [
      `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
      `${'{"blocks":'.repeat(9_000)}1${'}'.repeat(9_000)}`,
    ])
      expect(() => readList(text, { format: 'json' })).not.toThrow(RangeError);
  });
});

test('the words for a severity are those of Mastodon, FIRES and others', () => {
  for (const word of ['suspend', ' SUSPEND', 'block', 'drop', 'reject'])
    expect(severityOf(word)).toBe('block');
  for (const word of ['silence', 'limit', 'filter']) expect(severityOf(word)).toBe('silence');
  for (const word of ['noop', 'none', 'accept']) expect(severityOf(word)).toBe('none');
  for (const word of ['', 'constructor', '0', 'allow']) expect(severityOf(word)).toBeNull();
});

test('what goes further is decided as Mastodon does', () => {
  const policy = (severity: 'block' | 'silence' | 'none', flags = '') => ({
    ...{ severity, rejectMedia: flags.includes('m'), rejectReports: flags.includes('r') },
  });
  const [block, silence, none] = [policy('block'), policy('silence'), policy('none')];
  expect([isStricter(block, block), isStricter(block, policy('silence', 'mr'))]).toEqual([true, true]);
  expect([isStricter(silence, block), isStricter(none, silence)]).toEqual([false, false]);
  expect([isStricter(silence, none), isStricter(silence, policy('none', 'm'))]).toEqual([true, false]);
  expect(isStricter(policy('none', 'mr'), policy('none', 'r'))).toBe(true);
});
