/**
 * How many key fetches each source address may cause before it has authenticated anything: a bucket of `burst`
 * places that fills again by `perSecond`. A fetch whose request then proves genuine is given back, so the key of a
 * real sender costs nothing, and a forger pays for every one. Nothing is counted against the domain that is claimed.
 */
import { isIPv6 } from 'node:net';
import { isPublicAddress } from '../remote/address.ts';

export interface SourceBudget {
  /** False when this address has used up its places. Addresses that are not public are proxies, and share nothing. */
  take(address: string | null, nowMs: number): boolean;
  giveBack(address: string | null): void;
}

interface Bucket {
  left: number;
  atMs: number;
}

export function createSourceBudget(burst: number, perSecond: number, addressesMax = 10_000): SourceBudget {
  const buckets = new Map<string, Bucket>();

  function bucketOf(peer: string | null): [string, Bucket | undefined] | null {
    // A socket that listens on `::` calls an IPv4 peer `::ffff:192.0.2.7`.
    const address = peer?.replace(/^::ffff:(?=[\d.]+$)/i, '') ?? '';
    if (!isPublicAddress(address)) return null;
    const name = networkOf(address);
    return [name, buckets.get(name)];
  }

  return {
    take(address, nowMs) {
      const found = bucketOf(address);
      if (found === null) return true;
      const [name, bucket = { left: burst, atMs: nowMs }] = found;
      bucket.left = Math.min(burst, bucket.left + (Math.max(0, nowMs - bucket.atMs) / 1_000) * perSecond);
      bucket.atMs = nowMs;
      // Taken out and put in again: the map's order is that of use, and the least used address is forgotten.
      buckets.delete(name);
      buckets.set(name, bucket);
      if (buckets.size > addressesMax) buckets.delete(buckets.keys().next().value as string);
      if (bucket.left < 1) return false;
      bucket.left -= 1;
      return true;
    },
    giveBack(address) {
      const bucket = bucketOf(address)?.[1];
      if (bucket !== undefined) bucket.left = Math.min(burst, bucket.left + 1);
    },
  };
}

/** An IPv4 address, or the /64 of an IPv6 one: that much is one customer's. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  while (tail !== undefined && groups.length + after.length < 8) groups.push('0');
  return [...groups, ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
