/**
 * Move: an actor has moved to another id. Nobody moves anybody else, and the target must say itself that it is the same
 * one: its document lists the old id in `alsoKnownAs`, which was looked up before the mail was stored. FEP-7628
 *
 * Those of ours who follow the actor follow the target instead: the old follow is undone, a new Follow is sent. Whoever
 * blocks the target stays where he is. Somebody who has moved, or to whom somebody has moved, moves nobody on for a
 * week, so that followers cannot be dragged about; the same target may be named again.
 */
import type { FollowFacts } from '../effects.ts';
import {
  type ActivityRule,
  type Change,
  type Known,
  type Letter,
  NO_NEEDS,
  processed,
  rejected,
} from './decision.ts';

export const move: ActivityRule = {
  needs({ facts: { actor, target }, moving }) {
    if (moving === undefined || 'problem' in moving || target === null) return NO_NEEDS;
    return { ...NO_NEEDS, partners: [actor, target], remoteActors: [actor], movers: [actor] };
  },

  decide({ facts: { actor, objects, target }, moving }, known) {
    if (objects.length !== 1 || objects[0] !== actor) return rejected('only an actor itself can move');
    if (target === null || target === actor) return rejected('the actor moves nowhere');
    if (moving === undefined) return processed('nobody here follows the actor');
    if ('problem' in moving) return rejected(moving.problem);
    const lately = known.lastMoveOf(actor);
    if (lately !== undefined && (lately.actor !== actor || lately.target !== target))
      return rejected('the actor, or somebody to it, has moved within the last 7 days');
    const followers = known.liveOf(actor).filter(isFollowOfOurs(actor));
    const changes = followers
      .filter(({ follower }) => !known.isBlockedBy(follower, target))
      .flatMap((old) => changesOf(old, moving.to, known));
    return processed(changes.length === 0 ? 'nobody here follows the actor any more' : null, [
      ...changes,
      { type: 'moved', move: { actor, target } },
    ]);
  },
};

const isFollowOfOurs =
  (actor: string) =>
  ({ direction, state, following }: FollowFacts): boolean =>
    direction === 'outgoing' && state === 'accepted' && following === actor;

function changesOf({ activityId, follower }: FollowFacts, to: MovedTo, known: Known): Change[] {
  const undone = { type: 'follow.undone', reason: 'moved' } as const;
  const pair = { follower, following: to.id };
  const isThere = known.liveBetween(pair) !== undefined;
  return [
    { type: 'send', activityId, event: undone },
    ...(isThere ? [] : [{ type: 'ask', pair, to } as const]),
  ];
}

type MovedTo = Extract<NonNullable<Letter['moving']>, { to: unknown }>['to'];
