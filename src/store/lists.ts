/** The lists that moderators read: domains, follow requests, activities, deliveries. Pages are cut by a cursor. */
import {
  chart,
  type DomainContext,
  type DomainState,
  domainMachine,
  type FollowRequestState,
  type Stored,
} from '../../machines/index.ts';
import type { ActivityRecord, FollowRequestRecord, HistoryEntry } from '../api.ts';
import type { Merged, Standing } from '../policy.ts';
import type { Status } from '../verdict.ts';
import { ms, type Statements, sql, texts } from './statement.ts';

/** A domain as its row has it. */
export interface DomainRow {
  readonly name: string;
  readonly state: DomainState;
  readonly sinceMs: number;
  readonly firstSeenMs: number;
  readonly policy: Merged | null;
  readonly context: DomainContext;
}

/** The columns of a `DomainRow`. */
export const DOMAIN = sql`name, state, ${ms('since')} as "sinceMs", ${ms('first_seen')} as "firstSeenMs", policy, snapshot -> 'snapshot' -> 'context' as context`;

/** By name, after the cursor. `q` finds a part of the name. */
export async function listDomains(
  db: Statements,
  filter: {
    readonly state: string | null;
    readonly q: string | null;
    readonly after: string | null;
    readonly limit: number;
  },
): Promise<DomainRow[]> {
  const { state, q, after, limit } = filter;
  return db.run<DomainRow>(sql`
    select ${DOMAIN} from domain
     where (${state}::text is null or state = ${state}) and (${q}::text is null or position(${q} in name) > 0)
       and (${after}::text is null or name > ${after})
     order by name limit ${limit}`);
}

export async function domainByName(db: Statements, name: string): Promise<DomainRow | undefined> {
  const [found] = await db.run<DomainRow>(sql`select ${DOMAIN} from domain where name = ${name}`);
  return found;
}

const SHUT = chart(domainMachine)
  .states.filter(({ tags }) => tags.includes('shut'))
  .map(({ name }) => name);

/** How these domains stand, as far as anything about them decides something. */
export async function domainStandings(
  db: Statements,
  names: readonly string[],
): Promise<Map<string, Standing>> {
  if (names.length === 0) return new Map();
  const found = await db.run<Standing & { name: string }>(sql`
    select name, state = any(${texts(SHUT)}) as "isShut", policy from domain
     where name = any(${texts(names)}) and (state = any(${texts(SHUT)}) or policy is not null)`);
  return new Map(found.map(({ name, isShut, policy }) => [name, { isShut, policy }]));
}

/** Domains that are not active or have rules, all of them or those of a list: what the gate keeps a copy of. */
export async function markedDomains(
  db: Statements,
  names: readonly string[] | null = null,
): Promise<
  { name: string; state: DomainState; isShut: boolean; untilMs: number | null; policy: Merged | null }[]
> {
  const among = names === null ? sql`` : sql`and name = any(${texts(names)})`;
  return db.run(sql`
    select name, state, state = any(${texts(SHUT)}) as "isShut", policy,
           (snapshot -> 'snapshot' -> 'context' ->> 'untilMs')::float8 as "untilMs"
      from domain where (state <> 'active' or policy is not null) ${among}`);
}

/** Newest first, below the cursor. `actor` is either end. */
export async function listFollowRequests(
  db: Statements,
  filter: {
    readonly state: string | null;
    readonly actor: string | null;
    readonly below: string | null;
    readonly limit: number;
  },
): Promise<FollowRequestRecord[]> {
  const { state, actor, below, limit } = filter;
  const found = await db.run<FollowRequestRecord & { sinceMs: number }>(sql`
    select id::text, activity_id as "activityId", direction, follower, following, state, ${ms('since')} as "sinceMs"
      from follow_request
     where (${state}::text is null or state = ${state}) and (${actor}::text is null or ${actor} in (follower, following))
       and (${below}::bigint is null or id < ${below}::bigint)
     order by follow_request.id desc limit ${limit}`);
  return found.map(({ sinceMs, ...request }) => ({ ...request, since: new Date(sinceMs).toISOString() }));
}

