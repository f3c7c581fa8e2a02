/**
 * Which addresses and names a URL from a stranger may lead to: public ones, and nothing else.
 *
 * Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries, the IPv4 multicast and reserved blocks, and
 * the IANA registry of special-use domain names. IPv6 is the other way round: only global unicast (2000::/3) is
 * public, so v4-mapped and v4-compatible addresses, NAT64, unique local, link-local, multicast and whatever is not
 * assigned yet are refused without being listed.
 */
import { BlockList, isIP } from 'node:net';

/** Blocks of IPv4 that no stranger's URL may reach, with the RFC that sets each aside. */
const NON_PUBLIC_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8], // "this network", RFC 791; 0.0.0.0 is the own host on Linux
  ['10.0.0.0', 8], // private, RFC 1918
  ['100.64.0.0', 10], // shared address space of carriers, RFC 6598
  ['127.0.0.0', 8], // loopback, RFC 1122
  ['169.254.0.0', 16], // link-local, RFC 3927; the metadata services of clouds
  ['172.16.0.0', 12], // private, RFC 1918
  ['192.0.0.0', 24], // IETF protocol assignments, RFC 6890
  ['192.0.2.0', 24], // documentation, RFC 5737
  ['192.88.99.0', 24], // 6to4 relay anycast, RFC 7526
  ['192.168.0.0', 16], // private, RFC 1918
  ['198.18.0.0', 15], // benchmarking, RFC 2544
  ['198.51.100.0', 24], // documentation, RFC 5737
  ['203.0.113.0', 24], // documentation, RFC 5737
  ['224.0.0.0', 4], // multicast, RFC 5771
  ['240.0.0.0', 4], // reserved, and limited broadcast at its end, RFC 1112
];

/** Blocks inside global unicast IPv6 that are not public all the same. */
const NON_PUBLIC_V6: readonly (readonly [string, number])[] = [
  ['2001::', 23], // IETF protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID and their like
  ['2001:db8::', 32], // documentation, RFC 3849
  ['2002::', 16], // 6to4, RFC 3056: carries any IPv4 address
  ['3fff::', 20], // documentation, RFC 9637
];

const nonPublicV4 = new BlockList();
for (const [network, prefix] of NON_PUBLIC_V4) nonPublicV4.addSubnet(network, prefix, 'ipv4');
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
const nonPublicV6 = new BlockList();
for (const [network, prefix] of NON_PUBLIC_V6) nonPublicV6.addSubnet(network, prefix, 'ipv6');

/** Is this IP address (no brackets) one that a stranger's URL may lead to? False for anything that is no address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !nonPublicV4.check(address, 'ipv4');
  // A zone (`fe80::1%eth0`) only exists for addresses of this link.
  if (family !== 6 || address.includes('%')) return false;
  return globalUnicast.check(address, 'ipv6') && !nonPublicV6.check(address, 'ipv6');
}

/** Ends of names that lead nowhere in the public DNS, or to this machine and its neighbours. */
const NON_PUBLIC_NAMES = /(^|\.)(localhost|local|internal|onion|invalid|test|alt|home\.arpa)$/;

/** Is this host name (lower case, no trailing dot) one of the public DNS? A single label is a neighbour's name. */
export function isPublicName(name: string): boolean {
  return name.includes('.') && !NON_PUBLIC_NAMES.test(name);
}

/** `localhost` and every name under it: this machine, and never a question for a resolver (RFC 6761 6.3). */
export function isLocalhostName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
