/**
 * Whose key is it? Only the actor itself can say, in the document at its own id. Every test here is somebody who
 * says it of somebody else.
 */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRemote } from '../../src/remote.ts';
import { pglite } from '../databases.ts';
import { type RemoteActor, type RemoteDomain, remoteDomain } from '../fediverse/index.ts';
import { keyIn, placeOn, refusalIn } from './place.ts';

const place = placeOn(pglite);
const ACTIVITY_JSON = 'application/activity+json';

function serve(domain: RemoteDomain, path: string, document: unknown, contentType = ACTIVITY_JSON): void {
  const body = typeof document === 'string' ? document : JSON.stringify(document);
  domain.serve(path, (_, response) => response.writeHead(200, { 'content-type': contentType }).end(body));
}

const redirect = (domain: RemoteDomain, path: string, location: string): void =>
  domain.serve(path, (_, response) => response.writeHead(302, { location }).end());

const keyDocument = (id: string, owner: string, { publicKeyPem }: RemoteActor) => ({
  '@context': 'https://w3id.org/security/v1',
  ...{ id, type: 'Key', owner, publicKeyPem },
});

describe('a key is its owner’s', () => {
  test('in a document of its own, as GoToSocial serves it, which has no inbox', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keyId = `${anna.id}/main-key`;
    const publicKey = { id: keyId, owner: anna.id, publicKeyPem: anna.publicKeyPem };
    anna.document.publicKey = publicKey;
    const { id, type, preferredUsername } = anna.document;
    serve(far, '/users/anna/main-key', { id, type, preferredUsername, publicKey });
    const key = keyIn(await place.keys().find(keyId));
    expect(key).toMatchObject({ id: keyId, actor: anna.id, publicKeyPem: anna.publicKeyPem });
    expect([far.fetches('/users/anna/main-key'), far.fetches('/users/anna')]).toEqual([1, 1]);
  });

  test('in a bare key document, also on another host, when the owner’s own document lists it', async () => {
    await using far = await remoteDomain();
    await using vault = await remoteDomain();
    const anna = await far.actor('anna');
    const keyId = `${vault.origin}/keys/1`;
    anna.document.publicKey = [
      { id: `${anna.id}#other`, owner: anna.id, publicKeyPem: 'x' },
      { id: keyId, owner: anna.id, publicKeyPem: anna.publicKeyPem },
    ];
    serve(vault, '/keys/1', keyDocument(keyId, anna.id, anna));
    const key = keyIn(await place.keys().find(keyId));
    // The gate asks for both: where the key lies, and whose it is.
    expect(key).toMatchObject({ domain: vault.domain, actor: anna.id });
  });

  test('when a second address of the actor leads to its document', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const keyId = `${far.origin}/@anna#main-key`;
    anna.document.publicKey = { id: keyId, owner: anna.id, publicKeyPem: anna.publicKeyPem };
    serve(far, '/@anna', anna.document);
    expect(keyIn(await place.keys().find(keyId)).actor).toBe(anna.id);
    expect([far.fetches('/@anna'), far.fetches('/users/anna')]).toEqual([1, 1]);
    redirect(far, '/@anna', anna.id);
    expect(keyIn(await place.keys().find(keyId)).actor).toBe(anna.id);
  });

  test('served as ActivityStreams, under either of its names', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const profile = 'profile="https://www.w3.org/ns/activitystreams"';
    const good = [
      `${ACTIVITY_JSON}; charset=utf-8`,
      `application/ld+json; ${profile}`,
      'Application/Activity+JSON',
    ];
    for (const type of good) {
      serve(far, '/users/anna', anna.document, type);
      expect(keyIn(await place.keys().find(anna.keyId)).actor).toBe(anna.id);
    }
    // Uploads are served like this.
    for (const type of [
      'application/json',
      'application/ld+json',
      'text/html',
      '',
      'application/activity+jsonx',
    ]) {
      serve(far, '/users/anna', anna.document, type);
      expect(refusalIn(await place.keys().find(anna.keyId))).toContain('content type');
    }
  });
});

