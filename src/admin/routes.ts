/** Every route of the admin API. `openapi.json` is made of this table, and a test holds it against the contract. */

import type { ModeratorNote } from '../api.ts';
import type { Inbox } from '../embed.ts';
import { SallyportError } from '../errors.ts';
import { openapi } from './openapi.ts';
import { type Route, route } from './route.ts';
import { openStream } from './stream.ts';

const DOMAIN_STATES = ['active', 'rate-limited', 'blocked'] as const;
const FOLLOW_REQUEST_STATES = ['pending', 'accepted', 'rejected', 'withdrawn'] as const;
const STATUSES = ['accepted', 'processed', 'held', 'dropped', 'rejected', 'failed'] as const;
const DELIVERY_STATES = ['waiting', 'delivered', 'dead'] as const;
const MACHINES = ['domain', 'follow-request'] as const;
const STATES = [...DOMAIN_STATES, ...FOLLOW_REQUEST_STATES] as const;
const COLLECTIONS = [
  ...(['followers', 'following', 'liked', 'inbox', 'outbox', 'featured'] as const),
  ...(['pendingFollowers', 'pendingFollowing'] as const),
];
type CollectionName = Parameters<Inbox['actors']['collection']>[1];
const VERBS = ['block', 'unblock', 'limit', 'reset'] as const;

const page = {
  limit: { kind: 'number', least: 1, about: 'items in the page; 50 when absent, at most 200' },
  cursor: { kind: 'text', charactersMax: 300, about: '`next` of the page before' },
} as const;
const reason = {
  kind: 'text',
  charactersMax: 2_000,
  about: 'why, in a sentence; stands in the log',
} as const;
const note = {
  reason,
  until: { kind: 'time', about: 'when it ends by itself' },
  reviewAt: { kind: 'time', about: 'when somebody should look at it again' },
  publicComment: { kind: 'text', charactersMax: 5_000, about: 'what everybody may read' },
  privateComment: { kind: 'text', charactersMax: 5_000, about: 'what only moderators read' },
} as const;
const requiredReason = { ...reason, required: true } as const;
const log = {
  machine: { kind: 'choice', choices: MACHINES, about: 'only those of this machine' },
  to: { kind: 'choice', choices: STATES, about: 'only those into this state' },
  since: { kind: 'number', least: 0, about: 'only those after this number' },
} as const;

const domains: readonly Route[] = [
  route('GET', '/domains', {
    about: 'Domains, by name',
    query: {
      ...page,
      state: { kind: 'choice', choices: DOMAIN_STATES, about: 'only those in this state' },
      q: { kind: 'text', charactersMax: 253, about: 'a part of the name' },
    },
    answer: 'Domain[]',
    call: ({ inbox, query }) => inbox.domains.list(query),
  }),
  route('POST', '/domains/bulk', {
    about: 'One verb for many domains; those in whose state it is not possible are passed over',
    body: {
      ...note,
      action: { kind: 'choice', choices: VERBS, required: true, about: 'the verb' },
      domains: {
        kind: 'texts',
        itemsMax: 10_000,
        charactersMax: 300,
        required: true,
        about: 'names of domains',
      },
    },
    answer: 'Changed',
    call: ({ inbox, body: { action, domains: names, ...said }, by }) =>
      inbox.domains.bulk(action, names, { ...said, by }),
  }),
  route('GET', '/domains/:domain', {
    about: 'One domain',
    answer: 'Domain',
    call: ({ inbox, at }) => inbox.domains.get(at.domain as string),
  }),
  route('POST', '/domains/:domain/block', {
    about: 'Everything from it and from its subdomains is refused with 403',
    body: { ...note, reason: requiredReason },
    answer: 'Domain',
    call: ({ inbox, at, body, by }) => inbox.domains.block(at.domain as string, { ...body, by }),
  }),
  ...(
    [
      ['unblock', 'Ends a block; 409 when there is none'],
      [
        'limit',
        'Everything from it is answered 429 until `until`; when absent, for one window of the rate limit',
      ],
      ['reset', 'Active again, with counters and strikes cleared'],
    ] as const
  ).map(([verb, about]) =>
    route('POST', `/domains/:domain/${verb}`, {
      about,
      body: note,
      answer: 'Domain',
      call: ({ inbox, at, body, by }) =>
        inbox.domains[verb](at.domain as string, { ...body, by } satisfies ModeratorNote),
    }),
  ),
];

const blockTarget = {
  actor: { kind: 'text', charactersMax: 2_048, about: 'the URL of a remote actor; this or `domain`' },
  domain: { kind: 'text', charactersMax: 300, about: 'the name of a domain; this or `actor`' },
} as const;
type UserBlockTarget = Parameters<Inbox['actors']['block']>[1];

/** What is given of the two. Neither or both is refused where the block is made. */
const targetOf = (body: { actor: string | undefined; domain: string | undefined }): UserBlockTarget =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as UserBlockTarget;

