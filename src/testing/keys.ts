/** RSA keys for tests. Making one takes a moment, so there are no more of them than there must be. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

export interface KeyPair {
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
}

const generate = promisify(generateKeyPair);

export async function makeKeyPair(): Promise<KeyPair> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKeyPem: publicKey, privateKeyPem: privateKey };
}

let ofTheKit: Promise<KeyPair> | undefined;

/**
 * The one pair of this process: our own actors sign with it, and where nothing has to be signed for real it vouches for
 * everybody.
 */
export function keyPairOfTheKit(): Promise<KeyPair> {
  ofTheKit ??= makeKeyPair();
  return ofTheKit;
}
