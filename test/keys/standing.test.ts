/** How long a key is one: while it is seen at its server, for one last word when its actor is gone, and not for ever. */
import { describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import { type RemoteDomain, remoteDomain } from '../fediverse/index.ts';
import { DAY_MS, keyIn, MINUTE_MS, placeOn, refusalIn } from './place.ts';

const place = placeOn(pglite);
const PATH = '/users/anna';

const answer = (far: RemoteDomain, status: number): void =>
  far.serve(PATH, (_, response) => response.writeHead(status).end());

describe('a known key', () => {
  test('of an actor that is gone stays, and is known to be', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    const key = keyIn(await keys.find(anna.keyId));
    expect(keys.isGone(anna.keyId)).toBe(false);
    answer(far, 410);
    expect(await keys.refetch(anna.keyId)).toEqual(key);
    expect(keys.isGone(anna.keyId)).toBe(true);
    expect(await keys.known(anna.keyId)).toEqual(key);
    // A server that was mistaken, or brought the actor back.
    far.serve(PATH, null);
    place.pass(5 * MINUTE_MS);
    await keys.refetch(anna.keyId);
    expect(keys.isGone(anna.keyId)).toBe(false);
  });

  test('of an actor that its server knows nothing of is forgotten, in the store, too', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    await keys.remember(keyIn(await keys.find(anna.keyId)));
    answer(far, 404);
    expect(await keys.refetch(anna.keyId)).toBeNull();
    expect(await keys.known(anna.keyId)).toBeNull();
    expect(keys.hasExpired(anna.keyId)).toBe(false);
    expect((await place.rows()).keys).not.toContain(anna.keyId);
    expect(refusalIn(await keys.find(anna.keyId))).toBe('no key: answered 404');
  });

  test('that was not seen at its server for thirty days is none until it is', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const first = place.keys();
    const key = keyIn(await first.find(anna.keyId));
    await first.remember(key);
    answer(far, 500);
    for (const keys of [first, place.keys()]) {
      expect(await keys.known(anna.keyId)).toEqual(key);
      expect(keys.hasExpired(anna.keyId)).toBe(false);
      await keys.settled();
    }
    place.pass(30 * DAY_MS);
    for (const keys of [first, place.keys()]) {
      expect(await keys.known(anna.keyId)).toBeNull();
      expect(keys.hasExpired(anna.keyId)).toBe(true);
      expect(refusalIn(await keys.find(anna.keyId))).toContain('answered 500');
    }
    far.serve(PATH, null);
    const keys = place.keys();
    expect(await keys.known(anna.keyId)).toBeNull();
    expect(keyIn(await keys.find(anna.keyId))).toEqual(key);
    expect(await keys.known(anna.keyId)).toEqual(key);
    expect(keys.hasExpired(anna.keyId)).toBe(false);
  });

  test('that has expired serves for the last word of an actor that is gone', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    const key = keyIn(await keys.find(anna.keyId));
    place.pass(30 * DAY_MS);
    answer(far, 410);
    expect(await keys.known(anna.keyId)).toBeNull();
    expect(keyIn(await keys.find(anna.keyId))).toEqual(key);
    expect(keys.isGone(anna.keyId)).toBe(true);
  });
});

describe('looking again whether a key was rotated', () => {
  test('is paid for by the peer’s address', async () => {
    await using far = await remoteDomain();
    const keys = place.keys();
    const anna = await far.actor('anna');
    const key = keyIn(await keys.find(anna.keyId));
    const forger = '1.2.3.4';
    // The whole budget of the address goes for keys that are not there.
    for (let n = 0; n < 300; n++) await keys.find(`${far.origin}/users/nobody-${n}#main-key`, forger);
    const asked = far.fetches(PATH);
    await far.rotate(anna);
    expect(await keys.refetch(anna.keyId, forger)).toEqual(key);
    expect(far.fetches(PATH)).toBe(asked);
    const rotated = await keys.refetch(anna.keyId, '5.6.7.8');
    expect(rotated?.publicKeyPem).not.toBe(key.publicKeyPem);
    expect(far.fetches(PATH)).toBe(asked + 1);
  }, 60_000);
});

describe('whom we have met', () => {
  test('is whoever’s key is in memory or in the store, and nobody is asked', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    expect(await keys.hasMet(anna.id)).toBe(false);
    await keys.remember(keyIn(await keys.find(anna.keyId)));
    expect([await keys.hasMet(anna.id), await place.keys().hasMet(anna.id)]).toEqual([true, true]);
    expect(await keys.hasMet(`${far.origin}/users/nobody`)).toBe(false);
    expect(far.fetches()).toBe(1);
  });
});
