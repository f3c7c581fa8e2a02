/** Remote lists that somebody here subscribes to. */
import type { SubscriptionSettings } from '../../api/subscriptions.ts';
import { millisecondsOf } from '../../options.ts';
import type { Input } from '../input.ts';
import { type Route, route } from '../route.ts';
import { page, reason } from './fields.ts';

const KINDS = ['csv', 'json', 'plain', 'mastodon', 'fires'] as const;

const settings = {
  name: {
    kind: 'text',
    charactersMax: 200,
    about: 'what it is called here; the host of its URL when absent',
  },
  every: {
    kind: 'text',
    charactersMax: 40,
    about: "how often it is asked for, such as '6 hours'; one day when absent",
  },
  mode: {
    kind: 'choice',
    choices: ['auto', 'draft'],
    about: 'applied as it comes, or when a person applies it; `draft` when absent',
  },
  severityMax: {
    kind: 'choice',
    choices: ['block', 'silence', 'none'],
    about: 'the hardest that it may be; `block` when absent',
  },
  followedMax: {
    kind: 'choice',
    choices: ['silence', 'none', 'off'],
    about: 'the hardest that it may be towards a domain with which ours have live follows; `off` when absent',
  },
  onRemove: {
    kind: 'choice',
    choices: ['retract', 'adopt'],
    about: 'when it is removed its rules go, or become rules of people here; `retract` when absent',
  },
  comment: {
    kind: 'text',
    charactersMax: 500,
    about: 'private comment of its rules, with {name} and {comment} for those of the list',
  },
  user: { kind: 'text', charactersMax: 2_000, about: 'for basic authentication; never shown again' },
  password: { kind: 'text', charactersMax: 2_000, about: 'the same' },
  token: { kind: 'text', charactersMax: 2_000, about: 'for a bearer token; never shown again' },
} as const;

const wish = {
  url: {
    kind: 'text',
    charactersMax: 2_048,
    required: true,
    about: 'where it is; may be private and plain http',
  },
  kind: { kind: 'choice', choices: KINDS, required: true, about: 'what it is written in' },
  ...settings,
} as const;

/** The settings in a body; what is absent stays as it is, or is the default. */
function settingsIn(body: Input<typeof settings>): SubscriptionSettings {
  const { every, followedMax, user, password, token, name, mode, severityMax, onRemove, comment } = body;
  return {
    ...{ name, mode, severityMax, onRemove, comment },
    ...(every === undefined ? {} : { everyMs: millisecondsOf(every) ?? Number.NaN }),
    ...(followedMax === undefined ? {} : { followedMax: followedMax === 'off' ? null : followedMax }),
    ...(token !== undefined
      ? { login: { token } }
      : user !== undefined
        ? { login: { user, password: password ?? '' } }
        : {}),
  };
}

const idOf = (at: Readonly<Record<string, string>>): string => at.id as string;

const looking: readonly Route[] = [
  route('GET', '/subscriptions', {
    about: 'Remote lists that are subscribed to, newest first',
    query: page,
    answer: 'Subscription[]',
    call: ({ inbox, query }) => inbox.subscriptions.list(query),
  }),
  route('GET', '/subscriptions/:id', {
    about: 'One subscription',
    answer: 'Subscription',
    call: ({ inbox, at }) => inbox.subscriptions.get(idOf(at)),
  }),
  route('GET', '/subscriptions/:id/entries', {
    about: 'What the list says, by kind and key',
    query: { ...page, cursor: { ...page.cursor, charactersMax: 2_100 } },
    answer: 'SubscriptionEntry[]',
    call: ({ inbox, at, query }) => inbox.subscriptions.entries(idOf(at), query),
  }),
  route('GET', '/subscriptions/:id/preview', {
    about: 'What applying it would change',
    answer: 'SubscriptionPreview',
    call: ({ inbox, at }) => inbox.subscriptions.preview(idOf(at)),
  }),
];

// Who names a URL decides where this server's requests go, private addresses too.
export const subscriptions: readonly Route[] = [
  ...looking,
  route('POST', '/subscriptions', {
    about: 'Subscribes to a list; it is asked for at once, in the background',
    role: 'admin',
    body: { ...wish, reason },
    answer: 'Subscription',
    call: ({ inbox, body, by }) =>
      inbox.subscriptions.add(
        { url: body.url, kind: body.kind, ...settingsIn(body) },
        { by, reason: body.reason },
      ),
  }),
  route('POST', '/subscriptions/probe', {
    about: 'Asks for a list and says what it would change; nothing is kept',
    role: 'admin',
    body: wish,
    answer: 'SubscriptionPreview',
    call: ({ inbox, body }) =>
      inbox.subscriptions.probe({ url: body.url, kind: body.kind, ...settingsIn(body) }),
  }),
  route('POST', '/subscriptions/:id', {
    about: 'Changes what was said about it; the whole list is asked for again',
    body: {
      ...settings,
      withoutLogin: { kind: 'flag', about: 'its user, password or token are forgotten' },
      reason,
    },
    answer: 'Subscription',
    call: ({ inbox, at, body, by }) => {
      const said = { ...settingsIn(body), ...(body.withoutLogin === true ? { login: null } : {}) };
      return inbox.subscriptions.update(idOf(at), said, { by, reason: body.reason });
    },
  }),
  ...(
    [
      ['pause', 'It is not asked for any more; its rules stay'],
      ['resume', 'It is asked for again, at once'],
    ] as const
  ).map(([verb, about]) =>
    route('POST', `/subscriptions/:id/${verb}`, {
      about,
      body: { reason },
      answer: 'Subscription',
      call: ({ inbox, at, body, by }) => inbox.subscriptions[verb](idOf(at), { ...body, by }),
    }),
  ),
  route('POST', '/subscriptions/:id/poll', {
    about: 'Asks for it now',
    answer: 'Subscription',
    call: ({ inbox, at }) => inbox.subscriptions.poll(idOf(at)),
  }),
  route('POST', '/subscriptions/:id/probe', {
    about: 'Asks for the whole list and says what it would change; nothing is kept',
    answer: 'SubscriptionPreview',
    call: ({ inbox, at }) => inbox.subscriptions.tryPoll(idOf(at)),
  }),
  route('POST', '/subscriptions/:id/apply', {
    about: 'Applies what waits, as one batch; 409 for a suspicious list without `force`',
    body: { force: { kind: 'flag', about: 'although it would take back nearly everything' }, reason },
    answer: 'Subscription',
    call: ({ inbox, at, body, by }) => inbox.subscriptions.apply(idOf(at), { ...body, by }),
  }),
  route('POST', '/subscriptions/:id/remove', {
    about: 'Ends it, and takes its rules back or makes them rules of people here',
    body: { onRemove: settings.onRemove, reason },
    answer: 'SubscriptionRemoved',
    call: ({ inbox, at, body, by }) => inbox.subscriptions.remove(idOf(at), { ...body, by }),
  }),
];
