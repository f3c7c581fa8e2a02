/** What a block of a domain would touch, for whoever is about to decide. */
import { type Impact as Counted, impactOn } from '../store/impact.ts';
import type { Store } from '../store/store.ts';

/** What came from a domain and from what lies below it, and what binds it to our actors. */
export interface Impact extends Counted {
  readonly domain: string;
  /** Of how many days the activities are counted. */
  readonly days: number;
}

const DAYS = 30;
const DAYS_MAX = 366;
const DAY_MS = 86_400_000;

export async function impactOf(store: Store, domain: string, wanted: number = DAYS): Promise<Impact> {
  const days = Math.min(DAYS_MAX, Math.max(1, Math.floor(wanted)));
  return { domain, days, ...(await impactOn(store, domain, store.clock.now() - days * DAY_MS)) };
}
