/** The same decision about many held activities: some in each transaction, so that no turn waits long for its domain. */
import type { HeldBulk, HeldBulkResult, HeldFilter } from '../api/held.ts';
import { SallyportError } from '../errors.ts';
import { countMatching, heldMatching } from '../store/held-lists.ts';
import type { Store } from '../store/store.ts';
import { decideAll, type HeldDecided } from './held-decisions.ts';

/** Those that one transaction decides about. */
const CHUNK = 100;

/**
 * Decides about all that fit and were held when it was called, oldest first. Each is looked at once: what a later filter
 * holds again stays held.
 */
export async function decideMany(
  store: Store,
  wish: HeldFilter & Pick<HeldBulk, 'ids' | 'dryRun'>,
  decided: HeldDecided,
  onChange: (domain: string) => void,
): Promise<HeldBulkResult> {
  const { ids, dryRun = false } = wish;
  const fields = [wish.filter, wish.domain, wish.actor, wish.type, wish.q, ids];
  if (fields.every((one) => one === undefined))
    throw new SallyportError('ERR_INVALID', 'it is not said which held activities', {
      hint: 'give a filter, a domain, an actor, a type, a text or ids',
    });
  if (ids?.some((id) => !/^\d{1,18}$/.test(id)))
    throw new SallyportError('ERR_INVALID', 'one of the ids is none of ours', { data: { ids } });
  const matched = await countMatching(store, wish);
  if (dryRun) return { matched, changed: 0 };
  const untilMs = store.clock.now();
  let changed = 0;
  for (let beyond: string | undefined = '0'; beyond !== undefined; ) {
    const keys = await heldMatching(store, wish, { beyond, untilMs, limit: CHUNK });
    const taken = keys.length === 0 ? [] : await decideAll(store, keys, decided);
    for (const domain of new Set(taken.map((one) => one.domain))) onChange(domain);
    changed += taken.length;
    beyond = keys.at(-1)?.id;
  }
  return { matched, changed };
}
