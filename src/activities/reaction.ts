/**
 * Like, Announce, Dislike and EmojiReact: an actor likes or shares an object, or reacts to it in another way.
 * ActivityPub 7.10, 7.11; FEP-c0e0.
 *
 * An object's likes are the actors with a Like of it that they have not undone, so a second Like is no second like,
 * and in which order Likes and their Undos come makes no difference. So are its other reactions.
 */
import { type ActivityRule, NO_NEEDS, processed } from './decision.ts';

/** What an activity of a type makes of its actor: a member of this collection of its object. */
const COLLECTIONS: Readonly<Record<string, string>> = {
  Like: 'likes',
  Announce: 'shares',
  Dislike: 'dislikes',
  EmojiReact: 'emojiReactions',
};

/** The names of the collections of reactions to an object. */
export const REACTIONS: readonly string[] = Object.values(COLLECTIONS);

/** The collection of an object that an activity of this type adds its actor to, or null. */
export function reactionsTo(type: string | null, object: string): string | null {
  const name = type === null || !Object.hasOwn(COLLECTIONS, type) ? undefined : COLLECTIONS[type];
  return name === undefined ? null : `${object}/${name}`;
}

/** What groups pass on to their followers: an activity of somebody else's is no object that is shared. FEP-1b12 */
const PASSED_ON = new Set(
  'Accept Add Announce Block Create Delete Dislike EmojiReact Flag Follow Like Move Reject Remove Undo Update'.split(
    ' ',
  ),
);

export const react: ActivityRule = {
  needs({ facts }) {
    const [object] = facts.objects;
    const retractions = [{ actor: facts.actor, object: facts.id }];
    return { ...NO_NEEDS, objects: object === undefined ? [] : [object], retractions };
  },

  decide({ facts }, known) {
    const { id, type, actor, objects, inner } = facts;
    const [object] = objects;
    if (object === undefined) return processed('the object has no id');
    if (type === 'Announce' && PASSED_ON.has(inner?.type ?? ''))
      return processed('an activity that a group passes on');
    if (known.isRetracted(actor, id)) return processed('undone before it came');
    const about = known.object(object);
    if (about?.isDeleted) return processed('the object is deleted');
    // Others may have it; on what he has made it leaves no mark.
    if (about !== undefined && known.isBlockedBy(about.owner, actor))
      return processed('the owner of the object blocks its actor');
    const collection = reactionsTo(type, object);
    if (collection === null) return processed();
    return processed(null, [{ type: 'join', membership: { collection, item: actor, via: id } }]);
  },
};
