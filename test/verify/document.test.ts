/** What a document says: the facts, the normal form, and the tricks by which one document would say two things. */
import { describe, expect, test } from 'vitest';
import { type Understood, understand } from '../../src/verify/document.ts';
import { scan } from '../../src/verify/scan.ts';
import * as fediverse from '../fediverse/activities.ts';

const AS = 'https://www.w3.org/ns/activitystreams';
const PUBLIC = `${AS}#Public`;
const ANA = 'https://remote.example/users/ana';
const EVE = 'https://evil.example/users/eve';
const LIKE = {
  '@context': AS,
  id: `${ANA}#likes/1`,
  type: 'Like',
  actor: ANA,
  object: 'https://us.example/notes/1',
};

type Document = Readonly<Record<string, unknown>>;

/** Read as it would come over the wire, strict JSON first. */
async function read(document: Document): Promise<Understood | { readonly problem: string }> {
  const scanned = scan(Buffer.from(JSON.stringify(document)));
  return 'problem' in scanned ? scanned : understand(scanned.document);
}

async function understood(document: Document): Promise<Understood> {
  const answer = await read(document);
  if ('problem' in answer) throw new Error(answer.problem);
  return answer;
}

const problemOf = async (document: Document): Promise<unknown> =>
  ((await read(document)) as { problem?: string }).problem;

describe('the facts', () => {
  test('of a Like', async () => {
    expect((await understood(LIKE)).facts).toEqual({
      id: `${ANA}#likes/1`,
      type: 'Like',
      actor: ANA,
      objects: ['https://us.example/notes/1'],
      inner: null,
      target: null,
      addressees: [],
    });
  });

  test('of an Undo name what is undone', async () => {
    const follow = fediverse.follow(ANA, 'https://us.example/users/bob');
    const { facts } = await understood(fediverse.undo(ANA, follow));
    expect(facts).toMatchObject({
      type: 'Undo',
      objects: [follow.id],
      inner: { type: 'Follow', actor: ANA, object: 'https://us.example/users/bob' },
    });
  });

  test('of a Create name the author of the post as its actor', async () => {
    const { facts } = await understood(fediverse.create(ANA, { mentions: ['https://us.example/users/bob'] }));
    const changedMs = expect.any(Number);
    expect(facts.inner).toEqual({ type: 'Note', actor: ANA, object: null, changedMs });
    expect(facts.addressees).toEqual([PUBLIC, `${ANA}/followers`, 'https://us.example/users/bob']);
  });

  test('gather all addressees once, with Public in its one spelling', async () => {
    const { facts } = await understood({
      ...LIKE,
      to: ['as:Public', ANA],
      cc: ['Public', EVE],
      bto: PUBLIC,
      bcc: ANA,
      audience: [EVE, 'https://g.example/'],
    });
    expect(facts.addressees).toEqual([PUBLIC, ANA, EVE, 'https://g.example/']);
  });

  test('keep every object of a Flag, and only ids of things that have one', async () => {
    const objects = [
      'https://us.example/users/bob',
      { type: 'Note', content: 'nameless' },
      { id: 'https://us.example/notes/1', type: 'Note' },
    ];
    const { facts } = await understood({ ...LIKE, type: 'Flag', object: objects });
    expect(facts.objects).toEqual(['https://us.example/users/bob', 'https://us.example/notes/1']);
    expect(facts.inner).toBeNull();
  });

  test('have no relative id, no blank node and no id that is null', async () => {
    const { facts } = await understood({
      ...LIKE,
      object: ['notes/1', '/notes/1', '_:b0', '#x', null, '@foo'],
      to: ['', 'followers'],
      target: null,
    });
    expect(facts).toMatchObject({ objects: [], addressees: [], target: null });
  });

  test.each([
    [
      'one of several types that means something here',
      { type: ['https://x.example/Odd', 'Like'] },
      { type: 'Like' },
    ],
    [
      'a type that nobody knows, in full',
      { type: 'https://x.example/Odd' },
      { type: 'https://x.example/Odd' },
    ],
    [
      'a type that is not ActivityStreams by its IRI',
      {
        '@context': [AS, { litepub: 'http://litepub.social/ns#', Hug: 'litepub:Hug' }],
        type: 'Hug',
      },
      { type: 'http://litepub.social/ns#Hug' },
    ],
    [
      'a reaction with an emoji by the name that everybody gives it',
      {
        '@context': [AS, { litepub: 'http://litepub.social/ns#', EmojiReact: 'litepub:EmojiReact' }],
        type: 'EmojiReact',
      },
      { type: 'EmojiReact' },
    ],
    ['no blank node for a type that means something', { type: '_:Follow' }, { type: '_:Follow' }],
    ['a type that no context defines, as it was sent', { type: 'EmojiReact' }, { type: 'EmojiReact' }],
    ['no id as null', { id: undefined }, { id: null }],
    ['an actor in an array', { actor: [ANA] }, { actor: ANA }],
    ['an actor twice', { actor: [ANA, ANA] }, { actor: ANA }],
    ['an embedded actor', { actor: { id: ANA, type: 'Person' } }, { actor: ANA }],
    [
      'a target',
      { target: { id: 'https://us.example/c', type: 'Collection' } },
      { target: 'https://us.example/c' },
    ],
    ['no context as ActivityStreams', { '@context': undefined }, { type: 'Like' }],
    [
      'a context without ActivityStreams as if it were there',
      { '@context': [{ toot: 'http://joinmastodon.org/ns#' }] },
      { type: 'Like' },
    ],
    [
      'an unknown context as empty',
      { '@context': [AS, 'https://nobody.example/context'], odd: 1 },
      { actor: ANA },
    ],
    [
      'the context under http as none',
      { '@context': 'http://www.w3.org/ns/activitystreams' },
      { actor: ANA },
    ],
    ['compact IRIs', { type: 'as:Like', 'as:target': { id: ANA } }, { type: 'Like', target: ANA }],
  ])('take %s', async (_, change, facts) => {
    expect((await understood({ ...LIKE, ...change })).facts).toMatchObject(facts);
  });

  test('are read from a document in expanded form, too', async () => {
    const { facts } = await understood({
      '@id': LIKE.id,
      '@type': [`${AS}#Like`],
      [`${AS}#actor`]: [{ '@id': ANA }],
      [`${AS}#object`]: [{ '@id': LIKE.object }],
    });
    expect(facts).toEqual((await understood(LIKE)).facts);
  });
});

