/** What a peer that has proved nothing may cost: so many fetches by its address, and none by whom it claims to be. */
import { describe, expect, test } from 'vitest';
import { createSourceBudget } from '../../src/keys/source-budget.ts';
import { pglite } from '../databases.ts';
import { remoteDomain } from '../fediverse/index.ts';
import { rawServer } from '../remote/raw-server.ts';
import { keyIn, placeOn, refusalIn } from './place.ts';

describe('a source address', () => {
  const place = placeOn(pglite);

  test('may cause 300 fetches, then five a second; its neighbours have their own', async () => {
    let asked = 0;
    await using far = await rawServer((socket) => {
      asked++;
      socket.write('HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n');
    });
    const keys = place.keys();
    const ask = (n: number, address: string | null) => keys.find(`${far.origin}/${address}/${n}`, address);
    for (let n = 0; n < 300; n++) expect(refusalIn(await ask(n, '8.8.8.8'))).toContain('404');
    expect(await ask(300, '8.8.8.8')).toMatchObject({
      refusal: { type: 'rate-limited', retryAfterSeconds: 30 },
    });
    expect(asked).toBe(300);
    // What is remembered as refused costs nothing, and the others are not concerned.
    expect(refusalIn(await ask(7, '8.8.8.8'))).toContain('404');
    expect(refusalIn(await ask(0, '8.8.4.4'))).toContain('404');
    expect(refusalIn(await ask(0, null))).toContain('404');
    place.pass(1_000);
    const more = await Promise.all([301, 302, 303, 304, 305, 306].map((n) => ask(n, '8.8.8.8')));
    expect(more.map(refusalIn).filter((reason) => reason === 'rate-limited')).toHaveLength(1);
  });

  test('gets a fetch back when its request proves genuine', async () => {
    await using far = await remoteDomain();
    const keys = place.keys();
    const anna = await far.actor('anna');
    const ben = await far.actor('ben');
    const spend = async () => {
      for (let n = 0; ; n++) {
        const found = await keys.find(`${far.origin}/users/anna?${n}`, '9.9.9.9');
        if ('refusal' in found && found.refusal.type === 'rate-limited') return n;
      }
    };
    const key = keyIn(await keys.find(anna.keyId, '9.9.9.9'));
    expect(await spend()).toBe(299);
    await keys.remember(key);
    expect(keyIn(await keys.find(ben.keyId, '9.9.9.9')).actor).toBe(ben.id);
    expect(await keys.find(`${far.origin}/users/more`, '9.9.9.9')).toMatchObject({
      refusal: { type: 'rate-limited' },
    });
  });
});

describe('the buckets', () => {
  test('belong to an IPv4 address however the socket writes it, or to the /64 of an IPv6 one', () => {
    const budget = createSourceBudget(2, 1);
    const take = (address: string) => budget.take(address, 0);
    expect([take('8.8.8.8'), take('::ffff:8.8.8.8'), take('8.8.8.8'), take('::FFFF:8.8.8.8')]).toEqual([
      ...[true, true, false, false],
    ]);
    expect([take('2600::1'), take('2600:0:0:0:9::1'), take('2600:0000::2'), take('2600:0:0:1::')]).toEqual([
      ...[true, true, false, true],
    ]);
    // Proxies and neighbours: nothing is known of who is behind them.
    expect(Array.from({ length: 5 }, () => take('10.0.0.1'))).toEqual(Array(5).fill(true));
  });

  test('fill again to their brim, by a clock that may also stand or go back', () => {
    const budget = createSourceBudget(2, 1);
    const take = (nowMs: number) => budget.take('8.8.8.8', nowMs);
    expect([take(10_000), take(10_000), take(10_000), take(5_000), take(5_999)]).toEqual([
      ...[true, true, false, false, false],
    ]);
    expect([take(7_000), take(100_000), take(100_000), take(100_000)]).toEqual([true, true, true, false]);
  });

  test('are so many at most: the one that was longest unused is forgotten', () => {
    const budget = createSourceBudget(1, 0, 2);
    const take = (address: string) => budget.take(address, 0);
    expect([take('8.0.0.1'), take('8.0.0.2'), take('8.0.0.1')]).toEqual([true, true, false]);
    expect([take('8.0.0.3'), take('8.0.0.1'), take('8.0.0.2')]).toEqual([true, false, true]);
  });
});
