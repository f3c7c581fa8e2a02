/** A Follow that a filter or a moderator has refused is answered, or its sender would wait for ever. ActivityPub 7.7. */
import { ownAnswer } from './answer.ts';
import type { Letter } from './decision.ts';
import type { World } from './world.ts';

/** Sends a Reject when it is a Follow of one of ours. A follow that it would have replaced ends with it. */
export function refuseFollow(
  world: World,
  { facts, locals }: Pick<Letter, 'facts' | 'locals'>,
  { reason, by, atMs }: { readonly reason: string; readonly by: string | null; readonly atMs: number },
): void {
  const following = locals.find(({ id }) => id === facts.objects[0])?.id;
  if (facts.type !== 'Follow' || facts.objects.length !== 1 || following === undefined) return;
  const pair = { follower: facts.actor, following };
  const before = world.liveBetween(pair);
  if (before !== undefined) {
    const event = { type: 'follow.rejected', reason, by } as const;
    world.apply({ type: 'send', activityId: before.activityId, event });
  }
  world.send(ownAnswer('Reject', facts.id, pair, atMs), facts.actor);
}