/** A follow request by its id, or by its Follow's id, with its snapshot. */
export async function followRequestById(
  db: Statements,
  id: string,
): Promise<
  | (Omit<FollowRequestRecord, 'since'> & {
      domain: string;
      stored: Stored;
      sinceMs: number;
      state: FollowRequestState;
    })
  | undefined
> {
  const [found] = await db.run<never>(sql`
    select id::text, activity_id as "activityId", domain, direction, follower, following, state, snapshot as stored,
           ${ms('since')} as "sinceMs"
      from follow_request where activity_id = ${id} or id::text = ${id}`);
  return found;
}

interface ActivityFound extends Omit<ActivityRecord, 'receivedAt'> {
  readonly receivedMs: number;
}

/** What `GET /admin/api/activities` can ask for. */
export interface ActivityFilter {
  readonly status: string | null;
  readonly domain: string | null;
  readonly type: string | null;
  readonly activityId: string | null;
  readonly id: string | null;
  readonly below: string | null;
  readonly limit: number;
}

/**
 * One row per activity id, newest first: activities that a turn has seen, and mail that waits for one, whose status
 * is `accepted` and whose id is that of the first mail, as it will stay.
 */
export async function listActivities(db: Statements, filter: ActivityFilter): Promise<ActivityRecord[]> {
  const { status, domain, type, activityId, id, below, limit } = filter;
  // Only what is asked for stands in the text: a plan for every question at once would use no index.
  const asked = sql.join(
    [
      sql`true`,
      ...(status === null ? [] : [sql`status = ${status}`]),
      // The index has no processed ones, which are nearly all.
      ...(status === null || status === 'processed' ? [] : [sql`status <> 'processed'`]),
      ...(domain === null ? [] : [sql`domain = ${domain}`]),
      ...(type === null ? [] : [sql`type = ${type}`]),
      ...(activityId === null ? [] : [sql`activity_id = ${activityId}`]),
      ...(id === null ? [] : [sql`id = ${id}::bigint`]),
      ...(below === null ? [] : [sql`id < ${below}::bigint`]),
    ],
    sql` and `,
  );
  const found = await db.run<ActivityFound>(sql`
    select * from (
      (select id, activity_id as "activityId", type, actor, domain, inboxes, status, reason, ${ms('received_at')} as "receivedMs", history
         from activity where ${asked} order by id desc limit ${limit})
      union all
      (select min(m.seq), m.activity_id, min(m.facts::json ->> 'type'), min(m.facts::json ->> 'actor'), min(m.domain),
              json_agg(distinct m.inbox), 'accepted', null, ${ms('min(m.received_at)')}, '[]'::json
         from mail as m
        where (${status}::text is null or ${status} = 'accepted') and (${domain}::text is null or m.domain = ${domain})
          and (${activityId}::text is null or m.activity_id = ${activityId})
          and (${type}::text is null or m.facts::json ->> 'type' = ${type})
          and not exists (select 1 from activity as a where a.activity_id = m.activity_id)
        group by m.activity_id
       having (${id}::bigint is null or min(m.seq) = ${id}::bigint) and (${below}::bigint is null or min(m.seq) < ${below}::bigint)
        order by min(m.seq) desc limit ${limit})
    ) as both_kinds order by id desc limit ${limit}`);
  return found.map(({ receivedMs, history, ...activity }) => {
    const receivedAt = new Date(receivedMs).toISOString();
    const entries: HistoryEntry[] = history.length > 0 ? history : [{ at: receivedAt, what: 'received' }];
    return {
      ...activity,
      id: String(activity.id),
      status: activity.status as Status,
      receivedAt,
      history: entries,
    };
  });
}
