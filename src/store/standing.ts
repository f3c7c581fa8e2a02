/** How those here stand to actors, and what is known of domains: asked by filters that want to know, for many at once. */
import { domainOf, withParents } from '../activity.ts';
import type { ActorFacts, DomainFacts } from '../api.ts';
import { rulingOn } from '../policy.ts';
import type { StoredFacts } from './actors.ts';
import { domainStandings } from './lists.ts';
import { ms, rows, type Statements, sql, time } from './statement.ts';

/** Blocks of one actor that are counted. */
const BLOCKS_MAX = 1_000;
/** Activities of one domain that are counted, and how far back, in milliseconds. */
const LATELY_MAX = 1_000;
const LATELY_MS = 7 * 86_400_000;

/** Of each of these actors: who follows whom, and how many of ours block it, its domain, or a parent of that. */
export async function actorFactsOf(
  db: Statements,
  actors: readonly string[],
): Promise<Map<string, ActorFacts>> {
  const asked = actors.map((id) => ({ id, targets: [id, ...withParents(domainOf(id) ?? '')] }));
  const found = await db.run<ActorFacts & { id: string }>(sql`
    select a.id,
           exists (select from follow_request where following = a.id and state = 'accepted'
                      and direction = 'outgoing') as "isFollowedHere",
           exists (select from follow_request where follower = a.id and state = 'accepted'
                      and direction = 'incoming') as "followsHere",
           (select count(distinct actor)::float8 from (
              select actor from user_block where target in (select json_array_elements_text(a.targets)) limit ${BLOCKS_MAX}
            ) as few) as blocks
      from json_to_recordset(${rows(asked)}) as a(id text, targets json)`);
  return new Map(found.map(({ id, ...facts }) => [id, facts]));
}

type DomainRow = Omit<DomainFacts, 'firstSeen' | 'isSilenced' | 'lately'> & {
  readonly name: string;
  readonly firstSeenMs: number | null;
  readonly lately: Readonly<Record<string, number>> | null;
};

/** Of each of these domains: since when it is known, how it stands, and what became of what it sent lately. */
export async function domainFactsOf(
  db: Statements,
  domains: readonly string[],
  atMs: number,
): Promise<Map<string, DomainFacts>> {
  const asked = domains.map((name) => ({ name }));
  // The door's own rule, which is about the nearest name and about who said it.
  const standings = await domainStandings(db, [...new Set(domains.flatMap(withParents))]);
  const found = await db.run<DomainRow>(sql`
    select a.name, ${ms('d.first_seen')} as "firstSeenMs",
           coalesce(d.snapshot -> 'snapshot' -> 'context' ->> 'probationMs', '') <> '' as "isOnProbation",
           coalesce((d.snapshot -> 'snapshot' -> 'context' ->> 'strikes')::int, 0) as strikes,
           (select json_object_agg(status, count) from (
              select status, count(*) as count from (
                select status, received_at from activity where domain = a.name order by id desc limit ${LATELY_MAX}
              ) as newest where received_at >= ${time(atMs - LATELY_MS)} group by status
            ) as counted) as lately
      from json_to_recordset(${rows(asked)}) as a(name text) left join domain as d on d.name = a.name`);
  return new Map(
    found.map(({ name, firstSeenMs, lately, ...facts }) => {
      const { processed = 0, dropped = 0, rejected = 0, held = 0 } = lately ?? {};
      const firstSeen = firstSeenMs === null ? null : new Date(firstSeenMs);
      const ruling = rulingOn(name, (of) => standings.get(of));
      const isSilenced = ruling?.policy?.severity === 'silence';
      return [name, { ...facts, isSilenced, firstSeen, lately: { processed, dropped, rejected, held } }];
    }),
  );
}

/** What is stored of an actor and its domain, as mail brings it to filters. */
export async function senderOf(
  db: Statements,
  actor: string,
  domain: string,
): Promise<{
  readonly actor: StoredFacts | null;
  readonly state: string | null;
  readonly strikes: number | null;
}> {
  const [found] = await db.run<{
    document: StoredFacts | null;
    firstSeenMs: number;
    state: string | null;
    strikes: number | null;
  }>(sql`
    select r.document, ${ms('r.first_seen_at')} as "firstSeenMs", o.state,
           (o.snapshot -> 'snapshot' -> 'context' ->> 'strikes')::int as strikes
      from (select ${actor}::text as actor, ${domain}::text as domain) as a
      left join remote_actor as r on r.id = a.actor left join domain as o on o.name = a.domain`);
  const { document = null, firstSeenMs = 0, state = null, strikes = null } = found ?? {};
  return { actor: document && { ...document, firstSeenMs }, state, strikes };
}
