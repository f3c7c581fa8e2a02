/** Requests as they come: activities in the mix of benchmarks/inbox, signed now, in each way that is known here. */
import type { SignaturePolicy, SignedRequest } from '../../src/verify/signature.ts';
import { publicPem, sha256Of, signedMessage } from '../../test/verify/signed-message.ts';
import { KEY, KEY_ID, policy, signedRequest } from '../../test/verify/signed-request.ts';
import { activityOf, type Kind, randomFrom } from '../inbox/activities.ts';

export const ANA = 'http://remote.example/users/ana';
export const TARGET = '/users/bob/inbox';
export const SUITES = ['rsa-v1_5-sha256', 'rsa-pss-sha512', 'ecdsa-p256-sha256', 'ed25519'] as const;

/** The kinds of activities, in the share that benchmarks/inbox gives them. */
const MIX: readonly Kind[] = [
  ...Array<Kind>(30).fill('Create'),
  ...Array<Kind>(9).fill('Like'),
  ...Array<Kind>(6).fill('Announce'),
  ...Array<Kind>(3).fill('Undo'),
  ...Array<Kind>(2).fill('Follow'),
];

export interface Signed {
  readonly request: SignedRequest;
  readonly policy: SignaturePolicy;
}

export interface Requests {
  readonly bodies: readonly Buffer[];
  readonly documents: readonly Record<string, unknown>[];
  readonly cavage: readonly Signed[];
  readonly messages: Readonly<Record<(typeof SUITES)[number], readonly Signed[]>>;
}

export { KEY, KEY_ID };

export function makeRequests(seed: number): Requests {
  const random = randomFrom(seed);
  const past = { likes: [], announces: [], follows: [] };
  const author = { id: ANA, name: 'ana', host: 'remote.example' };
  const to = { id: 'http://us.example/users/bob', name: 'bob', host: 'us.example' };
  const bodies = MIX.map((kind, number) =>
    Buffer.from(JSON.stringify(activityOf(kind, author, past, to, number + 1, random))),
  );
  const nowMs = Date.now();
  const now = { ...policy, nowMs };
  const date = new Date(nowMs).toUTCString();
  const names = ['(request-target)', 'host', 'date', 'digest', 'content-type'];
  const message = (algorithm: (typeof SUITES)[number]): readonly Signed[] =>
    bodies.map((body) => ({
      request: signedMessage({
        ...{ target: TARGET, body, algorithm, digest: sha256Of(body) },
        created: String(Math.floor(nowMs / 1_000)),
        parameters: `;alg="${algorithm}"`,
      }),
      policy: { ...now, publicKeyPem: publicPem(algorithm) },
    }));
  return {
    bodies,
    documents: bodies.map((body) => JSON.parse(body.toString())),
    cavage: bodies.map((body) => ({
      request: signedRequest({ target: TARGET, body, date, names }).request,
      policy: now,
    })),
    messages: {
      'rsa-v1_5-sha256': message('rsa-v1_5-sha256'),
      'rsa-pss-sha512': message('rsa-pss-sha512'),
      'ecdsa-p256-sha256': message('ecdsa-p256-sha256'),
      ed25519: message('ed25519'),
    },
  };
}
