/** Replies out of nowhere: to something that nobody here has seen, and yet for one of ours. */
import { type BuiltIn, verdictOf } from './built-in.ts';
import { idOf, listOf, mentionedIn, objectsIn } from './reading.ts';

export const unknownReply: BuiltIn<'unknown-reply'> = {
  effect: 'finds replies to something unknown here that mention or address one of ours',
  make: (settings, supplies) => {
    return async ({ type, normal, actor: { uri } }, { actor, ours }) => {
      if (type !== 'Create') return undefined;
      const answered = objectsIn(normal)
        .flatMap(({ inReplyTo }) => listOf(inReplyTo).map(idOf))
        .filter((id) => id !== null);
      if (answered.length === 0) return undefined;
      const named = mentionedIn(normal, uri, actor);
      if (!ours.some((id) => named.has(id))) return undefined;
      const isStored = await Promise.all(answered.map((id) => supplies().isStored(id)));
      if (isStored.includes(true)) return undefined;
      return verdictOf(settings, 'a reply to something that nobody here knows', answered[0]);
    };
  },
};
