/** The filters that come with the package: what each says of itself, and those that a configuration asks for. */
import type { BuiltInRecord, Filter } from '../../api.ts';
import { FILTERS, type Use } from '../../options/filters/fields.ts';
import { schemaOf } from '../../options/filters/schema.ts';
import type { FilterSettings } from '../../options.ts';
import type { Registered } from '../registered.ts';
import { accountAge } from './account-age.ts';
import type { BuiltIn, Supplies } from './built-in.ts';
import { duplicateContent } from './duplicate-content.ts';
import { external } from './external.ts';
import { firstContact } from './first-contact.ts';
import { followBursts } from './follow-bursts.ts';
import { hellthread } from './hellthread.ts';
import { keywords } from './keywords.ts';
import { mentions } from './mentions.ts';
import { newcomerLinks } from './newcomer-links.ts';
import { objectAge } from './object-age.ts';
import { patterns } from './patterns.ts';
import { relevance } from './relevance.ts';
import { reports } from './reports.ts';
import { strangerMedia } from './stranger-media.ts';
import { unknownReply } from './unknown-reply.ts';
import { vocabulary } from './vocabulary.ts';

/** Every built-in filter, by the name under which a configuration uses it. */
const builtInFilters: { readonly [Name in Use]: BuiltIn<Name> } = {
  keywords,
  patterns,
  'account-age': accountAge,
  'first-contact': firstContact,
  mentions,
  hellthread,
  'newcomer-links': newcomerLinks,
  'stranger-media': strangerMedia,
  'duplicate-content': duplicateContent,
  'object-age': objectAge,
  'unknown-reply': unknownReply,
  types: vocabulary,
  reports,
  'follow-bursts': followBursts,
  relevance,
  external,
};

/** What each of them says of itself. */
export function builtInRecords(): BuiltInRecord[] {
  return Object.entries(builtInFilters).map(([name, { effect }]) => {
    const use = name as Use;
    return { use, effect, verdict: FILTERS[use].verdict, schema: schemaOf(use) };
  });
}

/** As for filters in code. The longest that an external one may take is its own affair. */
const TIMEOUT_MS = 2_000;

/** A filter as the chain keeps it. Each one that is made counts and remembers for itself. */
export function registeredOf(settings: FilterSettings, supplies: () => Supplies): Registered {
  const { use, name, verdict, ...rest } = settings;
  const { effect, make } = builtInFilters[use] as unknown as BuiltIn<Use>;
  const filter = make(settings, supplies) as unknown as Filter<never>;
  return {
    ...{ name, type: null, isHook: false, filter, effect },
    timeoutMs: settings.use === 'external' ? settings.timeout : TIMEOUT_MS,
    fallback: settings.use === 'external' ? settings.fallback : 'hold',
    // What is only tried may not hold anything by failing either.
    isShadow: verdict === 'shadow',
    builtIn: { use, verdict, settings: shown(rest) },
  };
}

const ITEMS_MAX = 100;

/** Settings as they may be shown: those that say something, long lists cut, and of a URL nothing that may be secret. */
function shown(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(settings).flatMap(([name, value]): [string, unknown][] => {
    if (value === null || value === false) return [];
    if (name === 'url' && typeof value === 'string') return [[name, withoutQuery(value)]];
    if (!Array.isArray(value) || value.length <= ITEMS_MAX) return [[name, value]];
    return [[name, [...value.slice(0, ITEMS_MAX), `… and ${value.length - ITEMS_MAX} more`]]];
  });
  return Object.fromEntries(entries);
}

function withoutQuery(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return origin + pathname + (search === '' ? '' : '?…');
}
