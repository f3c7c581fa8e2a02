/**
 * The corpus: whole signed requests, byte for byte as they go over the wire, made before anything is measured. All
 * servers get the same bytes, since all of them answer on the same address in turn.
 *
 * Mix: Create 60, Like 18, Announce 12, Undo 6, Follow 4 of a hundred. draft-cavage with RSA-2048 keys, one for each
 * actor, over `(request-target) host date digest content-type`, as Mastodon signs.
 */
import { createHash, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import {
  type Activity,
  type Addressee,
  type Author,
  activityOf,
  type Kind,
  type Past,
  randomFrom,
} from './activities.ts';

/** A remote actor that can sign. */
export interface RemoteActor extends Author {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKeyPem: string;
  readonly past: Past;
}

/** What a corpus is like, for the report. */
export interface CorpusFacts {
  readonly requests: number;
  readonly meanBodyBytes: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const MIX: readonly (readonly [Kind, number])[] = [
  ['Create', 60],
  ['Like', 18],
  ['Announce', 12],
  ['Undo', 6],
  ['Follow', 4],
];
const SIGNED = ['(request-target)', 'host', 'date', 'digest', 'content-type'];
const CONTENT_TYPE = 'application/activity+json';

const generate = promisify(generateKeyPair);
const signLater = promisify(
  sign as (
    algorithm: string,
    data: Uint8Array,
    key: KeyObject,
    done: (error: Error | null, signature: Buffer) => void,
  ) => void,
);

/** The actors of all domains; `hosts` are addresses with their port, one for each domain. */
export async function makeActors(hosts: readonly string[], actorsPerDomain: number): Promise<RemoteActor[]> {
  const names = hosts.flatMap((host) =>
    Array.from({ length: actorsPerDomain }, (_, at) => ({ host, name: `author${at}` })),
  );
  return Promise.all(
    names.map(async ({ host, name }) => {
      const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 });
      const id = `http://${host}/users/${name}`;
      const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const past = { likes: [], announces: [], follows: [] };
      return { id, name, host, keyId: `${id}#main-key`, privateKey, publicKeyPem, past };
    }),
  );
}

/** The documents that the key server serves, by URL without the scheme. */
export function documentsOf(actors: readonly RemoteActor[]): Record<string, string> {
  return Object.fromEntries(
    actors.map((actor) => [`${actor.host}${new URL(actor.id).pathname}`, documentOf(actor)]),
  );
}

function documentOf({ id, name, host, keyId, publicKeyPem }: RemoteActor): string {
  return JSON.stringify({
    '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
    id,
    type: 'Person',
    following: `${id}/following`,
    followers: `${id}/followers`,
    inbox: `${id}/inbox`,
    outbox: `${id}/outbox`,
    preferredUsername: name,
    name,
    summary: '<p>Writes about bread, bridges and rain.</p>',
    url: `http://${host}/@${name}`,
    published: '2024-04-01T00:00:00Z',
    publicKey: { id: keyId, owner: id, publicKeyPem },
    endpoints: { sharedInbox: `http://${host}/inbox` },
  });
}

/**
 * Writes `file` (all requests, one after the other) and `file.json` (their lengths). The first requests are one for
 * each actor, so that a warm-up fetches every key.
 */
export async function writeCorpus(
  file: string,
  actors: readonly RemoteActor[],
  to: Addressee,
  requests: number,
  seed: number,
): Promise<CorpusFacts> {
  const startedMs = performance.now();
  const random = randomFrom(seed);
  const kinds: Record<string, number> = {};
  const sendings: Promise<Buffer>[] = [];
  let bodyBytes = 0;
  for (let number = 1; number <= requests; number++) {
    const author = (actors[number - 1] ?? actors[Math.floor(random() * actors.length)]) as RemoteActor;
    const kind = kindOf(random());
    const activity = activityOf(kind, author, author.past, to, number, random);
    const body = Buffer.from(JSON.stringify(activity));
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    bodyBytes += body.byteLength;
    sendings.push(signedRequest(body, pathOf(activity, to), to.host, author));
  }
  const bytes = await Promise.all(sendings);
  writeFileSync(file, Buffer.concat(bytes));
  writeFileSync(`${file}.json`, JSON.stringify(bytes.map(({ byteLength }) => byteLength)));
  const seconds = (performance.now() - startedMs) / 1_000;
  return { requests, meanBodyBytes: bodyBytes / requests, kinds, seconds };
}

/** The requests of such a file, one after the other. */
export function readCorpus(file: string): Buffer[] {
  const bytes = readFileSync(file);
  let at = 0;
  return (JSON.parse(readFileSync(`${file}.json`, 'utf8')) as number[]).map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}

function kindOf(number: number): Kind {
  let left = number * 100;
  for (const [kind, share] of MIX) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'Create';
}

/** What is public goes to the shared inbox, what is for one actor to its own. */
function pathOf({ type, to: addressees }: Activity, to: Addressee): string {
  return type === 'Create' || addressees !== undefined ? '/inbox' : `${new URL(to.id).pathname}/inbox`;
}

async function signedRequest(body: Buffer, path: string, host: string, author: RemoteActor): Promise<Buffer> {
  const date = new Date().toUTCString();
  const digest = `SHA-256=${createHash('sha256').update(body).digest('base64')}`;
  const values = [`post ${path}`, host, date, digest, CONTENT_TYPE];
  const lines = SIGNED.map((name, at) => `${name}: ${values[at]}`).join('\n');
  const signature = (await signLater('sha256', Buffer.from(lines), author.privateKey)).toString('base64');
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    `User-Agent: Mastodon/4.5.2 (http.rb/5.3.1; +http://${author.host}/)`,
    `Date: ${date}`,
    'Accept-Encoding: gzip',
    `Digest: ${digest}`,
    `Content-Type: ${CONTENT_TYPE}`,
    `Signature: keyId="${author.keyId}",algorithm="rsa-sha256",headers="${SIGNED.join(' ')}",signature="${signature}"`,
    'Connection: Keep-Alive',
    `Content-Length: ${body.byteLength}`,
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), body]);
}
