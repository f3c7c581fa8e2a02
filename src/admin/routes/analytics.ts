/** Counts over time, and the numbers that a console shows first. */
import { type Route, route } from '../route.ts';

const SUBJECTS = ['activity', 'filter', 'hold', 'transition'] as const;
const KEYS = ['domain', 'type', 'status', 'filter', 'reason'] as const;
const span = {
  from: { kind: 'time', about: 'counts are kept by the hour: the hour of this time is the first one' },
  to: { kind: 'time', about: 'up to the hour of this time, with it; now when absent' },
} as const;

export const analytics: readonly Route[] = [
  route('GET', '/analytics', {
    about: 'Counts over time; they outlive what was counted',
    query: {
      ...span,
      subject: {
        kind: 'choice',
        choices: SUBJECTS,
        about: 'of what: `activity` (came to its end; when absent), `filter` (spoke), `hold`, `transition`',
      },
      by: { kind: 'choice', choices: KEYS, about: 'the keys of the series; `status` when absent' },
      bucket: {
        kind: 'choice',
        choices: ['hour', 'day'] as const,
        about: 'of the points; by the hour when absent for at most two days',
      },
      domain: { kind: 'text', charactersMax: 253, about: 'only those of this domain' },
      type: { kind: 'text', charactersMax: 300, about: 'only those of this type' },
      status: { kind: 'text', charactersMax: 100, about: 'only those with this status' },
      filter: { kind: 'text', charactersMax: 200, about: 'only those of this filter' },
      limit: { kind: 'number', least: 1, about: 'series, those with the highest counts; 50 when absent' },
    },
    answer: 'Counts',
    call: ({ inbox, query }) => inbox.analytics.counts(query),
  }),
  route('GET', '/domains/:domain/history', {
    about: 'What a domain sent and what became of it, by day, and every decision about it',
    query: span,
    answer: 'DomainHistory',
    call: ({ inbox, at, query }) => inbox.analytics.domain(at.domain as string, query),
  }),
  route('GET', '/overview', {
    about: 'The numbers that a console shows first',
    answer: 'Overview',
    call: ({ inbox }) => inbox.analytics.overview(),
  }),
];
