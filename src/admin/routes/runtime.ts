/** The machines, the log of their transitions, and the numbers. */
import { type Route, route } from '../route.ts';
import { openStream } from '../stream.ts';
import { page } from './fields.ts';

const MACHINES = ['domain', 'follow-request'] as const;
const STATES = [
  ...(['active', 'rate-limited', 'blocked'] as const),
  ...(['pending', 'accepted', 'rejected', 'withdrawn'] as const),
];
const log = {
  machine: { kind: 'choice', choices: MACHINES, about: 'only those of this machine' },
  to: { kind: 'choice', choices: STATES, about: 'only those into this state' },
  since: { kind: 'number', least: 0, about: 'only those after this number' },
} as const;

export const runtime: readonly Route[] = [
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
];
