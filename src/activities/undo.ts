/**
 * Undo: an actor takes back what it did. ActivityPub 7.12. Only the actor of the undone activity may do so.
 *
 * Here it ends a follow; the Undo of anything else is stored and handed to handlers.
 */
import { type ActivityRule, processed, rejected } from './decision.ts';
import { pairOf } from './follow.ts';

export const undo: ActivityRule = {
  needs({ facts }) {
    const pair = facts.inner?.type === 'Follow' ? pairOf(facts.actor, facts.inner.object) : null;
    return {
      followRequestIds: facts.objects.slice(0, 1),
      pairs: pair === null ? [] : [pair],
      remoteActors: [],
    };
  },

  decide({ facts }, known) {
    const { inner } = facts;
    if (inner !== null && inner.actor !== null && inner.actor !== facts.actor) {
      return rejected('only its own actor may undo an activity');
    }
    const id = facts.objects[0];
    const pair = inner?.type === 'Follow' ? pairOf(facts.actor, inner.object) : null;
    const request =
      (id === undefined ? undefined : known.followRequest(id)) ??
      (pair === null ? undefined : known.liveBetween(pair));
    if (request === undefined) return processed('nothing is known that this would undo');
    if (request.follower !== facts.actor) return rejected('only the follower may undo a follow');
    return processed(null, [
      { type: 'send', activityId: request.activityId, event: { type: 'follow.undone', reason: 'undone' } },
    ]);
  },
};
