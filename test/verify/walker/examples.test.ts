/** The walker, case by case: what it takes it must read as jsonld does; what it leaves is listed here, too. */
import { describe, expect, test } from 'vitest';
import { isTaken } from './agreement.ts';
import { AS } from './contexts.ts';

const ANA = 'https://remote.example/users/ana';
const LIKE = { '@context': AS, type: 'Like', actor: ANA };
const DID = 'https://www.w3.org/ns/did/v1';
const INTEGRITY = 'https://w3id.org/security/data-integrity/v1';

type Change = Readonly<Record<string, unknown>>;

/** Names as JSON has them: `__proto__` is one like any other. */
const trap = JSON.parse('{"__proto__":"x"}') as object;
const withObject = (object: unknown): Change => ({ object });
const withTerms = (terms: unknown, change: Change = {}): Change => ({ '@context': [AS, terms], ...change });

describe('the walker takes', () => {
  test.each<[string, Change]>([
    ['a prefix before its context', { '@context': [{ foo: 'as:foo' }, AS], foo: 'x' }],
    ['a term with an @ in it', withTerms({ 'a@b': 'as:foo' }, { 'a@b': 'x' })],
    [
      'a blank node whose prefix is a term',
      withTerms({ _: 'https://x.example/' }, { to: ['_:b0', '_:b 0'] }),
    ],
    ['what is not quite a trap', { __proto__x: 1, object: { id: ANA, __proto__x: 1 } }],
    ['an undefined name beside its blank node', withTerms({ foo: '_:bar' }, { foo: 'x', bar: 'y' })],
    [
      'a list before other items',
      withTerms(
        { alpha: { '@id': 'as:items', '@container': '@list' } },
        { object: { alpha: [1], items: [2] } },
      ),
    ],
    ['no context', { '@context': undefined }],
    ['an empty list of contexts', { '@context': [] }],
    [
      'contexts without that of ActivityStreams',
      { '@context': ['https://w3id.org/security/v1'], owner: ANA },
    ],
    [
      'the context of ActivityStreams after another',
      { '@context': [{ foo: 'https://x.example/' }, AS], foo: 'x' },
    ],
    [
      'contexts that nobody knows',
      { '@context': [AS, 'https://nobody.example/c', 'http://nobody.example/d'] },
    ],
    ['a context for one object', withObject({ '@context': { foo: 'as:bar' }, foo: 'x', content: 'y' })],
    ['an id that is null', { id: null }],
    ['an id that is null, below', withObject({ id: null, type: 'Note' })],
    ['an object that is only an id', withObject({ id: `${ANA}/1` })],
    ['an object that is only a type', withObject({ type: 'Note' })],
    ['an object that says nothing', withObject({})],
    ['an object that says nothing but null', withObject({ id: null, content: null })],
    ['an object that says what nobody defines', withObject({ id: `${ANA}/1`, shoeSize: 5 })],
    ['an object that says what nobody defines, and no id', withObject({ shoeSize: 5 })],
    ['an object with a property without values', withObject({ id: `${ANA}/1`, content: [] })],
    ['several types', { type: ['Like', 'as:Dislike', 'Unheard', 'https://x.example/Odd', 'urn:x', 'a b'] }],
    ['a type that no context defines', { type: 'Unheard' }],
    ['a type that could be taken for one', { type: '_:Follow' }],
    ['an empty type', { type: '' }],
    ['names of a property as a type', { type: ['actor', 'id', 'orderedItems'] }],
    ['numbers and booleans anywhere', { object: 5, content: true, published: 0, items: [1, false] }],
    [
      'nothing anywhere',
      { object: null, content: null, orderedItems: null, contentMap: null, shoeSize: null },
    ],
    ['lists in lists where they mean nothing', { to: [[ANA, [null]], `${ANA}/1`], content: [['a'], 'b'] }],
    ['Public in three spellings', { to: ['Public', 'as:Public', `${AS}#Public`] }],
    ['Public as an id', withObject({ id: 'as:Public', type: 'Collection' })],
    ['ids of other schemes', { to: ['tag:x,2026:y', 'urn:uuid:1', 'acct:ana@remote.example', '_:b0'] }],
    ['ids with white space', { to: ['https://x.example/a b', 'https://x.example/a\nb', 'as:a b'] }],
    ['ids that are one name', { to: ['SCRUBBED', 'a b', 'a.b', 'a@b', 'ümläut', '-'] }],
    ['ids of a host that is a term', withTerms({ https: 'urn:x:' }, { to: [`${ANA}/1`, 'https:one'] })],
    [
      'a term that is no prefix',
      withTerms({ a: 'https://x.example/x', b: { '@id': 'as:' } }, { to: ['a:b', 'b:c'] }),
    ],
    [
      'prefixes of every ending',
      {
        ...withTerms({
          a: 'urn:a/',
          b: 'urn:b?',
          c: 'urn:c#',
          d: 'urn:d[',
          e: 'urn:e]',
          f: 'urn:f@',
          g: 'urn:g-',
        }),
        to: ['a:1', 'b:1', 'c:1', 'd:1', 'e:1', 'f:1', 'g:1'],
      },
    ],
    ['a prefix that is defined later', withTerms({ foo: 'bar:x', bar: 'https://x.example/' }, { foo: 'y' })],
    ['a prefix with a meaning from before', withTerms({ foo: 'bar:x', bar: { odd: 1 } }, { foo: 'y' })],
    [
      'a term with the name of another',
      withTerms({ actor: 'as:object', object: 'as:actor' }, { object: ANA }),
    ],
    [
      'a term that has a type',
      withTerms({ foo: { '@id': 'as:foo', '@type': 'xsd:float' } }, { foo: ['1', 2] }),
    ],
    [
      'a term with a type of its own context',
      withTerms(
        { foo: { '@id': 'as:foo', '@type': 'bar:x' }, bar: 'https://x.example/', '@language': 'en' },
        { foo: ['x'], content: 'y' },
      ),
    ],
    ['a blank node for a property', withTerms({ foo: '_:foo' }, { foo: 'x', object: { id: ANA, foo: 'x' } })],
    [
      'definitions that are none',
      withTerms({ capabilities: { like: { '@type': '@id' }, '@x': 1 } }, { capabilities: 'x' }),
    ],
    ['id and type defined again', withTerms({ id: '@id', type: '@type' }, { id: `${ANA}/1` })],
    ['id and type with another meaning', withTerms({ id: 'as:foo', type: 'as:bar' }, { id: 'x' })],
    ['a version', withTerms({ '@version': 1.1, foo: 'as:foo' }, { foo: 'x' })],
    [
      'the vocabulary of ActivityStreams',
      withTerms({ '@vocab': '_:', foo: 'as:foo' }, { foo: 'x', bar: 'y' }),
    ],
    ['protected terms', withTerms({ '@protected': true, foo: 'as:foo' }, { foo: 'x' })],
    ['a language', withTerms({ '@language': 'EN' }, { content: ['a', 'b', 5], published: 'c', to: ANA })],
    [
      'no language after one',
      { '@context': [AS, { '@language': 'en' }, { '@language': null }], content: 'a' },
    ],
    [
      'a language that a later context keeps',
      {
        '@context': [AS, { '@language': 'en' }, { foo: 'as:foo' }],
        foo: 'a',
      },
    ],
    ['an empty language', withTerms({ '@language': '' }, { content: 'a' })],
    [
      'a language within a list',
      withTerms({ '@language': 'en', foo: { '@id': 'as:foo', '@container': '@list' } }, { foo: ['a', 'b'] }),
    ],
    ['texts in languages', { contentMap: { EN: 'a', de: ['b', 'c'], fr: null, es: [] }, nameMap: {} }],
    ['a text beside others in languages', { content: 'a', contentA: 1, contentMap: { en: 'b' } }],
    ['a language beside others', withTerms({ '@language': 'en' }, { content: 'a', contentMap: { de: 'b' } })],
    [
      'no text before others in languages',
      { content: [], contentA: 1, contentB: 1, contentMap: { en: 'b' } },
    ],
    ['a text that is null before others', { content: null, contentA: 1, contentMap: { en: 'b' } }],
    [
      'terms of one property, in their order',
      withTerms(
        { zoo: 'as:foo', alpha: 'as:foo', foo: { '@id': 'as:foo', '@type': '@id' } },
        { zoo: 'z', alpha: 'a', foo: ANA, bar: 1 },
      ),
    ],
    [
      'terms that were of one property before',
      {
        '@context': [AS, { foo: 'as:foo', bar: 'as:foo' }, { bar: 'as:bar' }],
        bar: 'b',
        foo: 'f',
      },
    ],
    ['items and orderedItems at once', withObject({ items: [ANA], itemsA: 1, orderedItems: [`${ANA}/1`] })],
    ['orderedItems and items that are null', withObject({ items: null, orderedItems: [`${ANA}/1`] })],
    ['items and orderedItems that are null', withObject({ items: [ANA], orderedItems: null })],
    ['a text beside languages that are null', { content: 'a', contentMap: null }],
    ['one orderedItem', withObject({ type: 'OrderedCollection', orderedItems: ANA })],
    ['no orderedItems', withObject({ type: 'OrderedCollection', orderedItems: [] })],
    ['objects in a list', withObject({ orderedItems: [{ id: ANA }, null, {}, { type: 'Note' }, 'Public'] })],
    ['another list', withTerms({ foo: { '@id': 'as:foo', '@container': '@list' } }, { foo: [0.1, -0.25] })],
    [
      'items that are a list by another name',
      withTerms({ foo: { '@id': 'as:items', '@container': '@list' } }, { object: { foo: [1, 2] } }),
    ],
    ['a set', { '@context': [AS, DID], assertionMethod: [ANA, { id: `${ANA}#key`, type: 'Multikey' }] }],
    ['a proof', { '@context': [AS, INTEGRITY], proof: { type: 'DataIntegrityProof', proofValue: 'z' } }],
    ['a proof that is null', { '@context': [AS, INTEGRITY], proof: null }],
    ['a proof that no context defines', { proof: [{ type: 'DataIntegrityProof' }] }],
    [
      'protected terms that are repeated',
      {
        '@context': [AS, DID, { alsoKnownAs: { '@id': 'as:alsoKnownAs', '@type': '@id' }, id: '@id' }],
        alsoKnownAs: [ANA],
      },
    ],
    ['names that JavaScript knows', { constructor: 'x', toString: 'y', hasOwnProperty: { id: ANA } }],
    ['languages that JavaScript knows', { contentMap: { constructor: 'x', '0': 'y' } }],
    [
      'terms that it would leave, when nobody uses them',
      withTerms({
        a: { '@id': 'as:a', '@type': '@json' },
        b: { '@id': 'as:b', '@type': '@vocab' },
        c: { '@id': 'as:c', '@container': '@index' },
        d: { '@id': 'as:d', '@container': '@id' },
        e: { '@id': 'as:e', '@container': '@graph' },
      }),
    ],
    ['eight contexts', { '@context': Array(8).fill(AS) }],
  ])('%s', async (_, change) => {
    expect(await isTaken({ ...LIKE, ...change })).toBe(true);
  });
});

