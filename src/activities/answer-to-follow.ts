/**
 * Accept and Reject of a Follow that one of our actors sent. ActivityPub 7.6, 7.7.
 *
 * Only the followed actor may answer. A Reject after an Accept ends the follow. An answer to a Follow that we never
 * sent has no effect.
 */
import type { FollowFacts } from '../effects.ts';
import { type ActivityRule, type Known, type Letter, NO_NEEDS, processed, rejected } from './decision.ts';
import { pairOf } from './follow.ts';

export const accept: ActivityRule = {
  needs,
  decide: (letter, known) => answer(letter, known, 'follow.accepted'),
};
export const reject: ActivityRule = {
  needs,
  decide: (letter, known) => answer(letter, known, 'follow.rejected'),
};

function needs({ facts }: Letter) {
  const pair = pairOf(facts.inner?.actor ?? null, facts.inner?.object);
  return { ...NO_NEEDS, followRequestIds: facts.objects.slice(0, 1), pairs: pair === null ? [] : [pair] };
}

function answer(letter: Letter, known: Known, type: 'follow.accepted' | 'follow.rejected') {
  const { facts } = letter;
  const request = answeredRequest(letter, known);
  if (request === undefined) return processed('no follow of ours is known by this name');
  if (request.direction !== 'outgoing' || request.following !== facts.actor) {
    return rejected('only the followed actor may answer a follow');
  }
  return processed(null, [
    { type: 'send', activityId: request.activityId, event: { type, reason: null, by: facts.actor } },
  ]);
}

/** By the Follow's id; by its two ends when the answer embeds a Follow whose id it does not know or has changed. */
function answeredRequest({ facts }: Letter, known: Known): FollowFacts | undefined {
  const byId = facts.objects[0] === undefined ? undefined : known.followRequest(facts.objects[0]);
  if (byId !== undefined) return byId;
  const pair = facts.inner?.type === 'Follow' ? pairOf(facts.inner.actor, facts.inner.object) : null;
  const live = pair === null ? undefined : known.liveBetween(pair);
  return live?.direction === 'outgoing' ? live : undefined;
}
