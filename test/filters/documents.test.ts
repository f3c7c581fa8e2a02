/** The built-in filters on documents: what each finds, what it does not, and that no document takes long to look at. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NormalActivity } from '../../src/activity.ts';
import type { FilterActor } from '../../src/api.ts';
import type { Supplies } from '../../src/filters/built-in/built-in.ts';
import { registeredOf } from '../../src/filters/built-in/index.ts';
import { isTag, linksIn, mediaIn } from '../../src/filters/built-in/reading.ts';
import { folded, legible, readableText } from '../../src/filters/text.ts';
import type { BuiltInFilter } from '../../src/index.ts';
import { createPatternSearch } from '../../src/options/filters/pattern.ts';
import { checkFilterList } from '../../src/options.ts';
import type { FilterVerdict } from '../../src/verdict.ts';
import { START_MS } from '../turn/mail.ts';

/** Shown when a property fails, and chosen anew each time. */
const seed = Math.floor(Math.random() * 2 ** 31);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const ANN = 'https://far.example/users/ann';
const ALICE = 'https://us.example/users/alice';
const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public';

const nobody = { isFollowedHere: false, followsHere: false, blocks: 0 };
interface Scene {
  readonly actor?: Partial<FilterActor> | null;
  readonly isFollowed?: boolean;
  readonly relay?: boolean;
  readonly atMs?: number;
  readonly isDryRun?: boolean;
  readonly stored?: readonly string[];
}

/** A filter as a configuration makes it. */
function made(settings: BuiltInFilter) {
  let stored: readonly string[] = [];
  const supplies: Supplies = {
    isKnown: async () => false,
    isOurs: (uri) => uri.startsWith('https://us.example/'),
    isStored: async (uri) => uri.startsWith('https://us.example/') || stored.includes(uri),
    ask: () => Promise.reject(new Error('no service')),
  };
  const [checked] = checkFilterList([settings]);
  const { filter } = registeredOf(checked as never, () => supplies);
  return async (normal: NormalActivity, scene: Scene = {}): Promise<FilterVerdict | undefined> => {
    stored = scene.stored ?? [];
    const uri = String(normal.actor);
    const text = readableText(normal);
    const actor = {
      firstSeen: new Date(START_MS),
      published: null,
      followers: `${uri}/followers`,
      type: 'Person',
    };
    const [object] = [normal.object].flat() as (string | { id: string } | undefined)[];
    const activity = {
      ...{ type: normal.type, id: normal.id, normal, receivedAt: new Date(scene.atMs ?? START_MS) },
      actor: { uri, domain: new URL(uri).hostname },
      object: object === undefined ? null : { uri: typeof object === 'string' ? object : object.id },
    };
    const context = {
      ...{ text, legible: legible(text), folded: folded(legible(text)), isDryRun: scene.isDryRun ?? false },
      actor: scene.actor === null ? null : { ...actor, ...scene.actor },
      ours: [ALICE],
      actorFacts: Promise.resolve({ ...nobody, isFollowedHere: scene.isFollowed ?? false }),
      senderFacts: Promise.resolve({ ...nobody, isFollowedHere: scene.relay ?? scene.isFollowed ?? false }),
    };
    return (filter as never as (a: unknown, c: unknown) => FilterVerdict | undefined)(activity, context);
  };
}

let count = 0;
function note(properties: object = {}, more: object = {}): NormalActivity {
  const id = `https://far.example/notes/${++count}`;
  const object = { id, type: 'Note', attributedTo: ANN, content: '<p>Hello</p>', ...properties };
  return { id: `${id}/activity`, type: 'Create', actor: ANN, to: [PUBLIC], object, ...more };
}
const mention = (href: string, name: string) => ({ type: 'Mention', href, name });

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

test('media of strangers are found wherever they are, and of nobody who is followed', async () => {
  const find = made({ use: 'stranger-media' });
  const picture = { type: 'Document', mediaType: 'image/png', url: 'https://far.example/1.png' };
  for (const properties of [
    { attachment: [picture] },
    { type: 'Video' },
    { content: 'x <img src="https://far.example/1.png">' },
  ]) {
    expect((await find(note(properties)))?.type).toBe('hold');
    expect(await find(note(properties), { isFollowed: true })).toBe(undefined);
  }
  const harmless = {
    attachment: [
      { type: 'PropertyValue', name: 'x' },
      { type: 'Link', href: 'https://far.example/' },
    ],
  };
  expect(await find(note(harmless))).toBe(undefined);
});

