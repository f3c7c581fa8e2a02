/** Where a key comes from, how often its server is asked, and what is kept of it. */
import { describe, expect, test } from 'vitest';
import { databases } from '../databases.ts';
import { type RemoteActor, remoteDomain } from '../fediverse/index.ts';
import { DAY_MS, keyIn, MINUTE_MS, placeOn, refusalIn } from './place.ts';

/** The public key as documents list it and as keys hold it: one spelling. */
const pemOf = ({ publicKeyPem }: RemoteActor): string => publicKeyPem;

describe.each(databases)('a key nobody here knows, on $name', (kind) => {
  const place = placeOn(kind);

  test('is fetched once for all who ask at the same time, and then known', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    expect(await keys.known(anna.keyId)).toBeNull();
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.find(anna.keyId)));
    expect(new Set(found.map((key) => keyIn(key).publicKeyPem))).toEqual(new Set([pemOf(anna)]));
    expect(keyIn(found[0] as never)).toMatchObject({ actor: anna.id, domain: far.domain });
    expect(await keys.known(anna.keyId)).toEqual(found[0]);
    expect(keyIn(await keys.find(anna.keyId))).toEqual(found[0]);
    expect(far.fetches()).toBe(1);
  });

  test('of a server that has no such thing is not asked for again within ten minutes', async () => {
    await using far = await remoteDomain();
    const keys = place.keys();
    const keyId = `${far.origin}/users/nobody#main-key`;
    for (let n = 0; n < 100; n++) expect(refusalIn(await keys.find(keyId))).toContain('answered 404');
    expect(await keys.known(keyId)).toBeNull();
    expect(far.fetches()).toBe(1);
    place.pass(10 * MINUTE_MS - 1);
    await keys.find(keyId);
    expect(far.fetches()).toBe(1);
    place.pass(1);
    await keys.find(keyId);
    expect(far.fetches()).toBe(2);
  });

  test('of a server in trouble is asked for again after a minute', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    far.serve('/users/anna', (_, response) => response.writeHead(503).end());
    expect(refusalIn(await keys.find(anna.keyId))).toContain('answered 503');
    far.serve('/users/anna', null);
    place.pass(MINUTE_MS - 1);
    expect(refusalIn(await keys.find(anna.keyId))).toContain('answered 503');
    place.pass(1);
    expect(keyIn(await keys.find(anna.keyId)).actor).toBe(anna.id);
    expect(far.fetches()).toBe(2);
  });

  test('of an actor that is gone for good is refused as gone', async () => {
    await using far = await remoteDomain();
    far.serve('/users/anna', (_, response) => response.writeHead(410).end());
    const keys = place.keys();
    const keyId = `${far.origin}/users/anna#main-key`;
    expect(await keys.find(keyId)).toMatchObject({ isGone: true, refusal: { type: 'not-authenticated' } });
    expect(await keys.find(keyId)).toMatchObject({ isGone: true });
    expect(far.fetches()).toBe(1);
  });

  test('is not fetched when its id is none', async () => {
    await using far = await remoteDomain();
    const { host } = new URL(far.origin);
    const keys = place.keys();
    const ids = [
      '',
      'main-key',
      'acct:anna@far.example',
      'data:application/json,{}',
      `http://user:pass@${host}/users/anna#main-key`,
      `${far.origin}/a b`,
      `${far.origin}/\u0000`,
      `${far.origin}/\ud800`,
      `${far.origin}/${'a'.repeat(3_000)}`,
    ];
    for (const id of ids) {
      expect(refusalIn(await keys.find(id))).toContain('the keyId');
      expect(await keys.known(id)).toBeNull();
      expect(await keys.actor(id)).toBeNull();
    }
    const strict = place.keys({
      settings: { allowPrivateAddress: false, logger: { debug() {}, info() {}, warn() {}, error() {} } },
    });
    expect(refusalIn(await strict.find(`${far.origin}/users/anna`))).toBe('the keyId is no https URL');
    expect(far.fetches()).toBe(0);
  });

  test('is asked for in our name where the server answers nobody else, as this server reads signatures', async () => {
    for (const readsInput of [true, false]) {
      await using far = await remoteDomain();
      const anna = await far.actor('anna');
      const us = await far.actor('us');
      const privateKeyPem = us.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const asked: { signature: string; input: string }[] = [];
      far.serve('/users/anna', ({ headers: sent }, response) => {
        const input = String(sent['signature-input'] ?? '');
        asked.push({ signature: String(sent.signature ?? ''), input });
        if ((input !== '') !== readsInput) return void response.writeHead(401).end();
        const headers = { 'content-type': 'application/activity+json' };
        response.writeHead(200, headers).end(JSON.stringify(anna.document));
      });
      const id = 'https://us.example/users/_instance#main-key';
      const keys = place.keys({ signer: { id, privateKeyPem } });
      expect(keyIn(await keys.find(anna.keyId)).actor).toBe(anna.id);
      const { signature, input } = asked.at(-1) ?? { signature: '', input: '' };
      expect(asked).toHaveLength(readsInput ? 1 : 2);
      if (readsInput) {
        expect(input).toMatch(/^sig1=\("@method" "@target-uri"\);created=\d+;keyid="/);
        expect(input).toContain(`keyid="${id}"`);
      } else {
        expect(signature).toContain(`keyId="${id}"`);
        expect(signature).toContain('headers="(request-target) host date"');
      }
    }
  });

  test('costs 503, and nothing is remembered, while too many fetches are under way', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const ben = await far.actor('ben');
    const asked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    far.serve('/users/ben', (_, response) => {
      asked.resolve();
      void release.promise.then(() => response.writeHead(404).end());
    });
    const keys = place.keys({}, { fetchesMax: 1 });
    const slow = keys.find(ben.keyId);
    await asked.promise;
    expect(await keys.find(anna.keyId)).toMatchObject({
      refusal: { type: 'overloaded', retryAfterSeconds: 30 },
    });
    release.resolve();
    await slow;
    expect(keyIn(await keys.find(anna.keyId)).actor).toBe(anna.id);
  });
});

