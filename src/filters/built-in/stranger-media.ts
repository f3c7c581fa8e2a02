/** Pictures, films and sounds from somebody whom nobody here has chosen to see. */
import { type BuiltIn, verdictOf } from './built-in.ts';
import { mediaIn, objectsIn } from './reading.ts';

export const strangerMedia: BuiltIn<'stranger-media'> = {
  effect: 'finds attached media of actors whom none of ours follows',
  make: (settings) => {
    return async ({ normal }, context) => {
      const count = objectsIn(normal).reduce((sum, object) => sum + mediaIn(object), 0);
      if (count === 0 || (await context.actorFacts).isFollowedHere) return undefined;
      return verdictOf(settings, 'media from an actor whom nobody here follows', `${count} attached`);
    };
  },
};