describe('the same text', () => {
  const SPAM = 'Visit our wonderful shop today, everything is free of charge for everybody!';

  test('is found from anybody, whoever is greeted in it and however it is spelt, within a window', async () => {
    const find = made({ use: 'duplicate-content', window: '10 minutes' });
    const say = async (content: string, atMs: number, more = {}) =>
      (await find(note({ content }, more), { atMs: START_MS + atMs }))?.type;
    expect(await say(SPAM, 0)).toBe(undefined);
    expect(
      await say(`@bob ${SPAM.toUpperCase()}`, MINUTE_MS, { actor: 'https://other.example/users/x' }),
    ).toBe('hold');
    expect(await say(`<p>@carol@us.example</p> <b>${SPAM}</b>`, 11 * MINUTE_MS)).toBe('hold');
    // Each copy renews the time; then it is over.
    expect(await say(SPAM, 22 * MINUTE_MS)).toBe(undefined);
    expect(await say('short', 0)).toBe(undefined);
    expect(await say('short', 0)).toBe(undefined);
  });

  test('is no copy when it is the same post again, and a dry run leaves no trace', async () => {
    const find = made({ use: 'duplicate-content', copies: 2 });
    const post = note({ content: SPAM });
    expect([await find(post), await find({ ...post, type: 'Update', id: 'https://far.example/u' })]).toEqual([
      undefined,
      undefined,
    ]);
    for (let n = 0; n < 5; n++) await find(note({ content: SPAM }), { isDryRun: true });
    expect(await find(note({ content: SPAM }))).toBe(undefined);
    expect(await find(note({ content: SPAM }))).toMatchObject({ saw: 'copy 3 of 75 characters' });
  });
});

test('old posts are found, and those from the future, by our clock', async () => {
  const find = made({ use: 'object-age', olderThan: '7 days', ahead: '1 hour', verdict: 'drop' });
  const dated = (ms: number) => note({ published: new Date(START_MS + ms).toISOString() });
  for (const [ms, type] of [
    [-7 * DAY_MS, undefined],
    [-7 * DAY_MS - 1_000, 'drop'],
    [60 * MINUTE_MS, undefined],
    [61 * MINUTE_MS, 'drop'],
  ] as const)
    expect([ms, (await find(dated(ms)))?.type]).toEqual([ms, type]);
  expect(await find(note({ published: 'yesterday' }))).toBe(undefined);
  expect(await find({ ...dated(-9 * DAY_MS), type: 'Update' })).toBe(undefined);
});

test('replies to what nobody knows are found where they are for one of ours', async () => {
  const find = made({ use: 'unknown-reply' });
  const reply = (inReplyTo: string, more = {}) => note({ inReplyTo }, { cc: [ALICE], ...more });
  const elsewhere = 'https://far.example/notes/0';
  expect(await find(reply(elsewhere))).toMatchObject({ type: 'hold', saw: elsewhere });
  expect(await find(reply(elsewhere), { stored: [elsewhere] })).toBe(undefined);
  expect(await find(reply('https://us.example/notes/1'))).toBe(undefined);
  expect(await find(reply(elsewhere, { cc: [] }))).toBe(undefined);
  expect(await find(note({}, { cc: [ALICE] }))).toBe(undefined);
});

test('only wanted types pass, and an actor may always update itself', async () => {
  const find = made({
    use: 'types',
    activities: ['Create', 'Update', 'Undo'],
    objects: ['Note', 'Question'],
    verdict: 'reject',
  });
  expect(await find(note())).toBe(undefined);
  expect(await find(note({ type: ['Note', 'Article'] }))).toBe(undefined);
  expect(await find(note({ type: 'Video' }))).toMatchObject({
    reason: 'objects of the type Video are not wanted',
  });
  expect(await find({ ...note(), type: 'Offer' })).toMatchObject({
    reason: 'activities of the type Offer are not wanted',
  });
  expect(await find({ ...note(), type: 'Update', object: { id: ANN, type: 'Person' } })).toBe(undefined);
  expect(await find({ ...note(), type: 'Undo', object: { type: 'Like' } })).toBe(undefined);
});

