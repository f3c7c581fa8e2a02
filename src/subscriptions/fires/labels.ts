/** Names of labels, for people to read. What a label is stays its IRI: who names it differently means the same. */
import type { Remote } from '../../remote.ts';
import type { Store } from '../../store/store.ts';
import { saveLabelNames, unnamedLabels } from '../../store/subscription-entries.ts';
import type { Held } from '../../store/subscriptions.ts';
import { type Ask, objectOf } from '../asking.ts';
import { ACCEPT_FIRES, listedIn } from './dataset.ts';

type Json = Readonly<Record<string, unknown>>;

/** Labels looked up in one poll; the others wait for the next one. */
const LABELS_MAX = 20;
/** One without a name is asked about again after so long. */
const AGAIN_MS = 7 * 86_400_000;
const NAME_CHARACTERS_MAX = 200;
const DEADLINE_MS = 10_000;

/**
 * Looks up names of labels that have none yet. A label on the list's own origin is asked for like the list; everywhere
 * else a stranger's URL leads, so that goes to public addresses only.
 */
export async function nameLabels(
  parts: { readonly store: Store; readonly ask: Ask; readonly remote: Pick<Remote, 'get'> },
  held: Held,
  closing: AbortSignal,
): Promise<void> {
  const { store, ask, remote } = parts;
  const nowMs = store.clock.now();
  const iris = await unnamedLabels(store, held.id, nowMs - AGAIN_MS, LABELS_MAX);
  const { origin } = new URL(held.url);
  const textAt = async (iri: string): Promise<string> => {
    if (URL.parse(iri)?.origin === origin) {
      const fetched = await ask(iri, { accept: ACCEPT_FIRES, login: held.login });
      return fetched.type === 'answered' ? fetched.text : '';
    }
    const signal = AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), closing]);
    const answer = await remote.get(iri, { accept: ACCEPT_FIRES, signal });
    return answer.ok && answer.status === 200 ? Buffer.from(answer.body).toString('utf8') : '';
  };
  const names = await Promise.all(iris.map(async (iri) => ({ iri, name: nameIn(await textAt(iri), iri) })));
  await saveLabelNames(store, names, nowMs);
}

/** The label's name in its document, or in the collection that its IRI points into. */
export function nameIn(text: string, iri: string): string | null {
  const document = objectOf(text);
  if (document === null) return null;
  const label =
    document.id === iri
      ? document
      : (listedIn(document) ?? []).find((item) => (item as Json | null)?.id === iri);
  const { name, nameMap } = ((label as Json | undefined) ?? (iri.includes('#') ? {} : document)) as Json;
  const names = typeof nameMap === 'object' && nameMap !== null ? (nameMap as Json) : {};
  const found = [name, names.en, ...Object.values(names)].find(
    (one) => typeof one === 'string' && /\S/.test(one),
  );
  if (typeof found !== 'string' || !found.isWellFormed()) return null;
  return (
    found
      .replace(/\p{C}+/gu, ' ')
      .trim()
      .slice(0, NAME_CHARACTERS_MAX) || null
  );
}
