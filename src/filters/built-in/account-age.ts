/** Young accounts. Their age is the word of their server, and counts from when the activity was accepted, by our clock. */
import { type BuiltIn, verdictOf } from './built-in.ts';
import { inWords } from './words.ts';

export const accountAge: BuiltIn<'account-age'> = {
  effect: 'finds what comes from accounts that are younger than this',
  make: (settings) => {
    const { olderThan, verdict } = settings;
    const unknown = settings.unknown ?? verdict;
    return ({ receivedAt }, { actor }) => {
      const published = actor?.published ?? null;
      const ageMs = published === null ? null : receivedAt.getTime() - published.getTime();
      if (ageMs === null || ageMs < 0) {
        const reason =
          ageMs === null ? 'nobody says how old the account is' : 'the account is dated in the future';
        if (unknown === 'accept') return undefined;
        return verdictOf(settings, reason, published?.toISOString() ?? 'no date', unknown);
      }
      if (ageMs >= olderThan) return undefined;
      return verdictOf(settings, `the account is ${inWords(ageMs)} old`, published?.toISOString());
    };
  },
};
