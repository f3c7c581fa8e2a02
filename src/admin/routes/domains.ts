/** Domains, and what moderators decide about them. */
import type { ModeratorNote } from '../../api.ts';
import { type Route, route } from '../route.ts';
import { note, page, requiredReason } from './fields.ts';

const DOMAIN_STATES = ['active', 'rate-limited', 'blocked'] as const;
const VERBS = ['block', 'unblock', 'limit', 'reset'] as const;

export const domains: readonly Route[] = [
  route('GET', '/domains', {
    about: 'Domains, by name',
    query: {
      ...page,
      state: { kind: 'choice', choices: DOMAIN_STATES, about: 'only those in this state' },
      q: { kind: 'text', charactersMax: 253, about: 'a part of the name' },
      review: { kind: 'choice', choices: ['due'], about: 'only blocks that somebody should look at again' },
      withinDays: { kind: 'number', least: 0, about: 'with `review`: dates up to so many days from now; 7' },
      olderThanDays: {
        kind: 'number',
        least: 0,
        about: 'with `review`: blocks without a date count when they are older than this; 180',
      },
    },
    answer: 'Domain[]',
    call: ({ inbox, query }) =>
      query.review === 'due' ? inbox.reviews.list(query) : inbox.domains.list(query),
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
  route('GET', '/domains/:domain/impact', {
    about: 'What a block would touch: what came lately from it and from below it, and the follows it has',
    query: { days: { kind: 'number', least: 1, about: 'activities of so many days; 30 when absent' } },
    answer: 'Impact',
    call: ({ inbox, at, query }) => inbox.domains.impact(at.domain as string, query),
  }),
  route('GET', '/domains/:domain/rules', {
    about: 'What every source says of a domain and of its parents, and what is in force',
    answer: 'DomainRules',
    call: ({ inbox, at }) => inbox.rules.of(at.domain as string),
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
