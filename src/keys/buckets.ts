/** Buckets by name: each holds `burst` places and fills again by `perSecond`. The least used name is forgotten. */
export interface Buckets {
  /** Takes a place; false when there is none. */
  take(name: string, nowMs: number): boolean;
  giveBack(name: string): void;
}

interface Bucket {
  left: number;
  atMs: number;
}

export function createBuckets(burst: number, perSecond: number, namesMax = 10_000): Buckets {
  const buckets = new Map<string, Bucket>();
  return {
    take(name, nowMs) {
      const bucket = buckets.get(name) ?? { left: burst, atMs: nowMs };
      bucket.left = Math.min(burst, bucket.left + (Math.max(0, nowMs - bucket.atMs) / 1_000) * perSecond);
      bucket.atMs = nowMs;
      // Taken out and put in again: the map's order is that of use.
      buckets.delete(name);
      buckets.set(name, bucket);
      if (buckets.size > namesMax) buckets.delete(buckets.keys().next().value as string);
      if (bucket.left < 1) return false;
      bucket.left -= 1;
      return true;
    },
    giveBack(name) {
      const bucket = buckets.get(name);
      if (bucket !== undefined) bucket.left = Math.min(burst, bucket.left + 1);
    },
  };
}