describe('the walker leaves', () => {
  const foo = (definition: unknown): Change => withTerms({ foo: definition });
  const left: [string, Change][] = [
    ['a document that is only an id', { type: null, id: ANA }],
    ['compact names', { 'as:content': 'x' }],
    ['compact names, below', withObject({ 'as:content': 'x' })],
    ['a name with white space', { 'a b': 'x' }],
    ['a name without letters', { '': 'x' }],
    ['a name that is a trap', { ...trap }],
    ['a language that is a trap', { contentMap: trap }],
    ['no type', { type: [] }],
    ['a type that is null', { type: null }],
    ['a type that is null, below', withObject({ type: null, content: 'x' })],
    ['a type that is a keyword', { type: '@json' }],
    ['a type that looks like a keyword', { type: ['Like', '@foo'] }],
    ['a type that is a number', { type: ['Like', 5] }],
    ['a number for an id', { id: 5 }],
    ['a list for an id', { id: [ANA] }],
    ['a proof that is empty', { '@context': [AS, INTEGRITY], proof: {} }],
    ['a proof that is an id', { '@context': [AS, INTEGRITY], proof: { id: ANA } }],
    ['a proof that is a text', { '@context': [AS, INTEGRITY], proof: ANA }],
    ['several proofs', { '@context': [AS, INTEGRITY], proof: [{ type: 'DataIntegrityProof' }] }],
    ['a proof that cannot be read', { '@context': [AS, INTEGRITY], proof: { type: 5 } }],
    ['a list in a list', withObject({ orderedItems: [ANA, [ANA]] })],
    ['a relative id in a list', withObject({ orderedItems: ['a/b'] })],
    ['a text in place of languages', { contentMap: 'x' }],
    ['a list in place of languages', { contentMap: [{ en: 'x' }] }],
    ['numbers in languages', { contentMap: { en: 5 } }],
    ['nothing in languages', { contentMap: { en: ['a', null] } }],
    ['no language by its keyword', { contentMap: { '@none': 'x' } }],
    ['what is dropped but cannot be read', { shoeSize: { id: 5 } }],
    ['a relative id in what is dropped', { shoeSize: { id: 'a/b' } }],
    ['what cannot be read, deep in lists', { to: [[[{ id: 5 }]]] }],
    ['keywords within a value', { content: { '@value': 'x' } }],
    ['a number for a context', { '@context': 5 }],
    ['a context that starts anew', { '@context': [AS, null] }],
    ['no context, said aloud', { '@context': null }],
    ['a context below that cannot be read', withObject({ '@context': 5, type: 'Note' })],
    ['contexts in contexts', { '@context': [AS, [AS]] }],
    ['a relative context', { '@context': [AS, 'context'] }],
    ['a context that begins like a URL', { '@context': [AS, 'x https://x.example/'] }],
    ['a context that ends unlike a URL', { '@context': [AS, 'https://x.example/ x'] }],
    ['a context of another scheme', { '@context': [AS, 'ftp://x.example/'] }],
    ['nine contexts', { '@context': Array(9).fill(AS) }],
    ['another version', withTerms({ '@version': 1 })],
    ['another vocabulary', withTerms({ '@vocab': 'https://x.example/' })],
    ['no vocabulary', withTerms({ '@vocab': null })],
    ['protection by a text', withTerms({ '@protected': 'true' })],
    ['a number for a language', withTerms({ '@language': 5 })],
    ['a base', withTerms({ '@base': 'https://x.example/' })],
    ['a term without letters', withTerms({ '': 'as:x' })],
    ['a term with a colon', withTerms({ 'a:b': 'as:x' })],
    ['a term with a slash', withTerms({ 'a/b': 'as:x' })],
    ['a term that JavaScript knows', withTerms({ constructor: 'as:x' })],
    ['a term that is a trap', withTerms(JSON.parse('{"__proto__":"as:x"}'))],
    ['terms in a circle', withTerms({ foo: 'bar:x', bar: 'foo:x' })],
    ['a term made of itself', foo('foo:x')],
    ['a term made of one that cannot be read', withTerms({ foo: 'bar:x', bar: 5 })],
    ['a term of a type that cannot be read', withTerms({ foo: { '@id': 'as:x', '@type': 'bar:x' }, bar: 5 })],
    ['a term without a meaning', foo(null)],
    ['a number for a meaning', foo(5)],
    ['a list for a meaning', foo(['as:x'])],
    ['an object without a meaning', foo({})],
    ['a number within a meaning', foo({ '@id': 5 })],
    ['a meaning that is no IRI', foo('x')],
    ['a meaning that begins with a colon', foo(':x')],
    ['a meaning with white space', foo('as:x y')],
    ['a meaning with white space before it', foo('x y:z')],
    ['a meaning with white space after its host', foo('https://x.example/x y')],
    ['another keyword', foo('@id')],
    ['a keyword of its own name', withTerms({ graph: '@graph' })],
    ['a name that looks like a keyword', foo('@foo')],
    [
      'what is dropped beside its blank node but cannot be read',
      withTerms({ foo: '_:bar' }, { bar: { id: 5 } }),
    ],
    ['a keyword for id', withTerms({ id: '@type' })],
    ['a keyword for type', withTerms({ type: '@id' })],
    ['a type that is no IRI', foo({ '@id': 'as:x', '@type': 'x' })],
    ['a type that is a blank node', foo({ '@id': 'as:x', '@type': '_:x' })],
    ['a type that is null', foo({ '@id': 'as:x', '@type': null })],
    ['a type that is none', foo({ '@id': 'as:x', '@type': '@none' })],
    ['a container that it does not know', foo({ '@id': 'as:x', '@container': '@type' })],
    ['several containers', foo({ '@id': 'as:x', '@container': ['@set'] })],
    ['a definition with a language', foo({ '@id': 'as:x', '@language': 'de' })],
    ['a definition with a context', foo({ '@id': 'as:x', '@context': {} })],
    ['a reverse property', foo({ '@reverse': 'as:object' })],
    [
      'a protected term with another IRI',
      {
        '@context': [AS, DID, { alsoKnownAs: { '@id': 'as:x', '@type': '@id' } }],
      },
    ],
    [
      'a protected term with another type',
      { '@context': [AS, DID, { alsoKnownAs: { '@id': 'as:alsoKnownAs' } }] },
    ],
    [
      'a protected term with another container',
      {
        '@context': [
          AS,
          DID,
          { alsoKnownAs: { '@id': 'as:alsoKnownAs', '@type': '@id', '@container': '@set' } },
        ],
      },
    ],
    [
      'a protected prefix that is none any more',
      {
        '@context': [AS, { '@protected': true, foo: 'as:foo#' }, { foo: { '@id': 'as:foo#' } }],
      },
    ],
    [
      'a term that stays protected',
      {
        '@context': [AS, { '@protected': true, foo: 'as:foo' }, { foo: 'as:foo' }, { foo: 'as:bar' }],
      },
    ],
  ];
  for (const relative of [
    '',
    './x',
    '.',
    '..',
    'a/b',
    '/a',
    '#x',
    '?x',
    'a?b',
    'a#b',
    '//x.example/',
    ':x',
    '@foo',
    '@id',
  ])
    left.push([`the relative id ${relative}`, { to: relative }], [`the id ${relative}`, { id: relative }]);
  for (const id of ['x y:z', 'urn:x y', '1:2']) left.push([`the strange id ${id}`, { to: id }]);
  for (const key of ['@id', '@type', '@graph', '@reverse', '@included', '@value', '@list', '@foo', '@'])
    left.push([`the keyword ${key}`, { [key]: null }]);
  for (const definition of [
    { '@type': '@json' },
    { '@type': '@vocab' },
    { '@container': '@index' },
    { '@container': '@id' },
  ])
    for (const value of ['x', null, { type: 'Note' }])
      left.push([
        `${JSON.stringify(value)} for ${JSON.stringify(definition)}`,
        withTerms({ foo: { '@id': 'as:foo', ...definition } }, { foo: value }),
      ]);

  test.each(left)('%s', async (_, change) => {
    expect(await isTaken({ ...LIKE, ...change })).toBe(false);
  });
});
