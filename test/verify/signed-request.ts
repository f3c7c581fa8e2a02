/**
 * Signed requests as raw parts, every part open to change, built on node:crypto alone: our code is never asked what
 * it would have signed.
 */
import { createHash, sign } from 'node:crypto';
import type { SignaturePolicy, SignedRequest } from '../../src/verify/signature.ts';
import { rsaKey } from '../fediverse/signer.ts';

export const NOW_MS = Date.UTC(2026, 10, 24, 13, 37, 0);
export const KEY = await rsaKey();
export const KEY_ID = 'https://remote.example/users/ana#main-key';

export const policy: SignaturePolicy = {
  host: 'us.example',
  origin: 'https://us.example',
  publicKeyPem: KEY.publicKeyPem,
  nowMs: NOW_MS,
  pastMs: 3_600_000,
  futureMs: 300_000,
};

/** What a request is made of. A header field of null is not sent. */
export interface Parts {
  readonly method: string;
  readonly target: string;
  readonly body: string | Uint8Array;
  readonly host: string | null;
  readonly date: string | null;
  readonly digest: string | null;
  /** Header lines besides. */
  readonly more: readonly (readonly [name: string, value: string])[];
  /** The names that are signed, in order, and what the `headers` parameter says when it says something else. */
  readonly names: readonly string[];
  readonly headers: string | null;
  readonly algorithm: string | null;
  readonly created: number | null;
  readonly expires: number | null;
  /** The Signature header, just before it is sent. */
  readonly tamper: (signature: string) => string;
  readonly hash: string;
}

export const NAMES = ['(request-target)', 'host', 'date', 'digest'];

export const digestOf = (body: string | Uint8Array): string =>
  `SHA-256=${createHash('sha256').update(body).digest('base64')}`;

const DEFAULTS: Parts = {
  method: 'POST',
  target: '/users/bob/inbox',
  body: '{"type":"Like"}',
  host: 'us.example',
  date: new Date(NOW_MS).toUTCString(),
  digest: '',
  more: [],
  names: NAMES,
  headers: null,
  algorithm: 'rsa-sha256',
  created: null,
  expires: null,
  tamper: (signature) => signature,
  hash: 'sha256',
};

/** The string to sign as draft-cavage 2.3 describes it, from what is about to be sent. */
export function signingString(parts: Parts, lines: readonly (readonly [string, string])[]): string {
  return parts.names
    .map((name) => {
      if (name === '(request-target)') return `${name}: ${parts.method.toLowerCase()} ${parts.target}`;
      if (name === '(created)') return `${name}: ${parts.created}`;
      if (name === '(expires)') return `${name}: ${parts.expires}`;
      const values = lines.filter(([line]) => line.toLowerCase() === name.toLowerCase());
      return `${name.toLowerCase()}: ${values.map(([, value]) => value).join(', ')}`;
    })
    .join('\n');
}

export interface Made {
  readonly request: SignedRequest;
  readonly string: string;
}

export function signedRequest(change: Partial<Parts> = {}): Made {
  const parts = { ...DEFAULTS, ...change };
  const digest = parts.digest === '' ? digestOf(parts.body) : parts.digest;
  const lines: (readonly [string, string])[] = [];
  if (parts.host !== null) lines.push(['Host', parts.host]);
  if (parts.date !== null) lines.push(['Date', parts.date]);
  if (digest !== null) lines.push(['Digest', digest]);
  lines.push(['Content-Type', 'application/activity+json'], ...parts.more);
  const string = signingString(parts, lines);
  const bytes = sign(parts.hash, Buffer.from(string, 'latin1'), KEY.privateKey).toString('base64');
  const header = [
    `keyId="${KEY_ID}"`,
    ...(parts.algorithm === null ? [] : [`algorithm="${parts.algorithm}"`]),
    ...(parts.created === null ? [] : [`created=${parts.created}`]),
    ...(parts.expires === null ? [] : [`expires=${parts.expires}`]),
    `headers="${parts.headers ?? parts.names.join(' ')}"`,
    `signature="${bytes}"`,
  ].join(',');
  lines.push(['Signature', parts.tamper(header)]);
  const request = {
    method: parts.method,
    target: parts.target,
    rawHeaders: lines.flat(),
    body: typeof parts.body === 'string' ? Buffer.from(parts.body) : parts.body,
  };
  return { request, string };
}
