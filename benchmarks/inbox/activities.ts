/**
 * Activities in the shape in which Mastodon 4 sends them: its contexts, which vary with what a post holds, its ids, and
 * its habit of saying the content twice. Everything is drawn from one seeded source.
 */

/** A remote actor, as far as its activities speak of it. */
export interface Author {
  readonly id: string;
  readonly name: string;
  /** Host and port. */
  readonly host: string;
}

/** Whom the activities are for. */
export interface Addressee {
  readonly id: string;
  readonly name: string;
  readonly host: string;
}

/** A source of numbers in [0, 1), the same for the same seed. */
export type Random = () => number;

/** mulberry32: small, fast, and good enough to choose words. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const AS = 'https://www.w3.org/ns/activitystreams';
const PUBLIC = `${AS}#Public`;
const POST_TERMS = {
  ostatus: 'http://ostatus.org#',
  atomUri: 'ostatus:atomUri',
  inReplyToAtomUri: 'ostatus:inReplyToAtomUri',
  conversation: 'ostatus:conversation',
  sensitive: 'as:sensitive',
  toot: 'http://joinmastodon.org/ns#',
  votersCount: 'toot:votersCount',
};
const HASHTAG_TERMS = { Hashtag: 'as:Hashtag' };
const IMAGE_TERMS = {
  blurhash: 'toot:blurhash',
  focalPoint: { '@container': '@list', '@id': 'toot:focalPoint' },
};
const WORDS =
  'about after again always another because before between bread bridge could every found garden great harbour house idea keeps letter light little looking made many morning never night often other people place quite rain reading river same seems should small something still street summer their there thing think through today train under until walked water week which while window winter without words world would writing years yesterday'.split(
    ' ',
  );
const HASHTAGS = ['photography', 'fediverse', 'gardening', 'bookstodon', 'silentsunday', 'music', 'linux'];

/** What an actor did before, for its Undos. */
export interface Past {
  readonly likes: Activity[];
  readonly announces: Activity[];
  readonly follows: Activity[];
}

