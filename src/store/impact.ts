/** What binds a domain to this server: counted for whoever is about to block it. */
import { type Statements, sql, texts, time } from './statement.ts';

export interface Impact {
  /** Domains below it that have been met. */
  readonly subdomains: readonly string[];
  /** How its activities ended, by status; and of how many actors they were. */
  readonly activities: Readonly<Record<string, number>>;
  readonly actors: number;
  /** Live follows of ours by its actors, and of its actors by ours. */
  readonly followers: number;
  readonly following: number;
  /** Accepted activities that would end rejected, and held ones that could no longer be approved. */
  readonly waiting: number;
  readonly held: number;
}

/** Domains below one that are looked at. */
const SUBDOMAINS_MAX = 1_000;

export async function impactOn(db: Statements, domain: string, sinceMs: number): Promise<Impact> {
  const below = await db.run<{ name: string }>(sql`
    select name from domain where right(name, ${domain.length + 1}) = ${`.${domain}`} order by name limit ${SUBDOMAINS_MAX}`);
  const subdomains = below.map(({ name }) => name);
  const names = texts([domain, ...subdomains]);
  const [counted] = await db.run<Omit<Impact, 'subdomains'>>(sql`
    select (select coalesce(json_object_agg(s.status, s.count), '{}') from (
              select status, count(*) as count from activity
               where domain = any(${names}) and received_at >= ${time(sinceMs)} group by status) as s) as activities,
           (select count(distinct actor)::float8 from activity
             where domain = any(${names}) and received_at >= ${time(sinceMs)}) as actors,
           (select count(*)::float8 from follow_request
             where domain = any(${names}) and state in ('pending', 'accepted') and direction = 'incoming') as followers,
           (select count(*)::float8 from follow_request
             where domain = any(${names}) and state in ('pending', 'accepted') and direction = 'outgoing') as following,
           (select count(*)::float8 from mail where domain = any(${names})) as waiting,
           (select count(*)::float8 from held where domain = any(${names})) as held`);
  return { subdomains, ...(counted as Omit<Impact, 'subdomains'>) };
}
