/** Reports: what a turn writes of Flags, and what moderators read and decide. */

import { domainOf } from '../activity.ts';
import type { AuditEntry } from '../api/audit.ts';
import type { ReportFlagRecord, ReportState } from '../api/reports.ts';
import type { NewReport } from '../effects.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

/** Objects of one report; a reporter that names more of them every hour is heard all the same. */
const OBJECTS_MAX = 1_000;

interface OpenReport {
  readonly id: string;
  readonly actor: string;
  readonly target: string;
  readonly objects: readonly string[];
}

const pairOf = ({ actor, target }: { readonly actor: string; readonly target: string }): string =>
  `${actor} ${target}`;

/**
 * Writes the Flags of a turn: those of one reporter about one target within `windowMs` come to one open report. The
 * domain of a reporter is locked, so no other turn opens one beside it. Says which were opened.
 */
export async function writeReports(
  tx: Statements,
  flags: readonly NewReport[],
  atMs: number,
  windowMs: number,
): Promise<AuditEntry[]> {
  if (flags.length === 0) return [];
  const byPair = Map.groupBy(flags, pairOf);
  const open = new Map(
    (await openReports(tx, flags, atMs - windowMs)).map((report) => [pairOf(report), report]),
  );
  const fresh: object[] = [];
  const again: object[] = [];
  for (const [pair, those] of byPair) {
    const before = open.get(pair);
    const named = [...(before?.objects ?? []), ...those.flatMap(({ objects }) => objects)];
    const objects = [...new Set(named)].slice(0, OBJECTS_MAX);
    const content = those.find((flag) => flag.content !== null)?.content ?? null;
    const { activityId, actor, domain, target } = those[0] as NewReport;
    if (before !== undefined) again.push({ id: before.id, objects, content, count: those.length });
    else {
      const targetDomain = domainOf(target) ?? '';
      fresh.push({ activityId, actor, domain, target, targetDomain, objects, content, count: those.length });
    }
  }
  const opened = await insertReports(tx, fresh, atMs);
  if (again.length > 0)
    await tx.run(sql`
    update report as p set objects = r.objects, count = p.count + r.count, last_at = ${time(atMs)},
           content = coalesce(p.content, r.content)
      from json_to_recordset(${rows(again)}) as r(id bigint, objects json, content text, count int)
     where p.id = r.id`);
  const ids = new Map([...open.values(), ...opened].map((report) => [pairOf(report), report.id]));
  await insertFlags(
    tx,
    flags.flatMap((flag) => {
      const reportId = ids.get(pairOf(flag));
      return reportId === undefined ? [] : [{ ...flag, reportId }];
    }),
    atMs,
  );
  return opened.map(({ id, domain }) => {
    return { by: null, verb: 'report.opened', subject: { kind: 'report', id }, domain, to: 'open' };
  });
}

async function openReports(
  tx: Statements,
  flags: readonly NewReport[],
  sinceMs: number,
): Promise<OpenReport[]> {
  const column = (of: (flag: NewReport) => string) => texts(flags.map(of));
  const found = await tx.run<OpenReport>(sql`
    select id::text, actor, target, objects from report
     where state = 'open' and at > ${time(sinceMs)} and (actor, target) in
       (select * from unnest(${column(({ actor }) => actor)}, ${column(({ target }) => target)}))
     order by report.id for update`);
  return found;
}

/** Opens reports; the state and the first Flag's time are those of all of them. */
export async function insertReports(
  tx: Statements,
  reports: readonly object[],
  atMs: number,
): Promise<{ id: string; actor: string; target: string; domain: string }[]> {
  if (reports.length === 0) return [];
  return tx.run(sql`
    insert into report (activity_id, actor, domain, target, target_domain, objects, content, count, state, at, last_at)
    select r."activityId", r.actor, r.domain, r.target, r."targetDomain", r.objects, r.content, r.count, 'open',
           ${time(atMs)}, ${time(atMs)}
      from json_to_recordset(${rows(reports)}) as r("activityId" text, actor text, domain text, target text,
        "targetDomain" text, objects json, content text, count int)
    on conflict do nothing
    returning id::text, actor, target, domain`);
}

