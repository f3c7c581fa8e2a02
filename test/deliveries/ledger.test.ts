/** What became of tries is written for many mailboxes at once, and none of them suffers for another. */
import { describe, expect, test } from 'vitest';
import { createLedger, type Entry } from '../../src/deliveries/ledger.ts';
import { claim } from '../../src/store/deliveries.ts';
import type { Statements } from '../../src/store/statement.ts';
import type { Store } from '../../src/store/store.ts';
import { databases } from '../databases.ts';
import { MINUTE_MS, placeOn } from './place.ts';

/** A store that counts the transactions and the statements in them. */
function counted(store: Store) {
  const counts = { transactions: 0, statements: 0 };
  const transaction: Store['transaction'] = (work) => {
    counts.transactions++;
    return store.transaction((tx) => {
      const run: Statements['run'] = (statement) => {
        counts.statements++;
        return tx.run(statement);
      };
      return work({ run });
    });
  };
  return { counts, store: { ...store, transaction } };
}

describe.each(databases)('a ledger, on $name', (kind) => {
  const place = placeOn(kind);

  /** One delivery in the mailbox of each domain, claimed; the entry says that it was delivered. */
  async function served(domains: readonly string[], error: string | null = null): Promise<Entry[]> {
    for (const domain of domains)
      await place.store.transaction((tx) => place.write(tx, `https://${domain}/inbox`, domain));
    const nowMs = place.store.clock.now();
    const places = { answering: 100, failing: 100 };
    const claimed = await claim(place.store, nowMs, nowMs + MINUTE_MS, places, 1);
    return claimed.map(({ leased, deliveries: [delivery] }) => ({
      leased,
      ended: { delivery: delivery as never, state: 'delivered', attempts: 1, error },
      ...{ leaseMs: null, failures: 0, dueMs: nowMs },
    }));
  }

  test('takes as many statements for thirty mailboxes as for one', async () => {
    const { counts, store } = counted(place.store);
    const ledger = createLedger(store);
    await Promise.all((await served(['alone.example'])).map((entry) => ledger.write(entry)));
    expect(counts).toEqual({ transactions: 1, statements: 3 });
    const names = Array.from({ length: 30 }, (_, index) => `many${index}.example`);
    const entries = await served(names);
    expect(entries).toHaveLength(30);
    // The first one is written at once; those that come meanwhile wait for it, and go together.
    const written = await Promise.all(entries.map((entry) => ledger.write(entry)));
    expect(written).toEqual(Array(30).fill({ isHeld: true, expired: 0 }));
    expect(counts).toEqual({ transactions: 3, statements: 9 });
    for (const name of names)
      expect(await place.mailbox(name)).toEqual({ dueMs: null, isLeased: false, failures: 0 });
  });

  test('writes what it can when the database refuses one of the entries', async () => {
    const ledger = createLedger(place.store);
    const [first] = await served(['first.example']);
    const good = await served(['good.example', 'fine.example']);
    const bad = await served(['bad.example'], 'a NUL \0 is in no text');
    const written = await Promise.allSettled(
      [first as Entry, ...good, ...bad].map((entry) => ledger.write(entry)),
    );
    expect(written.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect(await place.rows('good.example')).toMatchObject([{ state: 'delivered', attempts: 1 }]);
    expect(await place.rows('bad.example')).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    expect(await place.mailbox('bad.example')).toMatchObject({ isLeased: true });
  });

  test('writes nothing about a mailbox that somebody else has taken meanwhile', async () => {
    const ledger = createLedger(place.store);
    const [stale] = (await served(['taken.example'])) as [Entry];
    place.pass(MINUTE_MS);
    const nowMs = place.store.clock.now();
    const places = { answering: 9, failing: 9 };
    const again = await claim(place.store, nowMs, nowMs + MINUTE_MS, places, 1);
    expect(again.map(({ leased }) => leased.domain)).toContain('taken.example');
    expect(await ledger.write(stale)).toEqual({ isHeld: false });
    expect(await place.rows('taken.example')).toMatchObject([{ state: 'waiting', attempts: 0 }]);
  });
});
