/**
 * The JSON-LD contexts that are known here. No context is ever fetched: a context from the network would let
 * somebody else decide what a signed document means, at the time of their choice.
 *
 * A context that is not known here is read as empty: its terms then mean nothing, and nothing that they say is
 * authorised, stored or handed to anybody.
 */

import { LITEPUB, MBIN } from './per-host.ts';
import published from './published.json' with { type: 'json' };

/**
 * A context without the contexts that hold only within one of its terms. Nested, 70 kB of them cost four seconds of
 * CPU, and what they name (services, proofs, parts of keys) is read nowhere from the expansion.
 */
function withoutScopes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutScopes);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== '@context');
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutScopes(item)]));
}

const KNOWN = new Map(
  Object.entries(published as Record<string, { readonly '@context': unknown }>).map(
    ([url, document]): [string, object] => [url, { '@context': withoutScopes(document['@context']) }],
  ),
);
const EMPTY = { '@context': {} };

/** Contexts that each server of a kind serves from its own host, by the path. */
const BY_PATH: readonly (readonly [RegExp, object])[] = [
  [/\/(schemas\/litepub-[\d.]+\.jsonld|litepub\/context\.jsonld)$/, LITEPUB],
  [/\/contexts$/, MBIN],
];

/** Every term that ActivityStreams defines: types and properties. */
export const ACTIVITYSTREAMS_TERMS: ReadonlySet<string> = new Set(
  Object.keys(published['https://www.w3.org/ns/activitystreams']['@context']),
);

/** Is this a published context that is bundled here, word for word but for its scoped contexts? */
export function isPublished(url: string): boolean {
  return KNOWN.has(url);
}

/** The document of a context, bundled or empty. */
export function contextOf(url: string): object {
  const known = KNOWN.get(url) ?? KNOWN.get(url.replace(/^http:/, 'https:'));
  if (known !== undefined) return known;
  const path = URL.parse(url)?.pathname;
  return (path === undefined ? undefined : BY_PATH.find(([pattern]) => pattern.test(path))?.[1]) ?? EMPTY;
}