test('reports without a word are found, and those of whole servers where that is wanted', async () => {
  const flag = (content?: string, actor = ANN): NormalActivity => ({
    ...note(),
    type: 'Flag',
    actor,
    object: [ALICE],
    ...(content === undefined ? {} : { content }),
  });
  const usual = made({ use: 'reports' });
  expect([
    (await usual(flag()))?.type,
    (await usual(flag('<p> </p>')))?.type,
    await usual(flag('spam')),
  ]).toEqual(['hold', 'hold', undefined]);
  expect(await usual(flag('spam', 'https://far.example/actor'), { actor: { type: 'Application' } })).toBe(
    undefined,
  );
  const strict = made({ use: 'reports', empty: false, anonymous: true });
  expect((await strict(flag('spam', 'https://far.example/actor')))?.type).toBe('hold');
  expect((await strict(flag('spam'), { actor: { type: 'Application' } }))?.type).toBe('hold');
  expect(await strict(flag())).toBe(undefined);
});

test('bursts of Follows are found by actor and by domain, until the window is over', async () => {
  const find = made({ use: 'follow-bursts', perActor: 2, perDomain: 3, window: '1 hour', verdict: 'reject' });
  const ask = async (name: string, atMs: number, isDryRun = false) =>
    (
      await find(
        { ...note(), type: 'Follow', actor: `https://far.example/users/${name}`, object: ALICE },
        { atMs: START_MS + atMs, isDryRun },
      )
    )?.reason;
  expect([await ask('a', 0), await ask('a', 1), await ask('a', 2)]).toEqual([
    undefined,
    undefined,
    '3 Follows of one actor in a window',
  ]);
  expect(await ask('b', 3)).toBe('4 Follows of one domain in a window');
  expect(await ask('c', 60 * MINUTE_MS - 1, true)).toBe('5 Follows of one domain in a window');
  expect(await ask('c', 60 * MINUTE_MS)).toBe(undefined);
});

test('what concerns somebody here is relevant, and nothing else that is new', async () => {
  const find = made({ use: 'relevance' });
  const announce = (object: string) => ({ ...note(), type: 'Announce', object });
  const concerns: [NormalActivity, Scene][] = [
    [note(), { isFollowed: true }],
    [note(), { isFollowed: false, relay: true }],
    [note({}, { cc: [ALICE] }), {}],
    [note({ tag: [mention(ALICE, '@alice')] }), {}],
    [note({ inReplyTo: 'https://us.example/notes/1' }), {}],
    [announce('https://us.example/notes/1'), {}],
    [{ ...note(), type: 'Like', object: 'https://far.example/notes/1' }, {}],
    [{ ...note(), type: 'Delete', object: 'https://far.example/notes/1' }, {}],
  ];
  for (const [activity, scene] of concerns)
    expect([activity, await find(activity, scene)]).toEqual([activity, undefined]);
  for (const activity of [
    note(),
    note({ inReplyTo: 'https://far.example/1' }),
    announce('https://far.example/1'),
  ])
    expect(await find(activity)).toMatchObject({
      type: 'drop',
      strike: false,
      reason: 'it concerns nobody here',
    });
});

test('a hellthread meets the hardest step that it exceeds, unless somebody follows its author', async () => {
  const find = made({ use: 'hellthread', limit: 3, hold: 5, drop: 10 });
  const among = (count: number) =>
    note({}, { cc: Array.from({ length: count }, (_, n) => `https://x.example/users/${n}`) });
  const property = fc.asyncProperty(fc.nat(15), fc.boolean(), async (count, isFollowed) => {
    const type = count > 10 ? 'drop' : count > 5 ? 'hold' : count > 3 ? 'limit' : undefined;
    expect((await find(among(count), { isFollowed }))?.type).toBe(isFollowed ? undefined : type);
  });
  await fc.assert(property, { numRuns: 60, seed });
  const strict = made({ use: 'hellthread', hold: 0, spareFollowed: false, until: '2 days' });
  expect(await strict(among(1), { isFollowed: true })).toMatchObject({
    type: 'hold',
    until: `${2 * DAY_MS} ms`,
  });
});

test('what is found becomes what the configuration says: points, a limit, a strike', async () => {
  const base = { use: 'keywords', words: ['spam'] } as const;
  const spam = note({ content: 'spam' });
  const said = (more: object) => made({ ...base, ...more } as BuiltInFilter)(spam);
  expect(await said({})).toEqual({ type: 'hold', reason: 'says “spam”', saw: 'spam' });
  expect(await said({ verdict: 'score', points: 2.5 })).toMatchObject({ type: 'score', points: 2.5 });
  expect(await said({ verdict: 'limit', for: '2 hours' })).toMatchObject({
    type: 'limit',
    for: '7200000 ms',
  });
  expect(await said({ verdict: 'reject' })).toMatchObject({ type: 'reject', strike: true });
  expect(await said({ verdict: 'drop', strike: false })).toMatchObject({ type: 'drop', strike: false });
});