export interface Activity {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

export type Kind = 'Create' | 'Like' | 'Announce' | 'Undo' | 'Follow';

/** One activity of this kind; `number` is its own in the whole corpus. */
export function activityOf(
  kind: Kind,
  author: Author,
  past: Past,
  addressee: Addressee,
  number: number,
  random: Random,
): Activity {
  const note = `${addressee.id}/statuses/${1_000 + Math.floor(random() * 500)}`;
  const remember = (list: Activity[], activity: Activity): Activity => {
    list.push(activity);
    return activity;
  };
  if (kind === 'Create') return create(author, addressee, number, random);
  if (kind === 'Like')
    return remember(past.likes, plain('Like', author, `${author.id}#likes/${number}`, note));
  if (kind === 'Follow') {
    const id = `http://${author.host}/${uuid(random)}`;
    return remember(past.follows, plain('Follow', author, id, addressee.id));
  }
  if (kind === 'Undo') return undo(author, past, addressee, number);
  return remember(past.announces, announce(author, note, number));
}

function plain(type: string, author: Author, id: string, object: unknown): Activity {
  return { '@context': AS, id, type, actor: author.id, object };
}

function announce(author: Author, note: string, number: number): Activity {
  const id = `${author.id}/statuses/${statusId(number)}/activity`;
  const [owner] = note.split('/statuses/');
  return {
    ...plain('Announce', author, id, note),
    published: publishedAt(number),
    to: [PUBLIC],
    cc: [owner, `${author.id}/followers`],
  };
}

/** Takes back the oldest thing that can be: a Follow now and then, else a Like, else an Announce. */
function undo(author: Author, past: Past, addressee: Addressee, number: number): Activity {
  const lists =
    number % 4 === 0
      ? [past.follows, past.likes, past.announces]
      : [past.likes, past.announces, past.follows];
  const undone =
    lists.find((list) => list.length > 0)?.shift() ??
    plain('Like', author, `${author.id}#likes/0${number}`, `${addressee.id}/statuses/999`);
  const { '@context': _, ...object } = undone;
  return {
    ...plain('Undo', author, `${undone.id}/undo`, object),
    ...(undone.type === 'Announce' ? { to: [PUBLIC] } : {}),
  };
}

function create(author: Author, addressee: Addressee, number: number, random: Random): Activity {
  const id = `${author.id}/statuses/${statusId(number)}`;
  const published = publishedAt(number);
  const isReply = random() < 0.4;
  const hashtags = random() < 0.4 ? HASHTAGS.slice(0, 1 + Math.floor(random() * 3)) : [];
  const images = random() < 0.3 ? 1 + Math.floor(random() * 2) : 0;
  const to = [PUBLIC];
  const cc = [`${author.id}/followers`, ...(isReply ? [addressee.id] : [])];
  const inReplyTo = isReply ? `${addressee.id}/statuses/${1_000 + Math.floor(random() * 500)}` : null;
  const content = contentOf(author, isReply ? addressee : null, hashtags, random);
  const terms = {
    ...POST_TERMS,
    ...(hashtags.length > 0 ? HASHTAG_TERMS : {}),
    ...(images > 0 ? IMAGE_TERMS : {}),
  };
  return {
    '@context': [AS, terms],
    id: `${id}/activity`,
    type: 'Create',
    actor: author.id,
    published,
    to,
    cc,
    object: {
      id,
      type: 'Note',
      summary: null,
      inReplyTo,
      published,
      url: `http://${author.host}/@${author.name}/${statusId(number)}`,
      attributedTo: author.id,
      to,
      cc,
      sensitive: random() < 0.1,
      atomUri: id,
      inReplyToAtomUri: inReplyTo,
      conversation: `tag:${author.host},${published.slice(0, 10)}:objectId=${number}:objectType=Conversation`,
      content,
      contentMap: { en: content },
      attachment: Array.from({ length: images }, () => imageOf(author, random)),
      tag: tagsOf(author, isReply ? addressee : null, hashtags),
      replies: emptyCollection(`${id}/replies`, '?only_other_accounts=true&page=true'),
      likes: { id: `${id}/likes`, type: 'Collection', totalItems: 0 },
      shares: { id: `${id}/shares`, type: 'Collection', totalItems: 0 },
    },
  };
}

/** One to three paragraphs of 47 to 94 words: with them a whole corpus comes to about 2.8 kB a body. */
function contentOf(
  author: Author,
  mentioned: Addressee | null,
  hashtags: readonly string[],
  random: Random,
): string {
  const paragraphs = 1 + Math.floor(random() * 3);
  const said = Array.from({ length: paragraphs }, () => {
    const words = Array.from(
      { length: 47 + Math.floor(random() * 47) },
      () => WORDS[Math.floor(random() * WORDS.length)],
    );
    return `<p>${words.join(' ')}.</p>`;
  });
  const mention =
    mentioned === null
      ? ''
      : `<p><span class="h-card" translate="no"><a href="http://${mentioned.host}/@${mentioned.name}" class="u-url mention">@<span>${mentioned.name}</span></a></span></p>`;
  const links = hashtags.map(
    (tag) =>
      `<a href="http://${author.host}/tags/${tag}" class="mention hashtag" rel="tag">#<span>${tag}</span></a>`,
  );
  return `${mention}${said.join('')}${links.length > 0 ? `<p>${links.join(' ')}</p>` : ''}`;
}

function tagsOf(author: Author, mentioned: Addressee | null, hashtags: readonly string[]): unknown[] {
  const mentions =
    mentioned === null
      ? []
      : [{ type: 'Mention', href: mentioned.id, name: `@${mentioned.name}@${mentioned.host}` }];
  const tags = hashtags.map((tag) => ({
    type: 'Hashtag',
    href: `http://${author.host}/tags/${tag}`,
    name: `#${tag}`,
  }));
  return [...mentions, ...tags];
}

function imageOf(author: Author, random: Random): unknown {
  return {
    type: 'Document',
    mediaType: 'image/jpeg',
    url: `http://${author.host}/system/media_attachments/files/${uuid(random)}/original/image.jpeg`,
    name: 'A harbour in the rain, seen from a bridge; two people walk along the water.',
    blurhash: 'UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH',
    focalPoint: [0.1, -0.25],
    width: 1536,
    height: 2048,
  };
}

function emptyCollection(id: string, query: string): unknown {
  return {
    id,
    type: 'Collection',
    first: { type: 'CollectionPage', next: `${id}${query}`, partOf: id, items: [] },
  };
}

const statusId = (number: number): string => String(115_000_000_000_000_000n + BigInt(number) * 65_536n);

/** A second apart, beginning on an autumn day: what `published` says is judged by nobody. */
const publishedAt = (number: number): string =>
  `${new Date(Date.UTC(2026, 8, 1) + number * 1_000).toISOString().slice(0, 19)}Z`;

function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}
