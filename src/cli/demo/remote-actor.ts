/** An actor of the simulated Fediverse: a name, a domain, a real key, and signed requests. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { signRequest } from '../../verify/signature.ts';
import { ask } from './ask.ts';
import type { Begin } from './message.ts';

export interface RemoteActor {
  readonly name: string;
  /** With the port: `birds.localhost:40123`. */
  readonly host: string;
  readonly id: string;
  readonly document: Readonly<Record<string, unknown>>;
  /** POSTs an activity to an inbox of the server, signed; gives the status of the answer. */
  post(server: Begin, path: string, activity: Readonly<Record<string, unknown>>): Promise<number>;
}

const CONTEXT = 'https://www.w3.org/ns/activitystreams';
const generate = promisify(generateKeyPair);

/** `isForger` signs what it does not send. */
export async function remoteActor(name: string, host: string, isForger = false): Promise<RemoteActor> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const origin = `http://${host}`;
  const id = `${origin}/users/${name}`;
  const keyId = `${id}#main-key`;
  return {
    ...{ name, host, id },
    document: {
      '@context': [CONTEXT, 'https://w3id.org/security/v1'],
      id,
      type: 'Person',
      preferredUsername: name,
      name,
      inbox: `${id}/inbox`,
      outbox: `${id}/outbox`,
      followers: `${id}/followers`,
      following: `${id}/following`,
      endpoints: { sharedInbox: `${origin}/inbox` },
      publicKey: { id: keyId, owner: id, publicKeyPem: publicKey },
    },
    async post(server, path, activity) {
      const body = Buffer.from(JSON.stringify({ '@context': CONTEXT, actor: id, ...activity }));
      const headers = signRequest(
        {
          method: 'POST',
          url: `${server.origin}${path}`,
          headers: { 'content-type': 'application/activity+json' },
          body,
        },
        { id: keyId, privateKeyPem: privateKey },
        Date.now(),
      );
      if (isForger)
        headers.signature = (headers.signature as string).replace(/signature="...../, 'signature="AAAAA');
      const { status } = await ask('POST', server, path, headers, body);
      return status;
    },
  };
}
