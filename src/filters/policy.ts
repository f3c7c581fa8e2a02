/** Follow policies that are functions: asked about a Follow that no filter has stopped. */

import { domainOf } from '../activity.ts';
import type { FilterActor } from '../api.ts';
import { messageOf } from '../errors.ts';
import type { FollowPolicyFunction, FollowPolicyRequest } from '../options.ts';
import type { UnfilteredMail } from '../store/filters.ts';
import { type FilterRemark, FOLLOW_POLICY, type MailVerdict } from '../verdict.ts';
import { whenAborted } from './chain.ts';
import { plain } from './plain.ts';

const POLICY_MS = 2_000;
const ANSWERS: readonly unknown[] = ['accept', 'ask', 'reject', 'hold'];

/** What the policy of the followed actor says; `ask` where it fails. Throws only when `closing` is aborted. */
export async function askPolicy(
  policy: FollowPolicyFunction,
  mail: UnfilteredMail,
  actor: FilterActor | null,
  closing: AbortSignal,
): Promise<{ answer: NonNullable<MailVerdict['followAnswer']>; fault: FilterRemark | null }> {
  const signal = AbortSignal.any([AbortSignal.timeout(POLICY_MS), closing]);
  try {
    const answer: unknown = await Promise.race([policy(requestOf(mail, actor, signal)), whenAborted(signal)]);
    if (!ANSWERS.includes(answer)) throw new TypeError('it answered none of accept, ask, reject, hold');
    return {
      answer: { answer: answer as 'accept', reason: `the follow policy: ${answer}` },
      fault: null,
    };
  } catch (error) {
    closing.throwIfAborted();
    const reason = plain(messageOf(error));
    return {
      answer: { answer: 'ask', reason: 'the follow policy failed' },
      fault: { filter: FOLLOW_POLICY, type: 'fault', reason },
    };
  }
}

function requestOf(
  { facts, activityId }: UnfilteredMail,
  actor: FilterActor | null,
  signal: AbortSignal,
): FollowPolicyRequest {
  const local = facts.locals.find(({ id }) => id === facts.objects[0]);
  return {
    activityId,
    follower: {
      uri: facts.actor,
      domain: domainOf(facts.actor) ?? '',
      type: actor?.type ?? null,
      preferredUsername: actor?.preferredUsername ?? null,
      name: actor?.name ?? null,
      published: actor?.published ?? null,
    },
    following: { id: local?.id ?? '', handle: local?.handle ?? '' },
    signal,
  };
}
