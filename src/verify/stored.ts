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
export async function storedNormal({ raw, normal }: StoredDocument): Promise<NormalActivity> {
  if (normal !== null) return ownWords(JSON.parse(normal) as NormalActivity);
  const document = JSON.parse(raw) as NormalActivity;
  return ownWords(plainNormal(document) ?? (await fullNormal(document)));
}

/** For what an earlier version could read without jsonld and this one cannot. Loaded when it is needed. */
async function fullNormal(document: NormalActivity): Promise<NormalActivity> {
  const { understandFully } = await import('./document.ts');
  const understood = await understandFully(document);
  if ('problem' in understood) throw new Error(`a stored document cannot be read: ${understood.problem}`);
  return understood.normal;
}
