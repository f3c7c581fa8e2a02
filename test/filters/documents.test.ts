/** The built-in filters on documents: what each of them finds, and what it does not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NormalActivity } from '../../src/activity.ts';
import type { BuiltInFilter } from '../../src/index.ts';
import { START_MS } from '../turn/mail.ts';
import { ALICE, ANN, DAY_MS, MINUTE_MS, made, mention, note, type Scene } from './document.ts';

/** Shown when a property fails, and chosen anew each time. */
const seed = Math.floor(Math.random() * 2 ** 31);

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
