/** Follow requests that nobody asked for by name: those whose time has come, and those with a whole domain. */
import type { FollowLife, Pair } from '../effects.ts';
import { ms, type Statements, sql, texts, time } from './statement.ts';

/** A follow request with its machine's snapshot. */
export const LIFE = sql`
  activity_id as "activityId", domain, direction, follower, following, state, snapshot as stored,
  ${ms('since')} as "sinceMs", ${ms('due_at')} as "dueMs"`;

/** Follow requests of these domains whose time has come, the longest due first; at most `most`. */
export async function dueFollowRequests(
  tx: Statements,
  domains: readonly string[],
  atMs: number,
  most: number,
): Promise<FollowLife[]> {
  return tx.run<FollowLife>(sql`
    select ${LIFE} from follow_request
     where due_at <= ${time(atMs)} and domain = any(${texts(domains)}) order by due_at limit ${most}`);
}

/** Live follow requests between an actor of ours and these domains. */
export async function followRequestsWith(
  tx: Statements,
  actor: string,
  domains: readonly string[],
): Promise<FollowLife[]> {
  return tx.run<FollowLife>(sql`
    select ${LIFE} from follow_request
     where state in ('pending', 'accepted') and domain = any(${texts(domains)})
       and (follower = ${actor} or following = ${actor})`);
}

/** Does any actor of ours follow this one? */
export async function isFollowedHere(db: Statements, actor: string): Promise<boolean> {
  const found = await db.run(sql`
    select from follow_request where following = ${actor} and state = 'accepted' and direction = 'outgoing' limit 1`);
  return found.length > 0;
}

/** A domain and those of its subdomains that have been met. */
export async function domainsUnder(tx: Statements, domain: string): Promise<string[]> {
  const found = await tx.run<{ name: string }>(sql`
    select name from domain where name = ${domain} or right(name, ${domain.length + 1}) = ${`.${domain}`} order by name`);
  return found.map(({ name }) => name);
}

/** A Follow that waits for an answer. */
export interface PendingFollow extends Pair {
  readonly id: string;
  readonly activityId: string;
}

/** Follow requests of an actor of ours that wait for an answer, newest first, below the cursor. */
export async function pendingFollows(
  db: Statements,
  actor: string,
  direction: 'incoming' | 'outgoing',
  below: string | null,
  limit: number,
): Promise<PendingFollow[]> {
  const end = direction === 'incoming' ? sql`following` : sql`follower`;
  return db.run(sql`
    select id::text, activity_id as "activityId", follower, following from follow_request
     where state = 'pending' and direction = ${direction} and ${end} = ${actor}
       and (${below}::bigint is null or id < ${below}::bigint)
     order by follow_request.id desc limit ${limit}`);
}

export async function countPendingFollows(
  db: Statements,
  actor: string,
  direction: 'incoming' | 'outgoing',
): Promise<number> {
  const end = direction === 'incoming' ? sql`following` : sql`follower`;
  const [row] = await db.run<{ count: number }>(sql`
    select count(*)::float8 as count from follow_request
     where state = 'pending' and direction = ${direction} and ${end} = ${actor}`);
  return row?.count ?? 0;
}
