/**
 * Regular expressions over the text as people read it, in linear time (RE2). The text is what keywords look at, too, so
 * nothing hides between its letters; only upper and lower case are left as they were, for those who ask for that.
 */
import { createPatternSearch } from '../../options/filters/pattern.ts';
import { type BuiltIn, verdictOf } from './built-in.ts';

/** Longer texts are not searched, and counted as found: nobody writes them, and no padding may hide anything. */
const CHARACTERS_MAX = 100_000;

export const patterns: BuiltIn<'patterns'> = {
  effect: 'finds regular expressions in names, summaries and contents, in every language',
  make: (settings) => {
    const search = createPatternSearch(settings.patterns, settings.ignoreCase);
    return (_, { legible }) => {
      if (legible.length > CHARACTERS_MAX) {
        const outcome = { ...settings, strike: false };
        return verdictOf(outcome, 'the text is too long to be searched', `${legible.length} characters`);
      }
      const hit = search(legible);
      return hit === null ? undefined : verdictOf(settings, `fits ${hit.source}`, hit.found);
    };
  },
};
