/** The filters that come with the package: what each says of itself, and those that a configuration asks for. */
import type { Filter } from '../../api.ts';
import type { FilterSettings } from '../../options.ts';
import type { Remote } from '../../remote.ts';
import { knownActors } from '../../store/contacts.ts';
import type { Store } from '../../store/store.ts';
import type { Registered } from '../chain.ts';
import { createGroup } from '../group.ts';
import { accountAge } from './account-age.ts';
import type { BuiltIn, Supplies, Use } from './built-in.ts';
import { external } from './external.ts';
import { firstContact } from './first-contact.ts';
import { keywords } from './keywords.ts';
import { mentions } from './mentions.ts';

/** Every built-in filter, by the name under which a configuration uses it. */
export const builtInFilters: { readonly [Name in Use]: BuiltIn<Name> } = {
  keywords,
  'account-age': accountAge,
  'first-contact': firstContact,
  mentions,
  external,
};

/** As for filters in code. The longest that an external one may take is its own affair. */
const TIMEOUT_MS = 2_000;

/** A filter as the chain keeps it. */
export function registeredOf(settings: FilterSettings, supplies: () => Supplies): Registered {
  const { use, name, verdict } = settings;
  const isExternal = use === 'external';
  const filter: Filter = (builtInFilters[use] as BuiltIn<never>).make(settings as never, supplies);
  return {
    ...{ name, type: null, isHook: false, filter: filter as Filter<never> },
    timeoutMs: isExternal ? settings.timeoutMs : TIMEOUT_MS,
    fallback: isExternal ? settings.fallback : 'hold',
    // What is only tried may not hold anything by failing either.
    isShadow: verdict === 'shadow',
  };
}

/** Actors that are known to be known; forgetting them costs one statement. */
const KNOWN_MAX = 100_000;
/** An answer of a service is a verdict and a sentence. */
const ANSWER_BYTES_MAX = 65_536;

/** What the filters may use. */
export function createSupplies({ store, remote }: { store: Store; remote: Remote }): Supplies {
  // Who is known stays known; who is not is asked about each time.
  let known = new Set<string>();
  const look = createGroup((actors: readonly string[]) => knownActors(store, [...new Set(actors)]));
  return {
    async isKnown(actor) {
      if (known.has(actor)) return true;
      const isKnown = (await look(actor)).has(actor);
      if (isKnown && known.size >= KNOWN_MAX) known = new Set();
      if (isKnown) known.add(actor);
      return isKnown;
    },
    async ask(url, question, signal) {
      const answer = await remote.ask(url, question, { signal, bytesMax: ANSWER_BYTES_MAX });
      if (!answer.ok) throw new Error(`the service cannot be asked: ${answer.message}`);
      if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`);
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer.body)) as unknown;
    },
  };
}
