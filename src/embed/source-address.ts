/**
 * The address that a request came from: the socket's. Where that is a trusted proxy's, the last address in
 * X-Forwarded-For that is none of theirs: what stands before it is the sender's own word. It counts for budgets, and
 * never for origin, scheme or Host.
 */
import { BlockList, isIP } from 'node:net';
import type { RawRequest } from '../inbox.ts';

/** `trustedProxies` are addresses and CIDR ranges that have been checked. */
export function createSourceAddress(
  trustedProxies: readonly string[],
): (request: Pick<RawRequest, 'address' | 'rawHeaders'>) => string | null {
  const trusted = new BlockList();
  for (const range of trustedProxies) {
    const [address = '', prefix] = range.split('/');
    if (prefix === undefined) trusted.addAddress(address, familyOf(address));
    else trusted.addSubnet(address, Number(prefix), familyOf(address));
  }
  const isTrusted = (address: string): boolean => trusted.check(address, familyOf(address));

  return ({ address, rawHeaders }) => {
    let source = address === null ? null : addressIn(address);
    if (trustedProxies.length === 0 || source === null || !isTrusted(source)) return address;
    for (const entry of forwardedFor(rawHeaders).toReversed()) {
      const before = addressIn(entry);
      if (before === null) return source;
      source = before;
      if (!isTrusted(source)) return source;
    }
    return source;
  };
}

/** The entries of every X-Forwarded-For line, in the order in which proxies added them. */
function forwardedFor(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() === 'x-forwarded-for' ? (rawHeaders[at + 1] as string).split(',') : [],
  );
}

/** The address in an entry: without brackets and port, and an IPv4 one as such, also where a socket on `::` heard it. */
function addressIn(entry: string): string | null {
  const text = entry.trim();
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1');
  const address = bare.replace(/^::ffff:(?=[\d.]+$)/i, '');
  return isIP(address) === 0 ? null : address;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
