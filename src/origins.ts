/**
 * What the origin of a thing says of it: asked when an activity came from somebody who cannot speak for it. One fetch
 * for all who ask at the same time, paid for by the domain that signed the request, and a refusal is remembered for a
 * minute, so that nobody can send us to a third party again and again.
 */
import { LRUCache } from 'lru-cache';
import { originOf } from './activity.ts';
import { createBuckets } from './keys/buckets.ts';
import { createFlights } from './keys/flights.ts';
import type { Fetched, Keys } from './keys.ts';
import type { Clock } from './store/store.ts';

/** The document at an id, that it is gone for good, or neither. */
export type Word =
  | {
      readonly type: 'document';
      readonly document: Readonly<Record<string, unknown>>;
      readonly body: Uint8Array;
    }
  /** 410, or a Tombstone. A 404 is neither: every id that was never made has one. */
  | { readonly type: 'gone' }
  | { readonly type: 'nothing' }
  /** Too much is being asked; by this domain, or at all. */
  | { readonly type: 'busy'; readonly retryAfterSeconds: number };

export interface Origins {
  /** What is at this id. `payer` is the domain whose budget the fetch is taken from. */
  ask(id: string, payer: string): Promise<Word>;
  /** Takes a place of the budget for a fetch that is made elsewhere; false when there is none. */
  take(payer: string): boolean;
}

/** Fetches that the activities of others may cause, for each domain that sends them. */
const PAYER_BURST = 60;
const PAYER_PER_SECOND = 2;
const BUSY_RETRY_SECONDS = 30;
const REFUSED_MS = 60_000;
const REFUSED_MAX = 10_000;

export function createOrigins({ keys, clock }: { keys: Pick<Keys, 'document'>; clock: Clock }): Origins {
  const budget = createBuckets(PAYER_BURST, PAYER_PER_SECOND);
  const flights = createFlights<Word>();
  const refusedUntil = new LRUCache<string, number>({ max: REFUSED_MAX });
  const busy: Word = { type: 'busy', retryAfterSeconds: BUSY_RETRY_SECONDS };
  const take = (payer: string): boolean => budget.take(payer, clock.now());

  async function look(id: string): Promise<Word> {
    const word = wordOf(id, await keys.document(id));
    if (word.type === 'nothing') refusedUntil.set(id, clock.now() + REFUSED_MS);
    return word;
  }

  return {
    take,
    async ask(id, payer) {
      if (clock.now() < (refusedUntil.get(id) ?? 0)) return { type: 'nothing' };
      if (!flights.isFlying(id) && !take(payer)) return busy;
      return flights.fly(id, () => look(id));
    },
  };

  function wordOf(id: string, found: Fetched): Word {
    if (found.type === 'busy') return busy;
    if (found.type === 'gone') return { type: 'gone' };
    // A redirect to another origin leads to what somebody else says; a document at another id is another one.
    if (found.type !== 'document' || originOf(found.url) !== originOf(id)) return { type: 'nothing' };
    const { document, body } = found;
    if (document.id !== id) return { type: 'nothing' };
    return document.type === 'Tombstone' ? { type: 'gone' } : { type: 'document', document, body };
  }
}
