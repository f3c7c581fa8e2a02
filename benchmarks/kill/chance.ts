/** Chance that can be repeated: the same seed makes the same choices. */
export interface Chance {
  /** A number from `least` to below `most`. */
  between(least: number, most: number): number;
  /** True so often out of one. */
  happens(probability: number): boolean;
  one<Item>(list: readonly Item[]): Item;
}

/** mulberry32 */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    between: (least, most) => least + next() * (most - least),
    happens: (probability) => next() < probability,
    one: (list) => list[Math.floor(next() * list.length)] as never,
  };
}
