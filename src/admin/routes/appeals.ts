/** Appeals of blocked domains. */
import { type Route, route } from '../route.ts';
import { page, requiredReason } from './fields.ts';

const STATES = ['open', 'upheld', 'overturned'] as const;
const because = { reason: requiredReason };

export const appeals: readonly Route[] = [
  route('GET', '/appeals', {
    about: 'Appeals of blocked domains, newest first',
    query: {
      ...page,
      state: { kind: 'choice', choices: STATES, about: 'only those in this state' },
      domain: { kind: 'text', charactersMax: 253, about: 'only those of this domain' },
    },
    answer: 'Appeal[]',
    call: ({ inbox, query }) => inbox.appeals.list(query),
  }),
  route('GET', '/appeals/:id', {
    about: 'One appeal',
    answer: 'Appeal',
    call: ({ inbox, at }) => inbox.appeals.get(at.id as string),
  }),
  route('POST', '/appeals/:id/uphold', {
    about: 'The block stays',
    body: because,
    answer: 'Appeal',
    call: ({ inbox, at, body, by }) => inbox.appeals.uphold(at.id as string, { ...body, by }),
  }),
  route('POST', '/appeals/:id/overturn', {
    about: 'The block ends, with this reason in the log',
    body: because,
    answer: 'Appeal',
    call: ({ inbox, at, body, by }) => inbox.appeals.overturn(at.id as string, { ...body, by }),
  }),
  route('POST', '/domains/:domain/appeal', {
    about: 'Enters an appeal of a blocked domain that came in another way, such as by mail',
    body: {
      reason: { kind: 'text', charactersMax: 5_000, required: true, about: 'what they say' },
      contact: { kind: 'text', charactersMax: 500, about: 'how they can be reached' },
    },
    answer: 'AppealAnswer',
    call: ({ inbox, at, body, by }) => inbox.appeals.enter({ domain: at.domain as string, ...body }, { by }),
  }),
  route('POST', '/domains/:domain/appeal-link', {
    about:
      'A link for the administrators of a blocked domain, good for one appeal within 14 days; shown this once',
    answer: 'AppealLink',
    call: ({ inbox, at, by }) => inbox.appeals.link(at.domain as string, { by }),
  }),
];
