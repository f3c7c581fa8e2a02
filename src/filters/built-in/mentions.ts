/** Activities that are aimed at many: everybody whom they mention or address by name, once. */
import { type BuiltIn, verdictOf } from './built-in.ts';
import { mentionedIn } from './reading.ts';

export const mentions: BuiltIn<'mentions'> = {
  effect: 'finds what mentions or addresses more actors than this',
  make: (settings) => {
    return (activity, { actor }) => {
      const count = mentionedIn(activity.normal, activity.actor.uri, actor).size;
      return count > settings.max ? verdictOf(settings, `${count} actors are mentioned`, count) : undefined;
    };
  },
};
