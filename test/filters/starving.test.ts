/** The filter stage where some filter keeps some domains waiting: the others do not wait with them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFilterChain, createFilters } from '../../src/filters.ts';
import { sql } from '../../src/store/statement.ts';
import { pglite } from '../databases.ts';
import { accepted, type Desk, openDesk, quiet, US, verified } from '../turn/mail.ts';

const HOUR_MS = 3_600_000;

describe('a filter that never answers about some domains', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk(pglite);
  });
  afterAll(() => desk[Symbol.asyncDispose]());

  test('keeps their mail waiting, and that of no other domain, though they are more than work at once', async () => {
    const chain = createFilterChain();
    const more = { type: null, fallback: 'hold', isShadow: false, isHook: false } as const;
    chain.add({
      ...{ ...more, name: 'it', timeoutMs: HOUR_MS },
      filter: ((activity: { actor: { domain: string } }) =>
        activity.actor.domain.startsWith('slow') ? new Promise(() => undefined) : undefined) as never,
    });
    const served = Promise.withResolvers<void>();
    const filters = createFilters({
      ...{ store: desk.store, chain, settings: { logger: quiet, origin: US } },
      policyOf: async () => null,
      onReady: (names) => void (names.includes('quick.example') && served.resolve()),
    });
    const slow = Array.from({ length: 40 }, (_, at) => `slow${at}.example`);
    await accepted(
      desk.store,
      [...slow, 'quick.example'].map((domain) => verified(domain)),
    );
    filters.mark([...slow, 'quick.example']);
    await served.promise;
    const judged = await desk.store.run(sql`select domain from mail where verdict is not null`);
    expect(judged).toEqual([{ domain: 'quick.example' }]);
    await filters.close(0);
  });
});
