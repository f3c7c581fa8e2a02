/** The walker beside jsonld: what it answers must be what jsonld answers. */
import fc from 'fast-check';
import { expand, understand, understandFully } from '../../../src/verify/document.ts';
import { plainNode } from '../../../src/verify/normal-form.ts';
import { plainNormal } from '../../../src/verify/walker.ts';
import { type Document, oddDocument, ordinaryDocument } from './documents.ts';

/** As it would have come over the wire. */
const sent = (document: Document): Document => JSON.parse(JSON.stringify(document));

/** Whether the walker took the document. Throws where it and jsonld differ. */
export async function isTaken(document: Document): Promise<boolean> {
  const read = sent(document);
  const normal = plainNormal(read);
  if (normal === null) return false;
  const node = await expand(read);
  const expected = 'problem' in node ? node : plainNode(node);
  if (JSON.stringify(normal) !== JSON.stringify(expected))
    throw new Error(`walker ${JSON.stringify(normal)}\njsonld ${JSON.stringify(expected)}`);
  const fast = { ...(await understand(read)), isPlain: null };
  const full = { ...(await understandFully(read)), isPlain: null };
  if (JSON.stringify(fast) !== JSON.stringify(full))
    throw new Error(`by walker ${JSON.stringify(fast)}\nby jsonld ${JSON.stringify(full)}`);
  return true;
}

export interface Counts {
  ordinary: number;
  odd: number;
  oddTaken: number;
}

/** Compares so many documents: an ordinary one, which has to be taken, for each odd one. */
export async function compare(documents: number, seed: number): Promise<Counts> {
  const counts = { ordinary: 0, odd: 0, oddTaken: 0 };
  const agrees = fc.asyncProperty(ordinaryDocument, oddDocument, async (ordinary, odd) => {
    if (!(await isTaken(ordinary))) throw new Error('the walker left an ordinary document');
    counts.ordinary++;
    if (await isTaken(odd)) counts.oddTaken++;
    counts.odd++;
  });
  await fc.assert(agrees, { numRuns: Math.ceil(documents / 2), seed });
  return counts;
}
