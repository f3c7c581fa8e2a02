/**
 * Where a URL from a stranger may lead: to public addresses, and to the one that was checked. Loopback listeners
 * stand in for both sides: "public" is one loopback address that the test declares to be so; the canary is
 * everything else on this machine, and must never hear a connection.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { isPublicAddress, isPublicName } from '../../src/remote/address.ts';
import { type Address, type Policy, pinnedLookup, policyOf } from '../../src/remote/policy.ts';
import { createRemote, type Remote, type RemoteAnswer } from '../../src/remote.ts';
import { answerOf, type RawServer, rawServer } from './raw-server.ts';

const conformance = path.resolve(import.meta.dirname, '../../../shared/conformance/vectors/ssrf.json');
const isPresent = existsSync(conformance);
if (!isPresent) console.warn('SKIPPED: conformance material not found at ../shared/conformance');
const vectors: { static: { url: string; why: string }[] } = isPresent
  ? JSON.parse(readFileSync(conformance, 'utf8'))
  : { static: [] };

const PUBLIC = '127.66.0.1';
const SETTINGS = { origin: 'https://us.example', allowPrivateAddress: false };
const opened: Remote[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((remote) => remote.close()));
});

const ipv4 = (address: string): Address => ({ address, family: 4 });
const ipv6 = (address: string): Address => ({ address, family: 6 });
const faultOf = (answer: RemoteAnswer): string => (answer.ok ? `answered ${answer.status}` : answer.fault);

/** The shipped rules, but for ports, so that listeners of this machine can be reached at all. */
function remoteWith(resolve: Policy['resolve'], isAddressAllowed = isPublicAddress): Remote {
  const policy = { isAnyPortAllowed: true, resolve, isAddressAllowed };
  const remote = createRemote(SETTINGS, { policy, limits: { deadlineMs: 5_000 } });
  opened.push(remote);
  return remote;
}

const withPublic = (resolve: Policy['resolve']): Remote =>
  remoteWith(resolve, (address) => address === PUBLIC || isPublicAddress(address));

/** Listens on both families of loopback, on one port, and is never to be reached. */
async function canary(): Promise<RawServer & { heard(): number }> {
  const v4 = await rawServer((socket) => socket.write(answerOf(200, {}, '{}')));
  const v6 = await rawServer(() => undefined, '::1', v4.port).catch(() => null);
  const dispose = async () => {
    await v4[Symbol.asyncDispose]();
    await v6?.[Symbol.asyncDispose]();
  };
  return Object.assign(Object.create(v4) as RawServer, {
    heard: () => v4.connections + (v6?.connections ?? 0),
    [Symbol.asyncDispose]: dispose,
  });
}

describe.skipIf(!isPresent)('the catalogue of URLs that lead inside', () => {
  test.each(vectors.static)('$url is not asked: $why', async ({ url }) => {
    await using cage = await canary();
    // The resolver is the attacker's: every name of the list stands for this machine.
    const resolve = async () => [ipv4('127.0.0.1'), ipv6('::1')];
    const shipped = createRemote(SETTINGS, { policy: { resolve } });
    opened.push(shipped);
    // And once more where every port may be asked, at the canary's own.
    const atCanary = url.replace(/^(https?:\/\/[^/]*?)(?=\/|$)/, (host) =>
      /:\d+$/.test(host) && !host.includes('[') ? host : `${host}:${cage.port}`,
    );
    const loose = remoteWith(resolve);
    for (const [remote, asked] of [
      [shipped, url],
      [loose, url],
      [loose, atCanary],
    ] as const) {
      expect(faultOf(await remote.get(asked))).toBe('address');
      expect(faultOf(await remote.post(asked, {}, Buffer.from('{}')))).toBe('address');
    }
    expect(cage.heard()).toBe(0);
  });
});

describe('a name', () => {
  test('is looked up once, and the address that was checked is the one connected to', async () => {
    await using far = await rawServer((socket) => socket.write(answerOf(200, {}, '{}')), PUBLIC);
    await using cage = await rawServer(() => undefined, '127.0.0.1', far.port);
    let asked = 0;
    const remote = withPublic(async () => [ipv4(++asked === 1 ? PUBLIC : '127.0.0.1')]);
    expect(faultOf(await remote.get(`http://rebind.example:${far.port}/`))).toBe('answered 200');
    expect(asked).toBe(1);
    // The second fetch goes over the connection that is kept, to the address that was checked.
    expect(faultOf(await remote.get(`http://rebind.example:${far.port}/`))).toBe('answered 200');
    expect([asked, cage.connections]).toEqual([1, 0]);
  });

  test('with public and private addresses is only ever asked at the public ones', async () => {
    await using cage = await canary();
    const answers = [
      [ipv4(PUBLIC), ipv4('127.0.0.1')],
      [ipv4('127.0.0.1'), ipv4(PUBLIC)],
      [ipv6('::1'), ipv4(PUBLIC)],
      [ipv6('::ffff:127.0.0.1'), ipv4(PUBLIC)],
    ];
    for (const addresses of answers) {
      // Nobody listens at the public address, so a client that tried them all would come to the canary.
      const remote = withPublic(async () => addresses);
      expect(faultOf(await remote.get(`http://two.example:${cage.port}/`))).toBe('network');
    }
    expect(cage.heard()).toBe(0);
  });

  test('with private addresses only, or none, is refused', async () => {
    await using cage = await canary();
    for (const addresses of [[ipv4('127.0.0.1'), ipv6('::1')], [ipv4('10.1.2.3')], []]) {
      const remote = withPublic(async () => addresses);
      expect(faultOf(await remote.get(`http://inside.example:${cage.port}/`))).toBe('address');
    }
    expect(cage.heard()).toBe(0);
  });

  test('with a thousand addresses is no port scan', async () => {
    const addresses = Array.from({ length: 1_000 }, (_, n) => ipv4(`1.1.${n >> 8}.${n & 255}`));
    const policy = { ...policyOf(SETTINGS), resolve: async () => addresses };
    const handedOut = await new Promise((resolve) => {
      pinnedLookup(policy)('many.example', { all: true }, (_, found) => resolve(found));
    });
    expect(handedOut).toEqual(addresses.slice(0, 8));
  });

  test('of a single label, or of a place that the public DNS does not hold, is not even looked up', async () => {
    let asked = 0;
    const remote = remoteWith(async () => {
      asked++;
      return [ipv4('127.0.0.1')];
    });
    const names =
      'printer printer. localhost a.localhost x.local x.internal x.onion x.test x.invalid r.home.arpa';
    for (const name of names.split(' ')) {
      expect(faultOf(await remote.get(`http://${name}/`)), name).toBe('address');
    }
    expect(asked).toBe(0);
    expect(isPublicName('localhost.example')).toBe(true);
  });
});

