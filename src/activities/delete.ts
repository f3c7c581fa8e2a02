/**
 * Delete: an actor has removed an object, its own, or itself. ActivityPub 7.4.
 *
 * Of an object only a Tombstone is left. A Delete of what is not known is remembered for its sender: if the object
 * comes later, and is the sender's, it is deleted. A Delete of somebody else's unknown object remembers nothing that
 * could ever count for anybody else.
 */
import { objectProblem } from './authority.ts';
import { type ActivityRule, type Change, type Known, NO_NEEDS, processed, rejected } from './decision.ts';
import { needsOfObject, removed } from './object-state.ts';

export const remove: ActivityRule = {
  needs(letter) {
    const { actor, objects } = letter.facts;
    return objects[0] === actor ? { ...NO_NEEDS, partners: [actor] } : needsOfObject(letter);
  },

  decide({ facts }, known) {
    const problem = objectProblem(facts);
    if (problem !== null) return rejected(problem);
    const { actor, objects } = facts;
    const [uri] = objects;
    if (uri === undefined) return processed('the Delete names no object');
    if (uri === actor) return processed(null, leaving(actor, known));
    const object = known.object(uri);
    if (object === undefined)
      return processed('the object is not known', [{ type: 'retract', retraction: { actor, object: uri } }]);
    if (object.owner !== actor) return rejected('the object is somebody else\u2019s');
    return object.isDeleted ? processed('the object is deleted already') : processed(null, removed(object));
  },
};

/** Everything that ends with an actor: its follows in both directions, its objects, and what is known of it. */
function leaving(actor: string, known: Known): Change[] {
  const ends = known.liveOf(actor).map(({ activityId, follower }): Change => {
    const reason = 'the actor is gone';
    return follower === actor
      ? { type: 'send', activityId, event: { type: 'follow.undone', reason } }
      : { type: 'send', activityId, event: { type: 'follow.rejected', reason, by: actor } };
  });
  return [...ends, { type: 'retract', retraction: { actor, object: actor } }, { type: 'actor-gone', actor }];
}