/** Keeps the Flags of reports. */
export async function insertFlags(
  tx: Statements,
  flags: readonly (Pick<NewReport, 'activityId' | 'content' | 'objects'> & { readonly reportId: string })[],
  atMs: number,
): Promise<void> {
  if (flags.length === 0) return;
  await tx.run(sql`
    insert into report_flag (activity_id, report_id, content, objects, at)
    select r."activityId", r."reportId", r.content, r.objects, ${time(atMs)}
      from json_to_recordset(${rows(flags)}) as r("activityId" text, "reportId" bigint, content text, objects json)
    on conflict do nothing`);
}

/** A report as its row has it. */
export interface ReportRow {
  readonly id: string;
  readonly activityId: string;
  readonly actor: string;
  readonly domain: string;
  readonly target: string;
  readonly targetDomain: string;
  readonly objects: string[];
  readonly content: string | null;
  readonly state: ReportState;
  readonly count: number;
  readonly atMs: number;
  readonly lastMs: number;
  readonly assignee: string | null;
  readonly resolution: string | null;
  readonly resolvedBy: string | null;
  readonly resolvedMs: number | null;
  readonly forwardedMs: number | null;
}

const ROW = sql`
  id::text, activity_id as "activityId", actor, domain, target, target_domain as "targetDomain", objects, content, state,
  count, ${ms('at')} as "atMs", ${ms('last_at')} as "lastMs", assignee, resolution, resolved_by as "resolvedBy",
  ${ms('resolved_at')} as "resolvedMs", ${ms('forwarded_at')} as "forwardedMs"`;

/** Which reports a list shows. */
export interface ReportFilter {
  readonly state?: string | undefined;
  /** The reporter's. */
  readonly domain?: string | undefined;
  readonly target?: string | undefined;
  readonly assignee?: string | undefined;
}

/** Newest first, below the cursor. */
export async function listReports(
  db: Statements,
  filter: ReportFilter,
  below: string | null,
  limit: number,
): Promise<ReportRow[]> {
  const { state, domain, target, assignee } = filter;
  // Only what is asked for stands in the text, so that each question finds its index.
  const asked = sql.join(
    [
      sql`true`,
      ...(state === undefined ? [] : [sql`state = ${state}`]),
      ...(domain === undefined ? [] : [sql`domain = ${domain}`]),
      ...(target === undefined ? [] : [sql`(target = ${target} or target_domain = ${target})`]),
      ...(assignee === undefined ? [] : [sql`assignee = ${assignee}`]),
      ...(below === null ? [] : [sql`id < ${below}::bigint`]),
    ],
    sql` and `,
  );
  return db.run<ReportRow>(
    sql`select ${ROW} from report where ${asked} order by report.id desc limit ${limit}`,
  );
}

/** One report; `isHeld` locks its row. */
export async function reportById(db: Statements, id: string, isHeld = false): Promise<ReportRow | undefined> {
  const [found] = await db.run<ReportRow>(
    sql`select ${ROW} from report where id = ${id}::bigint ${isHeld ? sql`for update` : sql``}`,
  );
  return found;
}

/** What a moderator changes about a report. */
export type ReportChange = Partial<
  Pick<ReportRow, 'state' | 'assignee' | 'resolution' | 'resolvedBy' | 'resolvedMs' | 'forwardedMs'>
>;

/** Writes what a moderator has decided; the row is locked. */
export async function saveReport(
  tx: Statements,
  { id, state, assignee, resolution, resolvedBy, resolvedMs, forwardedMs }: ReportRow,
): Promise<void> {
  await tx.run(sql`
    update report set state = ${state}, assignee = ${assignee}, resolution = ${resolution}, resolved_by = ${resolvedBy},
           resolved_at = ${time(resolvedMs)}, forwarded_at = ${time(forwardedMs)} where id = ${id}::bigint`);
}

/** A Flag of a report, with the document that it came in while that is kept. */
export type FlagRow = Omit<ReportFlagRecord, 'receivedAt'> & {
  readonly atMs: number;
  readonly raw: string | null;
};

/** The newest Flags of a report, oldest first. */
export async function flagsOf(db: Statements, reportId: string, most: number): Promise<FlagRow[]> {
  const found = await db.run<FlagRow>(sql`
    select f.activity_id as "activityId", f.content, f.objects, ${ms('f.at')} as "atMs", d.raw
      from report_flag as f left join document as d on d.activity_id = f.activity_id
     where f.report_id = ${reportId}::bigint order by f.at desc, f.activity_id desc limit ${most}`);
  return found.reverse();
}
