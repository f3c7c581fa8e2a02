/** Young accounts. Their age is the word of their server, and counts from when the activity was accepted, by our clock. */
import { type BuiltIn, verdictOf } from './built-in.ts';

export const accountAge: BuiltIn<'account-age'> = {
  use: 'account-age',
  effect: 'finds what comes from accounts that are younger than this',
  options: {
    olderThan: { meaning: 'how old an account has to be', example: '1 day', byDefault: null },
    unknown: {
      meaning: 'what becomes of accounts whose age nobody knows: drop, reject, hold, shadow or accept',
      example: 'accept',
      byDefault: 'the verdict',
    },
  },
  make: ({ olderThanMs, verdict, unknown }) => {
    return ({ receivedAt }, { actor }) => {
      const published = actor?.published ?? null;
      const ageMs = published === null ? null : receivedAt.getTime() - published.getTime();
      if (ageMs === null || ageMs < 0) {
        const reason =
          ageMs === null ? 'nobody says how old the account is' : 'the account is dated in the future';
        return unknown === 'accept' ? undefined : verdictOf(unknown, reason);
      }
      return ageMs < olderThanMs ? verdictOf(verdict, `the account is ${ageInWords(ageMs)} old`) : undefined;
    };
  },
};

function ageInWords(ageMs: number): string {
  const minutes = Math.floor(ageMs / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}
