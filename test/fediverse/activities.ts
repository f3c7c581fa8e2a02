/** Activities in the shape in which Mastodon sends them. Each has a fresh id on its actor's own origin. */
import { randomUUID } from 'node:crypto';

export const CONTEXT = 'https://www.w3.org/ns/activitystreams';
export const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public';

/** The context that Mastodon puts on its posts. */
export const MASTODON_CONTEXT = [
  CONTEXT,
  {
    ostatus: 'http://ostatus.org#',
    atomUri: 'ostatus:atomUri',
    inReplyToAtomUri: 'ostatus:inReplyToAtomUri',
    conversation: 'ostatus:conversation',
    sensitive: 'as:sensitive',
    toot: 'http://joinmastodon.org/ns#',
    votersCount: 'toot:votersCount',
  },
] as const;

/** An activity as it goes over the wire. */
export interface Sent {
  readonly '@context': unknown;
  readonly id: string;
  readonly type: string;
  readonly actor: string;
  readonly object?: unknown;
  readonly [property: string]: unknown;
}

function activity(
  type: string,
  actor: string,
  object: unknown,
  more: Readonly<Record<string, unknown>> = {},
): Sent {
  return {
    '@context': CONTEXT,
    id: `${actor}#${type.toLowerCase()}/${randomUUID()}`,
    type,
    actor,
    object,
    ...more,
  };
}

/** The part of an activity that travels inside another one. */
function embedded({ '@context': _, ...rest }: Sent): Omit<Sent, '@context'> {
  return rest as Omit<Sent, '@context'>;
}

export const follow = (actor: string, whom: string): Sent =>
  activity('Follow', actor, whom, { id: `${new URL(actor).origin}/${randomUUID()}` });
export const undo = (actor: string, what: Sent): Sent => activity('Undo', actor, embedded(what));
export const accept = (actor: string, what: Sent | string): Sent =>
  activity('Accept', actor, typeof what === 'string' ? what : embedded(what));
export const reject = (actor: string, what: Sent | string): Sent =>
  activity('Reject', actor, typeof what === 'string' ? what : embedded(what));
export const like = (actor: string, object: string): Sent => activity('Like', actor, object);
export const block = (actor: string, whom: string): Sent => activity('Block', actor, whom);

export const announce = (actor: string, object: string, published = new Date()): Sent =>
  activity('Announce', actor, object, {
    published: published.toISOString(),
    to: [PUBLIC],
    cc: [`${actor}/followers`],
  });

/** The Delete of itself that an account sends to everybody when it goes. */
export const deleteSelf = (actor: string): Sent =>
  activity('Delete', actor, actor, { id: `${actor}#delete`, to: [PUBLIC] });

export interface NoteOptions {
  readonly content?: string;
  readonly to?: readonly string[];
  readonly cc?: readonly string[];
  readonly inReplyTo?: string | null;
  /** Mentioned actors. */
  readonly mentions?: readonly string[];
  readonly published?: Date;
}

/** A public post. */
export function create(actor: string, options: NoteOptions = {}): Sent {
  const { origin } = new URL(actor);
  const number = BigInt(`0x${randomUUID().replaceAll('-', '').slice(0, 14)}`);
  const id = `${actor}/statuses/${number}`;
  const published = (options.published ?? new Date()).toISOString();
  const to = options.to ?? [PUBLIC];
  const cc = options.cc ?? [`${actor}/followers`, ...(options.mentions ?? [])];
  const content = options.content ?? '<p>Good morning.</p>';
  return {
    '@context': MASTODON_CONTEXT,
    id: `${id}/activity`,
    type: 'Create',
    actor,
    published,
    to,
    cc,
    object: {
      id,
      type: 'Note',
      summary: null,
      inReplyTo: options.inReplyTo ?? null,
      published,
      url: `${origin}/@${actor.split('/').at(-1)}/${number}`,
      attributedTo: actor,
      to,
      cc,
      sensitive: false,
      atomUri: id,
      inReplyToAtomUri: options.inReplyTo ?? null,
      conversation: `tag:${new URL(origin).hostname},${published.slice(0, 10)}:objectId=${number}:objectType=Conversation`,
      content,
      contentMap: { en: content },
      attachment: [],
      tag: (options.mentions ?? []).map((href) => ({
        type: 'Mention',
        href,
        name: `@${href.split('/').at(-1)}`,
      })),
      replies: {
        id: `${id}/replies`,
        type: 'Collection',
        first: {
          type: 'CollectionPage',
          next: `${id}/replies?only_other_accounts=true&page=true`,
          partOf: `${id}/replies`,
          items: [],
        },
      },
    },
  };
}
