/** What is kept for long enough goes. */
import { type Route, route } from '../route.ts';

export const retention: readonly Route[] = [
  route('POST', '/prune', {
    about: 'Takes away, or counts, what is kept for long enough: for a few seconds, and `cursor` goes on',
    role: 'admin',
    body: {
      dryRun: { kind: 'flag', about: 'only count' },
      cursor: { kind: 'text', charactersMax: 10_000, about: '`cursor` of the answer before' },
    },
    answer: 'Pruned',
    call: ({ inbox, body }) => inbox.retention.prune(body),
  }),
  route('POST', '/prune/forget', {
    about: 'Gives up the positions of handlers that are registered nowhere any more, which hold back the log',
    role: 'admin',
    body: {
      handlers: {
        kind: 'texts',
        itemsMax: 100,
        charactersMax: 300,
        required: true,
        about: 'their names',
      },
    },
    answer: 'Forgotten',
    call: ({ inbox, body }) => inbox.retention.forget(body.handlers),
  }),
];
