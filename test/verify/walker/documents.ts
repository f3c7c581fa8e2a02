/** Documents over all terms of the known contexts: ordinary ones, and ones that nobody should send. */
import fc from 'fast-check';
import { AS, KNOWN_NAMES, ODD_NAMES, objectOf, oddContext, SERVER_CONTEXTS } from './contexts.ts';

export type Document = Readonly<Record<string, unknown>>;

const TYPES = KNOWN_NAMES.filter((name) => /^[A-Z]/.test(name));
const PROPERTIES = KNOWN_NAMES.filter((name) => !/^[A-Z]|^(id|type)$/.test(name));
/** Those that are in most documents, so that terms of one property meet. */
const FREQUENT =
  'content contentMap name nameMap summary items orderedItems to cc object actor url tag published'.split(
    ' ',
  );
const LANGUAGES = ['en', 'de', 'DE', 'zh-Hant', 'und', 'id', 'x y', 'constructor'];

const id = fc.constantFrom(
  'https://remote.example/users/ana',
  'https://us.example/notes/1',
  'http://us.example/notes/2?page=1#x',
  `${AS}#Public`,
  'as:Public',
  'Public',
  'tag:remote.example,2026:objectId=1',
  'urn:uuid:3f2504e0',
  'acct:ana@remote.example',
);
const text = fc.oneof(
  fc.constantFrom('Hallo', '<p>Hi</p>', '', '2026-11-24T13:37:00Z', 'en', 'SCRUBBED', '@ana', 'ümläut'),
  id,
);
const number = fc.constantFrom(0, -0, 1, -1.5, 1e21, 1e-7, 4_294_967_296);
const languageMap = fc.dictionary(fc.constantFrom(...LANGUAGES), text, { maxKeys: 3 });
const typeName = fc.oneof(fc.constantFrom(...TYPES), fc.constantFrom('Note', 'Like', 'Unheard', 'as:Like'));

/** A property name; mostly one that has a meaning. */
const property = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PROPERTIES) },
  { weight: 3, arbitrary: fc.constantFrom(...FREQUENT) },
  { weight: 1, arbitrary: fc.constantFrom('shoeSize', 'toString', '_x', '0') },
);

/** Terms that hold maps, lists and ids in a known context want values of their kind. */
const isMap = (name: string): boolean => name.endsWith('Map');
const STRANGE = new Set(['proof', 'proofPurpose']);

const ordinary = fc.letrec<{ value: unknown; node: Document; entry: readonly [string, unknown] }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: id },
    { weight: 1, arbitrary: fc.oneof(number, fc.boolean(), fc.constant(null)) },
    { weight: 2, arbitrary: tie('node') },
    {
      weight: 1,
      arbitrary: fc.array(fc.oneof(id, tie('node'), number, fc.constant(null)), { maxLength: 3 }),
    },
  ),
  entry: property
    .filter((name) => !STRANGE.has(name))
    .chain((name) => (isMap(name) ? languageMap : tie('value')).map((value) => [name, value] as const)),
  node: fc
    .tuple(
      fc.option(id),
      fc.oneof(typeName, fc.array(typeName, { minLength: 1, maxLength: 2 })),
      fc.array(tie('entry'), { maxLength: 6 }),
      fc.boolean(),
    )
    .map(([nodeId, type, entries, isBare]) =>
      objectOf([['id', nodeId], ...(isBare ? [] : [['type', type] as const]), ...entries]),
    ),
}));

/** What servers send: the walker takes all of it. */
export const ordinaryDocument: fc.Arbitrary<Document> = fc
  .tuple(ordinary.node, typeName, fc.option(fc.constantFrom(...SERVER_CONTEXTS), { nil: undefined }))
  .map(([node, type, context]) => ({ '@context': context, ...node, type }));

const oddValue = fc.constantFrom<unknown>(
  '',
  './x',
  '../x',
  'a/b',
  '#x',
  '?x',
  '.',
  '//x.example/',
  ':x',
  'no colon',
  'white https://x.example/',
  'https://x.example/a b',
  'urn:a b',
  'as:a b',
  '_:b0',
  'toot:x',
  'foo:x',
  'https:x',
  'sc:Thing',
  '@foo',
  '@id',
  '@json',
  [],
  {},
  [[]],
  [null],
  [['https://x.example/1'], 'https://x.example/2'],
  { '@value': 'x' },
  { '@value': 'x', '@language': 'en' },
  { '@value': null },
  { '@list': ['x'] },
  { '@set': ['x'] },
  { '@id': 'https://x.example/1' },
  { '@type': 'Like' },
  { '@none': 'x' },
  { '@language': 'en' },
  { en: null },
  { en: 5 },
  { en: ['a', 'b'] },
  { en: ['a', null] },
  { '@en': 'a' },
  { id: 5 },
  { id: null },
  { '@id': null },
  { type: null },
  { type: [] },
  { type: 5 },
  { type: ['Note', 5] },
  { type: '@json', value: 1 },
  { type: '' },
  { id: 'Public' },
  { id: 'https://x.example/1', shoeSize: 5 },
  { id: 'https://x.example/1', 'a b': 5 },
  { id: 'https://x.example/1', content: [] },
  { id: 'https://x.example/1', content: null },
  { shoeSize: { id: 5 } },
);
const oddKey = fc.oneof(
  property,
  fc.constantFrom(...ODD_NAMES),
  fc.constantFrom(
    '@type',
    '@graph',
    '@included',
    '@reverse',
    '@index',
    '@value',
    '@list',
    '@nest',
    '@language',
  ),
  fc.constantFrom('proof', 'proofPurpose', 'https://x.example/ns#p', '_:p', '@context'),
);
const odd = fc.letrec<{ value: unknown; node: Document; entry: readonly [string, unknown] }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: text },
    { weight: 2, arbitrary: oddValue },
    { weight: 1, arbitrary: fc.oneof(number, fc.boolean(), fc.constant(null)) },
    { weight: 1, arbitrary: languageMap },
    { weight: 3, arbitrary: tie('node') },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
  ),
  entry: fc.oneof(
    {
      weight: 12,
      arbitrary: fc.tuple(fc.oneof(property, fc.constantFrom(...ODD_NAMES.slice(0, 16))), tie('value')),
    },
    { weight: 1, arbitrary: fc.tuple(oddKey, fc.oneof(oddValue, tie('value'))) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('proof'), tie('node')) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('@context'), oddContext) },
  ),
  node: fc
    .tuple(
      fc.option(fc.oneof(id, text)),
      fc.option(fc.oneof(typeName, text)),
      fc.array(tie('entry'), { maxLength: 5 }),
    )
    .map(([nodeId, type, entries]) =>
      objectOf([
        ...(nodeId === null ? [] : [['id', nodeId] as const]),
        ...(type === null ? [] : [['type', type] as const]),
        ...entries,
      ]),
    ),
}));

/** Anything that JSON can say, near to what means something. */
export const oddDocument: fc.Arbitrary<Document> = fc
  .tuple(odd.node, fc.oneof(oddContext, fc.constantFrom(...SERVER_CONTEXTS)), fc.boolean())
  .map(([node, context, isActivity]) => ({
    '@context': context,
    ...(isActivity ? { type: 'Like', actor: 'https://remote.example/users/ana' } : {}),
    ...node,
  }));
