/**
 * The audit: what the server shows of itself through its admin API, held against what its peers know that they sent
 * and were told. A finding is `lost` when something acknowledged is missing, `doubled` when an effect is there twice.
 */
import type { RemoteDomain } from '../../test/fediverse/index.ts';
import { expectedOf } from './history.ts';
import type { Sender } from './senders.ts';
import { allPages, LOCALS, type ServerProcess, until } from './server-process.ts';

interface ActivityRow {
  readonly id: string;
  readonly activityId: string;
  readonly status: string;
  readonly inboxes: readonly string[];
}
interface FollowRequestRow {
  readonly id: string;
  readonly activityId: string;
  readonly state: string;
}
interface TransitionRow {
  readonly seq: number;
  readonly key: string;
  readonly from: string | null;
  readonly to: string;
}

export interface Findings {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

export interface Audit {
  /** Notes which unanswered letters got in after all. Call when all mail is processed. */
  findArrivals(server: ServerProcess): Promise<void>;
  /** Compares everything. `isWhole` reads every list from its end to its beginning instead of only what is new. */
  check(server: ServerProcess, isWhole: boolean): Promise<Findings>;
}

const TERMINAL: readonly string[] = ['processed', 'dropped', 'rejected'];

export function createAudit(senders: readonly Sender[], domains: readonly RemoteDomain[]): Audit {
  let rows = new Map<string, ActivityRow>();
  const chains = new Map<string, TransitionRow[]>();
  const doubledRows: string[] = [];
  let since = 0;

  async function readActivities(server: ServerProcess, isWhole: boolean): Promise<void> {
    if (isWhole) rows = new Map();
    // Redelivery changes old rows too, but none that a letter of this round does not name: those are asked for singly.
    const found = await allPages<ActivityRow>(
      server,
      '/activities',
      (page) => !isWhole && page.every(({ activityId, id }) => rows.get(activityId)?.id === id),
    );
    for (const row of found) {
      const before = rows.get(row.activityId);
      if (before !== undefined && before.id !== row.id) doubledRows.push(`two rows of ${row.activityId}`);
      rows.set(row.activityId, row);
    }
  }

  /** Letters whose inboxes the remembered row does not name are looked up again before they count as lost. */
  async function current(server: ServerProcess, activityId: string, inboxes: Iterable<string>) {
    const row = rows.get(activityId);
    if (row !== undefined && [...inboxes].every((inbox) => row.inboxes.includes(inbox))) return row;
    const query = `/activities?activityId=${encodeURIComponent(activityId)}`;
    const [found, second] = (await server.ask<{ items: ActivityRow[] }>(query)).items;
    if (second !== undefined) doubledRows.push(`two rows of ${activityId}`);
    if (found !== undefined) rows.set(activityId, found);
    return found;
  }

  async function checkLetters(server: ServerProcess, lost: string[], doubled: string[]): Promise<void> {
    for (const { letters } of senders) {
      for (const { activity, acknowledged } of letters) {
        if (acknowledged.size === 0) continue;
        const row = await current(server, activity.id, acknowledged);
        if (row === undefined) lost.push(`no row of ${activity.id}`);
        else if (!TERMINAL.includes(row.status)) lost.push(`${activity.id} is ${row.status}`);
        else if ([...acknowledged].some((inbox) => !row.inboxes.includes(inbox)))
          lost.push(
            `${activity.id} has not reached ${[...acknowledged].join(' ')}: ${row.inboxes.join(' ')}`,
          );
        if (row !== undefined && new Set(row.inboxes).size !== row.inboxes.length)
          doubled.push(`${activity.id} lists an inbox twice`);
      }
    }
    const sent = new Set(senders.flatMap(({ letters }) => letters.map(({ activity }) => activity.id)));
    for (const id of rows.keys()) if (!sent.has(id)) doubled.push(`${id} was never sent`);
  }

  async function checkFollows(server: ServerProcess, lost: string[], doubled: string[]): Promise<void> {
    const { lives, followers } = expectedOf(senders);
    const requests = await allPages<FollowRequestRow>(server, '/follow-requests');
    const byId = Map.groupBy(requests, ({ activityId }) => activityId);
    for (const [id, states] of lives) {
      const found = byId.get(id) ?? [];
      if (found.length === 0) lost.push(`no follow request of ${id}`);
      if (found.length > 1) doubled.push(`${found.length} follow requests of ${id}`);
      const state = found[0]?.state;
      if (state !== undefined && state !== states.at(-1))
        lost.push(`${id} is ${state} and not ${states.at(-1)}`);
    }
    for (const id of byId.keys())
      if (!lives.has(id)) doubled.push(`a follow request of ${id}, out of nothing`);
    await readTransitions(server);
    for (const [id, states] of lives) {
      const chain = chains.get(id) ?? [];
      const said = chain.map(({ from, to }) => `${from ?? ''}>${to}`).join(' ');
      const meant = states.map((to, index) => `${states[index - 1] ?? ''}>${to}`).join(' ');
      if (said === meant) continue;
      (chain.length > states.length ? doubled : lost).push(`the life of ${id} is ${said} and not ${meant}`);
    }
    for (const local of LOCALS) {
      const items = await allPages<string>(server, `/actors/${local}/collections/followers`);
      const expected = followers.get(local) ?? new Set();
      if (new Set(items).size !== items.length) doubled.push(`somebody follows ${local} twice`);
      for (const item of expected) if (!items.includes(item)) lost.push(`${item} does not follow ${local}`);
      for (const item of items) if (!expected.has(item)) doubled.push(`${item} follows ${local}`);
    }
  }

  async function readTransitions(server: ServerProcess): Promise<void> {
    for (;;) {
      const query = `/transitions?machine=follow-request&limit=200&since=${since}`;
      const { items } = await server.ask<{ items: TransitionRow[] }>(query);
      for (const transition of items) {
        since = transition.seq;
        const chain = chains.get(transition.key);
        if (chain === undefined) chains.set(transition.key, [transition]);
        else chain.push(transition);
      }
      if (items.length === 0) return;
    }
  }

  /** A processed activity lies in the inbox collection of everybody to whose inbox it came, once. */
  async function checkInboxes(server: ServerProcess, lost: string[], doubled: string[]): Promise<void> {
    for (const local of LOCALS) {
      const items = await allPages<string>(server, `/actors/${local}/collections/inbox`);
      const listed = new Set(items);
      if (listed.size !== items.length) doubled.push(`${local}'s inbox lists something twice`);
      for (const { letters } of senders) {
        for (const { activity, acknowledged } of letters) {
          const hasCome = [...acknowledged].some((inbox) => inbox.endsWith(`/users/${local}/inbox`));
          const isApplied = rows.get(activity.id)?.status === 'processed';
          if (hasCome && isApplied && !listed.has(activity.id))
            lost.push(`${activity.id} is not in ${local}'s inbox`);
        }
      }
    }
  }

  /** One Accept for each request that was accepted, however often it had to be sent. */
  async function checkAnswers(server: ServerProcess, doubled: string[], lost: string[]): Promise<void> {
    const { accepts } = expectedOf(senders);
    const deliveries = await allPages<{ id: string }>(server, '/deliveries');
    if (deliveries.length > accepts.size)
      doubled.push(`${deliveries.length} deliveries for ${accepts.size} Accepts`);
    if (deliveries.length < accepts.size)
      lost.push(`${deliveries.length} deliveries for ${accepts.size} Accepts`);
    const answers = new Map<string, Set<string>>();
    for (const { activity } of domains.flatMap(({ received }) => received)) {
      const { id } = activity.object as { id: string };
      answers.set(id, (answers.get(id) ?? new Set()).add(`${activity.type} ${activity.id}`));
    }
    for (const [id, ids] of answers) {
      if (ids.size > 1) doubled.push(`${ids.size} answers to ${id}`);
      if (!accepts.has(id)) doubled.push(`an answer to ${id}, which was not accepted`);
    }
  }

  return {
    async findArrivals(server) {
      await readActivities(server, false);
      for (const { letters } of senders) {
        const last = letters.at(-1);
        if (last !== undefined && rows.has(last.activity.id)) last.hasArrived = true;
      }
    },
    async check(server, isWhole) {
      const lost: string[] = [];
      const doubled: string[] = [];
      await readActivities(server, isWhole);
      await checkLetters(server, lost, doubled);
      await checkFollows(server, lost, doubled);
      if (isWhole) {
        await checkInboxes(server, lost, doubled);
        await checkAnswers(server, doubled, lost);
      }
      const dead = await allPages<{ kind: string; activityId: string; error: string }>(server, '/dead');
      for (const { kind, activityId, error } of dead)
        if (kind === 'mail') lost.push(`${activityId} is a dead letter: ${error}`);
      return { lost, doubled: [...doubled, ...doubledRows] };
    },
  };
}

/**
 * What the audit finds. The admin API does not tell of mail that has come again and waits, so what is missing is looked
 * for a second time a little later; what is lost stays lost, and what is doubled stays doubled.
 */
export async function settledFindings(
  audit: Audit,
  server: ServerProcess,
  isWhole: boolean,
): Promise<Findings> {
  let findings = await audit.check(server, isWhole);
  await until(
    'nothing is missing',
    10_000,
    async () => {
      if (findings.lost.length === 0) return true;
      findings = await audit.check(server, isWhole);
      return null;
    },
    1_000,
  ).catch(() => undefined);
  return findings;
}

/** How many Follows the senders were promised an Accept for, and how many have it. */
export function answersOf(
  senders: readonly Sender[],
  domains: readonly RemoteDomain[],
): { promised: number; answered: number } {
  const { accepts } = expectedOf(senders);
  const answered = new Set(
    domains.flatMap(({ received }) => received.map(({ activity }) => (activity.object as { id: string }).id)),
  );
  return { promised: accepts.size, answered: [...accepts].filter((id) => answered.has(id)).length };
}
