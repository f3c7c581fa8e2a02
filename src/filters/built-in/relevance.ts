/**
 * Posts and shares that concern nobody here: nobody follows who made or brought them, nobody of ours is named, and they
 * answer or share nothing of ours. Everything else than a Create and an Announce has a reason of its own to come.
 */
import { type BuiltIn, verdictOf } from './built-in.ts';
import { idOf, listOf, mentionedIn, objectsIn } from './reading.ts';

export const relevance: BuiltIn<'relevance'> = {
  effect: 'finds posts and shares that concern nobody here',
  make: (settings, supplies) => {
    return async ({ type, normal, actor: { uri }, object }, context) => {
      if (type !== 'Create' && type !== 'Announce') return undefined;
      const { ours, actor } = context;
      const named = mentionedIn(normal, uri, actor);
      if (ours.some((id) => named.has(id))) return undefined;
      const { isOurs } = supplies();
      const answered = objectsIn(normal).flatMap(({ inReplyTo }) => listOf(inReplyTo).map(idOf));
      if ([object?.uri ?? null, ...answered].some((id) => id !== null && isOurs(id))) return undefined;
      const facts = await Promise.all([context.actorFacts, context.senderFacts]);
      if (facts.some(({ isFollowedHere }) => isFollowedHere)) return undefined;
      return verdictOf(settings, 'it concerns nobody here');
    };
  },
};
