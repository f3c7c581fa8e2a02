/** The published vectors, each counted by what passed of how many. */
import type { DatabaseKind } from '../../databases.ts';
import type { Counted } from '../table.ts';
import { cavage } from './cavage.ts';
import { corpus } from './corpus.ts';
import { domainSpellings } from './domains.ts';
import { effects } from './effects.ts';
import { jsonParsing } from './json-parsing.ts';
import { canonicalJsonVectors, eddsaJcsSteps, integrityProofs, linkedDataSignatures } from './proofs.ts';
import { appendixB, mastodonRequests } from './rfc9421.ts';
import { ssrfDynamic, ssrfForms } from './ssrf.ts';
import { structuredFields } from './structured-fields.ts';

export const VECTORS: Readonly<Record<string, (kind: DatabaseKind) => Promise<Counted>>> = {
  'RFC 9421 Appendix B': appendixB,
  'RFC 9421 as Mastodon sends it': mastodonRequests,
  'draft-cavage': cavage,
  'FEP-8b32 integrity proofs': integrityProofs,
  'linked-data signatures': linkedDataSignatures,
  'canonical JSON (RFC 8785)': canonicalJsonVectors,
  'eddsa-jcs-2022, step by step': eddsaJcsSteps,
  'structured fields': structuredFields,
  'JSON parsing': jsonParsing,
  'SSRF, forms of a URL': ssrfForms,
  'SSRF, servers that change their answers': ssrfDynamic,
  'domain spellings': domainSpellings,
  'corpus, replayed by software': corpus,
  'corpus, effects by software': effects,
};
