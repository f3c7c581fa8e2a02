/** Reports to our moderators. */
import { type Route, route } from '../route.ts';
import { page, reason, requiredReason } from './fields.ts';

const STATES = ['open', 'resolved'] as const;
const perhaps = { reason };

export const reports: readonly Route[] = [
  route('GET', '/reports', {
    about: 'Reports to our moderators, newest first',
    query: {
      ...page,
      state: { kind: 'choice', choices: STATES, about: 'only those in this state' },
      domain: { kind: 'text', charactersMax: 253, about: 'only by reporters of this domain' },
      target: { kind: 'text', charactersMax: 2_048, about: 'only about this actor, or this domain' },
      assignee: { kind: 'text', charactersMax: 300, about: 'only those that this moderator takes care of' },
    },
    answer: 'Report[]',
    call: ({ inbox, query }) => inbox.reports.list(query),
  }),
  route('POST', '/reports', {
    about: 'A report of our own people; with `forward` also to the servers of whom it is about',
    body: {
      objects: {
        kind: 'texts',
        itemsMax: 100,
        charactersMax: 2_048,
        required: true,
        about: 'URLs of actors and posts',
      },
      content: { kind: 'text', charactersMax: 5_000, about: 'what is wrong with it' },
      actor: {
        kind: 'text',
        charactersMax: 300,
        about: 'the handle of who reports; other servers are not told',
      },
      forward: {
        kind: 'flag',
        about: 'also to the servers of whom it is about, in the name of the instance',
      },
    },
    answer: 'Report',
    call: ({ inbox, body, by }) => inbox.reports.send({ ...body, by }),
  }),
  route('GET', '/reports/:id', {
    about: 'One report, with its Flags, what is stored of what they report, and what was done',
    answer: 'ReportDetail',
    call: ({ inbox, at }) => inbox.reports.get(at.id as string),
  }),
  route('POST', '/reports/:id/claim', {
    about: 'Takes care of it: nobody else does, until it is released',
    body: { reason, assignee: { kind: 'text', charactersMax: 300, about: 'who does; who asks when absent' } },
    answer: 'Report',
    call: ({ inbox, at, body, by }) => inbox.reports.claim(at.id as string, { ...body, by }),
  }),
  ...(
    [
      ['release', 'Gives it back to everybody'],
      ['reopen', 'Opens it again'],
    ] as const
  ).map(([verb, about]) =>
    route('POST', `/reports/:id/${verb}`, {
      about,
      body: perhaps,
      answer: 'Report',
      call: ({ inbox, at, body, by }) => inbox.reports[verb](at.id as string, { ...body, by }),
    }),
  ),
  ...(
    [
      ['note', 'Enters a remark in its history'],
      ['resolve', 'Ends it; `reason` says what was done'],
    ] as const
  ).map(([verb, about]) =>
    route('POST', `/reports/:id/${verb}`, {
      about,
      body: { reason: requiredReason },
      answer: 'Report',
      call: ({ inbox, at, body, by }) => inbox.reports[verb](at.id as string, { ...body, by }),
    }),
  ),
  route('POST', '/reports/:id/forward', {
    about: 'Sends it on to the server of the remote actor that it is about',
    body: perhaps,
    answer: 'ReportForwarded',
    call: ({ inbox, at, body, by }) => inbox.reports.forward(at.id as string, { ...body, by }),
  }),
];
