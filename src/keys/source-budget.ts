/**
 * How many key fetches each source address may cause before it has authenticated anything: a bucket of `burst`
 * places that fills again by `perSecond`. A fetch whose request then proves genuine is given back, so the key of a
 * real sender costs nothing, and a forger pays for every one. Nothing is counted against the domain that is claimed.
 */
import { isIPv6 } from 'node:net';
import { isPublicAddress } from '../remote/address.ts';
import { createBuckets } from './buckets.ts';

export interface SourceBudget {
  /** False when this address has used up its places. Addresses that are not public are proxies, and share nothing. */
  take(address: string | null, nowMs: number): boolean;
  giveBack(address: string | null): void;
}

export function createSourceBudget(burst: number, perSecond: number, addressesMax = 10_000): SourceBudget {
  const buckets = createBuckets(burst, perSecond, addressesMax);

  function nameOf(peer: string | null): string | null {
    // A socket that listens on `::` calls an IPv4 peer `::ffff:192.0.2.7`.
    const address = peer?.replace(/^::ffff:(?=[\d.]+$)/i, '') ?? '';
    return isPublicAddress(address) ? networkOf(address) : null;
  }

  return {
    take(address, nowMs) {
      const name = nameOf(address);
      return name === null || buckets.take(name, nowMs);
    },
    giveBack(address) {
      const name = nameOf(address);
      if (name !== null) buckets.giveBack(name);
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
