/** What filters read in a document: its objects, whom it names, its links and its media. */
import { domainOf, type NormalActivity, PUBLIC } from '../../activity.ts';
import type { FilterActor } from '../../api.ts';
import { plainText } from '../text.ts';

export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

export function idOf(value: unknown): string | null {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value;
  return typeof id === 'string' ? id : null;
}

const isNode = (value: unknown): value is NormalActivity =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The objects that came with an activity. */
export const objectsIn = (activity: NormalActivity): readonly NormalActivity[] =>
  listOf(activity.object).filter(isNode);

export const typesOf = (node: NormalActivity): readonly string[] =>
  listOf(node.type).filter((type) => typeof type === 'string');

const ADDRESSING = ['to', 'cc', 'bto', 'bcc', 'audience'];

/** Ids of those whom an activity and its objects mention or address: neither its sender, nor collections. */
export function mentionedIn(
  activity: NormalActivity,
  sender: string,
  actor: FilterActor | null,
): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (id: string | null): void => {
    if (id === null || id === PUBLIC || id === sender || id === actor?.followers || isFollowers(id)) return;
    found.add(id);
  };
  for (const node of [activity, ...objectsIn(activity)]) {
    for (const name of ADDRESSING) for (const one of listOf(node[name])) add(idOf(one));
    for (const { href } of tagsOf(node, 'Mention')) add(idOf(href));
  }
  return found;
}

/** Of whose followers it is nobody says, and it is always this path where there is one at all. */
const isFollowers = (id: string): boolean => /\/follow(?:ers|ing)\/?$/.test(id);

/** The tags of one type. */
export const tagsOf = (node: NormalActivity, type: 'Mention' | 'Hashtag'): readonly NormalActivity[] =>
  listOf(node.tag)
    .filter(isNode)
    .filter((tag) => typesOf(tag).includes(type));

/** A link as readers see it: where it leads, and what stands in its place. */
export interface Link {
  readonly url: string;
  readonly text: string;
}

const TEXTS = ['content', 'summary', 'name'];
const LINKS_MAX = 1_000;

/** The links in an object: anchors in what people read, addresses that stand there bare, and attached pages. */
export function linksIn(object: NormalActivity): readonly Link[] {
  const links: Link[] = [];
  for (const html of htmlIn(object)) {
    const texts = new Set<string>();
    for (const link of anchorsIn(html)) {
      links.push(link);
      for (const text of [link.url, ...addressesIn(link.text)]) texts.add(text);
      if (links.length > LINKS_MAX) return links;
    }
    for (const url of addressesIn(plainText(html)))
      if (!texts.has(url) && links.push({ url, text: url }) > LINKS_MAX) return links;
  }
  for (const one of listOf(object.attachment).filter(isNode)) {
    if (isMedia(one)) continue;
    const url = idOf(one.href) ?? idOf(one.url);
    if (url !== null) links.push({ url, text: typeof one.name === 'string' ? one.name : '' });
  }
  return links;
}

const addressesIn = (text: string): string[] => text.match(/\bhttps?:\/\/[^\s<>"']+/gi) ?? [];

function* htmlIn(object: NormalActivity): Iterable<string> {
  for (const name of TEXTS) {
    for (const text of listOf(object[name])) if (typeof text === 'string') yield text;
    for (const text of Object.values((object[`${name}Map`] as object | undefined) ?? {}))
      if (typeof text === 'string') yield text;
  }
}

const LINK_CHARACTERS_MAX = 2_000;

/** Anchors with their texts, in one walk over the HTML, whatever it holds. */
function* anchorsIn(html: string): Iterable<Link> {
  let close = 0;
  for (let at = html.search(/<a\s/i); at !== -1; ) {
    const end = html.indexOf('>', at);
    if (end === -1) return;
    if (close !== -1 && close <= end) close = html.indexOf('</a', end);
    const until = Math.min(close === -1 ? html.length : close, end + LINK_CHARACTERS_MAX);
    const tag = html.slice(at, Math.min(end, at + 2 * LINK_CHARACTERS_MAX));
    const href = /\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i.exec(tag);
    const url = plainText(href?.[1] ?? href?.[2] ?? href?.[3] ?? '');
    if (url !== '') yield { url, text: plainText(html.slice(end + 1, until)) };
    const from = html.slice(end).search(/<a\s/i);
    if (from === -1) return;
    at = end + from;
  }
}

/**
 * Is this link one of the object's mentions or hashtags, as servers write them? It shows the tag's own name, and leads to
 * where that is said to be: a class of it proves nothing, and a host that some mention has does not either.
 */
export function isTag({ url, text }: Link, object: NormalActivity, sender: string): boolean {
  const host = domainOf(url);
  if (host === null) return false;
  if (text.startsWith('@')) {
    const [, name = ''] = text.split('@');
    const isProfile = lastSegment(url) === name.toLowerCase();
    return tagsOf(object, 'Mention').some(({ href }) => {
      const id = idOf(href);
      return id !== null && (id === url || (isProfile && domainOf(id) === host));
    });
  }
  if (!text.startsWith('#')) return false;
  const isOwn = host === domainOf(sender);
  return (
    isOwn &&
    tagsOf(object, 'Hashtag').some(({ name }) => {
      return typeof name === 'string' && folded(name) === folded(text);
    })
  );
}

const folded = (text: string): string => text.replace(/^#/, '').toLowerCase();

function lastSegment(url: string): string {
  const path = URL.parse(url)?.pathname.split('/') ?? [];
  const last = path.findLast((segment) => segment !== '') ?? '';
  return last.replace(/^@/, '').split('@')[0]?.toLowerCase() ?? '';
}

const NO_MEDIA = ['Link', 'PropertyValue', 'IdentityProof', 'Hashtag', 'Mention', 'Article', 'Page', 'Event'];

function isMedia(node: NormalActivity): boolean {
  const { mediaType } = node;
  if (typeof mediaType === 'string') return /^(?:image|video|audio)\//i.test(mediaType);
  return !typesOf(node).some((type) => NO_MEDIA.includes(type));
}

const MEDIA_TYPES = ['Image', 'Video', 'Audio'];

/** How many pictures, films and sounds an object brings: attached, as itself, or in its text. */
export function mediaIn(object: NormalActivity): number {
  const attached = [...listOf(object.attachment), ...listOf(object.image)].filter(isNode).filter(isMedia);
  const itself = typesOf(object).some((type) => MEDIA_TYPES.includes(type)) ? 1 : 0;
  let inText = 0;
  for (const html of htmlIn(object)) inText += [...html.matchAll(/<(?:img|video|audio)[\s/>]/gi)].length;
  return attached.length + itself + inText;
}