const followRequests: readonly Route[] = [
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
    call: ({ inbox, at, body }) => inbox.actors.follow(at.name as string, body.object),
  }),
  route('POST', '/actors/:name/unfollow', {
    about: 'Our actor takes its follow back, or its request; one Undo is sent',
    body: {
      object: { kind: 'text', charactersMax: 2_048, required: true, about: 'the URL of the remote actor' },
    },
    answer: 'Follow',
    call: ({ inbox, at, body }) => inbox.actors.unfollow(at.name as string, body.object),
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
    call: ({ inbox, at, body }) => inbox.actors.block(at.name as string, targetOf(body)),
  }),
  route('POST', '/actors/:name/unblock', {
    about: 'Ends such a block; without effect when there is none',
    body: blockTarget,
    answer: 'Done',
    async call({ inbox, at, body }) {
      const isGone = await inbox.actors.unblock(at.name as string, targetOf(body));
      return { id: at.name, done: isGone ? 'unblocked' : 'nothing' };
    },
  }),
  route('POST', '/actors/:name/outbox', {
    about: 'Our actor sends an activity, or creates an object; ids and authorship are made here',
    body: { activity: { kind: 'object', required: true, about: 'an ActivityStreams activity or object' } },
    answer: 'Sent',
    call: ({ inbox, at, body }) => inbox.actors.send(at.name as string, body.activity),
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

const activities: readonly Route[] = [
  route('GET', '/activities', {
    about: 'Activities, newest first, one row for each activity id',
    query: {
      ...page,
      status: { kind: 'choice', choices: STATUSES, about: 'only those with this status' },
      domain: { kind: 'text', charactersMax: 253, about: "only those of this domain's actors" },
      type: { kind: 'text', charactersMax: 300, about: 'only those of this type, such as Follow' },
      activityId: { kind: 'text', charactersMax: 2_048, about: "the activity's own id" },
    },
    answer: 'Activity[]',
    call: ({ inbox, query }) => inbox.activities.list(query),
  }),
  route('GET', '/activities/:id', {
    about: 'One activity, by our id or by its own',
    answer: 'Activity',
    call: ({ inbox, at }) => inbox.activities.get(at.id as string),
  }),
  route('GET', '/objects', {
    about: 'What is known of an object: its owner, whether it is deleted, and how many reacted to it',
    query: { uri: { kind: 'text', charactersMax: 2_048, required: true, about: 'the URL of the object' } },
    answer: 'Object',
    call: ({ inbox, query }) => inbox.objects.get(query.uri),
  }),
  route('GET', '/collections', {
    about:
      'Any collection that is known here, by its URL: of an object its likes, shares, replies …; newest first',
    query: {
      ...page,
      uri: { kind: 'text', charactersMax: 2_048, required: true, about: 'the URL of the collection' },
    },
    answer: 'Collection',
    call: ({ inbox, query: { uri, ...query } }) => inbox.collection(uri, query),
  }),
  route('GET', '/reports', {
    about: 'Reports to our moderators, newest first',
    query: page,
    answer: 'Report[]',
    call: ({ inbox, query }) => inbox.reports.list(query),
  }),
  route('GET', '/deliveries', {
    about: 'Outgoing POSTs, newest first',
    query: {
      ...page,
      state: {
        kind: 'choice',
        choices: DELIVERY_STATES,
        about: 'only those in this state',
      },
      domain: { kind: 'text', charactersMax: 253, about: 'only those to this domain' },
    },
    answer: 'Delivery[]',
    call: ({ inbox, query }) => inbox.deliveries.list(query),
  }),
  route('GET', '/held', {
    about: 'Activities that filters have held for a moderator, newest first',
    query: page,
    answer: 'Held[]',
    call: ({ inbox, query }) => inbox.held.list(query),
  }),
  ...(['approve', 'reject'] as const).map((verb) =>
    route('POST', `/held/:id/${verb}`, {
      about:
        verb === 'approve'
          ? 'Lets a held activity act, once, past the filters'
          : 'Ends a held activity without effect; a Follow is answered with a Reject',
      body: { reason },
      answer: 'HeldDecision',
      call: ({ inbox, at, body, by }) => inbox.held[verb](at.id as string, { ...body, by }),
    }),
  ),
  route('GET', '/dead', {
    about: 'Dead letters: mail, handler calls and deliveries that used up their tries; newest first',
    query: page,
    answer: 'DeadLetter[]',
    call: ({ inbox, query }) => inbox.dead.list(query),
  }),
  ...(['retry', 'discard'] as const).map((verb) =>
    route('POST', `/dead/:id/${verb}`, {
      about:
        verb === 'retry'
          ? 'Puts it back at the end of its queue, with all its tries'
          : 'Gives it up for good',
      answer: 'Done',
      call: async ({ inbox, at }) => {
        await inbox.dead[verb](at.id as string);
        return { id: at.id, done: verb };
      },
    }),
  ),
];

const runtime: readonly Route[] = [
  route('GET', '/transitions', {
    about: 'The log of transitions, oldest first, after `since`',
    query: { ...page, ...log },
    answer: 'Transition[]',
    call({ inbox, query: { cursor, since, ...query } }) {
      const after = cursor === undefined || !/^\d{1,15}$/.test(cursor) ? since : Number(cursor);
      return inbox.transitionsPage({ ...query, since: after });
    },
  }),
  route('GET', '/stream', {
    about: 'The same log as Server-Sent Events, from now on or after `since` or `Last-Event-ID`',
    query: log,
    answer: 'Stream',
    call: ({ inbox, query, request }) => openStream(inbox, query, request),
  }),
  route('GET', '/machines', {
    about: 'The machines as data, and how many are in which state',
    answer: 'Machine[]',
    call: async ({ inbox }) => ({ items: await inbox.machines.list(), next: null }),
  }),
  route('GET', '/machines/:machine', {
    about: 'One machine as data',
    answer: 'Machine',
    call: ({ inbox, at }) => inbox.machines.get(at.machine as string),
  }),
  route('POST', '/metrics/reset', {
    about: 'Restarts the window of the event-loop delay',
    role: 'admin',
    answer: 'Done',
    call({ inbox }) {
      inbox.resetMetrics();
      return { id: 'metrics', done: 'reset' };
    },
  }),
  route('GET', '/openapi.json', {
    about: 'This description',
    answer: 'Description',
    call: () => openapi(ROUTES),
  }),
];

/** In order: a fixed path stands before a pattern that it would match. */
export const ROUTES: readonly Route[] = [...domains, ...followRequests, ...activities, ...runtime];
