/** Accepts the follow requests of a locked account by the service's own decision; others wait for a person. */
import type { Inbox } from '../../src/index.ts';

export function autoAccept(inbox: Inbox, isFriend: (actor: string) => Promise<boolean>): void {
  inbox.on('Follow', async (follow, { followRequest }) => {
    const { items } = await inbox.followRequests.list({ state: 'pending', actor: follow.actor.uri });
    const isPending = items.some(({ activityId }) => activityId === follow.id);
    if (isPending && (await isFriend(follow.actor.uri))) await followRequest(follow).accept();
  });
}
