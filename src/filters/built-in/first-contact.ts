/** Strangers: what they send is found until something of theirs was processed, or a moderator has approved it. */
import { type BuiltIn, verdictOf } from './built-in.ts';

export const firstContact: BuiltIn<'first-contact'> = {
  effect: 'finds what comes from actors of whom nothing was processed or approved yet',
  make: (settings, supplies) => {
    return async ({ actor }) =>
      (await supplies().isKnown(actor.uri))
        ? undefined
        : verdictOf(settings, 'the first contact of its actor');
  },
};
