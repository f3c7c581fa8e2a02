/** Remote actors that may not come in: who, for how long, and who said so. */
import type { SuspensionRecord } from '../api/suspensions.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

/** All suspended actors, or those of these domains; of several sources the longest counts. */
export async function suspendedActors(
  db: Statements,
  domains: readonly string[] | null = null,
): Promise<{ actor: string; domain: string; untilMs: number | null }[]> {
  const among = domains === null ? sql`` : sql`where domain = any(${texts(domains)})`;
  return db.run(sql`
    select actor, domain, case when bool_or(until is null) then null else ${ms('max(until)')} end as "untilMs"
      from actor_rule ${among} group by actor, domain`);
}

/** Those of these actors that are suspended. */
export async function suspendedAmong(
  tx: Statements,
  actors: readonly string[],
  atMs: number,
): Promise<Set<string>> {
  if (actors.length === 0) return new Set();
  const found = await tx.run<{ actor: string }>(sql`
    select actor from actor_rule where actor = any(${texts(actors)}) and (until is null or until > ${time(atMs)})`);
  return new Set(found.map(({ actor }) => actor));
}

/** What one source says of an actor. */
export interface ActorRuleRow {
  readonly actor: string;
  readonly domain: string;
  readonly source: string;
  readonly reason: string | null;
  readonly by: string;
  readonly untilMs: number | null;
}

/** Writes opinions; one that was there is replaced. */
export async function putActorRules(
  tx: Statements,
  list: readonly ActorRuleRow[],
  atMs: number,
): Promise<void> {
  if (list.length === 0) return;
  await tx.run(sql`
    insert into actor_rule (actor, domain, source, reason, by_whom, until, created_at)
    select r.actor, r.domain, r.source, r.reason, r."by", to_timestamp(r."untilMs" / 1000), ${time(atMs)}
      from json_to_recordset(${rows(list)}) as r(actor text, domain text, source text, reason text, "by" text, "untilMs" float8)
    on conflict (actor, source) do update set reason = excluded.reason, by_whom = excluded.by_whom, until = excluded.until`);
}

/** Takes opinions back; those of which there were any. */
export async function deleteActorRules(
  tx: Statements,
  source: string,
  actors: readonly string[],
): Promise<string[]> {
  const gone = await tx.run<{ actor: string }>(
    sql`delete from actor_rule where source = ${source} and actor = any(${texts(actors)}) returning actor`,
  );
  return gone.map(({ actor }) => actor);
}

/** Newest first, below the cursor. */
export async function listActorRules(
  db: Statements,
  filter: { readonly source: string | null; readonly domain: string | null },
  below: string | null,
  limit: number,
): Promise<(SuspensionRecord & { seq: string })[]> {
  const { source, domain } = filter;
  const found = await db.run<
    Omit<SuspensionRecord, 'until' | 'since'> & { seq: string; untilMs: number | null; createdMs: number }
  >(sql`
    select seq::text, actor, domain, source, reason, by_whom as "by", ${ms('until')} as "untilMs", ${ms('created_at')} as "createdMs"
      from actor_rule
     where (${source}::text is null or source = ${source}) and (${domain}::text is null or domain = ${domain})
       and (${below}::bigint is null or seq < ${below}::bigint)
     order by actor_rule.seq desc limit ${limit}`);
  return found.map(({ untilMs, createdMs, ...rule }) => ({
    ...rule,
    until: untilMs === null ? null : new Date(untilMs).toISOString(),
    since: new Date(createdMs).toISOString(),
  }));
}
