/**
 * Reads the signature of a delivery as a peer of either kind would, with its own reading of RFC 9421 and the draft:
 * which way it is signed, and whether it fits this key, these bytes and this URL.
 */
import { createHash, verify } from 'node:crypto';
import type { Delivered } from './remote-domain.ts';

export interface Read {
  readonly scheme: 'rfc9421' | 'draft-cavage';
  readonly keyId: string;
  /** What is signed, in order. */
  readonly names: readonly string[];
  readonly isRight: boolean;
}

const sha256 = (body: string): string => createHash('sha256').update(body).digest('base64');

/** `origin` is the receiver's own. */
export function readDelivery(delivered: Delivered, origin: string, publicKeyPem: string): Read {
  const { headers } = delivered;
  return headers['signature-input'] === undefined
    ? readCavage(delivered, publicKeyPem)
    : readMessage(delivered, origin, publicKeyPem);
}

function readMessage({ headers, path, body }: Delivered, origin: string, publicKeyPem: string): Read {
  const [, label = '', input = ''] = /^([a-z0-9]+)=(.*)$/.exec(String(headers['signature-input'])) ?? [];
  const names = [...(/^\(([^)]*)\)/.exec(input)?.[1] ?? '').matchAll(/"([^"]*)"/g)].map(
    ([, name = '']) => name,
  );
  const derived: Readonly<Record<string, string>> = { '@method': 'POST', '@target-uri': origin + path };
  const lines = names.map((name) => `"${name}": ${derived[name] ?? headers[name]}`);
  const base = [...lines, `"@signature-params": ${input}`].join('\n');
  const [, bytes = ''] = new RegExp(`^${label}=:([^:]*):$`).exec(String(headers.signature)) ?? [];
  const isRight =
    verify('sha256', Buffer.from(base), publicKeyPem, Buffer.from(bytes, 'base64')) &&
    headers['content-digest'] === `sha-256=:${sha256(body)}:`;
  return { scheme: 'rfc9421', keyId: /;keyid="([^"]*)"/.exec(input)?.[1] ?? '', names, isRight };
}

function readCavage({ headers, path, body }: Delivered, publicKeyPem: string): Read {
  const parameter = (name: string): string =>
    new RegExp(`${name}="([^"]*)"`).exec(String(headers.signature))?.[1] ?? '';
  const names = parameter('headers').split(' ');
  const lines = names.map(
    (name) => `${name}: ${name === '(request-target)' ? `post ${path}` : headers[name]}`,
  );
  const isRight =
    verify(
      'sha256',
      Buffer.from(lines.join('\n')),
      publicKeyPem,
      Buffer.from(parameter('signature'), 'base64'),
    ) && headers.digest === `SHA-256=${sha256(body)}`;
  return { scheme: 'draft-cavage', keyId: parameter('keyId'), names, isRight };
}
