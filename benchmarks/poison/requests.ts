/**
 * What is mixed into the good traffic: one of each kind in turn, each as bad as its sender can make it.
 *
 * Some are signed by an actor that the server knows and are bad behind the signature; some cost a key that is fetched
 * and never used; some are only large. `{n}` in a head becomes a number, so that every key is a new one.
 */
import { createHash, createPublicKey, randomBytes, sign } from 'node:crypto';
import type { RemoteActor } from '../inbox/corpus.ts';

export interface Poison {
  readonly kind: string;
  readonly head: string;
  readonly body: Uint8Array;
  /** The body goes out in chunks and its length is not said. */
  readonly isChunked?: boolean;
}

const AS = 'https://www.w3.org/ns/activitystreams';
const SIGNED = ['(request-target)', 'host', 'date', 'digest', 'content-type'];
const CONTENT_TYPE = 'application/activity+json';

/** A public key of 16 384 bits with an exponent of 64: one verification with it takes some six milliseconds. */
export function hugeKeyPem(): string {
  const modulus = randomBytes(2_048);
  modulus[0] = 0xff;
  modulus[2_047] = 0xff;
  const jwk = {
    kty: 'RSA',
    n: modulus.toString('base64url'),
    e: Buffer.alloc(8, 0xff).toString('base64url'),
  };
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
}

export interface Targets {
  /** Our host and port. */
  readonly host: string;
  /** Serves an actor with a huge key under every name. */
  readonly hugeKeys: string;
  /** Accepts connections and never answers. */
  readonly silent: string;
}

export function poisons(author: RemoteActor, { host, hugeKeys, silent }: Targets): Poison[] {
  const like = { '@context': AS, type: 'Like', actor: author.id, object: `http://${host}/users/alice` };
  const id = `${author.id}#poison`;
  const signed = (kind: string, text: string): Poison => {
    const body = Buffer.from(text);
    return { kind, head: signedHead(body, host, author), body };
  };
  const unsigned = (kind: string, keyId: string, body: Uint8Array, isChunked = false): Poison => {
    return { kind, head: headOf(body, host, keyId, 'AAAA', isChunked), body, isChunked };
  };
  const small = Buffer.from(JSON.stringify({ ...like, id }));
  const large = Buffer.alloc(16 * 1_048_576, 32);
  return [
    signed('80 kB of contexts', JSON.stringify({ ...like, id, '@context': Array(2_000).fill(AS) })),
    signed(
      '20 000 levels',
      `{"id":"${id}","type":"Like","object":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    ),
    signed(
      '50 000 keys',
      JSON.stringify({
        ...like,
        id,
        ...Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`as:k${n}`, n])),
      }),
    ),
    signed('a chain of 3 000 terms', JSON.stringify({ ...like, id, '@context': [AS, chain(3_000)] })),
    unsigned('a huge RSA key', `http://${hugeKeys}/users/{n}#main-key`, small),
    unsigned('a silent key server', `http://${silent}/users/{n}#main-key`, small),
    unsigned('16 MB', author.keyId, large),
    unsigned('16 MB in chunks', author.keyId, large, true),
  ];
}

function chain(length: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length }, (_, n) => [`t${n}`, n === 0 ? `${AS}#` : `t${n - 1}:x`]));
}

function signedHead(body: Uint8Array, host: string, author: RemoteActor): string {
  const date = new Date().toUTCString();
  const values = ['post /inbox', host, date, digestOf(body), CONTENT_TYPE];
  const lines = SIGNED.map((name, at) => `${name}: ${values[at]}`).join('\n');
  const signature = sign('sha256', Buffer.from(lines), author.privateKey).toString('base64');
  return headOf(body, host, author.keyId, signature, false, date);
}

function digestOf(body: Uint8Array): string {
  return `SHA-256=${createHash('sha256').update(body).digest('base64')}`;
}

function headOf(
  body: Uint8Array,
  host: string,
  keyId: string,
  signature: string,
  isChunked: boolean,
  date = new Date().toUTCString(),
): string {
  return [
    'POST /inbox HTTP/1.1',
    `Host: ${host}`,
    `Date: ${date}`,
    `Digest: ${digestOf(body)}`,
    `Content-Type: ${CONTENT_TYPE}`,
    `Signature: keyId="${keyId}",algorithm="rsa-sha256",headers="${SIGNED.join(' ')}",signature="${signature}"`,
    isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.byteLength}`,
    'Connection: close',
    '',
    '',
  ].join('\r\n');
}
