/** What others do in the place of our stages, as people use them, each with its keys and contexts at hand. */

import { type KeyCache, verifyRequest } from '@fedify/fedify/sig';
import { Activity, CryptographicKey } from '@fedify/fedify/vocab';
import httpSignature from 'http-signature';
import jsonld from 'jsonld';
import { contextOf } from '../../src/verify/contexts/index.ts';
import { ANA, KEY, KEY_ID, type Requests, type Signed, TARGET } from './requests.ts';
import type { Stage } from './stages.ts';

/** The document loader that everybody writes: the same contexts, from memory. */
const documentLoader = async (url: string) => ({
  contextUrl: null,
  documentUrl: url,
  document: contextOf(url),
});

const headersOf = ({ request }: Signed): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (let at = 0; at < request.rawHeaders.length; at += 2)
    headers[request.rawHeaders[at]?.toLowerCase() as string] = request.rawHeaders[at + 1] as string;
  return headers;
};

const requestOf = (signed: Signed): Request =>
  new Request(`https://us.example${TARGET}`, {
    method: 'POST',
    headers: headersOf(signed),
    body: signed.request.body as Buffer<ArrayBuffer>,
  });

async function fedifyKeys(): Promise<KeyCache> {
  const spki = Buffer.from(KEY.publicKeyPem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const publicKey = await crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
  const key = new CryptographicKey({ id: new URL(KEY_ID), owner: new URL(ANA), publicKey });
  return { get: async () => key, set: async () => undefined };
}

function succeed(isDone: unknown, what: string): void {
  if (!isDone) throw new Error(`${what} did not succeed`);
}

export async function otherStages({ documents, cavage, messages }: Requests): Promise<Stage[]> {
  const keyCache = await fedifyKeys();
  const document = (nth: number): Record<string, unknown> => documents[nth] as Record<string, unknown>;
  const signed = (nth: number): Signed => cavage[nth] as Signed;
  const loaders = { documentLoader, contextLoader: documentLoader } as never as { documentLoader: never };
  const verified = async (one: Signed, spec: 'draft-cavage-http-signatures-12' | 'rfc9421') =>
    succeed(await verifyRequest(requestOf(one), { ...loaders, keyCache, spec }), 'verifyRequest');
  const understood = (nth: number): Promise<Activity> => Activity.fromJsonLd(document(nth), loaders);
  return [
    {
      group: 'signature',
      name: 'http-signature: parseRequest, verifySignature (no digest)',
      isOurs: false,
      run(nth) {
        const { request } = signed(nth);
        const incoming = { method: 'POST', url: request.target, headers: headersOf(signed(nth)) };
        const parsed = httpSignature.parseRequest(incoming as never);
        succeed(httpSignature.verifySignature(parsed, KEY.publicKeyPem), 'verifySignature');
      },
    },
    {
      group: 'signature',
      name: 'Fedify: verifyRequest, draft-cavage rsa-sha256',
      isOurs: false,
      run: (nth) => verified(signed(nth), 'draft-cavage-http-signatures-12'),
    },
    {
      group: 'signature',
      name: 'Fedify: verifyRequest, RFC 9421 rsa-v1_5-sha256',
      isOurs: false,
      run: (nth) => verified(messages['rsa-v1_5-sha256'][nth] as Signed, 'rfc9421'),
    },
    {
      group: 'signature',
      name: 'of which new Request()',
      isOurs: false,
      run: (nth) => requestOf(signed(nth)),
    },
    {
      group: 'understanding',
      name: 'jsonld.js expand, with a documentLoader',
      isOurs: false,
      run: (nth) => jsonld.expand(document(nth) as never, { documentLoader } as never),
    },
    {
      group: 'understanding',
      name: 'Fedify: Activity.fromJsonLd',
      isOurs: false,
      run: (nth) => understood(nth),
    },
    {
      group: 'whole',
      name: 'Fedify: verifyRequest, JSON.parse, Activity.fromJsonLd',
      isOurs: false,
      async run(nth) {
        await verified(signed(nth), 'draft-cavage-http-signatures-12');
        JSON.parse((signed(nth).request.body as Buffer).toString());
        await understood(nth);
      },
    },
  ];
}
