/** Rules about domains: what each source says of them. */
import { withParents } from '../activity.ts';
import type { DomainRule, Policy, Severity } from '../api/rules.ts';
import type { Merged } from '../policy.ts';
import { ms, rows, type Statements, sql, texts } from './statement.ts';

/** A source's opinion of a domain as its row has it. Times are epoch milliseconds. */
export interface RuleRow extends Policy {
  readonly domain: string;
  readonly source: string;
  readonly obfuscate: boolean;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
  readonly labels: readonly string[];
  readonly reason: string | null;
  readonly by: string;
  readonly untilMs: number | null;
  readonly reviewAtMs: number | null;
  /** The batch that wrote it. */
  readonly batch: string | null;
  readonly createdMs: number;
  readonly updatedMs: number;
}

const ROW = sql`
  domain, source, severity, reject_media as "rejectMedia", reject_reports as "rejectReports", obfuscate,
  public_comment as "publicComment", private_comment as "privateComment", labels, reason, by_whom as "by",
  ${ms('until')} as "untilMs", ${ms('review_at')} as "reviewAtMs", batch::text, ${ms('created_at')} as "createdMs",
  ${ms('updated_at')} as "updatedMs"`;

/** What every source says of these domains. */
export async function rulesOf(db: Statements, domains: readonly string[]): Promise<RuleRow[]> {
  if (domains.length === 0) return [];
  return db.run<RuleRow>(
    sql`select ${ROW} from domain_rule where domain = any(${texts(domains)}) order by domain, source`,
  );
}

/** Writes opinions; one that was there is replaced, and keeps its id and the time it was made. */
export async function putRules(tx: Statements, list: readonly RuleRow[]): Promise<void> {
  if (list.length === 0) return;
  await tx.run(sql`
    insert into domain_rule (domain, source, severity, reject_media, reject_reports, obfuscate, public_comment,
                             private_comment, labels, reason, by_whom, until, review_at, batch, created_at, updated_at)
    select r.domain, r.source, r.severity, r."rejectMedia", r."rejectReports", r.obfuscate, r."publicComment",
           r."privateComment", r.labels, r.reason, r."by", to_timestamp(r."untilMs" / 1000),
           to_timestamp(r."reviewAtMs" / 1000), r.batch, to_timestamp(r."createdMs" / 1000), to_timestamp(r."updatedMs" / 1000)
      from json_to_recordset(${rows(list)}) as r(domain text, source text, severity text, "rejectMedia" boolean,
        "rejectReports" boolean, obfuscate boolean, "publicComment" text, "privateComment" text, labels jsonb,
        reason text, "by" text, "untilMs" float8, "reviewAtMs" float8, batch bigint, "createdMs" float8, "updatedMs" float8)
    on conflict (domain, source) do update set severity = excluded.severity, reject_media = excluded.reject_media,
      reject_reports = excluded.reject_reports, obfuscate = excluded.obfuscate, public_comment = excluded.public_comment,
      private_comment = excluded.private_comment, labels = excluded.labels, reason = excluded.reason,
      by_whom = excluded.by_whom, until = excluded.until, review_at = excluded.review_at, batch = excluded.batch,
      updated_at = excluded.updated_at`);
}

/** Forgets a source's opinions of these domains. */
export async function deleteRules(
  tx: Statements,
  opinions: readonly { readonly domain: string; readonly source: string }[],
): Promise<void> {
  if (opinions.length === 0) return;
  await tx.run(sql`
    delete from domain_rule where (domain, source) in
      (select r.domain, r.source from json_to_recordset(${rows(opinions)}) as r(domain text, source text))`);
}

/** Writes what the rules about these domains come to. Their rows are held. */
export async function savePolicies(
  tx: Statements,
  list: readonly { readonly name: string; readonly policy: Merged | null }[],
): Promise<void> {
  if (list.length === 0) return;
  await tx.run(sql`
    update domain as d set policy = r.policy from json_to_recordset(${rows(list)}) as r(name text, policy jsonb)
     where d.name = r.name`);
}

/** What `listRules` can ask for. */
export interface RuleFilter {
  readonly source: string | null;
  readonly severity: Severity | null;
  readonly q: string | null;
  /** The domain and the source of the last one of the page before. */
  readonly after: readonly [string, string] | null;
  readonly limit: number;
}

const iso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());

/** By domain, then by source. */
export async function listRules(db: Statements, filter: RuleFilter): Promise<DomainRule[]> {
  const { source, severity, q, after, limit } = filter;
  const [domain, last] = after ?? [null, null];
  const found = await db.run<RuleRow & { id: string }>(sql`
    select id::text, ${ROW} from domain_rule
     where (${source}::text is null or source = ${source}) and (${severity}::text is null or severity = ${severity})
       and (${q}::text is null or position(${q} in domain) > 0)
       and (${domain}::text is null or (domain, source) > (${domain}, ${last}))
     order by domain, source limit ${limit}`);
  return found.map(recordOf);
}

export function recordOf(row: RuleRow & { readonly id: string }): DomainRule {
  const { untilMs, reviewAtMs, createdMs, updatedMs, batch: _batch, ...rule } = row;
  return {
    ...rule,
    ...{ until: iso(untilMs), reviewAt: iso(reviewAtMs) },
    ...{ createdAt: iso(createdMs) as string, updatedAt: iso(updatedMs) as string },
  };
}

/** With their ids, as records have them. */
export async function ruleRecords(db: Statements, domains: readonly string[]): Promise<DomainRule[]> {
  const found = await db.run<RuleRow & { id: string }>(
    sql`select id::text, ${ROW} from domain_rule where domain = any(${texts(domains)}) order by domain, source`,
  );
  return found.map(recordOf);
}

/** Live follows between our actors and each of these domains and what lies below it, counted. */
export async function followsWith(db: Statements, domains: readonly string[]): Promise<Map<string, number>> {
  const asked = new Set(domains);
  const found = await db.run<{ domain: string; count: number }>(sql`
    select domain, count(*)::float8 as count from follow_request where state in ('pending', 'accepted') group by domain`);
  const counts = new Map<string, number>();
  for (const { domain, count } of found)
    for (const name of withParents(domain))
      if (asked.has(name)) counts.set(name, (counts.get(name) ?? 0) + count);
  return counts;
}
