/** A filter or a hook as the chain keeps it, its options checked. */
import type { Filter, FilterOptions } from '../api.ts';
import { SallyportError } from '../errors.ts';
import type { Registered } from '../filters/registered.ts';
import { millisecondsOf } from '../options.ts';

const TIMEOUT = '2 seconds';
const FALLBACKS: readonly unknown[] = ['hold', 'accept', 'drop'];

/** Throws `ERR_INVALID` for an option that cannot be used. `type` null stands for every type. */
export function registered(
  what: Pick<Registered, 'name' | 'type' | 'isHook'>,
  filter: Filter<never>,
  { timeout = TIMEOUT, fallback = 'hold', shadow = false, effect }: FilterOptions,
): Registered {
  const timeoutMs = millisecondsOf(timeout);
  if (timeoutMs === null)
    throw new SallyportError('ERR_INVALID', `the timeout of ${what.name} is no duration`, {
      hint: "write it with its unit, such as '500 ms'",
      data: { timeout },
    });
  if (!FALLBACKS.includes(fallback))
    throw new SallyportError('ERR_INVALID', `the fallback of ${what.name} is none of hold, accept, drop`, {
      data: { fallback },
    });
  return { ...what, filter, timeoutMs, fallback, isShadow: shadow, effect: effect ?? null };
}
