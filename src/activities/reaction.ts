/**
 * Like and Announce: an actor likes or shares an object. ActivityPub 7.10, 7.11.
 *
 * An object's likes are the actors with a Like of it that they have not undone, so a second Like is no second like,
 * and in which order Likes and their Undos come makes no difference.
 */
import { type ActivityRule, NO_NEEDS, processed } from './decision.ts';

/** The collection of an object that an activity of this type adds its actor to, or null. */
export function reactionsTo(type: string | null, object: string): string | null {
  if (type === 'Like') return `${object}/likes`;
  return type === 'Announce' ? `${object}/shares` : null;
}

export const react: ActivityRule = {
  needs({ facts }) {
    const [object] = facts.objects;
    const retractions = [{ actor: facts.actor, object: facts.id }];
    return { ...NO_NEEDS, objects: object === undefined ? [] : [object], retractions };
  },

  decide({ facts }, known) {
    const { id, type, actor, objects } = facts;
    const [object] = objects;
    if (object === undefined) return processed('the object has no id');
    if (known.isRetracted(actor, id)) return processed('undone before it came');
    if (known.object(object)?.isDeleted) return processed('the object is deleted');
    const collection = reactionsTo(type, object);
    if (collection === null) return processed();
    return processed(null, [{ type: 'join', membership: { collection, item: actor, via: id } }]);
  },
};
