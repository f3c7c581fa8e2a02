/** Posts that are not new. Their date is the word of their server; one that has none is as new as it comes. */
import { type BuiltIn, verdictOf } from './built-in.ts';
import { objectsIn } from './reading.ts';
import { inWords } from './words.ts';

export const objectAge: BuiltIn<'object-age'> = {
  effect: 'finds posts that come long after they were made, or are dated in the future',
  make: (settings) => {
    const { olderThan, ahead } = settings;
    return ({ type, normal, receivedAt }) => {
      if (type !== 'Create') return undefined;
      for (const { published } of objectsIn(normal)) {
        const madeMs = typeof published === 'string' ? Date.parse(published) : Number.NaN;
        const ageMs = receivedAt.getTime() - madeMs;
        if (ageMs > olderThan) return verdictOf(settings, `it is ${inWords(ageMs)} old`, String(published));
        if (ahead !== null && -ageMs > ahead)
          return verdictOf(settings, `it is dated ${inWords(-ageMs)} ahead`, String(published));
      }
      return undefined;
    };
  },
};
