/**
 * Reports to our moderators: looked at, taken care of, resolved with what was done, and sent on to the server of whom they
 * are about. What is done about a report stands in the audit log, in the same transaction.
 */
import { mintActivityId } from '../activities/answer.ts';
import { domainOf, SAID_CHARACTERS_MAX } from '../activity.ts';
import type { AuditEntry } from '../api/audit.ts';
import type {
  Forwarded,
  OwnReport,
  ReportClaim,
  ReportDetail,
  ReportedObject,
  ReportNote,
  ReportRecord,
  ReportsQuery,
} from '../api/reports.ts';
import type { Page, StoredViews } from '../api.ts';
import type { OwnActivity } from '../effects.ts';
import { SallyportError } from '../errors.ts';
import type { Locals } from '../locals.ts';
import { listAudit, recordAudit } from '../store/audit.ts';
import { objectByUri, objectsFor } from '../store/objects.ts';
import {
  flagsOf,
  insertFlags,
  insertReports,
  listReports,
  type ReportChange,
  type ReportRow,
  reportById,
  saveReport,
} from '../store/reports.ts';
import type { Statements } from '../store/statement.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';
import {
  type ForwardingParts,
  originals,
  ownFlag,
  type Reported,
  reportedAt,
  sendTo,
} from './report-forwarding.ts';

export interface ReportsDesk {
  /** Newest first. */
  list(query?: ReportsQuery): Promise<Page<ReportRecord>>;
  /** With its Flags, what is stored of what they report, and what was done. `ERR_NOT_FOUND`. */
  get(id: string): Promise<ReportDetail>;
  /**
   * Takes care of it, or has somebody do so: nobody else claims it until it is released. Every verb throws `ERR_NOT_FOUND`, and
   * `ERR_NOT_ALLOWED_IN_STATE` where the report is in another state than the verb needs.
   */
  claim(id: string, note?: ReportClaim): Promise<ReportRecord>;
  /** Gives it back to everybody. */
  release(id: string, note?: ReportNote): Promise<ReportRecord>;
  /** Enters a remark, `reason`, in its history; in any state. `ERR_INVALID` without one. */
  note(id: string, note: ReportNote & { readonly reason: string }): Promise<ReportRecord>;
  /** Ends it; `reason` says what was done. `ERR_INVALID` without one. */
  resolve(id: string, note: ReportNote & { readonly reason: string }): Promise<ReportRecord>;
  /** Opens it again. */
  reopen(id: string, note?: ReportNote): Promise<ReportRecord>;
  /**
   * Sends it on to the server of the remote actor that it is about; what came since the last time. Throws `ERR_INVALID`
   * where it is about somebody here, and `ERR_REMOTE` where that server takes none.
   */
  forward(id: string, note?: ReportNote): Promise<Forwarded>;
  /** A report of our own people: in the same list, and with `forward` sent to the servers of whom it is about. */
  send(report: OwnReport): Promise<ReportRecord>;
}

export interface ReportsParts extends ForwardingParts {
  readonly locals: Locals;
  /** What is stored of a URI here. */
  lookup<Kind extends 'actor' | 'object'>(kind: Kind, uri: string): Promise<StoredViews[Kind] | undefined>;
  /** Something may be due to be sent. */
  onSend(): void;
}

/** Shown, or sent on at once. */
const FLAGS_MAX = 50;
const REPORTED_MAX = 50;
const HISTORY_MAX = 200;
const OWN_OBJECTS_MAX = 100;

/** What a verb makes of a report under its lock. */
type Decide = (report: ReportRow, atMs: number) => ReportChange;

