/** Authentication: whose key is it, and does it belong to whom the activity names? */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { deleteSelf, rsaKey } from '../../fediverse/index.ts';
import { certificateFor } from '../../peers/certificate.ts';
import { type Attacks, activityOf, bytesOf, must, noteOf, ORIGIN, type Stage } from '../attack.ts';

const MINUTE_MS = 60_000;

/** Refused, nothing kept of it, and nothing of the domain that it names. */
async function refusedWithoutTrace(stage: Stage, id: string, domain: string): Promise<void> {
  await stage.untouched(id);
  must(!(await stage.hasDomain(domain)), `${domain} has a row`);
}

export const authnOwner: Attacks = {
  async 'AU-01'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const object = `${stage.victim.origin}/notes/1`;
    const forged = { ...activityOf(mallory, 'Create'), actor: alice.id, object };
    stage.expect(await stage.post(forged, mallory), 401);
    must(stage.victim.fetches('/notes/1') === 0, 'the object was fetched');
    await refusedWithoutTrace(stage, forged.id, stage.victim.name);
    return 'no row of the activity or of the named domain, no handler call, object not fetched';
  },

  async 'AU-02'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const keyId = `${stage.evil.origin}/key`;
    const { publicKeyPem } = mallory;
    stage.evil.serve('/key', { id: keyId, type: 'Key', owner: alice.id, publicKeyPem });
    const forged = activityOf(alice, 'Like');
    stage.expect(await stage.post(forged, { keyId, privateKey: mallory.privateKey }), 401);
    must(stage.victim.fetches('/users/alice') > 0, 'the named owner was not asked');
    await refusedWithoutTrace(stage, forged.id, stage.victim.name);
    return "the named owner's own document was fetched and does not list the key; nothing kept";
  },

  async 'AU-04'(stage) {
    await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const id = `${stage.victim.origin}/redirect`;
    const keyId = `${id}#main-key`;
    const { publicKeyPem, privateKey } = mallory;
    stage.victim.serve('/redirect', (_, response) =>
      response.writeHead(302, { location: `${stage.evil.origin}/a` }).end(),
    );
    const forged = [];
    for (const claimed of [id, `${stage.evil.origin}/a`]) {
      const publicKey = { id: keyId, owner: claimed, publicKeyPem };
      stage.evil.serve('/a', { ...mallory.document, id: claimed, publicKey });
      const activity = activityOf({ id }, 'Like');
      stage.expect(await stage.post(activity, { keyId, privateKey }), 401);
      forged.push(activity.id);
      stage.world.served.clock.advance(11 * MINUTE_MS);
    }
    for (const one of forged) await refusedWithoutTrace(stage, one, stage.victim.name);
    return 'a document behind an open redirect speaks for nobody, whether it names the first or the last URL';
  },

  async 'AU-05'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const genuine = noteOf(alice);
    const forged = { ...genuine, actor: mallory.id };
    stage.expect(await stage.post(forged, mallory), 400, 401);
    must((await stage.record(genuine.id)) === null, 'the foreign id is taken');
    stage.expect(await stage.post(genuine, alice), 202);
    await stage.processed(genuine.id);
    return 'the id was not entered; the genuine activity with it was processed afterwards';
  },

  async 'AU-07'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const keyId = `${stage.evil.origin}/keys/x`;
    const other = `${stage.evil.origin}/keys/y`;
    const { publicKeyPem, privateKey, id: owner } = mallory;
    stage.evil.serve('/keys/x', { id: other, owner, publicKeyPem });
    mallory.document.publicKey = [
      { id: keyId, owner, publicKeyPem: (await rsaKey()).publicKeyPem },
      { id: other, owner, publicKeyPem },
    ];
    const forged = activityOf(mallory, 'Like');
    stage.expect(await stage.post(forged, { keyId, privateKey }), 401);
    await stage.untouched(forged.id);
    stage.world.served.clock.advance(11 * MINUTE_MS);
    stage.expect(await stage.post(activityOf(mallory, 'Like'), { keyId, privateKey }), 401);
    return 'a document under another id than its URL gives no key, at once and after the refusal was forgotten';
  },

  async 'AU-08'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const before = await stage.metric('sallyport_verify_seconds_count');
    const activity = activityOf(mallory, 'Like');
    stage.expect(await stage.post(activity, null), 401);
    must((await stage.metric('sallyport_verify_seconds_count')) === before, 'a worker was asked');
    must(stage.evil.fetches() === 0, 'something was fetched');
    await refusedWithoutTrace(stage, activity.id, stage.evil.name);
    return 'no fetch, no worker task, no row';
  },

  async 'AU-25'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    const body = bytesOf(activity);
    for (const algorithm of ['hmac-sha256', 'hs2019', null]) {
      const headers = stage.signed(body, mallory, { algorithm });
      const names = /headers="([^"]*)"/.exec(headers.signature as string)?.[1]?.split(' ') ?? [];
      const lines = names.map((name) =>
        name.startsWith('(') ? `${name}: post /inbox` : `${name}: ${headers[name]}`,
      );
      const mac = createHmac('sha256', mallory.publicKeyPem).update(lines.join('\n')).digest('base64');
      const tamper = (it: string) => it.replace(/signature="[^"]*"/, `signature="${mac}"`);
      stage.expect(await stage.post(body, mallory, { algorithm, tamper }), 401);
    }
    await stage.untouched(activity.id);
    return 'a MAC keyed with the public key is no signature under any algorithm name';
  },

  async 'AU-41'(stage) {
    const anna = await stage.victim.actor('anna');
    const { privateKey } = anna;
    stage.expect(await stage.post(activityOf(anna, 'Like'), anna), 202);
    const before = stage.victim.fetches();
    const lookups = stage.neighbours.lookedUp.length;
    const host = new URL(anna.id).host;
    const forms = [
      ...[`acct:anna@${host}`, '/users/anna#main-key', 'users/anna', '#main-key', `//${host}/users/anna`],
      ...[encodeURIComponent(anna.keyId), `${anna.keyId}#again`, '', ' ', 'data:application/json,{}'],
      ...[
        `http://us:er@${host}/users/anna#main-key`,
        `http://user@${host}/users/anna`,
        'urn:x',
        'http://',
        'http:',
      ],
      ...[`javascript:${anna.id}`, `${anna.id}/${'x'.repeat(3_000)}`],
    ];
    for (const keyId of forms) {
      const reply = await stage.post(activityOf(anna, 'Like'), { keyId, privateKey });
      must(reply.status === 401, `keyId ${keyId.slice(0, 60)}: answered ${reply.status}`);
    }
    const long = await stage.post(activityOf(anna, 'Like'), {
      keyId: anna.id + 'x'.repeat(20_000),
      privateKey,
    });
    stage.expect(long, 401, 431);
    if (long.status === 431) stage.beforeInbox++;
    must(stage.victim.fetches() === before, 'a refused form was fetched');
    must(stage.neighbours.lookedUp.length === lookups, 'a refused form was looked up');
    const bare = await stage.victim.actor('bare');
    bare.document.publicKey = { id: bare.id, owner: bare.id, publicKeyPem: bare.publicKeyPem };
    stage.expect(await stage.post(activityOf(bare, 'Like'), { ...bare, keyId: bare.id }), 202);
    return `with and without fragment taken; ${forms.length + 1} other forms refused, no fetch and no look-up for any`;
  },

  async 'AU-43'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const spki = { type: 'spki', format: 'pem' } as const;
    const privatePem = mallory.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const pems = [
      generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey.export(spki).toString(),
      generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export(spki).toString(),
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export(spki).toString(),
      generateKeyPairSync('x25519').publicKey.export(spki).toString(),
      generateKeyPairSync('dsa', { modulusLength: 1_024, divisorLength: 160 })
        .publicKey.export(spki)
        .toString(),
      ...[privatePem, certificateFor('127.0.0.1').certificatePem, 'x', '', `${mallory.publicKeyPem}x`],
    ];
    for (const [at, publicKeyPem] of pems.entries()) {
      const one = await stage.evil.actor(`mallory-${at}`);
      one.document.publicKey = { id: one.keyId, owner: one.id, publicKeyPem };
      const reply = await stage.post(activityOf(one, 'Like'), one);
      must(reply.status === 401, `key ${at}: answered ${reply.status}`);
    }
    stage.expect(await stage.post(activityOf(mallory, 'Like'), mallory), 202);
    return `${pems.length} kinds of key refused before they were used; the next good one was taken`;
  },

  async 'AU-44'(stage) {
    const anna = await stage.victim.actor('anna');
    stage.expect(await stage.post(activityOf(anna, 'Like'), anna), 202);
    const rotated = await stage.victim.actor('anna');
    const before = stage.victim.fetches('/users/anna');
    const activity = activityOf(rotated, 'Like');
    stage.expect(await stage.post(activity, rotated), 202);
    must(stage.victim.fetches('/users/anna') === before + 1, 'not exactly one fetch for the new key');
    const { privateKey } = await rsaKey();
    for (let n = 0; n < 20; n++)
      stage.expect(await stage.post(activityOf(anna, 'Like'), { keyId: anna.keyId, privateKey }), 401);
    must(stage.victim.fetches('/users/anna') === before + 1, 'forgeries caused further fetches');
    await stage.processed(activity.id);
    return 'one fetch for the rotated key, none for the 20 forgeries after it';
  },

  async 'AU-46'(stage) {
    const gone = (path: string) => stage.victim.serve(path, (_, response) => response.writeHead(410).end());
    const known = await stage.victim.actor('known');
    const stranger = await stage.victim.actor('stranger');
    stage.expect(await stage.post(activityOf(known, 'Like'), known), 202);
    gone('/users/known');
    gone('/users/stranger');
    const before = stage.victim.fetches();
    stage.expect(await stage.post(deleteSelf(stranger.id), stranger), 202);
    must(stage.victim.fetches() === before, 'a stranger who deletes itself was asked for');
    const { privateKey } = await rsaKey();
    const forged = { ...deleteSelf(known.id), id: `${known.id}#forged` };
    stage.expect(await stage.post(forged, { keyId: known.keyId, privateKey }), 401);
    await stage.untouched(forged.id);
    const goodbye = deleteSelf(known.id);
    stage.expect(await stage.post(goodbye, known), 202);
    await stage.processed(goodbye.id);
    must((await stage.record(deleteSelf(stranger.id).id)) === null, 'the stranger left a row');
    return 'unknown: no fetch and no row; known: verified with the stored key, a forged one refused';
  },

  async 'AU-47'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const asked = Promise.withResolvers<() => void>();
    stage.evil.serve('/users/mallory', (_, response) =>
      asked.resolve(() =>
        response
          .writeHead(200, { 'content-type': 'application/activity+json' })
          .end(JSON.stringify(mallory.document)),
      ),
    );
    const activity = activityOf(mallory, 'Follow', { object: stage.bob });
    const answering = stage.post(activity, mallory);
    const release = await asked.promise;
    const blocked = await stage.world.served.admin(`/domains/${stage.evil.name}/block`, { reason: 'spam' });
    must(blocked.status === 200, `block answered ${blocked.status}`);
    await stage.world.served.inbox.domains.get(stage.evil.name);
    release();
    const { status } = await answering;
    must(status === 403 || status === 202, `answered ${status}`);
    await stage.untouched(activity.id);
    must(!(await stage.members('bob', 'followers')).includes(mallory.id), 'mallory follows bob');
    return 'blocked while its key was on the way: no effect and no follower';
  },
};

export { ORIGIN };
