/** The statements of a turn: a fixed number of them, however many domains and mails it serves. */
import { domainMachine, type Stepped, type Stored, step } from '../../machines/index.ts';
import type { Facts } from '../activity.ts';
import type { HistoryEntry, LocalFacts, Moving, NewEvent } from '../api.ts';
import type { Effects, FollowLife, LocalFollower, Needs, PastActivity, RemoteInbox } from '../effects.ts';
import type { Merged } from '../policy.ts';
import type { MailVerdict, Status } from '../verdict.ts';
import { enqueue, insertOwnActivities } from './deliveries.ts';
import { LIFE } from './follow-requests.ts';
import { appendEvents } from './log.ts';
import { WAITING } from './mail.ts';
import { writeMoves } from './moves.ts';
import { writeObjects } from './objects.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

/** A domain whose row this transaction has locked. */
export interface HeldDomain {
  readonly name: string;
  readonly state: string;
  readonly snapshot: Stored;
  readonly version: number;
  readonly dueMs: number | null;
  /** What the rules about it come to; null where it has none. */
  readonly policy: Merged | null;
  /** Has the time of any follow request come, of whichever domain? */
  readonly hasDueFollows?: boolean;
}

/** A mail as a turn reads it: ids and facts, never a document. */
export interface Mail {
  readonly seq: string;
  readonly domain: string;
  readonly facts: Facts & {
    readonly locals: readonly LocalFacts[];
    readonly moving?: Moving;
    /** Who sent it, where that is not its actor. */
    readonly sender?: { readonly actor: string; readonly domain: string };
    /** A moderator has approved it: names of the filters that were asked before, and are not asked again. */
    readonly pastFilters?: readonly string[];
  };
  readonly inbox: string;
  readonly attempts: number;
  readonly dueMs: number | null;
  readonly receivedMs: number;
  /** Does any actor of ours block anybody? Asked in the statement that reads the mail, so that nobody asks for nothing. */
  readonly hasUserBlocks?: boolean;
  /** Is any remote actor suspended? */
  readonly hasSuspensions?: boolean;
  /** What the filters said; null where none has been asked. */
  readonly verdict: MailVerdict | null;
}

/** An activity's row. */
export interface ActivityRow extends PastActivity {
  readonly id: string;
  readonly activityId: string;
  readonly status: Status;
  readonly reason: string | null;
  readonly inboxes: readonly string[];
  readonly history: readonly HistoryEntry[];
}

/** What a turn writes about a new activity. */
export interface NewActivityRow extends ActivityRow {
  readonly domain: string;
  readonly receivedMs: number;
}

/** The first row of a domain: its machine's initial snapshot. */
export function initialDomain(
  name: string,
  atMs: number,
  probation: { readonly forMs: number } | null = null,
): NewDomain {
  const input = { domain: name, probationMs: probation?.forMs ?? null };
  const { state, stored, dueAtMs: dueMs } = step(domainMachine, null, input, [], atMs);
  return { name, state, snapshot: stored, dueMs };
}

/** The row of a domain that nobody has met yet. */
export interface NewDomain {
  readonly name: string;
  readonly state: string;
  readonly snapshot: Stored;
  readonly dueMs: number | null;
}

/** Makes the rows of domains that nobody has met yet. Sorted, so that nobody waits in a circle. */
export async function insertDomains(
  db: Statements,
  domains: readonly NewDomain[],
  atMs: number,
): Promise<void> {
  const sorted = domains.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  await db.run(sql`
    insert into domain (name, state, snapshot, due_at, since, first_seen)
    select r.name, r.state, r.snapshot, to_timestamp(r."dueMs" / 1000), ${time(atMs)}, ${time(atMs)}
      from json_to_recordset(${rows(sorted)}) as r(name text, state text, snapshot jsonb, "dueMs" float8)
    on conflict do nothing`);
}

/** Those of these domains that have been met and are not on probation. */
export async function establishedAmong(tx: Statements, names: readonly string[]): Promise<string[]> {
  const found = await tx.run<{ name: string }>(sql`
    select name from domain
     where name = any(${texts(names)}) and snapshot -> 'snapshot' -> 'context' ->> 'probationMs' is null`);
  return found.map(({ name }) => name);
}

