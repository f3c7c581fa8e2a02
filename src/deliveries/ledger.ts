/**
 * What became of tries, written for all mailboxes that wait at that moment in one transaction: a POST that was
 * answered costs the database three statements, and a hundred of them cost the same three.
 *
 * ```
 * write(entry) ─► waiting ─► hold the rows whose lease is still ours ─► deliveries ─► leases, mailboxes ─► COMMIT
 * ```
 * Invariant: about a mailbox whose lease was lost nothing is written.
 */
import {
  type Ended,
  endDeliveries,
  expire,
  holdMailboxes,
  type Leased,
  type Standing,
  saveMailboxes,
} from '../store/deliveries.ts';
import type { Statements } from '../store/statement.ts';
import { isEnvironmentError, type Store } from '../store/store.ts';

/** What is to be written about one mailbox. */
export interface Entry {
  readonly leased: Leased;
  /** The delivery that was tried, if one was. */
  readonly ended: Omit<Ended, 'domain'> | null;
  /** Until when the mailbox is kept; null gives it back. */
  readonly leaseMs: number | null;
  readonly failures: number;
  readonly dueMs: number;
  /** Deliveries from before this time are given up. */
  readonly expireBeforeMs?: number;
}

export type Written = { readonly isHeld: false } | { readonly isHeld: true; readonly expired: number };

export interface Ledger {
  write(entry: Entry): Promise<Written>;
}

interface Waiting {
  readonly entry: Entry;
  readonly settle: PromiseWithResolvers<Written>;
}

export function createLedger(store: Store): Ledger {
  let waiting: Waiting[] = [];
  let isWriting = false;

  async function pump(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    // Bounded by the mailboxes that are served at once: each waits for its entry before its next try.
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await writeGroup(group);
    }
    isWriting = false;
  }

  async function writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const entries = group.map(({ entry }) => entry);
      const written = await store.transaction((tx) => writeEntries(tx, entries, store.clock.now()));
      for (const [index, { settle }] of group.entries()) settle.resolve(written[index] as Written);
    } catch (error) {
      // An entry that the database cannot take must not take the others with it.
      if (group.length > 1 && !isEnvironmentError(error)) for (const one of group) await writeGroup([one]);
      else for (const { settle } of group) settle.reject(error);
    }
  }

  return {
    write(entry) {
      const settle = Promise.withResolvers<Written>();
      waiting.push({ entry, settle });
      void pump();
      return settle.promise;
    },
  };
}

async function writeEntries(tx: Statements, entries: readonly Entry[], atMs: number): Promise<Written[]> {
  const held = await holdMailboxes(
    tx,
    entries.map(({ leased }) => leased),
  );
  const mine = entries.filter(({ leased }) => held.has(leased.domain));
  if (mine.length > 0) {
    const ended = mine.flatMap(({ leased: { domain }, ended }) =>
      ended === null ? [] : [{ domain, ...ended }],
    );
    await endDeliveries(tx, ended, atMs);
  }
  const expired = new Map<string, number>();
  for (const {
    leased: { domain },
    expireBeforeMs,
    ended,
  } of mine)
    if (expireBeforeMs !== undefined)
      expired.set(domain, await expire(tx, domain, expireBeforeMs, ended?.error ?? '', atMs));
  if (mine.length > 0) {
    const standings = mine.map(({ leased: { domain, scheme }, failures, leaseMs, dueMs }): Standing => {
      return { domain, failures, leaseMs, dueMs, scheme };
    });
    await saveMailboxes(tx, standings);
  }
  return entries.map(({ leased: { domain } }) =>
    held.has(domain) ? { isHeld: true, expired: expired.get(domain) ?? 0 } : { isHeld: false },
  );
}