describe('no activity', () => {
  test.each([
    ['without a type', { type: undefined }, 'the activity has no type'],
    ['without an actor', { actor: undefined }, 'the activity has no actor'],
    ['with a relative actor', { actor: 'ana' }, 'the activity has no actor'],
    ['with an actor that has no id', { actor: { type: 'Person' } }, 'the activity has no actor'],
    ['with two actors', { actor: [ANA, EVE] }, 'the activity has several actors'],
    ['with a number for an id', { id: 5 }, 'the JSON-LD cannot be read'],
    ['with an object for an id', { id: { a: 1 } }, 'the JSON-LD cannot be read'],
    ['with a number for a type', { type: 5 }, 'the JSON-LD cannot be read'],
    ['with a number for a context', { '@context': 5 }, 'the JSON-LD cannot be read'],
    ['with a context that starts anew', { '@context': [AS, null] }, 'the document is not one object'],
    ['with an id of three thousand characters', { id: `${ANA}/${'x'.repeat(3_000)}` }, 'an id is too long'],
    [
      'with an id that is short but not in bytes',
      { object: `${ANA}/${'€'.repeat(700)}` },
      'an id is too long',
    ],
    [
      'with a type of three thousand characters',
      { type: `https://x.example/${'x'.repeat(3_000)}` },
      'an id is too long',
    ],
    [
      'with an addressee of three thousand characters',
      { bcc: `${ANA}/${'x'.repeat(3_000)}` },
      'an id is too long',
    ],
  ])('is an object %s', async (_, change, problem) => {
    expect(await problemOf({ ...LIKE, ...change })).toBe(problem);
  });

  test.each([
    ['{"id":5}', { id: 5 }],
    ['an empty object', {}],
    ['an object of unknown terms', { a: 1 }],
    ['a graph', { '@context': AS, '@graph': [LIKE] }],
    ['a graph beside an activity', { ...LIKE, '@graph': [{ ...LIKE, actor: EVE }] }],
    ['an activity with others included', { ...LIKE, '@included': [{ ...LIKE, actor: EVE }] }],
    ['an activity with reverse properties', { ...LIKE, '@reverse': { object: { id: EVE } } }],
    ['a value', { '@context': AS, '@value': 'x' }],
    ['a list', { '@context': AS, '@list': [LIKE] }],
    ['a set', { '@context': AS, '@set': [LIKE, LIKE] }],
  ])('is %s', async (_, document) => {
    expect(await problemOf(document)).toEqual(expect.any(String));
  });
});