describe('a redirect from a public place', () => {
  test('to this machine, to a private address or to another scheme is refused before a connection', async () => {
    await using cage = await canary();
    const inside = [
      `http://127.0.0.1:${cage.port}/`,
      `http://[::1]:${cage.port}/`,
      `http://[::ffff:127.0.0.1]:${cage.port}/`,
      `//127.1:${cage.port}/`,
      `http://inside.example:${cage.port}/`,
      'http://169.254.169.254/latest/meta-data/',
      'file:///etc/passwd',
      'data:application/activity+json,{}',
      'gopher://127.0.0.1:6379/_x',
    ];
    for (const location of inside) {
      await using far = await rawServer((socket) => socket.write(answerOf(302, { location })), PUBLIC);
      const remote = withPublic(async (name) => [ipv4(name === 'far.example' ? PUBLIC : '127.0.0.1')]);
      expect(faultOf(await remote.get(`http://far.example:${far.port}/`)), location).toBe('address');
    }
    expect(cage.heard()).toBe(0);
  });

  test('from https to plain http is refused where http is', () => {
    const remote = createRemote(SETTINGS);
    opened.push(remote);
    expect(remote.isAllowed('https://far.example/')).toBe(true);
    for (const url of [
      'http://far.example/',
      'https://far.example:8443/',
      'https://a:b@far.example/',
      `https://${'a.'.repeat(130)}example/`,
      '/x',
      '',
    ]) {
      expect(remote.isAllowed(url), url).toBe(false);
    }
  });
});

describe('property: addresses', () => {
  const octets = (...parts: (number | null)[]) =>
    fc
      .tuple(...parts.map((part) => (part === null ? fc.nat(255) : fc.constant(part))))
      .map((numbers) => numbers as [number, number, number, number]);
  const inside = fc.oneof(
    octets(0, null, null, null),
    octets(10, null, null, null),
    octets(127, null, null, null),
    octets(169, 254, null, null),
    octets(192, 168, null, null),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.integer({ min: 224, max: 255 }), fc.nat(255), fc.nat(255), fc.nat(255)),
  );
  const numberOf = ([a, b, c, d]: readonly number[]): number =>
    (((a as number) * 256 + (b as number)) * 256 + (c as number)) * 256 + (d as number);
  const hex = (value: number) => value.toString(16);

  /** Ways to write an IPv4 address in a URL. */
  const SPELLINGS: ((parts: readonly number[]) => string)[] = [
    (parts) => parts.join('.'),
    (parts) => `${parts.join('.')}.`,
    (parts) => String(numberOf(parts)),
    (parts) => `0x${hex(numberOf(parts))}`,
    (parts) => `0${numberOf(parts).toString(8)}`,
    (parts) => parts.map((part) => `0x${hex(part)}`).join('.'),
    (parts) => parts.map((part) => `0${part.toString(8)}`).join('.'),
    ([a = 0, b = 0, c = 0, d = 0]) => `${a}.${(b * 256 + c) * 256 + d}`,
    ([a = 0, b = 0, c = 0, d = 0]) => `${a}.${b}.${c * 256 + d}`,
    (parts) => parts.join('。'),
    (parts) => parts.join('.').replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    (parts) => parts.join('%2e'),
    (parts) => `[::ffff:${parts.join('.')}]`,
    (parts) => `[::${parts.join('.')}]`,
    ([a = 0, b = 0, c = 0, d = 0]) => `[64:ff9b::${hex(a * 256 + b)}:${hex(c * 256 + d)}]`,
    ([a = 0, b = 0, c = 0, d = 0]) => `[2002:${hex(a * 256 + b)}:${hex(c * 256 + d)}::]`,
  ];

  test('one that is not public is refused in every spelling', () => {
    const remote = createRemote(SETTINGS);
    opened.push(remote);
    fc.assert(
      fc.property(inside, fc.constantFrom(...SPELLINGS), (parts, spell) => {
        return !remote.isAllowed(`https://${spell(parts)}/`);
      }),
    );
  });

  test('any IPv6 address outside global unicast is refused, and IPv4 addresses are told apart', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (parts) => {
        const isUnicast = (parts[0] as number) >> 13 === 1;
        return isUnicast || !isPublicAddress(parts.map(hex).join(':'));
      }),
    );
    expect(
      ['1.1.1.1', '172.32.0.1', '100.128.0.1', '192.0.1.1', '2606:4700::1111'].map(isPublicAddress),
    ).toEqual(Array(5).fill(true));
    expect(['', 'x', '1.1.1', '1.1.1.1 ', '2606::1%eth0'].map(isPublicAddress)).toEqual(Array(5).fill(false));
  });
});
