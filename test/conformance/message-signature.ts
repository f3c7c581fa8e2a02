/** An RFC 9421 signer of the tests' own, on node:crypto alone: it shares no line with what checks the signature. */
import { createHash, sign } from 'node:crypto';
import type { Signer } from '../fediverse/index.ts';

export interface MessageSigning {
  readonly created: number | null;
  /** @default @method @target-uri content-digest */
  readonly covered?: readonly string[];
  /** The URL that the sender believes to post to. */
  readonly url: string;
  /** More parameters, as they stand: `;nonce="x"`. */
  readonly parameters?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The header fields of a POST with this body. RFC 9421 2.5, 3.1 */
export function messageSigned(
  body: Uint8Array,
  signer: Signer,
  {
    created,
    covered = ['@method', '@target-uri', 'content-digest'],
    url,
    parameters = '',
    headers = {},
  }: MessageSigning,
): Record<string, string> {
  const { host, pathname, search } = new URL(url);
  const fields: Record<string, string> = {
    host,
    'content-type': 'application/activity+json',
    'content-digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:`,
    ...headers,
  };
  const derived: Record<string, string> = {
    '@method': 'POST',
    '@target-uri': url,
    '@authority': host,
    '@path': pathname,
    '@query': search === '' ? '?' : search,
  };
  const names = covered.map((name) => `"${name}"`).join(' ');
  const time = created === null ? '' : `;created=${created}`;
  const input = `(${names})${time};keyid="${signer.keyId}"${parameters}`;
  const lines = covered.map((name) => `"${name}": ${derived[name] ?? fields[name] ?? ''}`);
  const base = [...lines, `"@signature-params": ${input}`].join('\n');
  const isRsa = signer.privateKey.asymmetricKeyType === 'rsa';
  const bytes = sign(isRsa ? 'sha256' : null, Buffer.from(base), signer.privateKey).toString('base64');
  return { ...fields, 'signature-input': `sig1=${input}`, signature: `sig1=:${bytes}:` };
}
