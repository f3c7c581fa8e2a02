/** The append-only log: transitions, and activities that came to their end. */
import type { AuditEntry } from '../api/audit.ts';
import type { MachineName, NewEvent, Transition } from '../api.ts';
import { recordAudit } from './audit.ts';
import { lockNumbering } from './numbering.ts';
import { KNOWN } from './references.ts';
import { ms, rows, type Statements, sql } from './statement.ts';

/**
 * Appends events as the last act of a transaction. Numbers are given under a lock that lasts until the commit, so
 * they follow commit order: whoever has read up to a number has missed nothing below it.
 */
export async function appendEvents(tx: Statements, events: readonly NewEvent[]): Promise<void> {
  await lockNumbering(tx);
  const list = events.map((event) => ({ ...event, at: new Date(event.atMs).toISOString() }));
  await tx.run(sql`
    insert into event (at, kind, machine, key, domain, from_state, to_state, event, reason, by_whom, policy)
    select r.at, r.kind, r.machine, r.key, r.domain, r."from", r."to", r.event, r.reason, r."by",
           case when r.machine = 'domain' then ${tx.policy ?? null}::text end
      from json_to_recordset(${rows(list)}) as r(at timestamptz, kind text, machine text, key text, domain text,
        "from" text, "to" text, event text, reason text, "by" text)`);
  await recordAudit(tx, events.flatMap(ofItself), events[0]?.atMs ?? 0);
}

/** What the runtime decides about a domain by itself is a decision too; what a moderator decides, his verb enters. */
function ofItself(event: NewEvent): AuditEntry[] {
  if (event.kind !== 'transition' || event.machine !== 'domain' || event.by !== null) return [];
  const { domain: id, event: verb, from, to, reason } = event;
  return [{ by: null, verb, subject: { kind: 'domain', id }, from, to, reason }];
}

/** The position after the newest event. */
export async function lastSeq(db: Statements): Promise<number> {
  const [row] = await db.run<{ seq: number }>(sql`select coalesce(max(seq), 0)::float8 as seq from event`);
  return row?.seq ?? 0;
}

/** The number of the oldest event kept, or null when the log is empty. */
export async function firstSeq(db: Statements): Promise<number | null> {
  const [row] = await db.run<{ seq: number | null }>(sql`select min(seq)::float8 as seq from event`);
  return row?.seq ?? null;
}

/** Which transitions to read: after a number, of a machine, into a state. */
export interface TransitionFilter {
  readonly since: number;
  readonly machine?: MachineName | undefined;
  readonly to?: string | undefined;
  readonly limit: number;
}

/** Transitions in order of their numbers. */
export async function readTransitions(db: Statements, filter: TransitionFilter): Promise<Transition[]> {
  const { since, machine = null, to = null, limit } = filter;
  const found = await db.run<Omit<Transition, 'at'> & { atMs: number }>(sql`
    select seq::float8 as seq, ${ms('at')} as "atMs", machine, key, from_state as "from", to_state as "to", event, reason,
           by_whom as "by", policy
      from event
     where kind = 'transition' and seq > ${since}::bigint
       and (${machine}::text is null or machine = ${machine}) and (${to}::text is null or to_state = ${to})
     order by seq limit ${limit}`);
  return found.map(({ atMs, ...transition }) => ({ ...transition, at: new Date(atMs) }));
}

/** An ended activity with its documents, as handlers get it. */
export interface EndedActivity {
  readonly seq: number;
  readonly domain: string;
  readonly activityId: string;
  readonly type: string;
  readonly status: string;
  /** Those that it came to, without those whose owner blocks its actor. */
  readonly inboxes: readonly string[];
  readonly receivedMs: number;
  readonly raw: string;
  /** Null where it is made again from `raw` when somebody asks. */
  readonly normal: string | null;
  /** Those of its actor and its first object of which something is stored. */
  readonly known: readonly string[];
}

/** The owner's id is the inbox's without `/inbox`; where nobody blocks anybody nothing is taken apart. */
const WANTED_INBOXES = sql`
  case when not exists (select from user_block) then a.inboxes else coalesce((
    select json_agg(i.inbox order by i.place) from json_array_elements_text(a.inboxes) with ordinality as i(inbox, place)
     where not exists (select from user_block as b where b.actor = left(i.inbox, -6)
       and (b.target in (a.actor, a.domain) or right(a.domain, length(b.target) + 1) = '.' || b.target))), '[]') end
  as inboxes`;

const ENDED = sql`
  select e.seq::float8 as seq, e.domain, a.activity_id as "activityId", a.type, a.status, ${WANTED_INBOXES},
         ${ms('a.received_at')} as "receivedMs", d.raw, d.normal, ${KNOWN}
    from event as e join activity as a on a.activity_id = e.key join document as d on d.activity_id = e.key`;

/** Activities of these types that ended after a number; null stands for every type. */
export async function readEnded(
  db: Statements,
  since: number,
  upTo: number,
  type: string | null,
  limit: number,
): Promise<EndedActivity[]> {
  return db.run<EndedActivity>(sql`${ENDED}
    where e.kind = 'activity' and a.status = 'processed' and e.seq > ${since}::bigint and e.seq <= ${upTo}::bigint
      and (${type}::text is null or a.type = ${type})
    order by e.seq limit ${limit}`);
}

/** One ended activity by its number. */
export async function readEndedAt(db: Statements, seq: number): Promise<EndedActivity | undefined> {
  const [found] = await db.run<EndedActivity>(
    sql`${ENDED} where e.kind = 'activity' and e.seq = ${seq}::bigint`,
  );
  return found;
}

/** How many machines are in which state. */
export async function countStates(
  db: Statements,
): Promise<{ machine: MachineName; state: string; count: number }[]> {
  return db.run(sql`
    select 'domain' as machine, state, count(*)::float8 as count from domain group by state
    union all
    select 'follow-request', state, count(*)::float8 from follow_request group by state`);
}
