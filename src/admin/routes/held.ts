/** What filters hold for a moderator. */
import { type Route, route } from '../route.ts';
import { page, reason } from './fields.ts';

export const held: readonly Route[] = [
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
];
