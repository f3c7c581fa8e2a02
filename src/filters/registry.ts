/** What is registered, in the order in which it is asked. Made before the house is opened, and outlives it. */
import { SallyportError } from '../errors.ts';
import { type FilterSettings, SHADOW_POLICY } from '../options.ts';
import { FOLLOW_POLICY } from '../verdict.ts';
import type { Supplies } from './built-in/built-in.ts';
import { registeredOf } from './built-in/index.ts';
import { SCORES, type Thresholds } from './chain.ts';
import type { Registered } from './registered.ts';
import { createSupplies, type SuppliesParts } from './supplies.ts';
import { createWatch, type Watch } from './watch.ts';

/** Names under which something else than a filter stands. */
const RESERVED: readonly string[] = [SCORES, SHADOW_POLICY, FOLLOW_POLICY];

export interface FilterChain {
  /** Throws `ERR_INVALID` for a name that is taken. */
  add(registered: Registered): Disposable;
  /** A name that nobody has: this one with a number. */
  nameFor(prefix: string): string;
  /** Filters first, hooks after them. */
  list(): readonly Registered[];
  /** Asked after all of them, and whose verdict is only entered. */
  readonly shadow: readonly Registered[];
  /** From now on mail waits also where no filter is registered: some actor's follow policy is a function. */
  expectPolicies(): void;
  /** Does mail wait for a verdict? */
  isActive(): boolean;
  /** Gives the built-in filters what they use. */
  supply(parts: SuppliesParts): void;
  /** What the built-in filters use; `ERR_CLOSED` before there is anything. */
  supplied(): Supplies;
  readonly thresholds: Thresholds;
  /** How they do in this process. */
  readonly watch: Watch;
}

/** The built-in filters of a configuration come first. */
export function createFilterChain(
  builtIn: readonly FilterSettings[] = [],
  thresholds: Thresholds = [],
  shadowFilters: readonly FilterSettings[] = [],
): FilterChain {
  let supplies: Supplies | undefined;
  let clock = (): number => 0;
  const registered = new Map<string, Registered>();
  let ordered: readonly Registered[] = [];
  let hasPolicies = false;
  const order = (): void => {
    const all = [...registered.values()];
    ordered = [...all.filter(({ isHook }) => !isHook), ...all.filter(({ isHook }) => isHook)];
  };
  const supplied = (): Supplies => {
    if (supplies === undefined) throw new SallyportError('ERR_CLOSED', 'the inbox is not open');
    return supplies;
  };
  for (const settings of builtIn) registered.set(settings.name, registeredOf(settings, supplied));
  order();
  const shadow = shadowFilters.map((settings) => registeredOf(settings, supplied));
  return {
    shadow,
    add(one) {
      const { name } = one;
      if (registered.has(name) || RESERVED.includes(name)) {
        throw new SallyportError('ERR_INVALID', `there is a filter called ${name} already`, {
          hint: 'give each filter a name of its own',
          data: { name },
        });
      }
      registered.set(name, one);
      order();
      return {
        [Symbol.dispose]() {
          if (registered.get(name) === one) registered.delete(name);
          order();
        },
      };
    },
    nameFor(prefix) {
      let number = 1;
      while (registered.has(`${prefix}#${number}`)) number++;
      return `${prefix}#${number}`;
    },
    list: () => ordered,
    expectPolicies() {
      hasPolicies = true;
    },
    isActive: () => hasPolicies || registered.size + shadow.length > 0,
    supply(parts) {
      supplies = createSupplies(parts);
      clock = () => parts.store.clock.now();
    },
    supplied,
    thresholds,
    watch: createWatch(() => clock()),
  };
}
