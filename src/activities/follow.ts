/**
 * Follow: somebody wants to follow one of our actors. ActivityPub 7.5.
 *
 * A Follow's id is the key of its follow request. Of a pair at most one request is alive; a new id for a live pair
 * replaces the old one and takes over its standing, so a server that lost our Accept and asks again is answered,
 * and the follower never leaves the collection.
 */
import type { Pair } from '../effects.ts';
import {
  type ActivityRule,
  type FollowChange,
  localNamed,
  NO_NEEDS,
  processed,
  rejected,
} from './decision.ts';

export const follow: ActivityRule = {
  needs({ facts }) {
    const pair = pairOf(facts.actor, facts.objects[0]);
    return {
      ...NO_NEEDS,
      followRequestIds: [facts.id],
      pairs: pair === null ? [] : [pair],
      remoteActors: [facts.actor],
      retractions: [{ actor: facts.actor, object: facts.id }],
    };
  },

  decide(letter, known) {
    const { facts, domain } = letter;
    if (facts.objects.length > 1) return rejected('a Follow has one object');
    const local = localNamed(letter, facts.objects[0]);
    if (local === undefined) return processed('the followed actor is not here');
    if (known.followRequest(facts.id) !== undefined) return processed('this follow is known');
    if (known.isRetracted(facts.actor, facts.id)) return processed('undone before it came');
    const pair: Pair = { follower: facts.actor, following: local.id };
    if (pair.follower === pair.following) return rejected('an actor cannot follow itself');

    const changes: FollowChange[] = [];
    const before = known.liveBetween(pair);
    if (before !== undefined) {
      const replaced = { type: 'follow.replaced', reason: 'replaced' } as const;
      changes.push({ type: 'send', activityId: before.activityId, event: replaced });
    }
    changes.push({
      type: 'begin',
      request: { activityId: facts.id, domain, direction: 'incoming', ...pair },
    });
    if (before === undefined ? !local.locked : before.state === 'accepted') {
      const reason = before === undefined ? 'open to everybody' : 'replaced';
      changes.push({
        type: 'send',
        activityId: facts.id,
        event: { type: 'follow.accepted', reason, by: null },
      });
    }
    return processed(null, changes);
  },
};

/** The pair that a Follow is about, or null when it names no object. */
export function pairOf(follower: string | null, following: string | null | undefined): Pair | null {
  return follower == null || following == null ? null : { follower, following };
}
