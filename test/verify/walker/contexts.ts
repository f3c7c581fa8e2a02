/** Contexts in the shapes in which servers send them, and others that nobody should send. */
import fc from 'fast-check';
import published from '../../../src/verify/contexts/published.json' with { type: 'json' };

export const AS = 'https://www.w3.org/ns/activitystreams';
const SECURITY = 'https://w3id.org/security/v1';
const INTEGRITY = 'https://w3id.org/security/data-integrity/v1';
const LITEPUB = 'https://pleroma.example/schemas/litepub-0.1.jsonld';

const MASTODON_TERMS = {
  manuallyApprovesFollowers: 'as:manuallyApprovesFollowers',
  toot: 'http://joinmastodon.org/ns#',
  featured: { '@id': 'toot:featured', '@type': '@id' },
  featuredTags: { '@id': 'toot:featuredTags', '@type': '@id' },
  alsoKnownAs: { '@id': 'as:alsoKnownAs', '@type': '@id' },
  movedTo: { '@id': 'as:movedTo', '@type': '@id' },
  schema: 'http://schema.org#',
  PropertyValue: 'schema:PropertyValue',
  value: 'schema:value',
  discoverable: 'toot:discoverable',
  suspended: 'toot:suspended',
  focalPoint: { '@container': '@list', '@id': 'toot:focalPoint' },
  ostatus: 'http://ostatus.org#',
  atomUri: 'ostatus:atomUri',
  conversation: 'ostatus:conversation',
  sensitive: 'as:sensitive',
  votersCount: 'toot:votersCount',
  Emoji: 'toot:Emoji',
  Hashtag: 'as:Hashtag',
  blurhash: 'toot:blurhash',
};
const MISSKEY_TERMS = {
  sensitive: 'as:sensitive',
  Hashtag: 'as:Hashtag',
  quoteUrl: 'as:quoteUrl',
  misskey: 'https://misskey-hub.net/ns#',
  _misskey_content: 'misskey:_misskey_content',
  _misskey_quote: 'misskey:_misskey_quote',
  isCat: 'misskey:isCat',
  vcard: 'http://www.w3.org/2006/vcard/ns#',
};
const LEMMY_TERMS = {
  lemmy: 'https://join-lemmy.org/ns#',
  litepub: 'http://litepub.social/ns#',
  pt: 'https://joinpeertube.org/ns#',
  sc: 'http://schema.org/',
  ChatMessage: 'litepub:ChatMessage',
  commentsEnabled: 'pt:commentsEnabled',
  sensitive: 'as:sensitive',
  matrixUserId: 'lemmy:matrixUserId',
  postingRestrictedToMods: 'lemmy:postingRestrictedToMods',
  removeData: 'lemmy:removeData',
  stickied: 'lemmy:stickied',
  moderators: { '@type': '@id', '@id': 'lemmy:moderators' },
  expires: 'as:endTime',
  distinguished: 'lemmy:distinguished',
  language: 'sc:inLanguage',
  identifier: 'sc:identifier',
};
const PEERTUBE_TERMS = {
  RsaSignature2017: 'https://w3id.org/security#RsaSignature2017',
  pt: 'https://joinpeertube.org/ns#',
  sc: 'http://schema.org/',
  uuid: 'sc:identifier',
  category: 'sc:category',
  subtitleLanguage: 'sc:subtitleLanguage',
  isLiveBroadcast: 'sc:isLiveBroadcast',
  views: { '@type': 'sc:Number', '@id': 'pt:views' },
  state: { '@type': 'sc:Number', '@id': 'pt:state' },
  size: { '@type': 'sc:Number', '@id': 'pt:size' },
  downloadEnabled: { '@type': 'sc:Boolean', '@id': 'pt:downloadEnabled' },
  support: { '@type': 'sc:Text', '@id': 'pt:support' },
  shares: { '@id': 'as:shares', '@type': '@id' },
};
const PIXELFED_TERMS = {
  sc: 'http://schema.org#',
  Hashtag: 'as:Hashtag',
  sensitive: 'as:sensitive',
  commentsEnabled: 'sc:Boolean',
  capabilities: { announce: { '@type': '@id' }, like: { '@type': '@id' }, reply: { '@type': '@id' } },
  pixelfed: 'http://pixelfed.org/ns#',
  indexable: 'toot:indexable',
  toot: 'http://joinmastodon.org/ns#',
};
const HUBZILLA_TERMS = {
  zot: 'https://hub.example/apschema#',
  diaspora: 'https://diasporafoundation.org/ns/',
  meData: 'zot:meData',
  emojiReaction: 'zot:emojiReaction',
  quoteUrl: 'as:quoteUrl',
  quoteUri: 'as:quoteUrl',
  guid: 'diaspora:guid',
};

/** What servers send word for word: all of it is for the walker. */
export const SERVER_CONTEXTS: readonly unknown[] = [
  AS,
  [AS],
  [AS, SECURITY],
  [AS, SECURITY, MASTODON_TERMS],
  [AS, MASTODON_TERMS],
  [AS, LITEPUB, { '@language': 'und' }],
  [AS, SECURITY, MISSKEY_TERMS],
  ['https://join-lemmy.org/context.json', AS],
  [AS, SECURITY, LEMMY_TERMS],
  [AS, SECURITY, PEERTUBE_TERMS],
  [SECURITY, AS, PIXELFED_TERMS],
  [AS, SECURITY, 'https://hub.example/apschema/v1.9', { '@language': 'EN-GB' }, HUBZILLA_TERMS],
  [AS, INTEGRITY, 'https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1', MASTODON_TERMS],
  [AS, 'https://mbin.example/contexts'],
  ['https://gotosocial.org/ns', AS, SECURITY],
  [AS, 'http://joinmastodon.org/ns', 'https://purl.archive.org/miscellany'],
  'http://www.w3.org/ns/activitystreams',
  [],
];

