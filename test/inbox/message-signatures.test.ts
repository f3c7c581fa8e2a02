/** Servers that sign by RFC 9421, over HTTP: with every kind of key that an actor's document may list. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { messageSigned } from '../conformance/message-signature.ts';
import { bytesOf, like, type RemoteActor, type RemoteDomain } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from './served.ts';

const PATH = '/users/alice/inbox';
const NOTE = `${ORIGIN}/notes/1`;

/** An Ed25519 key as FEP-521a writes it: base58 of its bytes after a prefix. */
function multibaseOf(key: KeyObject): string {
  const raw = key.export({ type: 'spki', format: 'der' }).subarray(-32);
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let number = BigInt(`0x${Buffer.concat([Buffer.from([0xed, 0x01]), raw]).toString('hex')}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = alphabet[Number(number % 58n)] + text;
  return `z${text}`;
}

describe.each(places)('a server that signs by RFC 9421 ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;

  beforeAll(async () => {
    served = await serve(place);
    home = await served.remote();
  }, PATIENCE);
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
  }, PATIENCE);

  /** Posts a Like of this actor; gives back the answer's status, and how the activity stands. */
  async function send(actor: RemoteActor, change: Partial<Parameters<typeof messageSigned>[2]> = {}) {
    const activity = like(actor.id, NOTE);
    const body = bytesOf(activity);
    const created = Math.floor(served.clock.now() / 1_000);
    const headers = messageSigned(body, actor, { created, url: ORIGIN + PATH, ...change });
    const { status } = await served.ask('POST', PATH, headers, body);
    await served.inbox.settled();
    const found = served.inbox.activities.get(activity.id);
    return { status, activity: await found.catch(({ code }: { code: string }) => code) };
  }

  test('is believed with the RSA key that everybody has', async () => {
    const anna = await home.actor('anna');
    expect(await send(anna)).toMatchObject({
      status: 202,
      activity: { status: 'processed', actor: anna.id },
    });
    const covered = ['@method', '@authority', '@path', '@query', 'content-digest', 'content-type'];
    expect(await send(anna, { covered, parameters: ';nonce="n"' })).toMatchObject({ status: 202 });
    expect(await send(anna, { parameters: ';alg="rsa-v1_5-sha256"' })).toMatchObject({ status: 202 });
  });

  test('is believed with an Ed25519 key, in PEM or as a Multikey beside the RSA key', async () => {
    for (const form of ['pem', 'multikey']) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const emil = await home.actor(`emil-${form}`);
      const keyId = `${emil.id}#ed25519-key`;
      if (form === 'pem') {
        const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
        emil.document.publicKey = [emil.document.publicKey, { id: keyId, owner: emil.id, publicKeyPem }];
      } else {
        const publicKeyMultibase = multibaseOf(publicKey);
        emil.document.assertionMethod = [
          { id: keyId, type: 'Multikey', controller: emil.id, publicKeyMultibase },
        ];
      }
      const signer = { ...emil, keyId, privateKey };
      expect(await send(signer)).toMatchObject({ status: 202, activity: { status: 'processed' } });
      expect((await send(signer, { parameters: ';alg="rsa-v1_5-sha256"' })).status).toBe(401);
      // The id of one key with the signature of another.
      expect((await send({ ...emil, privateKey })).status).toBe(401);
    }
  });

  test('is not believed for another inbox, another origin, another body or another time', async () => {
    const bella = await home.actor('bella');
    const created = Math.floor(served.clock.now() / 1_000);
    const changes = [
      { url: `${ORIGIN}/users/bob/inbox` },
      { url: `https://other.example${PATH}`, headers: { host: new URL(ORIGIN).host } },
      { created: created - 3_700 },
      { created: created + 400 },
      { headers: { 'content-digest': 'sha-256=:AAAA:' } },
      { parameters: `;expires=${created - 1}` },
    ];
    for (const change of changes)
      expect([change, await send(bella, change)]).toEqual([
        change,
        { status: 401, activity: 'ERR_NOT_FOUND' },
      ]);
    expect(await send(bella)).toMatchObject({ status: 202 });
  });
});
