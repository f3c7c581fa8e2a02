/** Rules about domains, the batches that change many, and suspended actors. */
import type { RuleChanges, Severity } from '../../api/rules.ts';
import { MANUAL } from '../../policy.ts';
import type { Fields, Input } from '../input.ts';
import { type Route, route } from '../route.ts';
import { page, reason, requiredReason } from './fields.ts';

const SEVERITIES = ['allow', 'none', 'silence', 'block'] as const satisfies Severity[];

const source = {
  kind: 'text',
  charactersMax: 220,
  about: 'whose: `manual` for people here, `list:…` for a list',
} as const;
const actor = {
  kind: 'text',
  charactersMax: 2_048,
  required: true,
  about: 'the URL of a remote actor',
} as const;
const until = { kind: 'time', about: 'when it ends by itself' } as const;
const flag = (about: string) => ({ kind: 'flag', about }) as const;

const wishes = {
  domains: {
    ...{ kind: 'texts', itemsMax: 10_000, charactersMax: 300, required: true },
    about: 'names of domains',
  },
  severity: {
    ...{ kind: 'choice', choices: [...SEVERITIES, 'remove'], required: true },
    about: 'how hard; `remove` takes the rule back',
  },
  reason: requiredReason,
  rejectMedia: flag('take media out of what handlers and filters see'),
  rejectReports: flag('drop its reports'),
  obfuscate: flag('hide letters of the name where it is published'),
  publicComment: { kind: 'text', charactersMax: 5_000, about: 'what everybody may read' },
  privateComment: { kind: 'text', charactersMax: 5_000, about: 'what only moderators read' },
  until,
  reviewAt: { kind: 'time', about: 'when somebody should look at it again' },
} as const satisfies Fields;

function changesOf({ domains, severity, reason: _reason, ...wish }: Input<typeof wishes>): RuleChanges {
  if (severity === 'remove') return { source: MANUAL, put: [], remove: domains };
  const put = domains.map((domain) => ({ ...wish, domain, severity: severity as Severity }));
  return { source: MANUAL, put, remove: [] };
}

export const rules: readonly Route[] = [
  route('GET', '/rules', {
    about: 'What each source says of domains, by name',
    query: {
      ...page,
      source,
      severity: { kind: 'choice', choices: SEVERITIES, about: 'only those of this severity' },
      q: { kind: 'text', charactersMax: 253, about: 'a part of the name' },
    },
    answer: 'Rule[]',
    call: ({ inbox, query }) => inbox.rules.list(query),
  }),
  route('POST', '/rules/preview', {
    about: 'What the same would change; nothing is changed',
    body: wishes,
    answer: 'RulePreview[]',
    async call({ inbox, body }) {
      return { items: await inbox.rules.preview(changesOf(body)), next: null };
    },
  }),
  route('POST', '/rules', {
    about: 'What people here say of some domains from now on, as a batch that can be undone',
    body: wishes,
    answer: 'Batch',
    async call({ inbox, by, body }) {
      const note = { by, reason: body.reason, kind: 'rules' };
      return (await inbox.rules.apply(changesOf(body), note)).settled;
    },
  }),
  route('GET', '/batches', {
    about: 'Changes to many domains, newest first',
    query: page,
    answer: 'Batch[]',
    call: ({ inbox, query }) => inbox.batches.list(query),
  }),
  route('GET', '/batches/:batch', {
    about: 'One batch, and how far it is',
    answer: 'Batch',
    call: ({ inbox, at }) => inbox.batches.get(at.batch as string),
  }),
  route('POST', '/batches/:batch/undo', {
    about: 'Takes back what a batch changed, except where somebody has decided anew since',
    body: { reason },
    answer: 'Undone',
    async call({ inbox, at, body, by }) {
      const undone = await inbox.batches.undo(at.batch as string, { ...body, by });
      return { ...undone, batch: undone.id };
    },
  }),
  route('GET', '/suspensions', {
    about: 'Remote actors that may not come in, newest first',
    query: {
      ...page,
      source,
      domain: { kind: 'text', charactersMax: 253, about: 'only those of this domain' },
    },
    answer: 'Suspension[]',
    call: ({ inbox, query }) => inbox.actors.suspensions(query),
  }),
  route('POST', '/suspensions', {
    about: 'Everything that a remote actor sends is refused with 403, and what waits ends rejected',
    body: { actor, reason: requiredReason, until },
    answer: 'Done',
    async call({ inbox, body: { actor: id, ...note }, by }) {
      await inbox.actors.suspend(id, { ...note, by });
      return { id, done: 'suspended' };
    },
  }),
  route('POST', '/suspensions/lift', {
    about: 'Takes that back; without effect when there is none',
    body: { actor, reason },
    answer: 'Done',
    async call({ inbox, body: { actor: id, ...note }, by }) {
      const isGone = await inbox.actors.unsuspend(id, { ...note, by });
      return { id, done: isGone ? 'lifted' : 'nothing' };
    },
  }),
];
