/** Patterns and links: what hides from a search, and documents that are made to take long to look at. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NormalActivity } from '../../src/activity.ts';
import { isTag, linksIn, mediaIn } from '../../src/filters/built-in/reading.ts';
import { createPatternSearch } from '../../src/options/filters/pattern.ts';
import { START_MS } from '../turn/mail.ts';
import { ANN, DAY_MS, made, mention, note, type Scene } from './document.ts';

/** Shown when a property fails, and chosen anew each time. */
const seed = Math.floor(Math.random() * 2 ** 31);

describe('patterns', () => {
  const find = made({
    use: 'patterns',
    patterns: ['buy\\s+now', '(cheap|free)\\W{0,3}pills'],
    verdict: 'drop',
  });

  test('see what people read, whatever stands between the letters, and say what they saw', async () => {
    const hidden = [
      ...['b<b>uy</b> now', 'buy&nbsp;now', 'b\u200bu\u2060y n\u00adow', 'ｂｕｙ　ｎｏｗ', 'BUY<br>NOW'],
      ...['free &ndash; <i>pills</i>', 'cheap-pi<span>lls</span>'],
    ];
    for (const content of hidden)
      expect([content, await find(note({ content }))]).toEqual([
        content,
        expect.objectContaining({ type: 'drop', strike: true, saw: expect.any(String) }),
      ]);
    for (const place of [
      { summary: 'buy now' },
      { name: 'buy now' },
      { contentMap: { de: 'Jetzt: buy now' } },
    ])
      expect(await find(note(place))).toMatchObject({ reason: 'fits buy\\s+now', saw: 'buy now' });
    for (const content of ['buy it now', 'carefree', 'buynow'])
      expect([content, await find(note({ content }))]).toEqual([content, undefined]);
  });

  test('find a word behind any inline tags, blanks and invisible characters between its letters', async () => {
    const between = fc.constantFrom(
      '<b>',
      '</b>',
      '\u200b',
      '&shy;',
      '<span class="invisible">',
      '<!-- > -->',
    );
    const letters = fc.tuple(...[...'buynow'].map(() => fc.array(between, { maxLength: 3 })));
    const property = fc.asyncProperty(
      letters,
      fc.constantFrom(' ', '&nbsp;', '\u3000', ' <br> '),
      async (gaps, blank) => {
        const content = [...'buynow']
          .map((letter, at) => letter + (gaps[at] ?? []).join('') + (at === 2 ? blank : ''))
          .join('');
        expect([content, (await find(note({ content })))?.type]).toEqual([content, 'drop']);
      },
    );
    await fc.assert(property, { numRuns: 200, seed });
  });

  test('take a moment, whatever was sent to make them take long; what is too long to be searched is found', async () => {
    const evil = made({ use: 'patterns', patterns: ['(a*)*b', '(a|aa)+c', 'x[ab]{500}y'] });
    for (const content of ['a'.repeat(99_000), 'xab'.repeat(33_000), 'ab'.repeat(49_000)]) {
      const startedMs = performance.now();
      await evil(note({ content }));
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    }
    expect(await find(note({ content: 'x'.repeat(100_001) }))).toMatchObject({
      ...{ type: 'drop', strike: false, reason: 'the text is too long to be searched' },
    });
  });

  test('are found whichever of many they are, also where two of them name a group alike', async () => {
    const many = Array.from({ length: 300 }, (_, at) => `spam${at}!`);
    const search = createPatternSearch([...many, '(?P<word>cheap)', '(?P<word>free)'], true);
    for (const word of ['spam0!', 'spam299!', 'CHEAP', 'free'])
      expect([word, search(`so ${word} so`)?.found]).toEqual([word, word]);
    expect(search('so spam0 so')).toBe(null);
    // The first of the list is named, not the first in the text.
    expect(search('spam7! spam3!')?.source).toBe('spam3!');
  });

  test('tell upper from lower case where that is wanted', async () => {
    const strict = made({ use: 'patterns', patterns: ['SALE'], ignoreCase: false });
    expect([
      await strict(note({ content: 'sale' })),
      (await strict(note({ content: 'SALE' })))?.type,
    ]).toEqual([undefined, 'hold']);
  });
});

