/** What the tests of follows ask of an inbox and of the domains around it. */
import { expect } from 'vitest';
import type { Delivered, RemoteActor, RemoteDomain, Sent } from '../fediverse/index.ts';
import { ORIGIN, type Served } from '../inbox/served.ts';

export const idOf = (handle: string): string => `${ORIGIN}/users/${handle}`;

export type FollowState = 'pending' | 'accepted' | 'rejected' | 'withdrawn';

export function askedOf(served: Served) {
  const { inbox } = served;
  return {
    /** Sends an activity, waits until everything has come to rest, and gives back how it ended. */
    async end(
      activity: Sent,
      signer: RemoteActor,
      path = '/inbox',
    ): Promise<{ status: string; reason: string | null }> {
      expect((await served.post(path, activity, signer)).status).toBe(202);
      await inbox.settled();
      return inbox.activities.get(activity.id);
    },
    /** How the row of a follow request stands. */
    async stateOf(activityId: string): Promise<FollowState | undefined> {
      const { items } = await inbox.followRequests.list({ limit: 200 });
      return items.find((request) => request.activityId === activityId)?.state;
    },
    async members(
      handle: string,
      of: Parameters<Served['inbox']['actors']['collection']>[1],
    ): Promise<string[]> {
      const { total, items } = await inbox.actors.collection(handle, of, { limit: 200 });
      expect(total).toBe(items.length);
      return items;
    },
    /** Follow requests' transitions of one Follow: `from event to`, why, and by whom. */
    async lifeOf(activityId: string): Promise<string[]> {
      let page = await inbox.transitionsPage({ machine: 'follow-request', limit: 200 });
      const all = [...page.items];
      while (page.next !== null) {
        page = await inbox.transitionsPage({
          machine: 'follow-request',
          since: Number(page.next),
          limit: 200,
        });
        all.push(...page.items);
      }
      return all
        .filter(({ key }) => key === activityId)
        .map(
          ({ from, event, to, reason }) => `${from} ${event} ${to}${reason === null ? '' : `: ${reason}`}`,
        );
    },
    /** Our actor follows a remote one, who accepts: the Follow that arrived there. */
    async followed(handle: string, actor: RemoteActor, home: RemoteDomain): Promise<Sent> {
      const { activityId } = await inbox.actors.follow(handle, actor.id);
      const { activity } = await home.delivery((it) => it.activity.id === activityId);
      return activity as unknown as Sent;
    },
  };
}

/** Another actor of the same domain with the same key under its own name: making keys takes most of a test's time. */
export function twinOf(actor: RemoteActor, home: RemoteDomain, name: string): RemoteActor {
  const id = `${home.origin}/users/${name}`;
  const inbox = `${id}/inbox`;
  const keyId = `${id}#main-key`;
  const { publicKeyPem } = actor;
  const publicKey = { id: keyId, owner: id, publicKeyPem };
  const document = { ...actor.document, id, inbox, publicKey, followers: `${id}/followers` };
  const twin = { ...actor, id, inbox, keyId, document };
  home.serve(`/users/${name}`, (_, response) => {
    response
      .writeHead(200, { 'content-type': 'application/activity+json' })
      .end(JSON.stringify(twin.document));
  });
  return twin;
}

/** Everything of this type that a domain was sent about a Follow. */
export function answersTo(home: RemoteDomain, followId: string, type?: string): Delivered[] {
  return home.received.filter(
    ({ activity }) =>
      (activity.object as { id?: string }).id === followId && (type === undefined || activity.type === type),
  );
}