describe.each(databases)('a key that was rotated, on $name', (kind) => {
  const place = placeOn(kind);

  test('is found by one fetch, and the next one is at least five minutes later', async () => {
    await using far = await remoteDomain();
    const before = await far.actor('anna');
    const keys = place.keys();
    await keys.find(before.keyId);
    const after = await far.rotate(before);
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.refetch(before.keyId)));
    expect(new Set(found.map((key) => key?.publicKeyPem))).toEqual(new Set([pemOf(after)]));
    expect(far.fetches()).toBe(2);

    // A forger with the same keyId: the key does not change, and nobody is asked.
    const third = await far.rotate(after);
    place.pass(5 * MINUTE_MS - 1);
    expect((await keys.refetch(before.keyId))?.publicKeyPem).toBe(pemOf(after));
    expect(far.fetches()).toBe(2);
    place.pass(1);
    expect((await keys.refetch(before.keyId))?.publicKeyPem).toBe(pemOf(third));
    expect((await keys.known(before.keyId))?.publicKeyPem).toBe(pemOf(third));
    expect(far.fetches()).toBe(3);
  });

  test('away from its owner’s document is no key any more, in memory and in the store', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    await keys.remember(keyIn(await keys.find(anna.keyId)));
    expect((await place.rows()).keys).toContain(anna.keyId);
    anna.document.publicKey = { id: `${anna.id}#other-key`, owner: anna.id, publicKeyPem: anna.publicKeyPem };
    expect(await keys.refetch(anna.keyId)).toBeNull();
    expect(await keys.known(anna.keyId)).toBeNull();
    expect((await place.rows()).keys).not.toContain(anna.keyId);
    expect(await place.keys().known(anna.keyId)).toBeNull();
  });
});

