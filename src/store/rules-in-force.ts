/** What is in force by rules about a domain's own name: of all sources' opinions the one that counts. */
import type { InForceQuery, RuleInForce } from '../api/lists.ts';
import { ms, type Statements, sql, time } from './statement.ts';

interface Row extends Omit<RuleInForce, 'createdAt'> {
  readonly createdMs: number;
}

/** The label of an opinion that only says: what lists say of this domain does not count here. No rule of its own. */
export const LIFTED = 'sallyport:lifted';

/** What people here say beats lists; `allow` beats other lists, else the hardest; the flags of all lists count. */
const winners = (atMs: number, among = sql`true`) => sql`
  select distinct on (domain) min(id) over (partition by domain) as id, domain, source, severity, obfuscate, labels,
         public_comment, private_comment, min(created_at) over (partition by domain) as created_at,
         case when source = 'manual' or severity = 'allow' then reject_media
              else bool_or(reject_media) over (partition by domain) end as reject_media,
         case when source = 'manual' or severity = 'allow' then reject_reports
              else bool_or(reject_reports) over (partition by domain) end as reject_reports,
         bool_or(source <> 'manual') over (partition by domain) as is_listed
    from domain_rule
   where (until is null or until > ${time(atMs)}) and ${among}
   order by domain, (source = 'manual') desc, (severity = 'allow') desc,
            case severity when 'block' then 3 when 'silence' then 2 when 'none' then 1 else 0 end desc, source`;

const COLUMNS = sql`
  id::text, domain, source, severity, reject_media as "rejectMedia", reject_reports as "rejectReports", obfuscate,
  public_comment as "publicComment", private_comment as "privateComment", labels, is_listed as "isListed",
  ${ms('created_at')} as "createdMs"`;

/** By id; a rule of nothing but "somebody lifted this" is none. */
export async function rulesInForce(
  db: Statements,
  { kind, below, above, isUpwards = false, limit }: InForceQuery,
  atMs: number,
): Promise<RuleInForce[]> {
  const order = isUpwards ? sql`asc` : sql`desc`;
  const found = await db.run<Row>(sql`
    select ${COLUMNS} from (${winners(atMs)}) as winner
     where (severity = 'allow') = ${kind === 'allow'} and not jsonb_exists(labels, ${LIFTED})
       and (${below ?? null}::bigint is null or id < ${below ?? null}::bigint)
       and (${above ?? null}::bigint is null or id > ${above ?? null}::bigint)
     order by winner.id ${order} limit ${limit}`);
  const rules = found.map(recordOf);
  return isUpwards ? rules.reverse() : rules;
}

/** All of them, by name: for lists as files. */
export async function allRulesInForce(db: Statements, atMs: number): Promise<RuleInForce[]> {
  const found = await db.run<Row>(
    sql`select ${COLUMNS} from (${winners(atMs)}) as winner where not jsonb_exists(labels, ${LIFTED}) order by domain`,
  );
  return found.map(recordOf);
}

/** The same for one domain; null where there is none. */
export async function ruleInForceFor(
  db: Statements,
  of: { readonly domain: string } | { readonly id: string },
  atMs: number,
): Promise<RuleInForce | null> {
  const among =
    'domain' in of
      ? sql`domain = ${of.domain}`
      : sql`domain = (select domain from domain_rule where id = ${of.id}::bigint)`;
  const [found] = await db.run<Row>(
    sql`select ${COLUMNS} from (${winners(atMs, among)}) as winner where not jsonb_exists(labels, ${LIFTED})`,
  );
  return found === undefined ? null : recordOf(found);
}

/** Changes whenever any rule does, or ends; cheap to ask. */
export async function rulesVersion(db: Statements, atMs: number): Promise<string> {
  const [row] = await db.run<{ version: string }>(sql`
    select concat_ws(':', count(*), count(*) filter (where until <= ${time(atMs)}), max(id), max(updated_at)) as version
      from domain_rule`);
  return row?.version ?? '';
}

function recordOf({ createdMs, ...rule }: Row): RuleInForce {
  return { ...rule, createdAt: new Date(createdMs).toISOString() };
}
