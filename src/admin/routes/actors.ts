/** Follow requests, and what our own actors do. */
import type { Inbox } from '../../embed.ts';
import { SallyportError } from '../../errors.ts';
import { type Route, route } from '../route.ts';
import { page, reason } from './fields.ts';

const FOLLOW_REQUEST_STATES = ['pending', 'accepted', 'rejected', 'withdrawn'] as const;
const COLLECTIONS = [
  ...(['followers', 'following', 'liked', 'inbox', 'outbox', 'featured'] as const),
  ...(['pendingFollowers', 'pendingFollowing'] as const),
];
type CollectionName = Parameters<Inbox['actors']['collection']>[1];

const blockTarget = {
  actor: { kind: 'text', charactersMax: 2_048, about: 'the URL of a remote actor; this or `domain`' },
  domain: { kind: 'text', charactersMax: 300, about: 'the name of a domain; this or `actor`' },
} as const;
type UserBlockTarget = Parameters<Inbox['actors']['block']>[1];

/** What is given of the two. Neither or both is refused where the block is made. */
const targetOf = (body: { actor: string | undefined; domain: string | undefined }): UserBlockTarget =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as UserBlockTarget;

export const actors: readonly Route[] = [
  route('GET', '/follow-requests', {
    about: 'Follow requests, newest first',
    query: {
      ...page,
      state: { kind: 'choice', choices: FOLLOW_REQUEST_STATES, about: 'only those in this state' },
      actor: { kind: 'text', charactersMax: 2_048, about: 'the URL of either end' },
    },
    answer: 'FollowRequest[]',
    call: ({ inbox, query }) => inbox.followRequests.list(query),
  }),
  route('POST', '/follow-requests/:id/accept', {
    about: 'Accepts a pending one; one Accept is sent',
    body: { reason },
    answer: 'FollowRequest',
    call: ({ inbox, at, body, by }) => inbox.followRequests.accept(at.id as string, { ...body, by }),
  }),
  route('POST', '/follow-requests/:id/reject', {
    about: 'Rejects a pending one, or ends an accepted one; one Reject is sent',
    body: { reason },
    answer: 'FollowRequest',
    call: ({ inbox, at, body, by }) => inbox.followRequests.reject(at.id as string, { ...body, by }),
  }),
  route('POST', '/actors/:name/follow', {
    about: 'Our actor asks to follow a remote one',
    body: {
      object: { kind: 'text', charactersMax: 2_048, required: true, about: 'the URL of the remote actor' },
    },
    answer: 'Follow',
    call: ({ inbox, at, body, by }) => inbox.actors.follow(at.name as string, body.object, { by }),
  }),
  route('POST', '/actors/:name/unfollow', {
    about: 'Our actor takes its follow back, or its request; one Undo is sent',
    body: {
      object: { kind: 'text', charactersMax: 2_048, required: true, about: 'the URL of the remote actor' },
    },
    answer: 'Follow',
    call: ({ inbox, at, body, by }) => inbox.actors.unfollow(at.name as string, body.object, { by }),
  }),
  route('GET', '/actors/:name/blocks', {
    about: 'Whom a local actor wants to hear nothing from, newest first',
    query: page,
    answer: 'UserBlock[]',
    call: ({ inbox, at, query }) => inbox.actors.blocks(at.name as string, query),
  }),
  route('POST', '/actors/:name/block', {
    about: 'Nothing of an actor, or of a domain with its subdomains, reaches this actor of ours; follows end',
    body: blockTarget,
    answer: 'UserBlock',
    call: ({ inbox, at, body, by }) => inbox.actors.block(at.name as string, targetOf(body), { by }),
  }),
  route('POST', '/actors/:name/unblock', {
    about: 'Ends such a block; without effect when there is none',
    body: blockTarget,
    answer: 'Done',
    async call({ inbox, at, body, by }) {
      const isGone = await inbox.actors.unblock(at.name as string, targetOf(body), { by });
      return { id: at.name, done: isGone ? 'unblocked' : 'nothing' };
    },
  }),
  route('POST', '/actors/:name/outbox', {
    about: 'Our actor sends an activity, or creates an object; ids and authorship are made here',
    body: { activity: { kind: 'object', required: true, about: 'an ActivityStreams activity or object' } },
    answer: 'Sent',
    call: ({ inbox, at, body, by }) => inbox.actors.send(at.name as string, body.activity, { by }),
  }),
  route('GET', '/actors/:name/collections/:collection', {
    about: `A collection of a local actor: ${COLLECTIONS.join(', ')}; newest first`,
    query: page,
    answer: 'Collection',
    call({ inbox, at: { name, collection }, query }) {
      if (!(COLLECTIONS as readonly string[]).includes(collection as string)) {
        throw new SallyportError('ERR_NOT_FOUND', `there is no collection ${collection}`);
      }
      return inbox.actors.collection(name as string, collection as CollectionName, query);
    },
  }),
];
