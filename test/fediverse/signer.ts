/**
 * A draft-cavage signer of the tests' own, on node:crypto alone. It shares no line with `src/verify`, so that a
 * request that we accept was signed by somebody else's reading of the draft.
 */
import { createHash, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';

/** Somebody who can sign: an actor's key and its id. */
export interface Signer {
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

export interface SigningOptions {
  /** What the Date header says. @default now */
  readonly date?: Date | string;
  /** The `algorithm` parameter; null leaves it out. @default 'rsa-sha256' */
  readonly algorithm?: string | null;
  /** Names to sign, in order. @default (request-target) host date digest content-type */
  readonly signed?: readonly string[];
  /** Header fields that are sent besides, or instead of, the ones made here. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called with the finished Signature header; what it returns is sent in its place. */
  readonly tamper?: (signature: string) => string;
}

/** The header fields of a signed request with this body. draft-cavage 2.1, 2.3, 3.1 */
export function signedHeaders(
  method: string,
  url: string,
  body: Uint8Array,
  signer: Signer,
  options: SigningOptions = {},
): Record<string, string> {
  const { host, pathname, search } = new URL(url);
  const date = options.date ?? new Date();
  const headers: Record<string, string> = {
    host,
    date: typeof date === 'string' ? date : date.toUTCString(),
    digest: `SHA-256=${createHash('sha256').update(body).digest('base64')}`,
    'content-type': 'application/activity+json',
    ...options.headers,
  };
  const names = options.signed ?? ['(request-target)', 'host', 'date', 'digest', 'content-type'];
  const lines = names.map((name) => {
    if (name === '(request-target)') return `(request-target): ${method.toLowerCase()} ${pathname}${search}`;
    return `${name}: ${headers[name] ?? ''}`;
  });
  const bytes = sign('sha256', Buffer.from(lines.join('\n')), signer.privateKey).toString('base64');
  const algorithm = options.algorithm === undefined ? 'rsa-sha256' : options.algorithm;
  const parameters = [
    `keyId="${signer.keyId}"`,
    ...(algorithm === null ? [] : [`algorithm="${algorithm}"`]),
    `headers="${names.join(' ')}"`,
    `signature="${bytes}"`,
  ];
  const signature = parameters.join(',');
  return { ...headers, signature: options.tamper?.(signature) ?? signature };
}

const generate = promisify(generateKeyPair);

/** A new RSA key: 2048 bits, as Mastodon makes them. */
export async function rsaKey(): Promise<{
  privateKey: KeyObject;
  publicKeyPem: string;
  privateKeyPem: string;
}> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 });
  return {
    privateKey,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
