/** What may be asked, where, and at which address: the rules for URLs that came from a peer. */
import { Resolver, lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Settings } from '../options.ts';
import { isLocalhostName, isPublicAddress, isPublicName } from './address.ts';

/** Why a URL is not asked, or did not answer. */
export type Fault = 'address' | 'timeout' | 'too-large' | 'network' | 'redirect' | 'budget' | 'own-origin';

/** A fault on its way from where it is found to the answer. Never leaves this room. */
export class RemoteFault extends Error {
  readonly fault: Fault;

  constructor(fault: Fault, message: string) {
    super(message);
    this.name = 'RemoteFault';
    this.fault = fault;
  }
}

/** An address that a name stands for. */
export interface Address {
  readonly address: string;
  readonly family: number;
}

/** The rules, and the resolver behind them. */
export interface Policy {
  /** Plain http, and ports other than 443. */
  readonly isAnyPortAllowed: boolean;
  /** Names that the public DNS does not hold: `localhost`, single labels, `.internal`. */
  readonly isAnyNameAllowed: boolean;
  isAddressAllowed(address: string): boolean;
  resolve(name: string): Promise<Address[]>;
}

/** The rules of these settings: public addresses over https, or anything at all with `allowPrivateAddress`. */
export function policyOf({ allowPrivateAddress }: Pick<Settings, 'allowPrivateAddress'>): Policy {
  if (!allowPrivateAddress) {
    return {
      isAnyPortAllowed: false,
      isAnyNameAllowed: false,
      isAddressAllowed: isPublicAddress,
      resolve: resolvePublic(),
    };
  }
  return {
    isAnyPortAllowed: true,
    isAnyNameAllowed: true,
    isAddressAllowed: () => true,
    // The system's own way knows /etc/hosts and the names of containers.
    resolve: (name) => systemLookup(name, { all: true }),
  };
}

/**
 * Asks the name servers directly. The system's way would hold one of four threads of the process for as long as a
 * name server takes; a stranger's slow name server must not be able to stall everybody else's look-ups.
 */
function resolvePublic(): Policy['resolve'] {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  return async (name) => {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
    const found: Address[] = [];
    if (v6.status === 'fulfilled') for (const address of v6.value) found.push({ address, family: 6 });
    if (v4.status === 'fulfilled') for (const address of v4.value) found.push({ address, family: 4 });
    return found;
  };
}

/** The name or address in a URL, without brackets and trailing dots. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
}

/**
 * A URL that may be asked, without its fragment; throws the fault otherwise. An address in the URL is judged here,
 * because no look-up happens for it; a name is judged by `pinnedLookup` when the connection is made. `ownOrigin` null:
 * it may be ours.
 */
export function checkUrl(text: string, policy: Policy, ownOrigin: string | null): URL {
  const url = URL.parse(text);
  if (url === null) throw new RemoteFault('address', 'not an absolute URL');
  const isHttp = url.protocol === 'http:';
  if (url.protocol !== 'https:' && !(isHttp && policy.isAnyPortAllowed)) {
    throw new RemoteFault('address', `scheme ${url.protocol} is not allowed`);
  }
  if (url.username !== '' || url.password !== '') throw new RemoteFault('address', 'the URL names a user');
  if (url.port !== '' && (!policy.isAnyPortAllowed || url.port === '0')) {
    throw new RemoteFault('address', `port ${url.port} is not allowed`);
  }
  // Before anything looks for the end of its dots. DNS knows no longer name.
  if (url.hostname.length > 256) throw new RemoteFault('address', 'the host is too long for a name');
  const host = hostOf(url);
  if (isIP(host) === 0) {
    if (host === '') throw new RemoteFault('address', 'the URL names no host');
    if (!policy.isAnyNameAllowed && !isPublicName(host))
      throw new RemoteFault('address', `${host} is no public name`);
  } else if (!policy.isAddressAllowed(host)) {
    throw new RemoteFault('address', `${host} is no public address`);
  }
  if (ownOrigin !== null && isOwn(url, host, ownOrigin))
    throw new RemoteFault('own-origin', 'the URL is on our own origin');
  url.hash = '';
  return url;
}

/** Our own origin, also where it is written with a trailing dot or, on this machine, under another name. */
function isOwn(url: URL, host: string, ownOrigin: string): boolean {
  const own = new URL(ownOrigin);
  const portOf = (of: URL): string => of.port || (of.protocol === 'https:' ? '443' : '80');
  return portOf(url) === portOf(own) && sameMachine(host) === sameMachine(hostOf(own));
}

/** One name for all that leads to 127.0.0.1. The other addresses of loopback are domains of their own in tests. */
const sameMachine = (host: string): string =>
  isLocalhostName(host) || ['127.0.0.1', '0.0.0.0', '::1', '::', '::ffff:7f00:1'].includes(host)
    ? 'localhost'
    : host;

/**
 * A `lookup` for node:net: the addresses that it hands out have been checked and are the ones connected to, so a
 * name server that answers differently the second time (DNS rebinding) is never asked a second time.
 */
export function pinnedLookup(policy: Policy): LookupFunction {
  return (hostname, options, callback) => {
    allowedAddresses(hostname, policy).then(
      (addresses) => {
        const first = addresses[0] as Address;
        if (options.all === true) callback(null, addresses as Address[] & string);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

/** Addresses of a name that are tried. */
const ADDRESSES_MAX = 8;

async function allowedAddresses(hostname: string, policy: Policy): Promise<Address[]> {
  const name = hostname.toLowerCase().replace(/\.+$/, '');
  const found = isLocalhostName(name) ? [{ address: '127.0.0.1', family: 4 }] : await policy.resolve(name);
  const allowed = found.filter(({ address }) => policy.isAddressAllowed(address));
  if (allowed.length === 0) throw new RemoteFault('address', `${name} has no public address`);
  // Each would be tried in turn: a name with a thousand addresses is a port scan.
  return allowed.slice(0, ADDRESSES_MAX);
}
