/** Policies tried on what was recorded. */
import type { SimulatedPolicy } from '../../api/simulations.ts';
import { covers } from '../people.ts';
import { forbidden, Refused } from '../problems.ts';
import { type Route, route } from '../route.ts';

export const simulations: readonly Route[] = [
  route('GET', '/simulations', {
    about: 'The newest twenty simulations of this process, newest first; a restart forgets them',
    answer: 'Simulation[]',
    call: ({ inbox }) => inbox.simulations.list(),
  }),
  route('POST', '/simulations', {
    about: 'Puts built-in filters to recorded activities, without any effect; one at a time',
    body: {
      policy: {
        kind: 'object',
        required: true,
        about: '`filters`, and `scoreThresholds` if there are any, as they would stand in the options',
      },
      since: { kind: 'time', required: true, about: 'activities accepted from then on' },
      until: { kind: 'time', about: 'activities accepted before; now when absent' },
      domain: { kind: 'text', charactersMax: 253, about: "only those of this domain's actors" },
      external: {
        kind: 'flag',
        about: 'filters that ask a service ask it about each activity; left out when absent. For admins',
      },
      samples: { kind: 'number', least: 0, about: 'examples for each filter and outcome; 3, at most 20' },
    },
    answer: 'Simulation',
    call({ inbox, body: { policy, ...wish }, by, role }) {
      // Such a URL may be private: whom this server asks is for those who could configure it.
      if (wish.external === true && !covers(role, 'admin')) throw new Refused(forbidden(role, 'admin'));
      return inbox.simulations.start({ ...wish, policy: policy as unknown as SimulatedPolicy }, { by });
    },
  }),
  route('GET', '/simulations/:id', {
    about: 'How far a simulation is, and what came of it',
    answer: 'Simulation',
    call: ({ inbox, at }) => inbox.simulations.get(at.id as string),
  }),
  route('POST', '/simulations/:id/cancel', {
    about: 'Ends a simulation before its time; what is over stays as it is',
    answer: 'Simulation',
    call: ({ inbox, at }) => inbox.simulations.cancel(at.id as string),
  }),
];
