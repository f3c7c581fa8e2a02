/** What the built-in filters may use: the database in groups, and services of the operator's. */
import { originOf } from '../activity.ts';
import type { Remote } from '../remote.ts';
import { knownActors } from '../store/contacts.ts';
import { knownAmong } from '../store/references.ts';
import type { Store } from '../store/store.ts';
import type { Supplies } from './built-in/built-in.ts';
import { createGroup } from './group.ts';

/** Actors that are known to be known; forgetting them costs one statement. */
const KNOWN_MAX = 100_000;
/** An answer of a service is a verdict and a sentence. */
const ANSWER_BYTES_MAX = 65_536;

export interface SuppliesParts {
  readonly store: Store;
  readonly remote: Remote;
  readonly origin: string;
}

export function createSupplies({ store, remote, origin }: SuppliesParts): Supplies {
  // Who is known stays known; who is not is asked about each time.
  let known = new Set<string>();
  const look = createGroup((actors: readonly string[]) => knownActors(store, [...new Set(actors)]));
  const stored = createGroup(async (uris: readonly string[]) => {
    return new Set(await knownAmong(store, [...new Set(uris)]));
  });
  const isOurs = (uri: string): boolean => originOf(uri) === origin;
  return {
    isOurs,
    async isKnown(actor) {
      if (known.has(actor)) return true;
      const isKnown = (await look(actor)).has(actor);
      if (isKnown && known.size >= KNOWN_MAX) known = new Set();
      if (isKnown) known.add(actor);
      return isKnown;
    },
    // What is ours the service may know without us.
    isStored: async (uri) => isOurs(uri) || (await stored(uri)).has(uri),
    async ask(url, question, signal) {
      const answer = await remote.ask(url, question, { signal, bytesMax: ANSWER_BYTES_MAX });
      if (!answer.ok) throw new Error(`the service cannot be asked: ${answer.message}`);
      if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`);
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer.body)) as unknown;
    },
  };
}