export function createReports(parts: ReportsParts): ReportsDesk {
  const { store, locals, origin } = parts;

  /** One verb: the row locked, changed, and the change entered. */
  async function act(
    id: string,
    verb: string,
    { by = 'admin', reason }: ReportNote,
    decide: Decide,
    also: (tx: Statements, report: ReportRow, atMs: number) => Promise<void> = async () => undefined,
  ): Promise<ReportRecord> {
    return store.transaction(async (tx) => {
      const atMs = store.clock.now();
      const before = isId(id) ? await reportById(tx, id, true) : undefined;
      if (before === undefined) throw absent(id);
      const after = { ...before, ...decide(before, atMs) };
      await saveReport(tx, after);
      await also(tx, after, atMs);
      const states = { from: before.state, to: after.state };
      await recordAudit(tx, [entryOf(after, verb, by, reason, states)], atMs);
      return recordOf(after);
    });
  }

  async function forward(id: string, note: ReportNote = {}): Promise<Forwarded> {
    const report = isId(id) ? await reportById(store, id) : undefined;
    if (report === undefined) throw absent(id);
    if (report.target.startsWith(`${origin}/`))
      throw new SallyportError('ERR_INVALID', 'the report is about somebody here', { data: { id } });
    const about = [report.target, ...report.objects.slice(0, OWN_OBJECTS_MAX)];
    const server = (await reportedAt(parts, about)).find(({ domain }) => domain === report.targetDomain);
    if (server === undefined)
      throw new SallyportError('ERR_INVALID', 'the report is about nobody that has a server', {
        data: { id },
      });
    const { id: instance } = await locals.instance();
    let sent: Outgoing = { activities: [], isOriginal: false };
    let sinceMs = Number.NEGATIVE_INFINITY;
    await act(
      id,
      'forward',
      note,
      // As it is under its lock: somebody else may have sent it on meanwhile.
      (before, forwardedMs) => {
        sinceMs = before.forwardedMs ?? sinceMs;
        return { forwardedMs };
      },
      async (tx, current, atMs) => {
        const flags = (await flagsOf(tx, id, FLAGS_MAX)).filter((flag) => flag.atMs > sinceMs);
        if (flags.length === 0)
          throw new SallyportError('ERR_NOT_ALLOWED_IN_STATE', 'nothing has come to the report since', {
            hint: 'it was sent on already',
            data: { what: 'report', key: id, state: current.state },
          });
        sent = outgoingOf(instance, id, flags, server, atMs);
        await sendTo(tx, server, sent.activities, atMs);
      },
    );
    parts.onSend();
    return { id, domain: server.domain, deliveries: sent.activities.length, isOriginal: sent.isOriginal };
  }

  async function send(given: OwnReport): Promise<ReportRecord> {
    const { objects, content = null, actor: handle, forward: isForwarded = false, by = 'admin' } = given;
    const problem = problemOf(given);
    if (problem !== null) throw new SallyportError('ERR_INVALID', problem);
    const instance = await locals.instance();
    const reporter = handle === undefined ? instance : await locals.byHandle(handle);
    if (reporter === null)
      throw new SallyportError('ERR_NOT_FOUND', `there is no local actor ${handle}`, {
        data: { what: 'actor', id: handle },
      });
    const servers = isForwarded ? await reportedAt(parts, objects) : [];
    const target = servers[0]?.actor ?? (await ownerOf(objects[0] as string));
    const record = await store.transaction(async (tx) => {
      const atMs = store.clock.now();
      const activityId = mintActivityId(instance.id, atMs);
      const flag = {
        activityId,
        actor: reporter.id,
        domain: domainOf(origin) ?? '',
        target,
        objects,
        content,
      };
      const targetDomain = domainOf(target) ?? '';
      const [opened] = await insertReports(tx, [{ ...flag, targetDomain, count: 1 }], atMs);
      const { id: reportId } = opened as { id: string };
      await insertFlags(tx, [{ ...flag, reportId }], atMs);
      for (const server of servers)
        await sendTo(tx, server, [ownFlag(instance.id, server, content, atMs)], atMs);
      const row = (await reportById(tx, reportId, true)) as ReportRow;
      const after = servers.length === 0 ? row : { ...row, forwardedMs: atMs };
      await saveReport(tx, after);
      await recordAudit(tx, [entryOf(after, 'report', by, undefined, { to: 'open' })], atMs);
      return recordOf(after);
    });
    if (servers.length > 0) parts.onSend();
    return record;
  }

  async function ownerOf(uri: string): Promise<string> {
    const [known] = await objectsFor(store, [uri]);
    return known?.owner ?? uri;
  }

  async function shown(uri: string): Promise<ReportedObject> {
    const isLocal = uri.startsWith(`${origin}/`);
    const object = await parts.lookup('object', uri);
    if (object !== undefined) {
      const { type, owner, normal } = object;
      return { uri, isLocal, kind: 'object', type, owner: owner.uri, isDeleted: false, normal };
    }
    const actor = await parts.lookup('actor', uri);
    if (actor !== undefined) {
      const { type, preferredUsername, name } = actor;
      const normal = { id: uri, type, preferredUsername, name };
      return { uri, isLocal, kind: 'actor', type, owner: null, isDeleted: false, normal };
    }
    const { type, owner, isDeleted } = await objectByUri(store, uri);
    return { uri, isLocal, kind: isDeleted ? 'object' : null, type, owner, isDeleted, normal: null };
  }

  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const found = await listReports(store, query, numberCursor(query), limit + 1);
      return pageOf(found.map(recordOf), limit, ({ id }) => id);
    },
    async get(id) {
      const report = isId(id) ? await reportById(store, id) : undefined;
      if (report === undefined) throw absent(id);
      const flags = await flagsOf(store, id, FLAGS_MAX);
      const reported: ReportedObject[] = [];
      for (const uri of report.objects.slice(0, REPORTED_MAX)) reported.push(await shown(uri));
      const history = await listAudit(store, null, { subject: `report:${id}` }, HISTORY_MAX);
      return {
        ...recordOf(report),
        flags: flags.map(({ raw: _, atMs, ...flag }) => ({ ...flag, receivedAt: iso(atMs) })),
        ...{ reported, history },
      };
    },
    claim: (id, note = {}) =>
      act(id, 'claim', note, (report) => {
        const { by = 'admin', assignee = by } = note;
        if (report.assignee !== null && report.assignee !== assignee)
          throw notAllowed(report, `${report.assignee} takes care of it`);
        return { ...need(report, 'open'), assignee };
      }),
    release: (id, note = {}) =>
      act(id, 'release', note, (report) => ({ ...need(report, 'open'), assignee: null })),
    async note(id, note) {
      needReason(note, 'a note has a text');
      return act(id, 'note', note, () => ({}));
    },
    async resolve(id, note) {
      needReason(note, 'say in one sentence what was done');
      const { by: resolvedBy = 'admin', reason: resolution } = note;
      return act(id, 'resolve', note, (report, resolvedMs) => {
        need(report, 'open');
        return { state: 'resolved', resolution, resolvedBy, resolvedMs };
      });
    },
    reopen: (id, note = {}) =>
      act(id, 'reopen', note, (report) => {
        need(report, 'resolved');
        return { state: 'open', resolution: null, resolvedBy: null, resolvedMs: null };
      }),
    forward,
    send,
  };
}

