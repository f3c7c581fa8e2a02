/** Threads that pull in ever more people: what becomes of them grows with the number. */
import { type BuiltIn, verdictOf } from './built-in.ts';
import { mentionedIn } from './reading.ts';

/** From the mildest to the hardest: of two steps at the same number the harder one counts. */
const STEPS = ['limit', 'hold', 'reject', 'drop'] as const;

export const hellthread: BuiltIn<'hellthread'> = {
  effect: 'does more the more actors an activity mentions or addresses',
  make: (settings) => {
    const steps = STEPS.flatMap((type) => {
      const max = settings[type];
      return max === null ? [] : [{ type, max }];
    }).toSorted((a, b) => a.max - b.max);
    const least = steps[0]?.max ?? 0;
    return async (activity, context) => {
      const count = mentionedIn(activity.normal, activity.actor.uri, context.actor).size;
      if (count <= least) return undefined;
      if (settings.spareFollowed && (await context.actorFacts).isFollowedHere) return undefined;
      const step = steps.findLast(({ max }) => count > max);
      return verdictOf(settings, `${count} actors are mentioned`, count, step?.type);
    };
  },
};
