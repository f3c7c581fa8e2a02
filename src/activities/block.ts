/**
 * Block: a remote actor blocks one of ours. Follows between the two end in both directions; nothing is sent, so
 * that nobody is told more than the Block itself says. ActivityPub 6.9.
 */
import { type ActivityRule, type FollowChange, localNamed, NO_NEEDS, processed } from './decision.ts';

export const block: ActivityRule = {
  needs({ facts }) {
    const other = facts.objects[0];
    if (other === undefined) return NO_NEEDS;
    const theirs = { follower: facts.actor, following: other };
    const ours = { follower: other, following: facts.actor };
    return { ...NO_NEEDS, pairs: [theirs, ours] };
  },

  decide(letter, known) {
    const { facts } = letter;
    const local = localNamed(letter, facts.objects[0]);
    if (local === undefined) return processed('the blocked actor is not here');
    const changes: FollowChange[] = [];
    const theirs = known.liveBetween({ follower: facts.actor, following: local.id });
    if (theirs !== undefined) {
      changes.push({
        type: 'send',
        activityId: theirs.activityId,
        event: { type: 'follow.undone', reason: 'blocked us' },
      });
    }
    const ours = known.liveBetween({ follower: local.id, following: facts.actor });
    if (ours !== undefined) {
      const event = { type: 'follow.rejected', reason: 'blocked us', by: facts.actor } as const;
      changes.push({ type: 'send', activityId: ours.activityId, event });
    }
    return processed(null, changes);
  },
};
