/**
 * Add and Remove: an actor changes a collection, its own. ActivityPub 7.8, 7.9.
 *
 * A collection is an actor's own when its document says so (`featured`, what it has pinned) or when it lies below the
 * actor's id. Being on the same origin shows nothing: everybody on a server has collections there. What follows from
 * other activities (followers, likes …) is no matter of Add and Remove, or anybody could count himself up.
 */
import { targetProblem } from './authority.ts';
import { type ActivityRule, type Change, NO_NEEDS, processed, rejected } from './decision.ts';

/** Collections that follow from what was done, by the last part of their ids. */
const DERIVED = new Set(
  (
    'inbox outbox followers following liked pendingFollowers pendingFollowing blocked blocks ' +
    'likes shares replies dislikes emojiReactions'
  ).split(' '),
);
/** Items that one activity may name: each is a row. Real ones name one. */
const ITEMS_MAX = 100;

export const changeOfCollection: ActivityRule = {
  needs: ({ facts: { actor, target } }) =>
    target === null ? NO_NEEDS : { ...NO_NEEDS, remoteActors: [actor] },

  decide({ facts }, known) {
    const problem = targetProblem(facts);
    if (problem !== null) return rejected(problem);
    const { type, actor, objects, target: collection } = facts;
    if (collection === null) return processed('no collection is named');
    if (!collection.startsWith(`${actor}/`) && known.featuredOf(actor) !== collection)
      return rejected('the collection is not the actor\u2019s own');
    if (isDerived(collection)) return rejected('the collection follows from other activities');
    if (objects.length > ITEMS_MAX) return rejected(`more than ${ITEMS_MAX} items`);
    return processed(null, changesOf(type === 'Add' ? 'join' : 'leave', collection, objects));
  },
};

/** Is this a collection that nobody fills by hand? */
export function isDerived(collection: string): boolean {
  return DERIVED.has(collection.slice(collection.lastIndexOf('/') + 1));
}

/** The items enter the collection, or leave it. */
export function changesOf(type: 'join' | 'leave', collection: string, items: readonly string[]): Change[] {
  return items.map((item) => ({ type, membership: { collection, item, via: '' } }));
}