describe('links', () => {
  const bob = 'https://near.example/users/bob';
  const html =
    '<p><a href="https://near.example/@bob" class="u-url mention">@<span>bob</span></a> <a href="https://far.example/tags/cats" class="hashtag">#<span>Cats</span></a></p>';
  const tag = [
    mention(bob, '@bob@near.example'),
    { type: 'Hashtag', name: '#cats', href: 'https://far.example/tags/cats' },
  ];
  const strangeLinks = (object: NormalActivity) =>
    linksIn(object)
      .filter((link) => !isTag(link, object, ANN))
      .map(({ url }) => url);

  test('are those that readers can follow; mentions and hashtags are none', () => {
    const object = (content: string, more = {}) => ({ type: 'Note', content, tag, ...more });
    expect(strangeLinks(object(html))).toEqual([]);
    expect(strangeLinks(object(`${html} see https://spam.example/x.`))).toEqual(['https://spam.example/x.']);
    expect(strangeLinks(object("<A HREF='https://spam.example/?a=1&amp;b'>nice</A>"))).toEqual([
      'https://spam.example/?a=1&b',
    ]);
    expect(strangeLinks(object('x', { summary: '<a href=https://spam.example>x</a>' }))).toEqual([
      'https://spam.example',
    ]);
    const page = { type: 'Page', href: 'https://spam.example/page' };
    expect(strangeLinks(object('x', { attachment: [page] }))).toEqual(['https://spam.example/page']);
  });

  test('are not hidden by what spammers write about them', () => {
    const object = { type: 'Note', tag };
    const spam = [
      // A class proves nothing, nor does the host that some mention has.
      '<a class="mention" href="https://spam.example/">@bob</a>',
      '<a class="mention" href="https://near.example/buy">cheap</a>',
      '<a class="hashtag" href="https://spam.example/cats">#cats</a>',
      '<a href="https://near.example/@bob/buy">@bob</a>',
    ];
    for (const content of spam)
      expect([content, strangeLinks({ ...object, content }).length]).toEqual([content, 1]);
  });

  test('are looked for in a moment, in a megabyte of anything', () => {
    for (const piece of [
      '<a ',
      '<a href="',
      '<a href="https://x.example/">',
      '<',
      '</a',
      'https://',
      '<a href=x>y</a>',
      '<img ',
      '<!--',
    ]) {
      const startedMs = performance.now();
      const object = { type: 'Note', content: piece.repeat(1_000_000 / piece.length) };
      linksIn(object);
      mediaIn(object);
      expect([piece, performance.now() - startedMs < 10_000]).toEqual([piece, true]);
    }
  });

  test('of newcomers are found until they are known for long enough, old enough, or followed', async () => {
    const find = made({
      use: 'newcomer-links',
      knownFor: '3 days',
      olderThan: '30 days',
      allow: ['wikipedia.org'],
    });
    const linked = () => note({ content: '<a href="https://spam.example/">x</a>' });
    const seen = (days: number, bornDays: number | null = 100) => ({
      firstSeen: new Date(START_MS - days * DAY_MS),
      published: bornDays === null ? null : new Date(START_MS - bornDays * DAY_MS),
    });
    const typeOf = async (scene: Scene) => (await find(linked(), scene))?.type;
    expect(await typeOf({ actor: seen(0) })).toBe('hold');
    expect(await typeOf({ actor: null })).toBe('hold');
    expect(await typeOf({ actor: seen(3) })).toBe(undefined);
    expect(await typeOf({ actor: seen(3, 29) })).toBe('hold');
    expect(await typeOf({ actor: seen(3, null) })).toBe('hold');
    expect(await typeOf({ actor: seen(0), isFollowed: true })).toBe(undefined);
    expect(
      await find(note({ content: '<a href="https://de.wikipedia.org/wiki/Katze">Katze</a>' }), {
        actor: seen(0),
      }),
    ).toBe(undefined);
    expect(await find(linked(), { actor: seen(1) })).toMatchObject({
      ...{ reason: 'a link by somebody who is known here for 24 hours', saw: 'https://spam.example/' },
    });
  });
});
