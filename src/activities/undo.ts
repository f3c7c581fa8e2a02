/**
 * Undo: an actor takes back what it did. ActivityPub 7.12. Only the actor of the undone activity may do so.
 *
 * It ends a follow, a like or a share. One that has overtaken what it undoes is remembered for its sender, and wins.
 */
import { objectProblem } from './authority.ts';
import {
  type ActivityRule,
  type Change,
  type Known,
  type Letter,
  NO_NEEDS,
  processed,
  rejected,
} from './decision.ts';
import { pairOf } from './follow.ts';
import { reactionsTo } from './reaction.ts';

export const undo: ActivityRule = {
  needs({ facts }) {
    const pair = facts.inner?.type === 'Follow' ? pairOf(facts.actor, facts.inner.object) : null;
    const ids = facts.objects.slice(0, 1);
    return { ...NO_NEEDS, followRequestIds: ids, pairs: pair === null ? [] : [pair], activities: ids };
  },

  decide(letter, known) {
    const { facts } = letter;
    const problem = objectProblem(facts);
    if (problem !== null) return rejected(`only its own actor may undo an activity: ${problem}`);
    const id = facts.objects[0];
    const past = id === undefined ? undefined : known.activity(id);
    if (past !== undefined && past.actor !== facts.actor)
      return rejected('only its own actor may undo an activity');
    return undoFollow(letter, known) ?? undoOther(letter, known);
  },
};

/** Null when it is about no follow that is known. */
function undoFollow({ facts }: Letter, known: Known) {
  const { actor, objects, inner } = facts;
  const id = objects[0];
  const byId = id === undefined ? undefined : known.followRequest(id);
  // A server that has forgotten the Follow's id embeds one under another: then its two ends count.
  const pair = inner?.type === 'Follow' ? pairOf(actor, inner.object) : null;
  const request = byId ?? (pair === null ? undefined : known.liveBetween(pair));
  if (request === undefined) return null;
  if (request.follower !== actor) return rejected('only the follower may undo a follow');
  const event = { type: 'follow.undone', reason: 'undone' } as const;
  const changes: Change[] = [{ type: 'send', activityId: request.activityId, event }];
  // Or the Follow of that id is still on its way.
  if (byId === undefined && id !== undefined)
    changes.push({ type: 'retract', retraction: { actor, object: id } });
  return processed(null, changes);
}

/** A Like or Announce, by its id or as it is embedded; what is not known yet, a Follow too, is remembered. */
function undoOther({ facts }: Letter, known: Known) {
  const { actor, objects, inner } = facts;
  const id = objects[0];
  const past = id === undefined ? undefined : known.activity(id);
  const object = past === undefined ? inner?.object : past.object;
  const collection = object == null ? null : reactionsTo(past?.type ?? inner?.type ?? null, object);
  const changes: Change[] = [];
  // Without an id it is about every Like of this object, which is one like.
  if (collection !== null)
    changes.push({ type: 'leave', membership: { collection, item: actor, via: id ?? '' } });
  if (past === undefined && id !== undefined)
    changes.push({ type: 'retract', retraction: { actor, object: id } });
  return processed(past === undefined ? 'nothing is known that this would undo' : null, changes);
}