describe('nobody gets a key to sign for somebody else', () => {
  test('by a key document on its own host that names an owner', async () => {
    await using far = await remoteDomain();
    await using evil = await remoteDomain();
    const victim = await far.actor('victim');
    const mallory = await evil.actor('mallory');
    const keyId = `${evil.origin}/key`;
    serve(evil, '/key', keyDocument(keyId, victim.id, mallory));
    expect(refusalIn(await place.keys().find(keyId))).toContain('lists no such usable key');
    // Nor with the victim's document around it.
    serve(evil, '/key', {
      ...victim.document,
      publicKey: { id: keyId, owner: victim.id, publicKeyPem: mallory.publicKeyPem },
    });
    expect(refusalIn(await place.keys().find(keyId))).toContain('lists no such usable key');
    // Nor by a document about another key.
    serve(evil, '/key', keyDocument(`${victim.id}#main-key`, victim.id, mallory));
    expect(refusalIn(await place.keys().find(keyId))).toContain('neither an actor nor this key');
  });

  test('by listing a key that it does not own, or one that somebody else does', async () => {
    await using far = await remoteDomain();
    await using evil = await remoteDomain();
    const victim = await far.actor('victim');
    const mallory = await evil.actor('mallory');
    for (const owner of [victim.id, undefined, null, [mallory.id], { id: mallory.id }]) {
      mallory.document.publicKey = { id: mallory.keyId, owner, publicKeyPem: mallory.publicKeyPem };
      expect(refusalIn(await place.keys().find(mallory.keyId))).toContain('lists no such usable key');
    }
    // It lists the victim's key id with its own key; the victim's server is asked, and says otherwise.
    mallory.document.publicKey = {
      id: victim.keyId,
      owner: mallory.id,
      publicKeyPem: mallory.publicKeyPem,
    };
    const keys = place.keys();
    await keys.find(mallory.keyId);
    expect(keyIn(await keys.find(victim.keyId))).toMatchObject({
      actor: victim.id,
      publicKeyPem: victim.publicKeyPem,
    });
  });

  test('by a redirect to the victim’s document, or from the victim’s id to its own', async () => {
    await using far = await remoteDomain();
    await using evil = await remoteDomain();
    const victim = await far.actor('victim');
    const mallory = await evil.actor('mallory');
    redirect(evil, '/users/mallory', victim.id);
    expect(refusalIn(await place.keys().find(mallory.keyId))).toContain('lists no such usable key');

    // An open redirect on the victim's host, and a document behind it that says it is the victim.
    redirect(far, '/out', `${evil.origin}/fake`);
    const id = `${far.origin}/out`;
    const keyId = `${id}#main-key`;
    const fake = {
      ...victim.document,
      id,
      publicKey: { id: keyId, owner: id, publicKeyPem: mallory.publicKeyPem },
    };
    serve(evil, '/fake', fake);
    expect(refusalIn(await place.keys().find(keyId))).toContain('not the one at its own id');
    // The same as the owner of a key, and as an actor of its own.
    serve(evil, '/key', keyDocument(`${evil.origin}/key`, id, mallory));
    expect(refusalIn(await place.keys().find(`${evil.origin}/key`))).toContain('another actor is there');
    expect(await place.keys().actor(id)).toBeNull();
  });

  test('by an owner’s id that leads to another actor, who lists the key', async () => {
    await using far = await remoteDomain();
    await using evil = await remoteDomain();
    const mallory = await evil.actor('mallory');
    const keyId = `${evil.origin}/key`;
    mallory.document.publicKey = { id: keyId, owner: mallory.id, publicKeyPem: mallory.publicKeyPem };
    redirect(far, '/users/moved', mallory.id);
    serve(evil, '/key', keyDocument(keyId, `${far.origin}/users/moved`, mallory));
    expect(refusalIn(await place.keys().find(keyId))).toContain('another actor is there');
    // Its own name, where it is what it says, is good.
    serve(evil, '/key', keyDocument(keyId, mallory.id, mallory));
    expect(keyIn(await place.keys().find(keyId)).actor).toBe(mallory.id);
  });

  test('by two ids that name each other for ever: two documents are asked for, and no more', async () => {
    await using evil = await remoteDomain();
    const publicKey = { id: 'x', owner: 'x', publicKeyPem: 'x' };
    serve(evil, '/a', { id: `${evil.origin}/b`, publicKey });
    serve(evil, '/b', { id: `${evil.origin}/a`, publicKey });
    expect(refusalIn(await place.keys().find(`${evil.origin}/a`))).toContain('own id');
    expect(evil.fetches()).toBe(2);
    serve(evil, '/k', { id: `${evil.origin}/k`, owner: `${evil.origin}/a` });
    expect(refusalIn(await place.keys().find(`${evil.origin}/k`))).toContain('another actor');
    expect(evil.fetches()).toBe(4);
  });
});

