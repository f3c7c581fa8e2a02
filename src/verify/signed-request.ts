/** The shapes that both kinds of signature share: a request that came, one that goes, and what must hold. */
import type { Freshness } from './freshness.ts';

/** A request as its signature sees it. */
export interface SignedRequest {
  readonly method: string;
  /** The raw target: what is signed is what was sent. */
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

/** What must hold for a signature to count. */
export interface SignaturePolicy extends Freshness {
  /** Our `host[:port]`, by configuration. */
  readonly host: string;
  /** Our origin, by configuration: scheme and authority of what is signed. */
  readonly origin: string;
  readonly publicKeyPem: string;
}

/** Why a signature does not count; `isWrong` when it does not match its key, which may have been rotated. */
export interface BadSignature {
  readonly reason: string;
  readonly isWrong: boolean;
}

/** How a request is signed, the preferred way first. */
export const SCHEMES = ['rfc9421', 'draft-cavage'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** A request that we are about to send. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Header fields by lower-case name, sent as they are; `host`, `date` and a digest are added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** A key of ours. */
export interface SigningKey {
  readonly id: string;
  readonly privateKeyPem: string;
}
