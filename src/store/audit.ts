/** The audit log: who decided what. */
import type { AuditEntry, AuditFilter, AuditKind, AuditRecord } from '../api/audit.ts';
import { lockNumbering } from './numbering.ts';
import { ms, rows, type Statements, sql, time } from './statement.ts';

/**
 * Enters decisions, in the transaction that carries them out: both are there, or neither. Like the events of the log
 * this comes last in a transaction, after every row lock (`numbering.ts`). None is no statement.
 */
export async function recordAudit(
  tx: Statements,
  entries: readonly AuditEntry[],
  atMs: number,
): Promise<void> {
  if (entries.length === 0) return;
  await lockNumbering(tx);
  const at = new Date(atMs).toISOString();
  const list = entries.map(({ subject, ...entry }) => {
    const domain = entry.domain ?? (subject.kind === 'domain' ? subject.id : null);
    return { ...entry, at, domain, kind: subject.kind, id: subject.id, policy: tx.policy ?? null };
  });
  await tx.run(sql`
    insert into audit (at, by_whom, verb, subject_kind, subject_id, domain, from_state, to_state, reason, policy, batch, filter)
    select r.at, r."by", r.verb, r.kind, r.id, r.domain, r."from", r."to", r.reason, r.policy, r.batch, r.filter
      from json_to_recordset(${rows(list)}) as r(at timestamptz, "by" text, verb text, kind text, id text, domain text,
        "from" text, "to" text, reason text, policy text, batch text, filter text)`);
}

interface AuditRow extends Omit<AuditRecord, 'at' | 'subject'> {
  readonly atMs: number;
  readonly kind: AuditKind;
  readonly id: string;
}

const ROW = sql`
  select seq::float8 as seq, ${ms('at')} as "atMs", by_whom as "by", verb, subject_kind as kind, subject_id as id, domain,
         from_state as "from", to_state as "to", reason, policy, batch, filter
    from audit`;

const recordOf = ({ seq, atMs, kind, id, ...rest }: AuditRow): AuditRecord => {
  return { seq, at: new Date(atMs).toISOString(), subject: { kind, id }, ...rest };
};

/** Decisions after a number, oldest first. */
export async function auditAfter(
  db: Statements,
  seq: number,
  filter: AuditFilter,
  limit: number,
): Promise<AuditRecord[]> {
  const found = await db.run<AuditRow>(sql`
    ${ROW} where audit.seq > ${seq}::bigint and ${matching(filter)} order by audit.seq limit ${limit}`);
  return found.map(recordOf);
}

/** Decisions below a number, newest first. */
export async function listAudit(
  db: Statements,
  below: string | null,
  filter: AuditFilter,
  limit: number,
): Promise<AuditRecord[]> {
  const found = await db.run<AuditRow>(sql`
    ${ROW} where (${below}::bigint is null or audit.seq < ${below}::bigint) and ${matching(filter)}
     order by audit.seq desc limit ${limit}`);
  return found.map(recordOf);
}

/** What `by` says for those without a name. */
const RUNTIME = 'runtime';

function matching(filter: AuditFilter) {
  const { by = null, verb = null, subject = null, domain = null, batch = null, after = null } = filter;
  const colon = subject?.indexOf(':') ?? -1;
  const kind = subject === null || colon < 0 ? subject : subject.slice(0, colon);
  const id = subject === null || colon < 0 ? null : subject.slice(colon + 1);
  const since = time(filter.since?.getTime() ?? null);
  const until = time(filter.until?.getTime() ?? null);
  return sql`
    (${by}::text is null or coalesce(by_whom, ${RUNTIME}) = ${by}) and (${verb}::text is null or verb = ${verb})
    and (${kind}::text is null or subject_kind = ${kind}) and (${id}::text is null or subject_id = ${id})
    and (${domain}::text is null or domain = ${domain}) and (${batch}::text is null or batch = ${batch})
    and (${since} is null or at >= ${since}) and (${until} is null or at < ${until})
    and (${after}::bigint is null or audit.seq > ${after}::bigint)`;
}