describe('a document from a stranger', () => {
  test('with an unusable key is no key', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const spki = { type: 'spki', format: 'pem' } as const;
    const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export(spki).toString();
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export(spki).toString();
    const secret = anna.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const pems = [
      small,
      curve,
      secret,
      `${anna.publicKeyPem}${anna.publicKeyPem}`,
      'a'.repeat(900_000),
      5,
      null,
      {},
    ];
    for (const publicKeyPem of pems) {
      anna.document.publicKey = { id: anna.keyId, owner: anna.id, publicKeyPem };
      expect(refusalIn(await place.keys().find(anna.keyId))).toContain('lists no such usable key');
    }
    // The same key in another spelling is the same key.
    const old = anna.publicKeyPem.replaceAll('\n', '\r\n');
    anna.document.publicKey = { id: anna.keyId, owner: anna.id, publicKeyPem: `\n${old}\n\n` };
    expect(keyIn(await place.keys().find(anna.keyId)).publicKeyPem).toBe(anna.publicKeyPem);
  });

  test('with a thousand keys is looked at for sixteen', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const at = async (position: number) => {
      const keys = Array.from({ length: 1_000 }, (_, n) => ({
        id: `${anna.id}#${n}`,
        owner: anna.id,
        publicKeyPem: 'x',
      }));
      keys[position] = { id: anna.keyId, owner: anna.id, publicKeyPem: anna.publicKeyPem };
      anna.document.publicKey = keys;
      return place.keys().find(anna.keyId);
    };
    expect(keyIn(await at(15)).actor).toBe(anna.id);
    expect(refusalIn(await at(16))).toContain('lists no such usable key');
  });

  test('that nests deeply, or is no JSON object, is refused in little time', async () => {
    await using far = await remoteDomain();
    const deep = `{"id":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
    for (const body of [deep, '[]', 'null', '"x"', '1', '', '{', '\ufeff{}', '{"id":"\\ud800"}', '{}']) {
      serve(far, '/x', body);
      const startedMs = performance.now();
      expect(await place.keys().find(`${far.origin}/x`)).toHaveProperty('refusal');
      expect(performance.now() - startedMs).toBeLessThan(1_000);
    }
    serve(far, '/x', Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1'));
    expect(await place.keys().find(`${far.origin}/x`)).toHaveProperty('refusal');
  });

  test('is kept only as far as every database can keep it', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    const long = `${'n'.repeat(499)}😀`;
    Object.assign(anna.document, {
      ...{ name: long, preferredUsername: 'a\u0000b', published: ['no text'], type: ['Person', 'x'] },
      ...{ manuallyApprovesFollowers: 'true', endpoints: { sharedInbox: `${far.origin}/a\u0000` } },
    });
    const keys = place.keys();
    await keys.remember(keyIn(await keys.find(anna.keyId)));
    const kept = await place.keys().actor(anna.id);
    expect(kept).toMatchObject({ sharedInbox: null });
    expect(kept?.document).toEqual({
      ...{ type: 'Person', preferredUsername: 'ab', name: `${'n'.repeat(499)}�`, published: null },
      manuallyApprovesFollowers: false,
      followers: `${anna.id}/followers`,
    });
  });

  test('with an inbox that must not be asked is no actor', async () => {
    await using far = await remoteDomain();
    const anna = await far.actor('anna');
    for (const inbox of [
      'https://us.example/inbox',
      'ftp://far.example/',
      '/inbox',
      `${far.origin}/a b`,
      5,
      null,
    ]) {
      anna.document.inbox = inbox;
      expect(refusalIn(await place.keys().find(anna.keyId))).toContain('not an actor with an inbox');
    }
  });

  test('property: whatever it says, the answer is a refusal, and nothing is thrown or written', async () => {
    await using far = await remoteDomain();
    const own = `${far.origin}/p`;
    const value = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(own, `${own}#key`, `${far.origin}/q`, '', 'x', null, true, 7) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    );
    const key = fc.record(
      { id: value, owner: value, publicKeyPem: value, controller: value },
      { requiredKeys: [] },
    );
    const document = fc.record(
      {
        ...{ id: value, type: value, owner: value, inbox: value, name: value, published: value },
        publicKey: fc.oneof(value, key, fc.array(key, { maxLength: 3 })),
        endpoints: fc.oneof(value, fc.record({ sharedInbox: value })),
      },
      { requiredKeys: [] },
    );
    const before = await place.rows();
    // One way out for all runs: a connection each would be most of the time that this takes.
    const remote = createRemote({ origin: 'https://us.example', allowPrivateAddress: true });
    await fc.assert(
      fc.asyncProperty(document, async (sent) => {
        serve(far, '/p', JSON.stringify(sent));
        const keys = place.keys({ remote });
        expect(await keys.find(`${own}#key`)).toHaveProperty('refusal');
        const actor = await keys.actor(own);
        if (actor !== null) expect(actor.id).toBe(own);
      }),
    );
    await remote.close();
    expect(await place.rows()).toEqual(before);
    expect(place.logged).toEqual([]);
  }, 60_000);
});