/** Locks the rows of these domains; what somebody else holds is skipped and is that holder's business. */
export async function holdDomains(
  tx: Statements,
  names: readonly string[],
  atMs: number,
): Promise<HeldDomain[]> {
  return tx.run<HeldDomain>(sql`
    select name, state, snapshot, version, ${ms('due_at')} as "dueMs", policy,
           exists (select from follow_request where due_at <= ${time(atMs)}) as "hasDueFollows"
      from domain
    where name = any(${texts(names)}) order by name for update skip locked`);
}

/** Locks the rows of these domains, waiting for a turn that holds one. For verbs and limits, which are no mail. */
export async function holdDomainsWaiting(tx: Statements, names: readonly string[]): Promise<HeldDomain[]> {
  return tx.run<HeldDomain>(sql`
    select name, state, snapshot, version, ${ms('due_at')} as "dueMs", policy from domain
    where name = any(${texts(names)}) order by name for update`);
}

/**
 * The oldest mail of each domain, at most `perDomain` each and `inAll` in all; a cut leaves each domain a prefix. The
 * first mail of every domain comes before the second of any: where floods fill a turn, the others still get their part.
 */
export async function oldestMail(
  tx: Statements,
  names: readonly string[],
  perDomain: number,
  inAll: number,
): Promise<Mail[]> {
  const found = await tx.run<Omit<Mail, 'facts' | 'verdict'> & { facts: string; verdict: string | null }>(sql`
    select m.seq::text, m.domain, m.facts, m.inbox, m.attempts, ${ms('m.due_at')} as "dueMs",
           ${ms('m.received_at')} as "receivedMs", m.verdict, exists (select from user_block) as "hasUserBlocks",
           exists (select from actor_rule) as "hasSuspensions"
      from unnest(${texts(names)}) as d(name)
      cross join lateral (
        select *, row_number() over (order by seq) as place from mail where domain = d.name order by seq limit ${perDomain}
      ) as m
     order by m.place, m.domain limit ${inAll}`);
  return found.map(({ facts, verdict, ...mail }) => ({
    ...mail,
    facts: JSON.parse(facts) as Mail['facts'],
    verdict: verdict === null ? null : (JSON.parse(verdict) as MailVerdict),
  }));
}

/** The rows of these activities, as far as they exist. */
export async function activitiesById(tx: Statements, activityIds: readonly string[]): Promise<ActivityRow[]> {
  return tx.run<ActivityRow>(sql`
    select id::text, activity_id as "activityId", type, actor, object, status, reason, inboxes, history from activity
    where activity_id = any(${texts(activityIds)})`);
}

/** Every follow request that the needs name, by id or by its two ends (only live ones by their ends). */
export async function followRequestsFor(
  tx: Statements,
  needs: Partial<Pick<Needs, 'followRequestIds' | 'pairs' | 'partners'>>,
): Promise<FollowLife[]> {
  const { followRequestIds = [], pairs = [], partners = [] } = needs;
  if (followRequestIds.length + pairs.length + partners.length === 0) return [];
  return tx.run<FollowLife>(sql`
    select ${LIFE} from follow_request
     where activity_id = any(${texts(followRequestIds)})
        or (state in ('pending', 'accepted') and (follower, following) in
             (select p.follower, p.following from json_to_recordset(${rows(pairs)}) as p(follower text, following text)))
        or (state in ('pending', 'accepted') and follower = any(${texts(partners)}))
        or (state in ('pending', 'accepted') and following = any(${texts(partners)}))`);
}

/** Our actors that follow these remote ones, and what each of those calls its followers. */
export async function localFollowers(tx: Statements, actors: readonly string[]): Promise<LocalFollower[]> {
  if (actors.length === 0) return [];
  return tx.run<LocalFollower>(sql`
    select f.follower, f.following, coalesce(r.document ->> 'followers', f.following || '/followers') as collection
      from follow_request as f left join remote_actor as r on r.id = f.following
     where f.direction = 'outgoing' and f.state = 'accepted' and f.following = any(${texts(actors)})`);
}

/** Where answers to these remote actors go, as far as they are known. */
export async function remoteInboxes(tx: Statements, ids: readonly string[]): Promise<RemoteInbox[]> {
  if (ids.length === 0) return [];
  return tx.run<RemoteInbox>(sql`
    select id, domain, inbox, document ->> 'featured' as featured from remote_actor where id = any(${texts(ids)})`);
}