describe('a document that would say one thing in JSON and another in JSON-LD is refused', () => {
  const lie = 'JSON and JSON-LD say different things';
  test.each([
    [
      'actor renamed',
      {
        '@context': [AS, { actor: 'https://x.example/y', signer: { '@id': 'as:actor', '@type': '@id' } }],
        actor: ANA,
        signer: EVE,
      },
      lie,
    ],
    [
      'actor renamed by a compact IRI',
      { '@context': [AS, { x: 'https://x.example/', actor: 'x:y' }], 'as:actor': { id: EVE } },
      lie,
    ],
    [
      'a second actor under another name',
      { '@context': [AS, { signer: { '@id': 'as:actor', '@type': '@id' } }], signer: EVE },
      'the activity has several actors',
    ],
    [
      'object renamed',
      { '@context': [AS, { object: 'https://x.example/y' }], 'as:object': { id: EVE } },
      lie,
    ],
    ['another object added', { 'as:object': { id: EVE } }, lie],
    ['an addressee added', { to: ANA, 'as:to': { id: EVE } }, lie],
    ['addressees taken away', { '@context': [AS, { to: null }], to: PUBLIC }, lie],
    ['a type added', { '@context': [AS, { Note: 'as:Delete' }], type: ['Note'] }, lie],
    ['a type renamed', { '@context': [AS, { Like: 'as:Delete' }] }, lie],
    ['a type taken away', { '@context': [AS, { Like: 'https://x.example/Odd' }] }, lie],
    ['a second type', { '@type': 'Delete', type: 'Like' }, lie],
    ['a second id', { '@id': `${EVE}/1` }, 'the JSON-LD cannot be read'],
    [
      'an id made absolute by a prefix',
      { '@context': [AS, { https: 'https://evil.example/' }], id: 'https:x' },
      lie,
    ],
    [
      'an actor read as a text in a language',
      { '@context': [AS, { actor: { '@id': 'as:actor', '@container': '@language' } }], actor: { en: EVE } },
      lie,
    ],
    [
      'an actor that is a JSON literal',
      { '@context': [AS, { actor: { '@id': 'as:actor', '@type': '@json' } }], actor: { id: ANA } },
      'the activity has no actor',
    ],
    [
      'an undone Follow of somebody else',
      {
        type: 'Undo',
        object: {
          '@context': [{ actor: 'https://x.example/y' }],
          id: `${ANA}/1`,
          type: 'Follow',
          actor: ANA,
          'as:actor': { id: EVE },
        },
      },
      lie,
    ],
    [
      'an undone Follow behind a null',
      {
        type: 'Undo',
        object: [null, { id: `${ANA}/1`, type: 'Follow', actor: ANA, 'as:object': { id: EVE }, object: EVE }],
      },
      lie,
    ],
    ['a list in a list', { object: [[LIKE.object]] }, lie],
    ['actor aliased to id', { '@context': [AS, { actor: '@id' }] }, 'a context renames a keyword'],
    ['type aliased', { '@context': [AS, { kind: '@type' }], kind: 'Delete' }, 'a context renames a keyword'],
    [
      'a graph under another name',
      { '@context': [AS, { g: '@graph' }], g: [LIKE] },
      'a context renames a keyword',
    ],
    [
      'another base',
      { '@context': [AS, { '@base': 'https://victim.example/' }], id: 'x' },
      'a context uses a keyword that it may not',
    ],
    [
      'another as:',
      { '@context': [AS, { as: 'https://evil.example/#' }] },
      'a context gives as: another meaning',
    ],
    ['a type that is a blank node with a good name', { '@context': [AS, { Like: '_:Follow' }] }, lie],
    [
      'a term that stops jsonld',
      { '@context': [AS, { hasOwnProperty: 'https://x.example/' }] },
      'the JSON-LD cannot be read',
    ],
    [
      'an import',
      { '@context': [AS, { '@import': 'https://evil.example/' }] },
      'a context uses a keyword that it may not',
    ],
  ])('%s', async (_, change, problem) => {
    expect(await problemOf({ ...LIKE, ...change })).toBe(problem);
  });

  test('names of JavaScript change nothing', async () => {
    for (const name of ['constructor', 'prototype', 'toString', 'valueOf', 'problem']) {
      const context = [AS, { [name]: { '@id': `as:${name}`, '@type': '@id' } }];
      const { facts, normal } = await understood({ ...LIKE, '@context': context, [name]: EVE });
      expect(facts.actor).toBe(ANA);
      const parsed = JSON.parse(JSON.stringify(normal));
      expect(`${Object.getPrototypeOf(parsed) === Object.prototype} ${parsed}`).toBe('true [object Object]');
    }
    expect(({} as Record<string, unknown>).actor).toBeUndefined();
  });
});
