/** What filters hold for a moderator, and whom moderators trust. */
import { type Route, route } from '../route.ts';
import { page, reason } from './fields.ts';

const ORDERS = ['newest', 'oldest', 'expiring'] as const;
const TRUST = ['actor', 'domain'] as const;

const wanted = {
  filter: { kind: 'text', charactersMax: 100, about: 'only those that this filter holds' },
  domain: { kind: 'text', charactersMax: 253, about: "only those of this domain's actors" },
  actor: { kind: 'text', charactersMax: 2_048, about: 'only those of this actor' },
  type: { kind: 'text', charactersMax: 300, about: 'only those of this type, such as Create' },
  q: {
    kind: 'text',
    charactersMax: 300,
    about: "a part of the actor's or the activity's id, of the reason, or of the document",
  },
} as const;

const trust = {
  kind: 'choice',
  choices: TRUST,
  about: 'from now on filters hold nothing of its actor, or of its domain',
} as const;

export const held: readonly Route[] = [
  route('GET', '/held', {
    about: 'Activities that filters have held for a moderator, newest first',
    query: {
      ...page,
      ...wanted,
      order: {
        kind: 'choice',
        choices: ORDERS,
        about: 'by arrival, or first what is dropped next; newest when absent',
      },
    },
    answer: 'Held[]',
    call: ({ inbox, query }) => inbox.held.list(query),
  }),
  route('POST', '/held/bulk', {
    about: 'One decision about all that fit; later filters may hold again what is approved',
    body: {
      ...wanted,
      reason,
      trust,
      action: { kind: 'choice', choices: ['approve', 'reject'], required: true, about: 'the decision' },
      ids: { kind: 'texts', itemsMax: 10_000, charactersMax: 18, about: 'only those with these ids of ours' },
      dryRun: { kind: 'flag', about: 'only counts them' },
    },
    answer: 'HeldBulk',
    call: ({ inbox, body: { reason: said, action, ...wish }, by }) =>
      inbox.held.bulk({ ...wish, action: action as 'approve' }, { reason: said, by }),
  }),
  route('GET', '/held/:id', {
    about: 'One held activity: its document, what the filters said, and what is known of who sent it',
    answer: 'HeldDetail',
    call: ({ inbox, at }) => inbox.held.get(at.id as string),
  }),
  route('POST', '/held/:id/approve', {
    about: 'Lets a held activity act, once; the filters that were not asked about it have their say',
    body: { reason, trust },
    answer: 'HeldDecision',
    call: ({ inbox, at, body, by }) => inbox.held.approve(at.id as string, { ...body, by }),
  }),
  route('POST', '/held/:id/reject', {
    about: 'Ends a held activity without effect; a Follow is answered with a Reject',
    body: { reason },
    answer: 'HeldDecision',
    call: ({ inbox, at, body, by }) => inbox.held.reject(at.id as string, { ...body, by }),
  }),
  route('POST', '/held/:id/extend', {
    about: 'Lets a held activity wait longer, or less long',
    body: { reason, until: { kind: 'time', required: true, about: 'when it is dropped; within a year' } },
    answer: 'Held',
    call: ({ inbox, at, body: { until, ...note }, by }) =>
      inbox.held.extend(at.id as string, until, { ...note, by }),
  }),
  route('GET', '/trusted', {
    about: 'Actors and domains of whom filters hold nothing, newest first',
    query: page,
    answer: 'Trusted[]',
    call: ({ inbox, query }) => inbox.trusted.list(query),
  }),
  route('POST', '/trusted', {
    about: 'From now on filters hold nothing of this actor, or of this domain',
    body: {
      reason,
      actor: { kind: 'text', charactersMax: 2_048, about: 'the id of an actor' },
      domain: { kind: 'text', charactersMax: 253, about: 'or the name of a domain, without its subdomains' },
    },
    answer: 'Trusted',
    call: ({ inbox, body: { reason: said, ...target }, by }) =>
      inbox.trusted.add(target, { reason: said, by }),
  }),
  route('POST', '/trusted/:id/revoke', {
    about: 'Filters may hold it again; by the id of the record, the actor or the domain',
    body: { reason },
    answer: 'Trusted',
    call: ({ inbox, at, body, by }) => inbox.trusted.revoke(at.id as string, { ...body, by }),
  }),
];
