/**
 * The activities of one turn: rows that exist already, and rows that this turn makes. An activity acts once; when
 * it comes again that is entered in its history, and a further inbox in its list.
 */
import { UNWANTED } from '../activities/recipients.ts';
import type { HistoryEntry } from '../api.ts';
import type { ActivityRow, Mail, NewActivityRow } from '../store/turns.ts';
import type { Status } from '../verdict.ts';
import { remarksOf } from './remarks.ts';

/** Entries kept of a history: the first one and the newest, so that a redelivery storm cannot grow a row for ever. */
const HISTORY_MAX = 50;

export class Register {
  readonly #rows: Map<string, ActivityRow>;
  readonly #digests: ReadonlyMap<string, string>;
  readonly #fresh = new Map<string, NewActivityRow>();
  readonly #again = new Set<string>();
  readonly #ended: Status[] = [];

  /** `digests` are those of the documents that came first, of activities that may come again. */
  constructor(existing: readonly ActivityRow[], digests: ReadonlyMap<string, string> = new Map()) {
    this.#rows = new Map(existing.map((row) => [row.activityId, row]));
    this.#digests = digests;
  }

  /**
   * Has this activity acted already, or does it wait for a moderator? One that failed has not: its mail was put back
   * from the dead letters. Neither has one that is accepted again, because a moderator has approved it.
   */
  hasActed(activityId: string): boolean {
    const row = this.#rows.get(activityId);
    return row !== undefined && row.status !== 'failed' && row.status !== 'accepted';
  }

  /** Was it dropped because all that it reached block its actor? For another inbox the same document may act. */
  isUnwanted({ facts: { id, digest } }: Mail): boolean {
    const row = this.#rows.get(id);
    const first = this.#digests.get(id) ?? digest;
    return row?.status === 'dropped' && row.reason === UNWANTED && first === digest;
  }

  /** Has a moderator approved it, and it has not acted yet? */
  isApproved(activityId: string): boolean {
    return this.#rows.get(activityId)?.status === 'accepted';
  }

  /** Is it another document than the one that stands under its id, which a filter or a moderator has looked at? */
  isOther({ facts: { id, digest } }: Mail): boolean {
    const first = this.#digests.get(id);
    return this.#rows.has(id) && digest !== undefined && first !== undefined && digest !== first;
  }

  /** Did its activity come for the first time so long ago? */
  isLate({ facts: { id }, receivedMs }: Mail, afterMs: number): boolean {
    const first = this.#rows.get(id)?.history[0];
    return first !== undefined && Date.parse(first.at) + afterMs < receivedMs;
  }

  /** The id of an activity's row, which it has from its first mail. */
  idOf(activityId: string): string {
    return (this.#rows.get(activityId) as ActivityRow).id;
  }

  /** The activity has come to its end, or is held; by a filter, if it was one. */
  end(
    mail: Mail,
    status: Exclude<Status, 'accepted'>,
    reason: string | null,
    atMs: number,
    by?: Pick<HistoryEntry, 'saw' | 'strike'> & { readonly filter: string; readonly reason: string },
  ): void {
    const { facts } = mail;
    if (status !== 'held') this.#ended.push(status);
    const before = this.#rows.get(facts.id);
    const at = new Date(atMs).toISOString();
    const entry: HistoryEntry = {
      ...{ at, what: status },
      ...(reason === null ? {} : { reason }),
      ...by,
    };
    const remarks = remarksOf(mail.verdict, at);
    if (before !== undefined) {
      const row = { ...before, status, reason, history: bounded([...before.history, ...remarks, entry]) };
      this.#rows.set(facts.id, row);
      this.#again.add(facts.id);
      return;
    }
    const received: HistoryEntry = {
      at: new Date(mail.receivedMs).toISOString(),
      what: 'received',
      inbox: mail.inbox,
    };
    const row: NewActivityRow = {
      id: mail.seq,
      activityId: facts.id,
      type: facts.type,
      actor: facts.actor,
      object: facts.objects[0] ?? null,
      domain: mail.domain,
      status,
      reason,
      inboxes: [mail.inbox],
      history: [received, ...remarks, entry],
      receivedMs: mail.receivedMs,
    };
    this.#rows.set(facts.id, row);
    this.#fresh.set(facts.id, row);
  }

  /** The activity came again. True when it came to an inbox that it had not reached. */
  cameAgain(mail: Mail): boolean {
    const { id, digest } = mail.facts;
    const first = this.#digests.get(id);
    const isOther = digest !== undefined && first !== undefined && digest !== first;
    const reason = isOther ? { reason: 'another document: the first one stands' } : {};
    const before = this.#rows.get(id) as ActivityRow;
    const isNewInbox = !before.inboxes.includes(mail.inbox);
    const at = new Date(mail.receivedMs).toISOString();
    const row = {
      ...before,
      inboxes: isNewInbox ? [...before.inboxes, mail.inbox] : before.inboxes,
      history: bounded([...before.history, { at, what: 'redelivered', inbox: mail.inbox, ...reason }]),
    };
    this.#rows.set(id, row);
    const fresh = this.#fresh.get(id);
    if (fresh === undefined) this.#again.add(id);
    else this.#fresh.set(id, { ...fresh, inboxes: row.inboxes, history: row.history });
    return isNewInbox;
  }

  /** The status of an activity that has acted. */
  statusOf(activityId: string): Status | undefined {
    return this.#rows.get(activityId)?.status;
  }

  /** Statuses of the activities that came to their end. */
  get ended(): readonly Status[] {
    return this.#ended;
  }

  get fresh(): NewActivityRow[] {
    return [...this.#fresh.values()];
  }

  get again(): ActivityRow[] {
    return [...this.#again].map((id) => this.#rows.get(id) as ActivityRow);
  }
}

function bounded(history: readonly HistoryEntry[]): HistoryEntry[] {
  if (history.length <= HISTORY_MAX) return [...history];
  return [history[0] as HistoryEntry, ...history.slice(1 - HISTORY_MAX)];
}