/** Rows of activities that came to their end in this turn, and of those that came again. */
export async function writeActivities(
  tx: Statements,
  fresh: readonly NewActivityRow[],
  again: readonly ActivityRow[],
  atMs: number,
): Promise<void> {
  if (fresh.length > 0)
    await tx.run(sql`
    insert into activity (id, activity_id, type, actor, object, domain, status, reason, inboxes, history, received_at, finished_at)
    select r.id, r."activityId", r.type, r.actor, r.object, r.domain, r.status, r.reason, r.inboxes, r.history,
           to_timestamp(r."receivedMs" / 1000), ${time(atMs)}
      from json_to_recordset(${rows(fresh)}) as r(id bigint, "activityId" text, type text, actor text, object text,
        domain text, status text, reason text, inboxes json, history json, "receivedMs" float8)`);
  if (again.length > 0)
    await tx.run(sql`
    update activity as a set status = r.status, reason = r.reason, inboxes = r.inboxes, history = r.history,
           finished_at = case when a.status = r.status then a.finished_at else ${time(atMs)} end
      from json_to_recordset(${rows(again)}) as r(id bigint, status text, reason text, inboxes json, history json)
     where a.id = r.id`);
}

/** Forgets mail that a turn has handled. */
export async function deleteMail(
  tx: Statements,
  mail: readonly Pick<Mail, 'domain' | 'seq'>[],
): Promise<void> {
  const domains = [...new Set(mail.map(({ domain }) => domain))];
  const seqs = mail.map(({ seq }) => seq);
  await tx.run(sql`delete from mail where domain = any(${texts(domains)}) and seq = any(${seqs}::bigint[])`);
}

/** A domain's life after a step. `sinceMs` null: the state has not changed. */
export interface SavedDomain {
  readonly name: string;
  readonly version: number;
  readonly state: string;
  readonly snapshot: Stored;
  readonly dueMs: number | null;
  readonly sinceMs: number | null;
}

/**
 * Saves domains, once what is said of them is written: a domain is due when its machine is, or when the time of a rule
 * is over. The version is the fence: a row that another process has moved on makes this transaction fail.
 */
export async function saveDomains(tx: Statements, domains: readonly SavedDomain[]): Promise<void> {
  if (domains.length === 0) return;
  const saved = await tx.run(sql`
    update domain as d set state = r.state, snapshot = r.snapshot, version = d.version + 1,
           due_at = least(to_timestamp(r."dueMs" / 1000), (select min(until) from domain_rule where domain = d.name)),
           since = coalesce(to_timestamp(r."sinceMs" / 1000), d.since)
      from json_to_recordset(${rows(domains)})
        as r(name text, version int, state text, snapshot jsonb, "dueMs" float8, "sinceMs" float8)
     where d.name = r.name and d.version = r.version returning d.name`);
  if (saved.length !== domains.length)
    throw new Error('a domain was saved by somebody else while its row was held');
}

/** The log's records of a domain's step. */
export function domainEvents(
  name: string,
  stepped: Stepped<typeof domainMachine>,
  by: string | null,
  atMs: number,
): NewEvent[] {
  return stepped.transitions.map(({ from, to, event }) => {
    const reason = event === 'due' ? null : stepped.context.reason;
    return {
      kind: 'transition',
      atMs,
      machine: 'domain',
      key: name,
      domain: name,
      from,
      to,
      event,
      reason,
      by,
    };
  });
}

