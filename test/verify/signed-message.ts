/** Requests signed as RFC 9421 says, by a builder of the tests' own: it shares no line with `src/verify`. */
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { SignedRequest } from '../../src/verify/signature.ts';
import { KEY, KEY_ID, NOW_MS } from './signed-request.ts';

export const ED25519 = generateKeyPairSync('ed25519');
export const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

const algorithms: Readonly<Record<string, (base: Buffer) => Buffer>> = {
  'rsa-v1_5-sha256': (base) => sign('sha256', base, KEY.privateKey),
  'rsa-pss-sha512': (base) =>
    sign('sha512', base, {
      key: KEY.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 64,
    }),
  'ecdsa-p256-sha256': (base) => sign('sha256', base, { key: P256.privateKey, dsaEncoding: 'ieee-p1363' }),
  ed25519: (base) => sign(null, base, ED25519.privateKey),
};

/** The public key of an algorithm. */
export const publicPem = (algorithm: string): string =>
  algorithm === 'ed25519'
    ? pemOf(ED25519.publicKey)
    : algorithm === 'ecdsa-p256-sha256'
      ? pemOf(P256.publicKey)
      : KEY.publicKeyPem;

/** What a request is made of. A header field of null is not sent. */
export interface MessageParts {
  readonly method: string;
  readonly target: string;
  /** What the signer takes for our origin. */
  readonly origin: string;
  readonly host: string | null;
  readonly body: string | Uint8Array;
  /** The Content-Digest; empty makes the right one. */
  readonly digest: string | null;
  readonly more: readonly (readonly [name: string, value: string])[];
  /** Component identifiers without quotes, in order. */
  readonly covered: readonly string[];
  /** The list as it is sent and signed, when it is not the plain one of `covered`. */
  readonly list: string | null;
  readonly created: string | null;
  readonly keyId: string | null;
  /** Parameters besides, as they are written: `;alg="ed25519"`. */
  readonly parameters: string;
  readonly algorithm: string;
  readonly label: string;
  /** The two fields, just before they are sent. */
  readonly tamperInput: (input: string) => string;
  readonly tamper: (signature: string) => string;
  /** Signs bytes of its own. */
  readonly signer: ((base: Buffer) => Buffer) | null;
}

export const COVERED = ['@method', '@target-uri', 'content-digest'];

const base64 = (algorithm: string, body: string | Uint8Array): string =>
  createHash(algorithm).update(body).digest('base64');
export const sha256Of = (body: string | Uint8Array): string => `sha-256=:${base64('sha256', body)}:`;
export const sha512Of = (body: string | Uint8Array): string => `sha-512=:${base64('sha512', body)}:`;

const DEFAULTS: MessageParts = {
  method: 'POST',
  target: '/users/bob/inbox',
  origin: 'https://us.example',
  host: 'us.example',
  body: '{"type":"Like"}',
  digest: '',
  more: [],
  covered: COVERED,
  list: null,
  created: String(NOW_MS / 1_000),
  keyId: KEY_ID,
  parameters: '',
  algorithm: 'rsa-v1_5-sha256',
  label: 'sig1',
  tamperInput: (input) => input,
  tamper: (signature) => signature,
  signer: null,
};

type Lines = readonly (readonly [string, string])[];

function componentOf(name: string, { method, target, origin }: MessageParts, lines: Lines): string {
  const [path = '', ...query] = target.split('?');
  const parameter = /^@query-param;name="(.*)"$/.exec(name)?.[1];
  if (parameter !== undefined) return new URLSearchParams(query.join('?')).get(parameter) ?? '';
  const derived: Readonly<Record<string, string>> = {
    '@method': method,
    '@target-uri': origin + target,
    '@authority': new URL(origin).host,
    '@scheme': new URL(origin).protocol.replace(':', ''),
    '@request-target': target,
    '@path': path,
    '@query': `?${query.join('?')}`,
  };
  const found = lines
    .filter(([line]) => line.toLowerCase() === name)
    .map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ''));
  return derived[name] ?? found.join(', ');
}

const quoted = (name: string): string => name.replace(/^([^;]*)/, '"$1"');

export function signedMessage(change: Partial<MessageParts> = {}): SignedRequest {
  const parts = { ...DEFAULTS, ...change };
  const lines: (readonly [string, string])[] = [];
  if (parts.host !== null) lines.push(['Host', parts.host]);
  const digest = parts.digest === '' ? sha256Of(parts.body) : parts.digest;
  if (digest !== null) lines.push(['Content-Digest', digest]);
  lines.push(['Content-Type', 'application/activity+json'], ...parts.more);
  const list = parts.list ?? `(${parts.covered.map(quoted).join(' ')})`;
  const created = parts.created === null ? '' : `;created=${parts.created}`;
  const keyId = parts.keyId === null ? '' : `;keyid="${parts.keyId}"`;
  const input = list + created + keyId + parts.parameters;
  const base = [
    ...parts.covered.map((name) => `${quoted(name)}: ${componentOf(name, parts, lines)}`),
    `"@signature-params": ${input}`,
  ].join('\n');
  const signer = parts.signer ?? (algorithms[parts.algorithm] as (base: Buffer) => Buffer);
  const signature = signer(Buffer.from(base, 'latin1')).toString('base64');
  lines.push(
    ['Signature-Input', parts.tamperInput(`${parts.label}=${input}`)],
    ['Signature', parts.tamper(`${parts.label}=:${signature}:`)],
  );
  const { method, target, body } = parts;
  return {
    ...{ method, target, rawHeaders: lines.flat() },
    body: typeof body === 'string' ? Buffer.from(body) : body,
  };
}

/** A second signature beside the first. */
export const beside = (label: string, input: string, signature = ':AAAA:'): Partial<MessageParts> => ({
  tamperInput: (first) => `${first}, ${label}=${input}`,
  tamper: (first) => `${first}, ${label}=${signature}`,
});
/** The same before it. */
export const ahead = (label: string, input: string): Partial<MessageParts> => ({
  tamperInput: (first) => `${label}=${input}, ${first}`,
  tamper: (first) => `${label}=:AAAA:, ${first}`,
});
