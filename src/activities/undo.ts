/**
 * Undo: an actor takes back what it did. ActivityPub 7.12. Only the actor of the undone activity may do so.
 *
 * Here it ends a follow, also one that it has overtaken; the Undo of anything else is stored and handed to handlers.
 */

import type { Pair } from '../effects.ts';
import { objectProblem } from './authority.ts';
import { type ActivityRule, type Letter, localNamed, processed, rejected } from './decision.ts';
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

  decide(letter, known) {
    const { facts } = letter;
    const { inner } = facts;
    const problem = objectProblem(facts);
    if (problem !== null) return rejected(`only its own actor may undo an activity: ${problem}`);
    const id = facts.objects[0];
    const pair = inner?.type === 'Follow' ? pairOf(facts.actor, inner.object) : null;
    const request =
      (id === undefined ? undefined : known.followRequest(id)) ??
      (pair === null ? undefined : known.liveBetween(pair));
    if (request === undefined) return undoneBefore(letter, id, pair);
    if (request.follower !== facts.actor) return rejected('only the follower may undo a follow');
    return processed(null, [
      { type: 'send', activityId: request.activityId, event: { type: 'follow.undone', reason: 'undone' } },
    ]);
  },
};

/** An Undo that overtook the Follow that it undoes: the Follow is known from now on as one that is over. */
function undoneBefore(letter: Letter, activityId: string | undefined, pair: Pair | null) {
  const local = localNamed(letter, pair?.following);
  if (activityId === undefined || pair === null || local === undefined)
    return processed('nothing is known that this would undo');
  const request = { activityId, domain: letter.domain, direction: 'incoming' as const, ...pair };
  const event = { type: 'follow.undone', reason: 'undone before it came' } as const;
  return processed('the follow has not come yet', [
    { type: 'begin', request },
    { type: 'send', activityId, event },
  ]);
}