interface Outgoing {
  readonly activities: readonly OwnActivity[];
  readonly isOriginal: boolean;
}

/** Those that prove themselves as they came; of all others one Flag of the instance. */
function outgoingOf(
  instance: string,
  report: string,
  flags: Awaited<ReturnType<typeof flagsOf>>,
  server: Reported,
  atMs: number,
): Outgoing {
  const proven = originals(instance, report, flags, atMs);
  const rest = flags.filter((flag) => !proven.some((one) => one.flag === flag));
  const activities = proven.map(({ activity }) => activity);
  if (rest.length > 0) {
    const said = rest.map(({ content }) => content).filter((content) => content !== null);
    const content = said.length === 0 ? null : [...new Set(said)].join('\n\n').slice(0, SAID_CHARACTERS_MAX);
    activities.push(ownFlag(instance, server, content, atMs));
  }
  return { activities, isOriginal: proven.length > 0 };
}

const isId = (id: string): boolean => /^\d{1,18}$/.test(id);
const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

function recordOf({
  atMs,
  lastMs,
  resolvedMs,
  forwardedMs,
  targetDomain: _,
  ...row
}: ReportRow): ReportRecord {
  const times = { receivedAt: iso(atMs), lastAt: iso(lastMs) };
  return { ...row, ...times, resolvedAt: isoOrNull(resolvedMs), forwardedAt: isoOrNull(forwardedMs) };
}

function entryOf(
  { id, domain }: ReportRow,
  verb: string,
  by: string,
  reason: string | undefined,
  states: Pick<AuditEntry, 'from' | 'to'>,
): AuditEntry {
  return { by, verb, subject: { kind: 'report', id }, domain, ...states, reason: reason ?? null };
}

function absent(id: string): SallyportError {
  return new SallyportError('ERR_NOT_FOUND', 'there is no such report', { data: { what: 'report', id } });
}

function need(report: ReportRow, state: ReportRow['state']): object {
  if (report.state !== state) throw notAllowed(report, `the report is ${report.state}`);
  return {};
}

function notAllowed({ id, state }: ReportRow, why: string): SallyportError {
  return new SallyportError('ERR_NOT_ALLOWED_IN_STATE', why, {
    hint: 'look at it again: somebody else may have acted',
    data: { what: 'report', key: id, state },
  });
}

function needReason({ reason }: ReportNote, hint: string): void {
  if ((reason ?? '').trim() === '') throw new SallyportError('ERR_INVALID', 'a reason is needed', { hint });
}

function problemOf({ objects, content = '' }: OwnReport): string | null {
  if (objects.length === 0) return 'a report names what it is about';
  if (objects.length > OWN_OBJECTS_MAX) return `a report names at most ${OWN_OBJECTS_MAX} objects`;
  if (objects.some((uri) => domainOf(uri) === null)) return 'what is reported is named by its URL';
  return content.length > SAID_CHARACTERS_MAX
    ? `a report says at most ${SAID_CHARACTERS_MAX} characters`
    : null;
}
