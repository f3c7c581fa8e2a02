/**
 * Reads the Signature-Input and Signature fields of RFC 9421, and takes one signature of those that stand there.
 *
 * The rule: at most four signatures, each label in both fields. Of those whose keyid is a URL and whose alg, if
 * given, is one that is verified here, the first. When two of these name keys of different domains it cannot be
 * said who is speaking, and all are refused. The others are never looked at, whatever comes of the first.
 */
import { domainOf } from '../activity.ts';
import {
  type BareItem,
  type Dictionary,
  type InnerList,
  type Item,
  itemText,
  parseDictionary,
} from './structured-fields.ts';

/** The algorithms of RFC 9421 6.2.2 that are verified here. The others want a shared secret, or a larger curve. */
export const ALGORITHMS = ['rsa-v1_5-sha256', 'rsa-pss-sha512', 'ecdsa-p256-sha256', 'ed25519'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A message signature that has one meaning. */
export interface MessageSignature {
  readonly scheme: 'rfc9421';
  /** An http(s) URL, as it was spelled. */
  readonly keyId: string;
  /** Null when the sender left it out. */
  readonly algorithm: Algorithm | null;
  /** What is covered, and the parameters, all of which are signed. */
  readonly input: InnerList;
  readonly signature: Uint8Array;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly expires: number | null;
}

type Problem = { readonly problem: string };

const SIGNATURES_MAX = 4;

export function readMessageSignature(inputField: string, field: string): MessageSignature | Problem {
  const inputs = parseDictionary(inputField);
  if (inputs === null || inputs.size === 0) return { problem: 'the Signature-Input header cannot be read' };
  const signatures = parseDictionary(field);
  if (signatures === null) return { problem: 'the Signature header is no dictionary (RFC 9421)' };
  if (inputs.size > SIGNATURES_MAX) return { problem: 'more than four signatures' };
  const isPaired = inputs.size === signatures.size && [...inputs.keys()].every((key) => signatures.has(key));
  if (!isPaired) return { problem: 'Signature-Input and Signature name other labels' };

  const candidates: Candidate[] = [];
  for (const [label, input] of inputs) {
    if (!('items' in input)) return { problem: `${label} lists no components` };
    const signature = bytesOf(signatures, label);
    if (signature === null) return { problem: `the signature ${label} is no byte sequence` };
    const candidate = candidateOf(input, signature);
    if (candidate !== null) candidates.push(candidate);
  }
  const [first] = candidates;
  if (first === undefined)
    return { problem: 'no signature with a URL as keyid and an alg that is known here' };
  if (new Set(candidates.map(({ keyId }) => domainOf(keyId))).size > 1)
    return { problem: 'signatures of more than one domain' };
  return signatureOf(first);
}

function bytesOf(signatures: Dictionary, label: string): Uint8Array | null {
  const member = signatures.get(label);
  return member !== undefined && 'bare' in member && member.bare.type === 'bytes' ? member.bare.value : null;
}

type Candidate = Pick<MessageSignature, 'keyId' | 'algorithm' | 'input' | 'signature'>;

function candidateOf(input: InnerList, signature: Uint8Array): Candidate | null {
  const keyId = textOf(input.parameters.get('keyid'));
  if (keyId === null || domainOf(keyId) === null || /\s/.test(keyId)) return null;
  const named = input.parameters.get('alg');
  const algorithm = ALGORITHMS.find((known) => known === textOf(named)) ?? null;
  return named !== undefined && algorithm === null ? null : { keyId, algorithm, input, signature };
}

function signatureOf(candidate: Candidate): MessageSignature | Problem {
  const { items, parameters } = candidate.input;
  const problem = componentsProblem(items);
  if (problem !== null) return { problem };
  const created = secondsOf(parameters.get('created'));
  if (created === null || created === undefined) return { problem: 'created is not given as a number' };
  const expires = secondsOf(parameters.get('expires'));
  if (expires === undefined) return { problem: 'expires is no number' };
  const nonce = parameters.get('nonce');
  if (nonce !== undefined && nonce.type !== 'string') return { problem: 'the nonce is no text' };
  return { scheme: 'rfc9421', ...candidate, created, expires };
}

/** RFC 9421 2.2. `@status` belongs to answers, and `@signature-params` covers itself. */
const DERIVED = ['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query'];

/** Every component must be one that we can build, and stand there once. RFC 9421 2.5 */
function componentsProblem(items: readonly Item[]): string | null {
  const seen = new Set<string>();
  for (const item of items) {
    const { bare, parameters } = item;
    if (bare.type !== 'string') return 'a component is no text';
    const name = bare.value;
    const isQueryParameter =
      name === '@query-param' && parameters.size === 1 && parameters.get('name')?.type === 'string';
    // sf, bs, key, req and tr (RFC 9421 2.1) give a field another value than the one that we compare.
    if (parameters.size > 0 && !isQueryParameter) return `the component ${name} has parameters`;
    const isKnown = name.startsWith('@')
      ? DERIVED.includes(name) || isQueryParameter
      : /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name);
    if (!isKnown) return `the component ${name.slice(0, 50)} is unknown`;
    if (name === 'signature' || name === 'signature-input') return 'the signature cannot sign itself';
    const identifier = itemText(item);
    if (seen.has(identifier)) return `the component ${name} stands twice`;
    seen.add(identifier);
  }
  return null;
}

function textOf(bare: BareItem | undefined): string | null {
  return bare?.type === 'string' ? bare.value : null;
}

function secondsOf(bare: BareItem | undefined): number | null | undefined {
  if (bare === undefined) return null;
  return bare.type === 'integer' ? bare.value : undefined;
}
