/** A stored document as handlers and moderators read it, made again from what was kept. */
import type { NormalActivity } from '../activity.ts';
import { ownWords } from './own-words.ts';
import { plainNormal } from './walker.ts';

/** What was stored of a document: its text, and its normal form where it took jsonld to make that. */
export interface StoredDocument {
  readonly raw: string;
  readonly normal: string | null;
}

/** The normal form of a stored activity, as far as its actor can answer for it. */
export function storedNormal({ raw, normal }: StoredDocument): NormalActivity {
  const form = normal === null ? plainNormal(JSON.parse(raw)) : (JSON.parse(normal) as NormalActivity);
  if (form === null) throw new Error('the normal form of a stored document cannot be made again');
  return ownWords(form);
}
