/** What came in, what is known because of it, what goes out, and what got stuck. */
import { type Route, route } from '../route.ts';
import { page, reason } from './fields.ts';

const STATUSES = ['accepted', 'processed', 'held', 'dropped', 'rejected', 'failed'] as const;
const DELIVERY_STATES = ['waiting', 'delivered', 'dead'] as const;

export const activities: readonly Route[] = [
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
      body: { reason },
      answer: 'Done',
      call: async ({ inbox, at, body, by }) => {
        await inbox.dead[verb](at.id as string, { ...body, by });
        return { id: at.id, done: verb };
      },
    }),
  ),
];