describe.each(databases)('a key that is known, on $name', (kind) => {
  const place = placeOn(kind);

  test('makes a row when it has proved genuine, not before, and one only', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    const key = keyIn(await keys.find(anna.keyId));
    expect(await place.rows()).toEqual({ keys: [], actors: [] });
    await Promise.all(Array.from({ length: 10 }, () => keys.remember(key)));
    expect(await place.rows()).toEqual({ keys: [anna.keyId], actors: [anna.id] });
    const before = place.statements;
    for (let n = 0; n < 10; n++) await keys.remember(key);
    expect(place.statements).toBe(before);
    // Nothing but what is known here: what somebody else made up is not written.
    await keys.remember({ ...key, publicKeyPem: 'made up' });
    await keys.remember({ ...key, id: `${far.origin}/made-up` });
    expect((await place.rows()).keys).toEqual([anna.keyId]);
  });

  test('is read from the store after a restart, once for all who ask, and nobody is asked', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const first = place.keys();
    const key = keyIn(await first.find(anna.keyId));
    await first.remember(key);
    const second = place.keys();
    const before = place.statements;
    expect(await Promise.all([1, 2, 3].map(() => second.known(anna.keyId)))).toEqual([key, key, key]);
    expect(place.statements - before).toBe(1);
    expect(await second.known(anna.keyId)).toEqual(key);
    expect(place.statements - before).toBe(1);
    expect(await second.actor(anna.id)).toMatchObject({ id: anna.id, inbox: anna.inbox });
    expect(far.fetches()).toBe(1);
  });

  test('is looked at again in the background after a day, and used meanwhile', async () => {
    await using far = await remoteDomain();
    const before = await far.actor('anna');
    const first = place.keys();
    await first.remember(keyIn(await first.find(before.keyId)));
    const after = await far.rotate(before);
    for (const keys of [first, place.keys()]) {
      expect((await keys.known(before.keyId))?.publicKeyPem).toBe(pemOf(before));
      await keys.settled();
    }
    expect(far.fetches()).toBe(1);

    place.pass(DAY_MS);
    const again = place.keys();
    const used = await Promise.all([1, 2, 3].map(() => again.known(before.keyId)));
    expect(used.map((key) => key?.publicKeyPem)).toEqual(Array(3).fill(pemOf(before)));
    await again.settled();
    expect(far.fetches()).toBe(2);
    const fresh = await again.known(before.keyId);
    expect(fresh?.publicKeyPem).toBe(pemOf(after));
    // The next verified request writes it down.
    await again.remember(fresh as never);
    expect((await place.keys().known(before.keyId))?.publicKeyPem).toBe(pemOf(after));
  });

  test('stays usable while its server is away or says that the actor is gone, and is asked for rarely', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    const key = keyIn(await keys.find(anna.keyId));
    await keys.remember(key);
    place.pass(DAY_MS);
    far.serve('/users/anna', (_, response) => response.writeHead(500).end());
    for (const fetches of [2, 2]) {
      expect(await keys.known(anna.keyId)).toEqual(key);
      await keys.settled();
      expect(far.fetches()).toBe(fetches);
    }
    far.serve('/users/anna', (_, response) => response.writeHead(410).end());
    place.pass(MINUTE_MS);
    // Its own Delete is the last thing that it signs.
    expect(await keys.known(anna.keyId)).toEqual(key);
    await keys.settled();
    expect(await keys.known(anna.keyId)).toEqual(key);
    expect(await keys.refetch(anna.keyId)).toEqual(key);
    expect(far.fetches()).toBe(4);
    expect((await place.rows()).keys).toContain(anna.keyId);
  });
});

describe.each(databases)('a remote actor, on $name', (kind) => {
  const place = placeOn(kind);

  test('is fetched once a day, and what is known of it serves while it cannot be', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keys = place.keys();
    const found = await Promise.all([1, 2, 3].map(() => keys.actor(anna.id)));
    expect(found[0]).toMatchObject({
      id: anna.id,
      domain: far.domain,
      inbox: anna.inbox,
      sharedInbox: `${far.origin}/inbox`,
      document: { type: 'Person', preferredUsername: 'anna' },
    });
    expect(await keys.actor(anna.id)).toEqual(found[0]);
    expect(far.fetches()).toBe(1);
    place.pass(DAY_MS);
    far.serve('/users/anna', (_, response) => response.writeHead(500).end());
    expect(await keys.actor(anna.id)).toEqual(found[0]);
    far.serve('/users/anna', null);
    expect((await keys.actor(anna.id))?.fetchedMs).toBe(place.store.clock.now());
    expect(await keys.actor(`${far.origin}/users/nobody`)).toBeNull();
    expect(await place.rows()).toEqual({ keys: [], actors: [] });
  });
});