const URLS = [
  ...Object.keys(published),
  LITEPUB,
  'https://mbin.example/contexts',
  'https://nobody.example/c',
];
const INLINE = [MASTODON_TERMS, MISSKEY_TERMS, LEMMY_TERMS, PEERTUBE_TERMS, PIXELFED_TERMS, HUBZILLA_TERMS];

/** Names that strange contexts define, and strange documents use. */
export const ODD_NAMES = [
  'foo',
  'bar',
  'foo2',
  'toot',
  'sc',
  'as',
  'https',
  'id',
  'type',
  'actor',
  'object',
  'content',
  'contentMap',
  'items',
  'Like',
  'Note',
  '',
  'a b',
  'x:y',
  'as:content',
  'a/b',
  'constructor',
  'hasOwnProperty',
  '__proto__',
  '@foo',
  '@id',
  'Public',
] as const;

const definition = fc.constantFrom<unknown>(
  'as:content',
  'as:object',
  'toot:one',
  'foo:two',
  'sc:three',
  'https://x.example/ns#',
  'https://x.example/four',
  'https:five',
  'urn:x:',
  '_:Follow',
  '_:bar',
  '_:shoeSize',
  '@id',
  '@type',
  'nocolon',
  'x y:z',
  ':six',
  '@foo:x',
  '',
  null,
  5,
  [],
  {},
  { odd: 1 },
  { '@id': '@id' },
  { '@id': 'as:content', '@type': '@id' },
  { '@id': 'as:object', '@type': '@id' },
  { '@id': 'as:actor' },
  { '@id': 'https://x.example/ns#' },
  { '@id': 'toot:one', '@type': 'sc:Text' },
  { '@id': 'toot:one', '@type': 'foo:Text' },
  { '@id': 'toot:one', '@type': 'nocolon' },
  { '@id': 'toot:one', '@type': '_:blank' },
  { '@id': 'toot:one', '@type': '@json' },
  { '@id': 'toot:one', '@type': '@vocab' },
  { '@id': 'toot:one', '@type': '@none' },
  { '@id': 'toot:one', '@type': null },
  { '@id': 'as:items', '@container': '@list' },
  { '@id': 'as:items', '@container': '@list', '@type': '@id' },
  { '@id': 'as:content', '@container': '@language' },
  { '@id': 'foo:x', '@container': '@set' },
  { '@id': 'foo:x', '@container': '@graph' },
  { '@id': 'foo:x', '@container': '@graph', '@type': '@id' },
  { '@id': 'foo:x', '@container': '@index' },
  { '@id': 'foo:x', '@container': '@id' },
  { '@id': 'foo:x', '@container': '@type' },
  { '@id': 'foo:x', '@container': ['@set'] },
  { '@id': 'foo:x', '@container': 'nonsense' },
  { '@id': 'foo:x', '@container': null },
  { '@id': 'foo:x', '@language': 'de' },
  { '@id': 'foo:x', '@protected': true },
  { '@id': 'foo:', '@prefix': true },
  { '@id': 'foo:x', '@context': { bar: 'as:actor' } },
  { '@id': null },
  { '@id': 5 },
  { '@type': '@id' },
  { '@reverse': 'as:object' },
  { '@foo': 1 },
);

const keyword = fc.constantFrom<readonly [string, unknown]>(
  ['@language', 'und'],
  ['@language', 'DE'],
  ['@language', null],
  ['@language', ''],
  ['@language', 5],
  ['@version', 1.1],
  ['@version', 1],
  ['@vocab', '_:'],
  ['@vocab', 'https://x.example/v#'],
  ['@vocab', null],
  ['@protected', true],
  ['@protected', false],
  ['@base', 'https://x.example/'],
  ['@direction', 'rtl'],
  ['@propagate', true],
  ['@import', AS],
  ['@context', {}],
);

/** Without a prototype of its own making: `__proto__` is a key like any other. */
export const objectOf = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> =>
  Object.fromEntries(entries);

const oddInline = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...ODD_NAMES.slice(0, 16)), definition), { maxLength: 4 }),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(keyword, { maxLength: 2 }) },
      {
        weight: 1,
        arbitrary: fc.array(fc.tuple(fc.constantFrom(...ODD_NAMES), definition), { maxLength: 2 }),
      },
    ),
  )
  .map(([terms, others]) => objectOf([...terms, ...others]));

/** One entry of a context, odd ones among them. */
export const oddContextPart: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...URLS) },
  { weight: 2, arbitrary: fc.constantFrom(...INLINE) },
  { weight: 6, arbitrary: oddInline },
  { weight: 1, arbitrary: fc.constantFrom(null, 5, 'relative', '', [AS], 'http:x', 'https://x y') },
);

export const oddContext: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: oddContextPart },
  { weight: 6, arbitrary: fc.array(oddContextPart, { maxLength: 3 }).map((parts) => [AS, ...parts]) },
  { weight: 1, arbitrary: fc.array(oddContextPart, { maxLength: 4 }) },
);

/** Every name that some known context defines. */
export const KNOWN_NAMES: readonly string[] = [
  ...new Set([
    ...Object.values(published).flatMap((document) => Object.keys(document['@context'])),
    ...INLINE.flatMap((terms) => Object.keys(terms)),
  ]),
].filter((name) => !name.startsWith('@'));
