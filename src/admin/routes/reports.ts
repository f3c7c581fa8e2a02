/** Reports to our moderators. */
import { type Route, route } from '../route.ts';
import { page } from './fields.ts';

export const reports: readonly Route[] = [
  route('GET', '/reports', {
    about: 'Reports to our moderators, newest first',
    query: page,
    answer: 'Report[]',
    call: ({ inbox, query }) => inbox.reports.list(query),
  }),
];