/** Writes what decisions asked for: follow requests, members, what we send. The events come last of all. */
export async function writeEffects(tx: Statements, effects: Effects, atMs: number): Promise<void> {
  // Changed before begun: a replaced request must have let go of its pair before the new one takes it.
  if (effects.changed.length > 0)
    await tx.run(sql`
    update follow_request as f set state = r.state, snapshot = r.stored, since = to_timestamp(r."sinceMs" / 1000),
           due_at = to_timestamp(r."dueMs" / 1000)
      from json_to_recordset(${rows(effects.changed)})
        as r("activityId" text, state text, stored jsonb, "sinceMs" float8, "dueMs" float8)
     where f.activity_id = r."activityId"`);
  if (effects.begun.length > 0)
    await tx.run(sql`
    insert into follow_request (activity_id, domain, direction, follower, following, state, snapshot, since, due_at)
    select r."activityId", r.domain, r.direction, r.follower, r.following, r.state, r.stored,
           to_timestamp(r."sinceMs" / 1000), to_timestamp(r."dueMs" / 1000)
      from json_to_recordset(${rows(effects.begun)}) as r("activityId" text, domain text, direction text, follower text,
        following text, state text, stored jsonb, "sinceMs" float8, "dueMs" float8)`);
  if (effects.cleared.length > 0)
    await tx.run(sql`delete from member where collection = any(${texts(effects.cleared)})`);
  if (effects.leaves.length > 0)
    await tx.run(sql`
    delete from member as m using json_to_recordset(${rows(effects.leaves)}) as r(collection text, item text, via text)
     where m.collection = r.collection and m.item = r.item and (r.via = '' or m.via = r.via)`);
  if (effects.joins.length > 0)
    await tx.run(sql`
    insert into member (collection, item, via, added_at)
    select r.collection, r.item, r.via, ${time(atMs)}
      from json_to_recordset(${rows(effects.joins)}) as r(collection text, item text, via text)
    on conflict do nothing`);
  await writeObjects(tx, effects, atMs);
  await writeMoves(tx, effects.moves, atMs);
  if (effects.sends.length > 0) {
    await insertOwnActivities(
      tx,
      effects.sends.map(({ activity }) => activity),
      atMs,
    );
    const deliveries = effects.sends.map(({ activity, inbox, domain }) => {
      return { domain, inbox, activityId: activity.id, actor: activity.actor };
    });
    await enqueue(tx, deliveries, atMs);
  }
  if (effects.events.length > 0) await appendEvents(tx, effects.events);
}

/** Counts a failed try against the head of a domain's mailbox and lets the domain rest until `dueMs`. */
export async function deferMail(
  tx: Statements,
  { domain, seq }: Pick<Mail, 'domain' | 'seq'>,
  attempts: number,
  dueMs: number,
): Promise<void> {
  await tx.run(sql`
    update mail set attempts = ${attempts}, due_at = ${time(dueMs)} where domain = ${domain} and seq = ${seq}::bigint`);
}

/** Lets a domain whose due step fails rest until `dueMs`; its snapshot stays as it is. */
export async function deferDue(tx: Statements, name: string, dueMs: number): Promise<void> {
  await tx.run(sql`update domain set due_at = ${time(dueMs)} where name = ${name}`);
}

/** Where mail waits for a verdict, the oldest one must have it. */
const judged = (isFiltered: boolean) => (isFiltered ? sql`and head.verdict is not null` : sql``);

/** Which of these domains still have mail that may be taken now. */
export async function stillDirty(
  db: Statements,
  names: readonly string[],
  atMs: number,
  isFiltered = false,
): Promise<string[]> {
  const found = await db.run<{ name: string }>(sql`
    select d.name from unnest(${texts(names)}) as d(name)
      cross join lateral (select due_at, verdict from mail where domain = d.name order by seq limit 1) as head
     where (head.due_at is null or head.due_at <= ${time(atMs)}) ${judged(isFiltered)}`);
  return found.map(({ name }) => name);
}

/**
 * Domains whose oldest mail has waited for longer than `olderThanMs` and may be taken, and domains whose due time
 * has come, or that of one of their follow requests: what a crash or another process may have left.
 */
export async function sweep(
  db: Statements,
  atMs: number,
  olderThanMs: number,
  most: number,
  isFiltered = false,
): Promise<string[]> {
  const found = await db.run<{ name: string }>(sql`
    with recursive ${WAITING}
    (select w.name from waiting as w
      cross join lateral (select received_at, due_at, verdict from mail where domain = w.name order by seq limit 1) as head
      where head.received_at <= ${time(atMs - olderThanMs)} and (head.due_at is null or head.due_at <= ${time(atMs)})
        ${judged(isFiltered)}
      limit ${most})
    union
    (select name from domain where due_at <= ${time(atMs)} order by due_at limit ${most})
    union
    (select domain from follow_request where due_at <= ${time(atMs)} order by due_at limit ${most})`);
  return found.map(({ name }) => name);
}
