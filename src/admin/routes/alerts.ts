/** What was told to whom. */
import { type Route, route } from '../route.ts';
import { page } from './fields.ts';

const channel = { kind: 'text', charactersMax: 100, about: 'the name of a channel' } as const;

export const alerts: readonly Route[] = [
  route('GET', '/alerts', {
    about: 'Alerts by mail, webhook and chat, newest first; those that were given up too',
    query: {
      ...page,
      state: {
        kind: 'choice',
        choices: ['waiting', 'delivered', 'dead'] as const,
        about: 'only those in this state',
      },
      channel,
    },
    answer: 'Alert[]',
    call: ({ inbox, query }) => inbox.alerts.list(query),
  }),
  route('POST', '/alerts/test', {
    about: 'Says through a channel, or through all of them, that it works',
    role: 'admin',
    body: { channel },
    answer: 'AlertTest',
    call: ({ inbox, body }) => inbox.alerts.test(body.channel),
  }),
  route('POST', '/alerts/:id/retry', {
    about: 'Tries an alert that was given up again, with all its tries',
    answer: 'Alert',
    call: ({ inbox, at }) => inbox.alerts.retry(at.id as string),
  }),
];
