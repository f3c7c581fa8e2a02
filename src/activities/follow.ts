/**
 * Follow: somebody wants to follow one of our actors. ActivityPub 7.5.
 *
 * A Follow's id is the key of its follow request. Of a pair at most one request is alive; a new id for a live pair
 * replaces the old one and takes over its standing, so a server that lost our Accept and asks again is answered,
 * and the follower never leaves the collection. Only a request without such a standing is put to the policy of whom
 * it is about; whoever is blocked by that actor is rejected before.
 */
import type { LocalFacts } from '../api.ts';
import type { FollowFacts, Pair } from '../effects.ts';
import {
  type ActivityRule,
  type Decision,
  type FollowChange,
  held,
  type Known,
  type Letter,
  localNamed,
  NO_NEEDS,
  processed,
  rejected,
} from './decision.ts';

export const follow: ActivityRule = {
  needs({ facts, locals }) {
    const pair = pairOf(facts.actor, facts.objects[0]);
    const terms = locals.find(({ id }) => id === facts.objects[0])?.follow;
    const isMutualAsked = terms !== undefined && terms.mutual.answer !== terms.other.answer;
    const back = pair !== null && isMutualAsked ? [reversed(pair)] : [];
    return {
      ...NO_NEEDS,
      followRequestIds: [facts.id],
      pairs: pair === null ? [] : [pair, ...back],
      remoteActors: [facts.actor],
      retractions: [{ actor: facts.actor, object: facts.id }],
    };
  },

  decide(letter, known) {
    const { facts } = letter;
    if (facts.objects.length > 1) return rejected('a Follow has one object');
    const local = localNamed(letter, facts.objects[0]);
    if (local === undefined) return processed('the followed actor is not here');
    if (known.followRequest(facts.id) !== undefined) return processed('this follow is known');
    if (known.isRetracted(facts.actor, facts.id)) return processed('undone before it came');
    const pair: Pair = { follower: facts.actor, following: local.id };
    if (pair.follower === pair.following) return rejected('an actor cannot follow itself');
    const { answer, reason } = answerTo(local, pair, known);
    if (answer === 'hold' && !letter.isApproved) return held(reason);
    return begun(letter, pair, known.liveBetween(pair), answer, reason, local.follow?.waitMs ?? null);
  },
};

/** What the followed actor says, and why: a block before all else, then what an earlier request stands for. */
function answerTo(local: LocalFacts, pair: Pair, known: Known) {
  if (known.isBlockedBy(local.id, pair.follower))
    return { answer: 'reject', reason: 'blocked by the followed actor' } as const;
  const before = known.liveBetween(pair);
  if (before !== undefined)
    return { answer: before.state === 'accepted' ? 'accept' : 'ask', reason: 'replaced' } as const;
  if (local.follow === undefined)
    return { answer: local.locked ? 'ask' : 'accept', reason: 'open to everybody' } as const;
  const isMutual = known.liveBetween(reversed(pair))?.state === 'accepted';
  return isMutual ? local.follow.mutual : local.follow.other;
}

/** The request begins, in the place of an earlier one, and is answered at once where there is an answer. */
function begun(
  { facts, domain }: Letter,
  pair: Pair,
  before: FollowFacts | undefined,
  answer: 'accept' | 'ask' | 'reject' | 'hold',
  reason: string,
  waitMs: number | null,
): Decision {
  const changes: FollowChange[] = [];
  if (before !== undefined) {
    const replaced = { type: 'follow.replaced', reason: 'replaced' } as const;
    changes.push({ type: 'send', activityId: before.activityId, event: replaced });
  }
  const { id: activityId } = facts;
  changes.push({ type: 'begin', request: { activityId, domain, direction: 'incoming', waitMs, ...pair } });
  if (answer === 'ask' || answer === 'hold') return processed(null, changes);
  const type = answer === 'accept' ? 'follow.accepted' : 'follow.rejected';
  changes.push({ type: 'send', activityId, event: { type, reason, by: null } });
  return answer === 'accept' ? processed(null, changes) : rejected(reason, changes);
}

/** The pair that a Follow is about, or null when it names no object. */
export function pairOf(follower: string | null, following: string | null | undefined): Pair | null {
  return follower == null || following == null ? null : { follower, following };
}

const reversed = ({ follower, following }: Pair): Pair => ({ follower: following, following: follower });
